"""A model behind a SageMaker endpoint; the model, the endpoint's configuration and the endpoint carry cost tags."""

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import sagemaker

from costtags.components.arguments import check_arguments, child_options
from costtags.components.tags import Child, checked_tags, overlay, rereadable

# The schema of a component cannot name types of another package, so only type checkers and editors see them.
if TYPE_CHECKING:
    Container = sagemaker.ModelContainerArgs | sagemaker.ModelContainerArgsDict
    InferenceExecution = sagemaker.ModelInferenceExecutionConfigArgs | sagemaker.ModelInferenceExecutionConfigArgsDict
    PrimaryContainer = sagemaker.ModelPrimaryContainerArgs | sagemaker.ModelPrimaryContainerArgsDict
    Vpc = sagemaker.ModelVpcConfigArgs | sagemaker.ModelVpcConfigArgsDict
    Variant = (
        sagemaker.EndpointConfigurationProductionVariantArgs | sagemaker.EndpointConfigurationProductionVariantArgsDict
    )
    ShadowVariant = (
        sagemaker.EndpointConfigurationShadowProductionVariantArgs
        | sagemaker.EndpointConfigurationShadowProductionVariantArgsDict
    )
    AsyncInference = (
        sagemaker.EndpointConfigurationAsyncInferenceConfigArgs
        | sagemaker.EndpointConfigurationAsyncInferenceConfigArgsDict
    )
    DataCapture = (
        sagemaker.EndpointConfigurationDataCaptureConfigArgs | sagemaker.EndpointConfigurationDataCaptureConfigArgsDict
    )
    Deployment = sagemaker.EndpointDeploymentConfigArgs | sagemaker.EndpointDeploymentConfigArgsDict
else:
    Container = InferenceExecution = PrimaryContainer = Vpc = Any
    Variant = ShadowVariant = AsyncInference = DataCapture = Deployment = Any

TOKEN = "costtags:index:TaggedEndpoint"
CONFIG_TYPE = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


class TaggedEndpointModelArgs(TypedDict):
    """All that aws.sagemaker.Model takes."""

    execution_role_arn: pulumi.Input[str]
    """The ARN of the role that the containers run as."""
    containers: NotRequired[pulumi.Input[Sequence[pulumi.Input[Container]]]]
    """The containers, where there are several."""
    enable_network_isolation: NotRequired[pulumi.Input[bool]]
    """True unless given: the containers reach no network, not even to fetch weights when they start."""
    inference_execution_config: NotRequired[pulumi.Input[InferenceExecution]]
    """How several containers are called: Serial or Direct."""
    name: NotRequired[pulumi.Input[str]]
    """The model's name; Pulumi makes one unless given."""
    primary_container: NotRequired[pulumi.Input[PrimaryContainer]]
    """The container, where there is one."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The model's own tags, over those of the endpoint and the stack."""
    vpc_config: NotRequired[pulumi.Input[Vpc]]
    """The VPC that the containers are in."""


class TaggedEndpointConfigArgs(TypedDict):
    """All that aws.sagemaker.EndpointConfiguration takes."""

    production_variants: pulumi.Input[Sequence[pulumi.Input[Variant]]]
    """What serves the model; a variant that names no model serves this one."""
    async_inference_config: NotRequired[pulumi.Input[AsyncInference]]
    """How an asynchronous endpoint answers."""
    data_capture_config: NotRequired[pulumi.Input[DataCapture]]
    """Which requests and answers are kept."""
    execution_role_arn: NotRequired[pulumi.Input[str]]
    """The role of endpoints that host inference components."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """The key that encrypts the volumes; without it, AWS's own."""
    name: NotRequired[pulumi.Input[str]]
    """The name; leave it to Pulumi, since a change makes a new configuration beside the old one."""
    name_prefix: NotRequired[pulumi.Input[str]]
    """How the name begins."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    shadow_production_variants: NotRequired[pulumi.Input[Sequence[pulumi.Input[ShadowVariant]]]]
    """What gets a copy of the requests; each names its model."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The configuration's own tags, over those of the endpoint and the stack."""


class TaggedEndpointEndpointArgs(TypedDict):
    """All that aws.sagemaker.Endpoint takes, but the name of its configuration, which is this component's."""

    deployment_config: NotRequired[pulumi.Input[Deployment]]
    """How a new configuration takes over."""
    name: NotRequired[pulumi.Input[str]]
    """The endpoint's name; Pulumi makes one unless given."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The endpoint's own tags, over those of all three and the stack."""


