"""For what Studio launches SageMaker adds up to three tags: 47 are the most."""
# expect:
#   - {resource: full-space, policy: tag-spelling, code: too-many, says: remove 1}
#   - {resource: full-app, policy: tag-spelling, code: too-many, says: remove 1}
import pulumi_aws as aws

required = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
for name, more in {"right": 44, "full": 45}.items():
    tags = {**required, **{f"k{number}": "x" for number in range(more)}}
    aws.sagemaker.Space(f"{name}-space", domain_id="d-1", space_name=name, tags=tags)
    aws.sagemaker.App(
        f"{name}-app", domain_id="d-1", app_name=name, app_type="JupyterLab", space_name=name, tags=tags
    )
