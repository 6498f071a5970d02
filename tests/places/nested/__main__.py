"""Components in components: the line of the outermost, with all of them named."""

import pulumi

from costtags.components import TaggedNotebookInstance


class Inner(pulumi.ComponentResource):
    def __init__(self, name, tags, opts=None):
        super().__init__("own:index:Inner", name, None, opts)
        TaggedNotebookInstance(
            f"{name}-notebook",
            {"instance_type": "ml.t3.medium", "role_arn": "role", "tags": tags},
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


class Outer(pulumi.ComponentResource):
    def __init__(self, name, tags):
        super().__init__("own:index:Outer", name)
        Inner(f"{name}-given", tags, pulumi.ResourceOptions(parent=self))
        Inner(f"{name}-written", {"cost-center": "ML-Sales"}, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


outer = Outer("outer", {"environment": "dev"})
Inner("put-into-it", {"environment": "dev"}, pulumi.ResourceOptions(parent=outer))
