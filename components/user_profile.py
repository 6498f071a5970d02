"""A user of a SageMaker Studio domain, whose tags Studio hands on to the user's apps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import sagemaker

from costtags.components.arguments import check_arguments, child_options
from costtags.components.tags import Child, checked_tags

# The schema of a component cannot name types of another package, so only type checkers and editors see them.
if TYPE_CHECKING:
    UserSettings = sagemaker.UserProfileUserSettingsArgs | sagemaker.UserProfileUserSettingsArgsDict
else:
    UserSettings = Any

TOKEN = "costtags:index:TaggedUserProfile"


class TaggedUserProfileArgs(TypedDict):
    """All that aws.sagemaker.UserProfile takes."""

    domain_id: pulumi.Input[str]
    """The id of the domain."""
    user_profile_name: pulumi.Input[str]
    """The name of the profile."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    single_sign_on_user_identifier: NotRequired[pulumi.Input[str]]
    """What the user is identified by at sign-on; UserName is the only one there is."""
    single_sign_on_user_value: NotRequired[pulumi.Input[str]]
    """The user's name at sign-on."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The profile's tags, over those of the stack."""
    user_settings: NotRequired[pulumi.Input[UserSettings]]
    """Where the user differs from the domain's default user settings."""


class TaggedUserProfile(pulumi.ComponentResource):
    """A user profile of SageMaker Studio with its cost tags.

    Creates:
        - aws.sagemaker.UserProfile, of the component's name

    Tags are those of the stack (config ``tags``), overlaid by ``tags``; what breaks tags.yaml is one error.
    What the user launches in Studio carries them where the domain propagates tags, as TaggedDomain does.

    An aws.sagemaker.UserProfile of the same name that the stack already has becomes this one.
    """

    arn: pulumi.Output[str]
    """The profile's ARN."""
    user_profile_name: pulumi.Output[str]
    """The profile's name."""
    home_efs_file_system_uid: pulumi.Output[str]
    """The user's id in the domain's file system."""

    def __init__(self, name: str, args: TaggedUserProfileArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, TaggedUserProfileArgs))
        inputs: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        child = Child("user profile", "aws:sagemaker/userProfile:UserProfile", inputs.get("tags"))
        [inputs["tags"]] = checked_tags(TOKEN, name, opts, [child])
        super().__init__(TOKEN, name, inputs, opts)

        self.user_profile = sagemaker.UserProfile(name, **inputs, opts=child_options(self, opts))
        self.arn = self.user_profile.arn
        self.user_profile_name = self.user_profile.user_profile_name
        self.home_efs_file_system_uid = self.user_profile.home_efs_file_system_uid
        self.register_outputs(
            {
                "arn": self.arn,
                "user_profile_name": self.user_profile_name,
                "home_efs_file_system_uid": self.home_efs_file_system_uid,
            }
        )
