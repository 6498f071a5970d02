"""The definition of a SageMaker pipeline -> which requests of its steps carry tags, and the same with tags added.

Plain data in, plain data out: values that are known only at deployment stand as UNKNOWN. The types of steps are those
of https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/ and, for the newer
ones, of the SageMaker Python SDK (sagemaker-mlops 1.27, workflow/steps.py); the tests hold every request to botocore.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from costtags.effective import UNKNOWN, is_unknown


@dataclass(frozen=True, slots=True)
class Request:
    """A request that steps of a type make: what AWS calls it, and where it and its tags stand in the step."""

    service: str
    operation: str
    at: tuple[str, ...] = ("Arguments",)
    member: str = "Tags"
    unless: str | None = None
    """With this member beside them AWS refuses tags."""


@dataclass(frozen=True, slots=True)
class StepType:
    """What steps of a type hold: requests that take tags, and members of their arguments that are lists of steps."""

    requests: tuple[Request, ...] = ()
    steps: tuple[str, ...] = ()


def _sagemaker(operation: str) -> StepType:
    return StepType((Request("sagemaker", operation),))


STEP_TYPES: Mapping[str, StepType] = {
    "AutoML": _sagemaker("CreateAutoMLJob"),
    "ClarifyCheck": _sagemaker("CreateProcessingJob"),
    "Endpoint": _sagemaker("CreateEndpoint"),
    "EndpointConfig": _sagemaker("CreateEndpointConfig"),
    "InferenceComponent": _sagemaker("CreateInferenceComponent"),
    "Job": _sagemaker("CreateJob"),
    "Model": _sagemaker("CreateModel"),
    "Processing": _sagemaker("CreateProcessingJob"),
    "QualityCheck": _sagemaker("CreateProcessingJob"),
    "Training": _sagemaker("CreateTrainingJob"),
    "Transform": _sagemaker("CreateTransformJob"),
    "Tuning": _sagemaker("CreateHyperParameterTuningJob"),
    # A model package in a group has the group's tags, and "you cannot supply a tag argument" (CreateModelPackage).
    "RegisterModel": StepType((Request("sagemaker", "CreateModelPackage", unless="ModelPackageGroupName"),)),
    # A cluster of the step's own is tagged; a step on a running cluster creates nothing that takes tags.
    "EMR": StepType((Request("emr", "RunJobFlow", ("Arguments", "ClusterConfig")),)),
    "EMRServerless": StepType(
        (
            Request("emr-serverless", "StartJobRun", ("Arguments", "JobConfig"), "tags"),
            Request("emr-serverless", "CreateApplication", ("Arguments", "ApplicationConfig"), "tags"),
        )
    ),
    "Condition": StepType(steps=("IfSteps", "ElseSteps")),
    "ForEach": StepType(steps=("ForEachBody",)),
    # These create nothing that costs, or their arguments are no request but what the user's code gets.
    "Callback": StepType(),
    "Cleanup": StepType(),
    "Fail": StepType(),
    "Lambda": StepType(),
    "Lineage": StepType(),
}

Path = tuple[str | int, ...]


class DefinitionError(ValueError):
    """A definition that cannot be read; ``problems`` says what is wrong with it and where."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class StepRequest:
    """A request of one step that takes tags, and the tags that it has; UNKNOWN stands for what only a run knows."""

    step: str
    path: Path
    member: str
    own: Mapping[str, str]

    @property
    def label(self) -> str:
        """Its name in messages."""
        inside = "" if self.path[-1] == "Arguments" else f" ({self.path[-1]})"
        return f'step "{self.step}"{inside}'


@dataclass(slots=True)
class Reading:
    """What a definition holds: the requests that take tags, and why others that might are left alone."""

    requests: list[StepRequest] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def parse(given: Any) -> dict[str, Any]:
    """Return a definition, given as JSON text or as a dict, as a dict."""
    parsed = given
    if isinstance(given, str):
        try:
            parsed = json.loads(given, parse_constant=_no_json)
        except json.JSONDecodeError as error:
            raise DefinitionError([f"is no JSON: line {error.lineno}, column {error.colno}: {error.msg}"]) from None
        except ValueError as error:
            raise DefinitionError([f"is no JSON: {error}"]) from None
    if not isinstance(parsed, dict):
        raise DefinitionError([f'must be an object, {{"Version": ..., "Steps": [...]}}, not {_kind(parsed)}'])
    return parsed


def read(definition: Mapping[str, Any]) -> Reading:
    """Find every request that takes tags, in nested steps too, in the order of the document."""
    reading = Reading()
    if "Steps" in definition:
        _read_steps(definition["Steps"], ("Steps",), reading)
    else:
        reading.problems.append("Steps is missing")
    if reading.problems:
        raise DefinitionError(reading.problems)
    return reading


