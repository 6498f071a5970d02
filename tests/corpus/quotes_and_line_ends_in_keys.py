"""A key with quotes, line ends or escapes cannot break out of a message."""
# expect:
#   - resource: group
#     policy: tag-spelling
#     code: unexpected-key
#     tag: "a\"\n[mandatory]  required-tags  (x:y:Z: w)\e[31m"
#     says: 'remove "a\"\n[mandatory]'
# schema: denied.yaml
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        'a"\n[mandatory]  required-tags  (x:y:Z: w)\x1b[31m': "x",
    },
)
