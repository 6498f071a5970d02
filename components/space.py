"""A space of SageMaker Studio: the storage and the app that one user, or several, work in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import sagemaker

from costtags.components.arguments import check_arguments, child_options
from costtags.components.tags import Child, checked_tags

# The schema of a component cannot name types of another package, so only type checkers and editors see them.
if TYPE_CHECKING:
    Ownership = sagemaker.SpaceOwnershipSettingsArgs | sagemaker.SpaceOwnershipSettingsArgsDict
    Settings = sagemaker.SpaceSpaceSettingsArgs | sagemaker.SpaceSpaceSettingsArgsDict
    Sharing = sagemaker.SpaceSpaceSharingSettingsArgs | sagemaker.SpaceSpaceSharingSettingsArgsDict
else:
    Ownership = Settings = Sharing = Any

TOKEN = "costtags:index:TaggedSpace"


class TaggedSpaceArgs(TypedDict):
    """All that aws.sagemaker.Space takes."""

    domain_id: pulumi.Input[str]
    """The id of the domain."""
    space_name: pulumi.Input[str]
    """The name of the space."""
    ownership_settings: NotRequired[pulumi.Input[Ownership]]
    """Whose space it is."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    space_display_name: NotRequired[pulumi.Input[str]]
    """The name that Studio shows."""
    space_settings: NotRequired[pulumi.Input[Settings]]
    """The app, its machine and its storage."""
    space_sharing_settings: NotRequired[pulumi.Input[Sharing]]
    """Private where the space has an owner, unless given; without an owner AWS allows no settings."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The space's tags, over those of the stack."""


class TaggedSpace(pulumi.ComponentResource):
    """A space of SageMaker Studio with its cost tags.

    Creates:
        - aws.sagemaker.Space, of the component's name

    Tags are those of the stack (config ``tags``), overlaid by ``tags``; what breaks tags.yaml is one error.
    What runs in the space carries them only where the domain propagates tags, as TaggedDomain does, and only from
    the app's next start on. SageMaker adds up to three tags of its own, so that 47 fit.
    Unless given, ``space_sharing_settings`` is Private where there are ``ownership_settings``.

    An aws.sagemaker.Space of the same name that the stack already has becomes this one.
    """

    arn: pulumi.Output[str]
    """The space's ARN."""
    space_name: pulumi.Output[str]
    """The space's name."""
    url: pulumi.Output[str]
    """Where the space's app answers."""
    home_efs_file_system_uid: pulumi.Output[str]
    """The space's id in the domain's file system."""

    def __init__(self, name: str, args: TaggedSpaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, TaggedSpaceArgs))
        inputs: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        if "ownership_settings" in inputs:
            inputs = {"space_sharing_settings": {"sharing_type": "Private"}, **inputs}
        child = Child("space", "aws:sagemaker/space:Space", inputs.get("tags"))
        [inputs["tags"]] = checked_tags(TOKEN, name, opts, [child])
        super().__init__(TOKEN, name, inputs, opts)

        self.space = sagemaker.Space(name, **inputs, opts=child_options(self, opts))
        self.arn = self.space.arn
        self.space_name = self.space.space_name
        self.url = self.space.url
        self.home_efs_file_system_uid = self.space.home_efs_file_system_uid
        self.register_outputs(
            {
                "arn": self.arn,
                "space_name": self.space_name,
                "url": self.url,
                "home_efs_file_system_uid": self.home_efs_file_system_uid,
            }
        )