def with_tags(definition: dict[str, Any], tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return a copy in which each request that ``read`` finds has those of its tags that it lacks, and sorted."""
    tagged = copy.deepcopy(definition)
    for request, wanted in zip(read(definition).requests, tags, strict=True):
        added = {key: wanted[key] for key in sorted(wanted) if key not in request.own}
        if not added:
            continue
        target: Any = tagged
        for part in request.path:
            target = target[part]
        if request.member == "Tags":
            rows = [{"Key": key, "Value": value} for key, value in added.items()]
            target["Tags"] = [*(target.get("Tags") or []), *rows]
        else:
            target[request.member] = {**(target.get(request.member) or {}), **added}
    return tagged


def text(definition: Mapping[str, Any]) -> str:
    """Write a definition as the SageMaker SDK does, in the order that it has."""
    try:
        return json.dumps(definition, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DefinitionError([f"cannot be written as JSON: {error}"]) from None


def is_reference(value: Any) -> bool:
    """Say whether a value is one that only a run knows: {"Get": "Parameters.X"}, {"Std:Join": ...}."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    function = str(next(iter(value)))
    return function == "Get" or function.startswith("Std:")


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _read_steps(steps: Any, path: Path, reading: Reading) -> None:
    if is_unknown(steps):
        return
    if not isinstance(steps, list | tuple):
        reading.problems.append(f"{_where(path)} must be a list of steps, not {_kind(steps)}")
        return
    for index, step in enumerate(steps):
        _read_step(step, (*path, index), reading)


def _read_step(step: Any, path: Path, reading: Reading) -> None:
    if is_unknown(step):
        return
    if not isinstance(step, Mapping):
        reading.problems.append(f"{_where(path)} must be a step, an object, not {_kind(step)}")
        return
    problems = [
        f"{_where(path)}.{key} " + (f"must be text, not {_kind(step[key])}" if key in step else "is missing")
        for key in ("Name", "Type")
        if not isinstance(step.get(key), str)
    ]
    if problems:
        reading.problems += problems
        return
    if is_unknown(step["Type"]):
        return
    type_ = STEP_TYPES.get(step["Type"])
    if type_ is None:
        reading.left_alone.append(
            f'step "{step["Name"]}" is of a type that costtags does not know ({step["Type"]}): it gets no tags'
        )
        return
    for request in type_.requests:
        _read_request(step, request, path, reading)
    arguments = step.get("Arguments") or {}
    for member in type_.steps:
        if isinstance(arguments, Mapping) and member in arguments:
            _read_steps(arguments[member], (*path, "Arguments", member), reading)


def _read_request(step: Mapping[str, Any], request: Request, path: Path, reading: Reading) -> None:
    found: Any = step
    for depth, part in enumerate(request.at):
        if part not in found:
            if depth == 0:
                reading.problems.append(f"{_where((*path, part))} is missing")
            return
        found = found[part]
        path = (*path, part)
        if is_unknown(found):
            return
        if not isinstance(found, Mapping):
            reading.problems.append(f"{_where(path)} must be an object, not {_kind(found)}")
            return
        if is_reference(found):
            reading.left_alone.append(f'step "{step["Name"]}" gets no tags: only a run knows its {part}')
            return
    if request.unless in found:
        return
    if request.member == "tags" and any(str(key)[:1].isupper() for key in found):
        # The API's own spelling, in which the SDK writes these requests; of another one nobody says where tags go.
        reading.left_alone.append(f'step "{step["Name"]}" gets no tags: its {path[-1]} is not spelled as in the API')
        return
    given = found.get(request.member)
    if is_unknown(given):
        return
    if is_reference(given):
        reading.left_alone.append(f'step "{step["Name"]}" gets no tags: only a run knows its {request.member}')
        return
    own = _own_tags(given, request.member, (*path, request.member), reading)
    reading.requests.append(StepRequest(step["Name"], path, request.member, own))


def _own_tags(given: Any, member: str, path: Path, reading: Reading) -> dict[str, str]:
    """Return the tags that stand in a request: a list of {Key, Value}, or a map where the API has one."""
    if given is None:
        return {}
    if member == "tags" and isinstance(given, Mapping):
        return {key: _value(value, (*path, key), reading) for key, value in given.items()}
    if member == "tags" or not isinstance(given, list | tuple):
        form = "a map of keys to values" if member == "tags" else 'a list of {"Key": ..., "Value": ...}'
        reading.problems.append(f"{_where(path)} must be {form}, not {_kind(given)}")
        return {}
    own: dict[str, str] = {}
    for index, row in enumerate(given):
        at = (*path, index)
        if is_unknown(row) or is_reference(row):
            own[UNKNOWN] = UNKNOWN
        elif not isinstance(row, Mapping) or set(row) != {"Key", "Value"}:
            reading.problems.append(f'{_where(at)} must be {{"Key": ..., "Value": ...}}')
        else:
            key = _value(row["Key"], (*at, "Key"), reading)
            if key in own and key != UNKNOWN:
                reading.problems.append(f'{_where(at)} gives tag "{key}" a second time')
            own[key] = _value(row["Value"], (*at, "Value"), reading)
    return own


def _value(value: Any, path: Path, reading: Reading) -> str:
    if is_reference(value) or is_unknown(value):
        return UNKNOWN
    if isinstance(value, str):
        return value
    reading.problems.append(f"{_where(path)} must be text or a reference, not {_kind(value)}")
    return UNKNOWN


def _where(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return "nothing" if value is None else names.get(type(value), f"a {type(value).__name__}")
