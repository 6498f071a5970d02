"""One component with providers of both packages: each child gets the one of its own."""
# expect:
#   - {resource: native-child, policy: tag-values, code: wrong-value, tag: environment}
# sources:
#   child: {environment: provider}
#   native-child: {environment: provider}
import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

rest = {"cost-center": "ML-Sales", "project": "churn"}
classic_provider = aws.Provider(
    "classic", region="eu-west-1", default_tags={"tags": {**rest, "environment": "prod"}}
)
native_provider = native.Provider(
    "native", region="eu-west-1", default_tags={"tags": {**rest, "environment": "test"}}
)
team = pulumi.ComponentResource(
    "corpus:index:Team", "team", None, pulumi.ResourceOptions(providers=[classic_provider, native_provider])
)
opts = pulumi.ResourceOptions(parent=team)
aws.sagemaker.ModelPackageGroup("child", model_package_group_name="c", opts=opts)
native.sagemaker.ModelPackageGroup("native-child", model_package_group_name="n", opts=opts)
