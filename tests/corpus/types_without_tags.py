"""Types of SageMaker that cannot carry tags are not judged."""
# expect: []
import pulumi_aws as aws

aws.sagemaker.ImageVersion("version", image_name="i", base_image="b")
aws.sagemaker.Device("device", device_fleet_name="f", device={"device_name": "d"})
aws.sagemaker.ModelPackageGroupPolicy("policy", model_package_group_name="g", resource_policy="{}")
