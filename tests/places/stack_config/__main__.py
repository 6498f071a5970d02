"""Tags in the config: the default provider's, the stack's, and keys that the provider ignores."""

import pulumi_aws as aws

from costtags.components import TaggedNotebookInstance, stack_tags

aws.sagemaker.ModelPackageGroup("by-default", model_package_group_name="g", tags={"environment": "dev"})
TaggedNotebookInstance("by-component", {"instance_type": "ml.t3.medium", "role_arn": "role"})
aws.sagemaker.ModelPackageGroup("by-function", model_package_group_name="g", tags=stack_tags())
aws.sagemaker.ModelPackageGroup("by-hand", model_package_group_name="g", tags={"environment": "production"})
