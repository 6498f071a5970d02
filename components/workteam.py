"""A work team of SageMaker: the people who label data and review predictions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import sagemaker

from costtags.components.arguments import check_arguments, child_options
from costtags.components.tags import Child, checked_tags

# The schema of a component cannot name types of another package, so only type checkers and editors see them.
if TYPE_CHECKING:
    Access = sagemaker.WorkteamWorkerAccessConfigurationArgs | sagemaker.WorkteamWorkerAccessConfigurationArgsDict
    Member = sagemaker.WorkteamMemberDefinitionArgs | sagemaker.WorkteamMemberDefinitionArgsDict
    Notification = sagemaker.WorkteamNotificationConfigurationArgs | sagemaker.WorkteamNotificationConfigurationArgsDict
else:
    Access = Member = Notification = Any

TOKEN = "costtags:index:TaggedWorkteam"


class TaggedWorkteamArgs(TypedDict):
    """All that aws.sagemaker.Workteam takes."""

    description: pulumi.Input[str]
    """What the team is for."""
    member_definitions: pulumi.Input[Sequence[pulumi.Input[Member]]]
    """Who is in the team: groups of Cognito or of your own identity provider."""
    workteam_name: pulumi.Input[str]
    """The team's name."""
    notification_configuration: NotRequired[pulumi.Input[Notification]]
    """The SNS topic that tells the workers of work."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The team's tags, over those of the stack."""
    worker_access_configuration: NotRequired[pulumi.Input[Access]]
    """The worker's own address only opens what a task shows from S3, unless given."""
    workforce_name: NotRequired[pulumi.Input[str]]
    """The workforce that the team belongs to."""


class TaggedWorkteam(pulumi.ComponentResource):
    """A SageMaker work team with its cost tags.

    Creates:
        - aws.sagemaker.Workteam, of the component's name

    Tags are those of the stack (config ``tags``), overlaid by ``tags``; what breaks tags.yaml is one error.
    They are the team's alone: a labeling job or a human review that it works on needs its own.
    Unless ``worker_access_configuration`` is given, the links to S3 that a task shows work only from the address
    that the worker opened the task from (``source_ip``). A workforce in a VPC needs ``vpc_source_ip`` instead.

    An aws.sagemaker.Workteam of the same name that the stack already has becomes this one. Name its
    ``worker_access_configuration`` then, unless it may be closed as above.
    """

    arn: pulumi.Output[str]
    """The team's ARN."""
    workteam_name: pulumi.Output[str]
    """The team's name."""
    subdomain: pulumi.Output[str]
    """Where the workers find their tasks."""

    def __init__(self, name: str, args: TaggedWorkteamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, TaggedWorkteamArgs))
        closed = {"s3_presign": {"iam_policy_constraints": {"source_ip": "Enabled"}}}
        given = {key: value for key, value in args.items() if value is not None}
        inputs: dict[str, Any] = {"worker_access_configuration": closed, **given}
        child = Child("work team", "aws:sagemaker/workteam:Workteam", inputs.get("tags"))
        [inputs["tags"]] = checked_tags(TOKEN, name, opts, [child])
        super().__init__(TOKEN, name, inputs, opts)

        self.workteam = sagemaker.Workteam(name, **inputs, opts=child_options(self, opts))
        self.arn = self.workteam.arn
        self.workteam_name = self.workteam.workteam_name
        self.subdomain = self.workteam.subdomain
        self.register_outputs({"arn": self.arn, "workteam_name": self.workteam_name, "subdomain": self.subdomain})
