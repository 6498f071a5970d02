"""A SageMaker pipeline that carries its cost tags, and whose steps' jobs carry them too."""

import os
from collections.abc import Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi
from pulumi.runtime import is_config_secret
from pulumi_aws import sagemaker

from costtags.catalog import TagProperty
from costtags.components import pipeline_steps
from costtags.components.arguments import check_arguments, child_options, users_line
from costtags.components.context import PACKAGE, Tags, provider_inputs
from costtags.components.pipeline_steps import DefinitionError, Reading
from costtags.components.tags import Child, checked_tags, known_now, overlay
from costtags.effective import effective_tags, is_unknown, provider_tags

# The schema of a component cannot name types of another package, so only type checkers and editors see them.
if TYPE_CHECKING:
    Definition = str | Mapping[str, Any]
    Parallelism = sagemaker.PipelineParallelismConfigurationArgs | sagemaker.PipelineParallelismConfigurationArgsDict
    S3Location = (
        sagemaker.PipelinePipelineDefinitionS3LocationArgs | sagemaker.PipelinePipelineDefinitionS3LocationArgsDict
    )
else:
    Definition = Parallelism = S3Location = Any

TOKEN = "costtags:index:TaggedPipeline"
TYPE = "aws:sagemaker/pipeline:Pipeline"


class TaggedPipelineArgs(TypedDict):
    """All that aws.sagemaker.Pipeline takes."""

    pipeline_display_name: pulumi.Input[str]
    """The name that Studio shows."""
    pipeline_name: pulumi.Input[str]
    """The name of the pipeline."""
    parallelism_configuration: NotRequired[pulumi.Input[Parallelism]]
    """How many steps run at a time."""
    pipeline_definition: NotRequired[pulumi.Input[Definition]]
    """The definition: JSON text, as the SageMaker SDK's pipeline.definition() returns it, or the same as a dict."""
    pipeline_definition_s3_location: NotRequired[pulumi.Input[S3Location]]
    """Where the definition stands in S3; its steps get no tags then."""
    pipeline_description: NotRequired[pulumi.Input[str]]
    """What the pipeline is for."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    role_arn: NotRequired[pulumi.Input[str]]
    """The ARN of the role that the pipeline runs as."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of the pipeline and of its steps, over those of the stack."""


class TaggedPipeline(pulumi.ComponentResource):
    """A SageMaker pipeline with its cost tags, on the pipeline and in the request of every step.

    Creates:
        - aws.sagemaker.Pipeline, of the component's name

    Tags are those of the stack (config ``tags``), overlaid by ``tags``; what breaks tags.yaml is one error.
    A step's jobs carry the tags that stand in the step's request, so these are added there, the provider's default
    tags too, also in the steps of Condition and ForEach. Tags that a step has already stay, and are judged with the
    others; one whose value is a reference ({"Get": "Parameters.Team"}) is known only in a run and stays unjudged.
    A RegisterModel step gets no tags where it names a group, whose tags its packages have. Steps of types that
    costtags does not know, and definitions in S3, are left alone with a warning. There are no secure defaults: what
    a pipeline may do stands in its role and its steps.

    An aws.sagemaker.Pipeline of the same name that the stack already has becomes this one: its definition changes in
    place, by the tags.
    """

    arn: pulumi.Output[str]
    """The pipeline's ARN."""
    pipeline_name: pulumi.Output[str]
    """The pipeline's name."""
    pipeline_definition: pulumi.Output[str | None]
    """The definition as it is deployed, with its tags."""

    def __init__(self, name: str, args: TaggedPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, TaggedPipelineArgs))
        inputs: dict[str, Any] = {key: _rereadable(value) for key, value in args.items() if value is not None}
        steps = _Steps(name, opts, inputs.get("tags") or {})
        if "pipeline_definition_s3_location" in inputs:
            steps.warn("the steps of a definition in S3 get no tags; give it as pipeline_definition, or tag them there")
        definition = inputs.get("pipeline_definition")
        inputs["tags"] = steps.judged(steps.read(known_now(definition)))[0]
        if definition is not None:
            inputs["pipeline_definition"] = pulumi.Output.from_input(definition).apply(steps.tagged)
        super().__init__(TOKEN, name, inputs, opts)

        self.pipeline = sagemaker.Pipeline(name, **inputs, opts=child_options(self, opts))
        self.arn = self.pipeline.arn
        self.pipeline_name = self.pipeline.pipeline_name
        self.pipeline_definition = self.pipeline.pipeline_definition
        self.register_outputs(
            {
                "arn": self.arn,
                "pipeline_name": self.pipeline_name,
                "pipeline_definition": self.pipeline_definition,
            }
        )


