"""One map of tags shared by resources, changed in between: each has what it was given."""
# expect:
#   - {resource: after, policy: tag-values, code: wrong-value, tag: environment}
import types

import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
aws.sagemaker.ModelPackageGroup("before", model_package_group_name="b", tags=dict(tags))
tags["environment"] = "test"
aws.sagemaker.ModelPackageGroup("after", model_package_group_name="a", tags=tags)
frozen = types.MappingProxyType({**tags, "environment": "prod"})
aws.sagemaker.ModelPackageGroup("frozen", model_package_group_name="f", tags=frozen)
