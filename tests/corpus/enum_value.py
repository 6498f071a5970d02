"""A member of a text enumeration is judged by its text."""
# expect:
#   - {resource: wrong, policy: tag-values, code: wrong-value, tag: environment}
# tags:
#   right: {cost-center: ML-Sales, environment: prod, project: churn}
from enum import Enum

import pulumi_aws as aws


class Stage(str, Enum):
    PROD = "prod"
    TEST = "test"


for name, stage in {"right": Stage.PROD, "wrong": Stage.TEST}.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": stage, "project": "churn"},
    )
