"""Pulumi components for SageMaker that cannot be created without their cost tags."""

from costtags.components.context import stack_tags
from costtags.components.domain import TaggedDomain, TaggedDomainArgs
from costtags.components.endpoint import (
    TaggedEndpoint,
    TaggedEndpointArgs,
    TaggedEndpointConfigArgs,
    TaggedEndpointEndpointArgs,
    TaggedEndpointModelArgs,
)
from costtags.components.notebook_instance import TaggedNotebookInstance, TaggedNotebookInstanceArgs
from costtags.components.tags import TagError
from costtags.components.user_profile import TaggedUserProfile, TaggedUserProfileArgs

__all__ = [
    "TagError",
    "TaggedDomain",
    "TaggedDomainArgs",
    "TaggedEndpoint",
    "TaggedEndpointArgs",
    "TaggedEndpointConfigArgs",
    "TaggedEndpointEndpointArgs",
    "TaggedEndpointModelArgs",
    "TaggedNotebookInstance",
    "TaggedNotebookInstanceArgs",
    "TaggedUserProfile",
    "TaggedUserProfileArgs",
    "stack_tags",
]
