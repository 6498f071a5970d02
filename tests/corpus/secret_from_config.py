"""Config that a program requires as secret is secret, even where the stack's file has it in plain text."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: cost-center}
# config: {payer: hunter2-config}
# tags:
#   group: {cost-center: (secret), environment: prod, project: churn}
# hidden: [hunter2-config]
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": pulumi.Config().require_secret("payer"), "environment": "prod", "project": "churn"},
)
