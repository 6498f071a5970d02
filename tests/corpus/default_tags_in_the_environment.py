"""TF_AWS_DEFAULT_TAGS_key sets a default tag of every AWS provider, below the provider's own."""
# expect:
#   - {resource: explicit, policy: tag-values, code: wrong-value, tag: environment, says: from the provider}
# environment:
#   TF_AWS_DEFAULT_TAGS_cost-center: ML-Sales
#   TF_AWS_DEFAULT_TAGS_environment: prod
# sources:
#   group: {cost-center: environment, environment: environment, project: resource}
#   explicit: {cost-center: environment, environment: provider, project: resource}
import pulumi
import pulumi_aws as aws

own = aws.Provider("own", region="eu-west-1", default_tags={"tags": {"environment": "test"}})
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
aws.sagemaker.ModelPackageGroup(
    "explicit",
    model_package_group_name="e",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(provider=own),
)
