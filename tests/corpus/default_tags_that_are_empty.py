"""Default tags that are there and hold nothing bring nothing."""
# expect:
#   - {resource: group-0, policy: required-tags, code: missing, tag: project}
#   - {resource: group-1, policy: required-tags, code: missing, tag: project}
#   - {resource: group-2, policy: required-tags, code: missing, tag: project}
import pulumi
import pulumi_aws as aws

for number, default_tags in enumerate(({}, {"tags": {}}, {"tags": None})):
    provider = aws.Provider(f"provider-{number}", region="eu-west-1", default_tags=default_tags)
    aws.sagemaker.ModelPackageGroup(
        f"group-{number}",
        model_package_group_name=f"g{number}",
        tags={"cost-center": "ML-Sales", "environment": "prod"},
        opts=pulumi.ResourceOptions(provider=provider),
    )
