"""An exemption by a glob excuses every resource whose URN matches it, children of components among them."""
# expect:
#   - {resource: lab-1, policy: tag-values, code: wrong-value, tag: environment, level: exempt}
#   - {resource: lab-2, policy: tag-values, code: wrong-value, tag: environment, level: exempt}
#   - {resource: prod-1, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory, says: 2 findings}
# exemptions:
#   - resource: "urn:pulumi:dev::corpus::*::lab-*"
#     policies: [tag-values]
#     owner: ml-lab
#     reason: the lab has stages of its own
#     expires: +1d
import pulumi
import pulumi_aws as aws

team = pulumi.ComponentResource("corpus:index:Team", "team")
for name, parent in {"lab-1": None, "lab-2": team, "prod-1": None}.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": "lab", "project": "churn"},
        opts=pulumi.ResourceOptions(parent=parent),
    )
