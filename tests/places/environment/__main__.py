"""Default tags in the environment: no line has them, so it stays the resource's, and the fix names the variable."""

import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"environment": "dev"})
