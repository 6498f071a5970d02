"""TF_AWS_IGNORE_TAGS_KEYS and _KEY_PREFIXES make every AWS provider ignore keys."""
# expect:
#   - {resource: default, policy: ignored-tags, code: ignored-key, tag: cost-center, level: advisory}
#   - {resource: default, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
#   - {resource: other, policy: ignored-tags, code: ignored-key, tag: cost-center, level: advisory}
#   - {resource: other, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
# environment:
#   TF_AWS_IGNORE_TAGS_KEYS: team,cost-center
#   TF_AWS_IGNORE_TAGS_KEY_PREFIXES: proj
import pulumi_aws as aws

aws.Provider("other", region="us-east-1")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
)
