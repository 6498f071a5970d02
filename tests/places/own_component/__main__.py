"""Components of the user's own: where they are made; the fix names the line in them, where that has the tags."""

import pulumi
import pulumi_aws as aws


class Team(pulumi.ComponentResource):
    def __init__(self, name, tags, opts=None):
        super().__init__("own:index:Team", name, None, opts)
        options = pulumi.ResourceOptions(parent=self)
        aws.sagemaker.ModelPackageGroup(f"{name}-handed", model_package_group_name="g", tags=tags, opts=options)
        aws.sagemaker.ModelPackageGroup(
            f"{name}-written",
            model_package_group_name="g",
            tags={"cost-center": "ML-Sales", "environment": "test"},
            opts=options,
        )
        pulumi.Output.from_input(name).apply(self.later)
        self.register_outputs({})

    def later(self, name):
        aws.sagemaker.ModelPackageGroup(
            f"{name}-in-an-apply",
            model_package_group_name="g",
            tags={"cost-center": "ML-Sales"},
            opts=pulumi.ResourceOptions(parent=self),
        )


class Sales(Team):
    def __init__(self, name):
        super().__init__(name, {"cost-center": "ML-Sales", "environment": "dev"})


right = Team("right", {"cost-center": "ML-Sales", "environment": "dev"})
Team("wrong", {"cost-center": "ML-Sales", "environment": "prd"})
Sales("extended")
aws.sagemaker.ModelPackageGroup(
    "beside-it",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales"},
    opts=pulumi.ResourceOptions(parent=right),
)
