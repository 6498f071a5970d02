"""A component carries no tags itself: its children do, and each is judged."""
# expect:
#   - {resource: churn-pipeline, policy: required-tags, code: missing, tag: environment}
import pulumi
import pulumi_aws as aws


class Workspace(pulumi.ComponentResource):
    def __init__(self, name, tags, opts=None):
        super().__init__("corpus:index:Workspace", name, {"tags": {}}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.group = aws.sagemaker.ModelPackageGroup(
            f"{name}-group", model_package_group_name=name, tags=tags, opts=child
        )
        self.pipeline = aws.sagemaker.Pipeline(
            f"{name}-pipeline",
            pipeline_name=name,
            pipeline_display_name=name,
            role_arn="arn:aws:iam::123456789012:role/ml",
            tags={key: value for key, value in tags.items() if key != "environment"},
            opts=child,
        )
        self.register_outputs({"group": self.group.arn})


Workspace("churn", {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"})
