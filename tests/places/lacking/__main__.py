"""Three lines that lack the same tag: it is proposed once, where it reaches them all."""

import pulumi
import pulumi_aws as aws

from costtags.components import TaggedNotebookInstance

TAGS = {"environment": "dev"}
provider = aws.Provider("explicit", region="eu-west-1")
aws.sagemaker.ModelPackageGroup("a", model_package_group_name="a", tags=TAGS)
aws.sagemaker.ModelPackageGroup("b", model_package_group_name="b", tags=TAGS)
TaggedNotebookInstance("c", {"instance_type": "ml.t3.medium", "role_arn": "role", "tags": TAGS})
options = pulumi.ResourceOptions(provider=provider)
aws.sagemaker.ModelPackageGroup("d", model_package_group_name="d", tags=TAGS, opts=options)
aws.sagemaker.ModelPackageGroup("e", model_package_group_name="e", tags=TAGS, opts=options)
aws.sagemaker.ModelPackageGroup("f", model_package_group_name="f", tags=TAGS, opts=options)