class TaggedEndpointArgs(TypedDict):
    """The arguments of the three resources."""

    model: TaggedEndpointModelArgs
    """What is served."""
    config: TaggedEndpointConfigArgs
    """By what it is served."""
    endpoint: NotRequired[TaggedEndpointEndpointArgs]
    """Where it is served."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of all three resources, over those of the stack."""


class TaggedEndpoint(pulumi.ComponentResource):
    """A SageMaker model behind an endpoint, with its cost tags on all three resources.

    Creates:
        - aws.sagemaker.Model, of the component's name
        - aws.sagemaker.EndpointConfiguration, of the component's name
        - aws.sagemaker.Endpoint, of the component's name

    Tags are those of the stack (config ``tags``), overlaid by ``tags``, overlaid by those of ``model``, ``config``
    or ``endpoint``; what breaks tags.yaml is one error for all three.
    The model runs isolated from networks unless ``enable_network_isolation`` says otherwise (Security Hub control
    SageMaker.5): SageMaker fetches image and model data, but a container that loads weights by itself needs False.

    Resources of the same name and types that the stack already has become these. Name the model's
    ``enable_network_isolation`` then: another one replaces model and configuration.
    """

    arn: pulumi.Output[str]
    """The endpoint's ARN."""
    name: pulumi.Output[str]
    """The endpoint's name, which clients call."""
    model_name: pulumi.Output[str]
    """The model's name."""
    config_name: pulumi.Output[str]
    """The name of the endpoint's configuration."""

    def __init__(self, name: str, args: TaggedEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        model, config, endpoint = (_given(args.get(part)) for part in ("model", "config", "endpoint"))
        check_arguments(
            TOKEN,
            name,
            args=(args, TaggedEndpointArgs),
            model=(model, TaggedEndpointModelArgs),
            config=(config, TaggedEndpointConfigArgs),
            endpoint=(endpoint, TaggedEndpointEndpointArgs),
        )
        model = {"enable_network_isolation": True, **model}
        common = rereadable(args.get("tags") or {})
        children = [
            Child("model", "aws:sagemaker/model:Model", overlay(common, model.get("tags"))),
            Child("config", CONFIG_TYPE, overlay(common, config.get("tags"))),
            Child("endpoint", "aws:sagemaker/endpoint:Endpoint", overlay(common, endpoint.get("tags"))),
        ]
        model["tags"], config["tags"], endpoint["tags"] = checked_tags(TOKEN, name, opts, children)
        super().__init__(TOKEN, name, {"model": model, "config": config, "endpoint": endpoint}, opts)

        options = child_options(self, opts)
        self.model = sagemaker.Model(name, **model, opts=options)
        config = {**config, "production_variants": _serving(config["production_variants"], self.model.name)}
        self.config = sagemaker.EndpointConfiguration(name, **config, opts=options)
        self.endpoint = sagemaker.Endpoint(name, endpoint_config_name=self.config.name, **endpoint, opts=options)
        self.arn = self.endpoint.arn
        self.name = self.endpoint.name
        self.model_name = self.model.name
        self.config_name = self.config.name
        self.register_outputs(
            {
                "arn": self.arn,
                "name": self.name,
                "model_name": self.model_name,
                "config_name": self.config_name,
            }
        )


def _given(args: Any) -> dict[str, Any]:
    return {key: value for key, value in (args or {}).items() if value is not None}


def _serving(variants: Any, model_name: pulumi.Output[str]) -> Any:
    """Name the model in the variants that name none, whether they are objects, dicts or not known yet."""
    if isinstance(variants, pulumi.Output):
        return variants.apply(lambda known: _serving(known, model_name))
    return [_variant(variant, model_name) for variant in variants]


def _variant(variant: Any, model_name: pulumi.Output[str]) -> Any:
    if isinstance(variant, pulumi.Output):
        return variant.apply(lambda known: _variant(known, model_name))
    if isinstance(variant, Mapping):
        named = variant.get("model_name") or variant.get("modelName")
        return variant if named else {**variant, "model_name": model_name}
    if variant.model_name is None:
        variant = copy.copy(variant)
        variant.model_name = model_name
    return variant
