"""Text made with a secret is secret: where it is wrong, nothing shows it."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: (secret)}
# hidden: [Hunter2-text]
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "project": pulumi.Output.concat("p-", pulumi.Output.secret("Hunter2-text")),
    },
)
