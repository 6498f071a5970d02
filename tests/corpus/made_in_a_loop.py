"""Resources made in a loop, with brackets in their names: each is judged for itself."""
# expect:
#   - {resource: "nb[1]", policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: "nb[3]", policy: tag-values, code: wrong-value, tag: environment, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory}
# exemptions:
#   - resource: "urn:pulumi:dev::corpus::aws:sagemaker/notebookInstance:NotebookInstance::nb[3]"
#     policies: [tag-values]
#     owner: ml-platform
#     reason: brackets stand for themselves
#     expires: +30d
import pulumi_aws as aws

for number in range(4):
    aws.sagemaker.NotebookInstance(
        f"nb[{number}]",
        instance_type="ml.t3.medium",
        role_arn="arn:aws:iam::123456789012:role/ml",
        tags={
            "cost-center": "ML-Sales",
            "environment": "test" if number % 2 else "prod",
            "project": "churn",
        },
    )
