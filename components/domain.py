"""A SageMaker Studio domain that carries its cost tags and hands them on to what Studio launches."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import sagemaker

from costtags.components.arguments import check_arguments, child_options
from costtags.components.tags import Child, checked_tags

# The schema of a component cannot name types of another package, so only type checkers and editors see them.
if TYPE_CHECKING:
    DefaultUserSettings = sagemaker.DomainDefaultUserSettingsArgs | sagemaker.DomainDefaultUserSettingsArgsDict
    DefaultSpaceSettings = sagemaker.DomainDefaultSpaceSettingsArgs | sagemaker.DomainDefaultSpaceSettingsArgsDict
    DomainSettings = sagemaker.DomainDomainSettingsArgs | sagemaker.DomainDomainSettingsArgsDict
    RetentionPolicy = sagemaker.DomainRetentionPolicyArgs | sagemaker.DomainRetentionPolicyArgsDict
else:
    DefaultUserSettings = DefaultSpaceSettings = DomainSettings = RetentionPolicy = Any

TOKEN = "costtags:index:TaggedDomain"
PROPAGATION = "ENABLED"


class TaggedDomainArgs(TypedDict):
    """All that aws.sagemaker.Domain takes."""

    auth_mode: pulumi.Input[str]
    """How users sign in: IAM or SSO."""
    default_user_settings: pulumi.Input[DefaultUserSettings]
    """What user profiles get unless they say otherwise; holds at least the execution role."""
    domain_name: pulumi.Input[str]
    """The domain's name."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The subnets that Studio uses."""
    vpc_id: pulumi.Input[str]
    """The VPC that Studio uses."""
    app_network_access_type: NotRequired[pulumi.Input[str]]
    """VpcOnly unless given; PublicInternetOnly lets apps reach the internet past the VPC."""
    app_security_group_management: NotRequired[pulumi.Input[str]]
    """Who manages the security groups of RStudio apps: Service or Customer."""
    default_space_settings: NotRequired[pulumi.Input[DefaultSpaceSettings]]
    """What shared spaces get unless they say otherwise."""
    domain_settings: NotRequired[pulumi.Input[DomainSettings]]
    """Settings of the domain itself."""
    kms_key_id: NotRequired[pulumi.Input[str]]
    """The key that encrypts the domain's file system; without it, AWS's own."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    retention_policy: NotRequired[pulumi.Input[RetentionPolicy]]
    """Whether the file system outlives the domain."""
    tag_propagation: NotRequired[pulumi.Input[str]]
    """Always ENABLED; another value is refused."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The domain's tags, over those of the stack."""


class TaggedDomain(pulumi.ComponentResource):
    """A SageMaker Studio domain with its cost tags.

    Creates:
        - aws.sagemaker.Domain, of the component's name

    Tags are those of the stack (config ``tags``), overlaid by ``tags``; what breaks tags.yaml is one error.
    ``tag_propagation`` is ENABLED, so that apps and spaces carry the tags of domain and user.
    ``app_network_access_type`` is VpcOnly unless given; AWS then wants ``security_groups`` in
    ``default_user_settings`` (or in every user profile).

    An aws.sagemaker.Domain of the same name that the stack already has becomes this one. Name its
    ``app_network_access_type`` then: another one replaces the domain, and with it the users' files.
    """

    arn: pulumi.Output[str]
    """The domain's ARN."""
    domain_id: pulumi.Output[str]
    """The domain's id, which user profiles name."""
    url: pulumi.Output[str]
    """Where users sign in."""
    home_efs_file_system_id: pulumi.Output[str]
    """The file system of the users' home folders."""
    security_group_id_for_domain_boundary: pulumi.Output[str]
    """The security group between RStudio and the domain."""

    def __init__(self, name: str, args: TaggedDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, TaggedDomainArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        inputs = {"app_network_access_type": "VpcOnly", "tag_propagation": PROPAGATION, **given}
        judged = {"tagPropagation": inputs["tag_propagation"]}
        child = Child("domain", "aws:sagemaker/domain:Domain", given.get("tags"), judged)
        [inputs["tags"]] = checked_tags(TOKEN, name, opts, [child])
        super().__init__(TOKEN, name, inputs, opts)

        self.domain = sagemaker.Domain(name, **inputs, opts=child_options(self, opts))
        self.arn = self.domain.arn
        self.domain_id = self.domain.id
        self.url = self.domain.url
        self.home_efs_file_system_id = self.domain.home_efs_file_system_id
        self.security_group_id_for_domain_boundary = self.domain.security_group_id_for_domain_boundary
        self.register_outputs(
            {
                "arn": self.arn,
                "domain_id": self.domain_id,
                "url": self.url,
                "home_efs_file_system_id": self.home_efs_file_system_id,
                "security_group_id_for_domain_boundary": self.security_group_id_for_domain_boundary,
            }
        )
