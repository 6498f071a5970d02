"""Three components that lack the same tag: it is proposed among the stack's tags."""

from costtags.components import TaggedNotebookInstance

TaggedNotebookInstance("a", {"instance_type": "ml.t3.medium", "role_arn": "role"})
TaggedNotebookInstance("b", {"instance_type": "ml.t3.medium", "role_arn": "role"})
TaggedNotebookInstance("c", {"instance_type": "ml.t3.medium", "role_arn": "role"})
