"""Whole numbers, fractions and truth values are judged as the text that the provider makes of them."""
# expect: []
# schema: numbers.yaml
# tags: {group: {account: "4711", share: "0.5", shared: "true"}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags={"account": 4711, "share": 0.5, "shared": True}
)
