"""A SageMaker notebook instance that carries its cost tags and is closed unless it is opened."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import sagemaker

from costtags.components.arguments import check_arguments, child_options
from costtags.components.tags import Child, checked_tags

# The schema of a component cannot name types of another package, so only type checkers and editors see them.
if TYPE_CHECKING:
    MetadataService = (
        sagemaker.NotebookInstanceInstanceMetadataServiceConfigurationArgs
        | sagemaker.NotebookInstanceInstanceMetadataServiceConfigurationArgsDict
    )
else:
    MetadataService = Any

TOKEN = "costtags:index:TaggedNotebookInstance"


class TaggedNotebookInstanceArgs(TypedDict):
    """All that aws.sagemaker.NotebookInstance takes."""

    instance_type: pulumi.Input[str]
    """The type of machine, for example ml.t3.medium."""
    role_arn: pulumi.Input[str]
    """The ARN of the execution role."""
    additional_code_repositories: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Up to three more Git repositories."""
    default_code_repository: NotRequired[pulumi.Input[str]]
    """The Git repository that opens with the notebook."""
    direct_internet_access: NotRequired[pulumi.Input[str]]
    """Disabled where a subnet is given, unless given; without a subnet AWS allows Enabled only."""
    instance_metadata_service_configuration: NotRequired[pulumi.Input[MetadataService]]
    """At least version 2 of the instance metadata service, unless given."""
    kms_key_id: NotRequired[pulumi.Input[str]]
    """The key that encrypts the volume; without it, AWS's own."""
    lifecycle_config_name: NotRequired[pulumi.Input[str]]
    """The lifecycle configuration: scripts that run at creation and start, as root in any case."""
    name: NotRequired[pulumi.Input[str]]
    """The instance's name; Pulumi makes one unless given."""
    platform_identifier: NotRequired[pulumi.Input[str]]
    """The platform that runs the notebook, for example notebook-al2023-v1."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    root_access: NotRequired[pulumi.Input[str]]
    """Disabled unless given."""
    security_groups: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The security groups, with a subnet."""
    subnet_id: NotRequired[pulumi.Input[str]]
    """The subnet."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The instance's tags, over those of the stack."""
    volume_size: NotRequired[pulumi.Input[int]]
    """The volume's size in GB."""


class TaggedNotebookInstance(pulumi.ComponentResource):
    """A SageMaker notebook instance with its cost tags.

    Creates:
        - aws.sagemaker.NotebookInstance, of the component's name

    Tags are those of the stack (config ``tags``), overlaid by ``tags``; what breaks tags.yaml is one error.
    Unless given: ``root_access`` is Disabled, the instance metadata service answers version 2 only, and
    ``direct_internet_access`` is Disabled where there is a ``subnet_id`` (AWS refuses that without one).
    These are the Security Hub controls SageMaker.1 and SageMaker.3; ``subnet_id`` itself is SageMaker.2.

    An aws.sagemaker.NotebookInstance of the same name that the stack already has becomes this one. Name its
    ``direct_internet_access`` then: another one replaces the instance.
    """

    arn: pulumi.Output[str]
    """The instance's ARN."""
    name: pulumi.Output[str]
    """The instance's name."""
    url: pulumi.Output[str]
    """Where Jupyter answers."""
    network_interface_id: pulumi.Output[str]
    """The network interface, where there is a subnet."""

    def __init__(self, name: str, args: TaggedNotebookInstanceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, TaggedNotebookInstanceArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        inputs = {**_secure(in_subnet="subnet_id" in given), **given}
        child = Child("notebook instance", "aws:sagemaker/notebookInstance:NotebookInstance", given.get("tags"))
        [inputs["tags"]] = checked_tags(TOKEN, name, opts, [child])
        super().__init__(TOKEN, name, inputs, opts)

        self.notebook_instance = sagemaker.NotebookInstance(name, **inputs, opts=child_options(self, opts))
        self.arn = self.notebook_instance.arn
        self.name = self.notebook_instance.name
        self.url = self.notebook_instance.url
        self.network_interface_id = self.notebook_instance.network_interface_id
        self.register_outputs(
            {
                "arn": self.arn,
                "name": self.name,
                "url": self.url,
                "network_interface_id": self.network_interface_id,
            }
        )


def _secure(*, in_subnet: bool) -> dict[str, Any]:
    settings = {
        "instance_metadata_service_configuration": {"minimum_instance_metadata_service_version": "2"},
        "root_access": "Disabled",
    }
    return {**settings, "direct_internet_access": "Disabled"} if in_subnet else settings
