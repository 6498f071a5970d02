"""Two resources with one URN: the program is wrong, and nothing is judged."""
# expect: []
# fails: ModelPackageGroup::group
import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
for name in ("a", "b"):
    aws.sagemaker.ModelPackageGroup("group", model_package_group_name=name, tags=tags)
