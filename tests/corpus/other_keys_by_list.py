"""Of the keys outside the schema those in the list of globs pass; they are compared exactly."""
# expect:
#   - {resource: group, policy: tag-spelling, code: unexpected-key, tag: name}
#   - {resource: group, policy: tag-spelling, code: unexpected-key, tag: app}
# schema: allow-list.yaml
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "Name": "mine",
        "name": "mine",
        "app:owner": "me",
        "app": "x",
    },
)
