"""A resource made in an apply of a known value is judged; of an unknown one it is not made in preview."""
# expect:
#   - {resource: known, policy: required-tags, code: missing, tag: environment}
import pulumi
import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "project": "churn"}
role = aws.iam.Role("role", assume_role_policy="{}")
pulumi.Output.from_input("known").apply(
    lambda name: aws.sagemaker.ModelPackageGroup(name, model_package_group_name=name, tags=tags)
)
role.unique_id.apply(
    lambda name: aws.sagemaker.ModelPackageGroup(name, model_package_group_name=name, tags=tags)
)
