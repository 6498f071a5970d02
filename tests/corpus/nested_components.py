"""Components in components: the findings name the child that is at fault."""
# expect:
#   - {resource: inner-group, policy: tag-values, code: wrong-value, tag: environment}
import pulumi
import pulumi_aws as aws


class Inner(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__("corpus:index:Inner", name, None, opts)
        aws.sagemaker.ModelPackageGroup(
            f"{name}-group",
            model_package_group_name=name,
            tags={"cost-center": "ML-Sales", "environment": "test", "project": "churn"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


class Outer(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("corpus:index:Outer", name)
        self.inner = Inner("inner", pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


Outer("outer")