class _Steps:
    """The steps of one pipeline: judged at once as far as they are known, and judged and tagged when all is."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None, tags: Tags) -> None:
        self.name = name
        self.opts = opts
        self.tags = tags
        self.line = users_line()
        self.warned: set[str] = set()

    def warn(self, message: str) -> None:
        """Warn the user, once a program."""
        if message not in self.warned:
            self.warned.add(message)
            pulumi.log.warn(f'{self.line}TaggedPipeline "{self.name}": {message}')

    def read(self, definition: Any) -> Reading:
        """Find the requests that take tags, of a definition that may not be known yet."""
        if definition is None or is_unknown(definition):
            return Reading()
        try:
            reading = pipeline_steps.read(pipeline_steps.parse(definition))
        except DefinitionError as error:
            raise self._unreadable(error) from None
        for message in reading.left_alone:
            self.warn(message)
        return reading

    def judged(self, reading: Reading) -> list[Tags]:
        """Return the tags of the pipeline and of each request; raises TagError."""
        children = [Child("pipeline", TYPE, self.tags)]
        for request in reading.requests:
            children.append(Child(request.label, TYPE, overlay(self.tags, request.own), inside=True))
        tags: list[Tags] = checked_tags(TOKEN, self.name, self.opts, children, self.line)
        return tags

    def tagged(self, definition: Any) -> pulumi.Output[str]:
        """Return the text of a definition whose steps have their tags."""
        if is_unknown(definition):
            return pulumi.Output.from_input(definition)
        reading = self.read(definition)
        provider = provider_inputs(self.opts or pulumi.ResourceOptions())
        if not isinstance(provider, pulumi.Output) and is_config_secret(f"{PACKAGE}:defaultTags"):
            provider = pulumi.Output.secret(provider)
        facts: pulumi.Output[Any] = pulumi.Output.all(provider, *self.judged(reading)[1:])
        return facts.apply(lambda known: self._text(definition, known[0], known[1:]))

    def _text(self, definition: Any, provider: Mapping[str, Any], tags: list[Mapping[str, str]]) -> Any:
        below = effective_tags(TYPE, TagProperty("tags", "map"), {}, provider_tags(provider), os.environ)
        waits = below.unknown or any(not tag.known for tag in below.tags.values())
        if waits and pulumi.runtime.is_dry_run():
            unknown: Any = pulumi.output.UNKNOWN
            return pulumi.Output.from_input(unknown)
        defaults = {key: tag.value for key, tag in below.tags.items() if tag.value is not None}
        try:
            plain = pipeline_steps.parse(definition)
            done = pipeline_steps.with_tags(plain, [{**defaults, **own} for own in tags])
            return definition if done == plain and isinstance(definition, str) else pipeline_steps.text(done)
        except DefinitionError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: DefinitionError) -> pulumi.RunError:
        title = f'{self.line}TaggedPipeline "{self.name}" cannot be made:'
        return pulumi.RunError("\n  ".join([title, *(f"pipeline_definition: {one}" for one in error.problems)]))


def _rereadable(value: Any) -> Any:
    """Turn awaitables, which can be read once, into outputs: definition and tags are judged and then used."""
    if isinstance(value, pulumi.Output):
        return value
    if isawaitable(value):
        return pulumi.Output.from_input(value)
    if isinstance(value, dict):
        return {key: _rereadable(item) for key, item in value.items()}
    return [_rereadable(item) for item in value] if isinstance(value, list | tuple) else value
