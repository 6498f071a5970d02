"""A wrong value or a wrong key from the environment is reported with its origin."""
# expect:
#   - resource: group
#     policy: tag-values
#     code: wrong-value
#     tag: environment
#     says: from TF_AWS_DEFAULT_TAGS_
#   - resource: group
#     policy: tag-spelling
#     code: wrong-case
#     tag: cost_center
#     says: from TF_AWS_DEFAULT_TAGS_
# environment:
#   TF_AWS_DEFAULT_TAGS_cost_center: ML-Sales
#   TF_AWS_DEFAULT_TAGS_environment: test
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
