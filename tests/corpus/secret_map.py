"""Tags that are secret as a whole are judged: what is missing, what is wrong; no value is shown."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
# tags:
#   group: {cost-center: (secret), environment: (secret), owner: (secret)}
# hidden: [hunter2-map, hunter3-map]
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=pulumi.Output.secret(
        {"cost-center": "ML-Sales", "environment": "hunter2-map", "owner": "hunter3-map"}
    ),
)
