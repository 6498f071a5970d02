"""Default tags that the project declares for all of its stacks, as text."""

import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"environment": "dev"})
