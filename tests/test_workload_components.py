"""Spaces, work teams and pipelines: what they create and refuse, and the tags of every step of a pipeline."""

import contextlib
import copy
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.runtime import rpc

from costtags import components
from costtags.components import TagError, TaggedPipeline, TaggedSpace, TaggedWorkteam, pipeline_steps
from costtags.components import pipeline as pipeline_module
from costtags.components import space as space_module
from costtags.components import workteam as workteam_module
from costtags.components.pipeline_steps import STEP_TYPES, DefinitionError
from costtags.effective import UNKNOWN

from .engine import drive
from .test_components import CONFIG, TAGS, Run, exempt, on_engine, refused, run

__all__ = ["on_engine", "refused", "run"]  # fixtures

SPACE: Any = {"domain_id": "d-1", "space_name": "s"}
WORKTEAM: Any = {
    "description": "labels",
    "member_definitions": [{"oidc_member_definition": {"groups": ["g"]}}],
    "workteam_name": "w",
}
TRAIN: Any = {"Name": "Train", "Type": "Training", "Arguments": {"RoleArn": "r"}}
PIPELINE: Any = {
    "pipeline_display_name": "p",
    "pipeline_name": "p",
    "pipeline_definition": {"Version": "2020-12-01", "Steps": [TRAIN]},
    "role_arn": "arn:aws:iam::1:role/r",
}
COMPONENTS = [(TaggedSpace, SPACE), (TaggedWorkteam, WORKTEAM), (TaggedPipeline, PIPELINE)]
PIPELINE_TYPE = "aws:sagemaker/pipeline:Pipeline"
ROWS = [{"Key": key, "Value": value} for key, value in TAGS.items()]


def pipeline(*steps: Any, **arguments: Any) -> Any:
    """Return the arguments of a pipeline of these steps."""
    return {**PIPELINE, "pipeline_definition": {"Version": "2020-12-01", "Steps": list(steps)}, **arguments}


def step(name: str, type_: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "Arguments": arguments}


def deployed(recorder: Any) -> Any:
    """Return the definition that a pipeline was registered with."""
    return json.loads(recorder.custom[f"{PIPELINE_TYPE} x"]["pipelineDefinition"])


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is warned of."""
    found: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_args, **_options: found.append(message))
    return found


# --- all three


@pytest.mark.parametrize(("component", "args"), COMPONENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_resource_is_tagged(run: Run, component: Any, args: Any) -> None:
    """The resource carries the stack's tags, its own and the defaults; the arguments stay as they were given."""
    before = json.dumps(args)
    recorder = run(lambda: component("x", {**args, "tags": {"team": "ml-core"}}))
    [inputs] = recorder.custom.values()
    assert inputs["tags"] == {**TAGS, "team": "ml-core"}
    assert recorder.inputs[f"costtags:index:{component.__name__} x"]["tags"] == {**TAGS, "team": "ml-core"}
    assert json.dumps(args) == before


@pytest.mark.parametrize(("component", "args"), COMPONENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_nothing_is_registered(run: Run, component: Any, args: Any) -> None:
    """What is refused at once registers nothing, and the error says where it was made."""
    line = inspect.currentframe().f_lineno + 2  # type: ignore[union-attr]
    with pytest.raises(TagError, match='tag "cost-center" is missing') as caught:
        run(lambda: component("x", args), tags=None)
    assert f'test_workload_components.py:{line}: {component.__name__} "x" breaks the rules' in str(caught.value)
    assert "\non " not in str(caught.value)
    assert run(lambda: None).inputs == {}


@pytest.mark.parametrize(("component", "args"), COMPONENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_outputs_and_adoption(run: Run, component: Any, args: Any) -> None:
    """The wrapped resource and its outputs are attributes, and a plain one of the same name becomes the child."""
    found: list[Any] = []

    def program() -> None:
        made = component("x", args)
        child = getattr(made, component.__name__.removeprefix("Tagged").lower())
        made.arn.apply(found.append)
        for alias in child._aliases:
            pulumi.Output.from_input(alias).apply(found.append)

    recorder = run(program)
    [registered] = recorder.custom
    assert "arn-of-x" in found
    assert f"urn:pulumi:dev::ex::{registered.split()[0]}::x" in found


@pytest.mark.parametrize(
    ("args", "wrapped"),
    [
        (components.TaggedSpaceArgs, aws.sagemaker.SpaceArgs),
        (components.TaggedWorkteamArgs, aws.sagemaker.WorkteamArgs),
        (components.TaggedPipelineArgs, aws.sagemaker.PipelineArgs),
    ],
)
def test_arguments_are_those_of_the_provider(args: Any, wrapped: Any) -> None:
    """The arguments are all that the wrapped resource takes, and as required."""
    parameters = inspect.signature(wrapped.__init__).parameters.values()
    required = {one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty}
    assert args.__required_keys__ == required
    assert args.__required_keys__ | args.__optional_keys__ == {
        one.name for one in parameters if one.kind is one.KEYWORD_ONLY
    }


def test_schema_for_other_languages() -> None:
    """Pulumi can infer the components' schema, and every argument in it is described."""
    found = Analyzer("costtags").analyze([component for component, _ in COMPONENTS])
    definitions = found["component_definitions"]
    assert set(definitions) == {"TaggedSpace", "TaggedWorkteam", "TaggedPipeline"}
    assert definitions["TaggedPipeline"].inputs["pipelineDefinition"].ref == "pulumi.json#/Any"
    described = [*definitions.values(), *found["type_definitions"].values()]
    fields = [field for one in described for field in (getattr(one, "inputs", None) or one.properties).values()]
    assert all(field.description for field in fields if field.ref is None)
    for module in (space_module, workteam_module, pipeline_module):
        assert "from __future__" not in inspect.getsource(module)


# --- secure defaults, and that they yield


@pytest.mark.parametrize(
    ("given", "sharing"),
    [
        ({}, None),
        ({"ownership_settings": {"owner_user_profile_name": "alice"}}, {"sharingType": "Private"}),
        (
            {
                "ownership_settings": {"owner_user_profile_name": "alice"},
                "space_sharing_settings": {"sharing_type": "Shared"},
            },
            {"sharingType": "Shared"},
        ),
    ],
)
def test_space_defaults(run: Run, given: Any, sharing: Any) -> None:
    """A space that has an owner is the owner's alone, unless it is shared."""
    [inputs] = run(lambda: TaggedSpace("x", {**SPACE, **given})).custom.values()
    assert inputs.get("spaceSharingSettings") == sharing


def test_workteam_defaults(run: Run) -> None:
    """What a task shows opens only from the worker's address, unless it is configured otherwise."""
    [inputs] = run(lambda: TaggedWorkteam("x", WORKTEAM)).custom.values()
    assert inputs["workerAccessConfiguration"] == {"s3Presign": {"iamPolicyConstraints": {"sourceIp": "Enabled"}}}
    access: Any = {"s3_presign": {"iam_policy_constraints": {"vpc_source_ip": "Enabled"}}}
    given = {**WORKTEAM, "worker_access_configuration": access}
    inputs = run(lambda: TaggedWorkteam("x", given)).custom["aws:sagemaker/workteam:Workteam x"]
    assert inputs["workerAccessConfiguration"] == {"s3Presign": {"iamPolicyConstraints": {"vpcSourceIp": "Enabled"}}}


def test_a_space_has_room_for_studios_tags(refused: Callable[..., str]) -> None:
    """A space takes 47 tags, since SageMaker adds three."""
    many = {f"k{number}": "v" for number in range(46)}
    assert "48 tags, 1 more than the 47" in refused(lambda: TaggedSpace("x", {**SPACE, "tags": many}))


# --- the table of step types


@pytest.mark.parametrize(
    ("service", "operation", "member"),
    sorted(
        {(one.service, one.operation, one.member) for type_ in STEP_TYPES.values() for one in type_.requests}
        | {("sagemaker", "CreateAutoMLJobV2", "Tags")}
    ),
)
def test_requests_take_tags(service: str, operation: str, member: str) -> None:
    """Every request of the table has, in botocore's model, its member for tags in the form that is written."""
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape.members[member]
    if member == "Tags":
        assert shape.type_name == "list"
        assert list(shape.member.members) == ["Key", "Value"]
    else:
        assert shape.type_name == "map"


def test_model_packages_of_a_group_take_none() -> None:
    """AWS still says that a package in a group takes no tags of its own."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model("CreateModelPackage").input_shape
    assert "you cannot supply a <code>tag</code> argument" in shape.members["Tags"].documentation


# --- the pure transformation

TAGGABLE = sorted(name for name, type_ in STEP_TYPES.items() if any(r.at == ("Arguments",) for r in type_.requests))
PLAIN = sorted(name for name, type_ in STEP_TYPES.items() if not type_.requests and not type_.steps)
REFERENCE = st.sampled_from([{"Get": "Parameters.P"}, {"Std:Join": {"On": "-", "Values": ["a", {"Get": "b"}]}}])
TAG_KEYS = st.sampled_from(["cost-center", "environment", "team", "project", "a b", "é"])
OWN = st.dictionaries(TAG_KEYS, st.text(max_size=3) | REFERENCE, max_size=4).map(
    lambda tags: [{"Key": key, "Value": value} for key, value in tags.items()]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def leaf_steps(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a step without steps in it."""
    kind = draw(st.sampled_from([*TAGGABLE, *PLAIN, "EMR", "EMRServerless", "NewType"]))
    arguments = draw(st.dictionaries(st.sampled_from(["RoleArn", "Environment", "Image"]), JSON, max_size=2))
    if kind == "RegisterModel" and draw(st.booleans()):
        arguments["ModelPackageGroupName"] = "g"
    elif kind in TAGGABLE and draw(st.booleans()):
        arguments["Tags"] = draw(OWN)
    if kind == "EMR":
        arguments |= draw(st.sampled_from([{"ClusterId": "j-1"}, {"ClusterConfig": {"Instances": {}}}]))
    if kind == "EMRServerless":
        arguments["JobConfig"] = draw(st.sampled_from([{"jobDriver": {}}, {"name": "n", "tags": {"team": "ml-x"}}]))
    return {"Name": draw(st.text(max_size=4)), "Type": kind, "Arguments": arguments}


@st.composite
def compound_steps(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw a step that holds steps."""
    kind = draw(st.sampled_from(["Condition", "ForEach"]))
    members = STEP_TYPES[kind].steps
    held = {member: draw(st.lists(inner, max_size=2)) for member in members if draw(st.booleans())}
    return {"Name": draw(st.text(max_size=4)), "Type": kind, "Arguments": {"Conditions": [], **held}}


STEPS = st.recursive(leaf_steps(), compound_steps, max_leaves=8)
DEFINITIONS = st.fixed_dictionaries({"Version": st.just("2020-12-01"), "Steps": st.lists(STEPS, max_size=4)})
WANTED = st.dictionaries(TAG_KEYS, st.text(max_size=3), max_size=6)


def every_step(steps: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield every step, by another way than the code under test."""
    for one in steps:
        yield one
        for name in ("IfSteps", "ElseSteps", "ForEachBody"):
            yield from every_step(one["Arguments"].get(name, []))


def places(one: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield where tags may be added to a step, by another way than the code under test."""
    arguments = one["Arguments"]
    if one["Type"] in TAGGABLE and not (one["Type"] == "RegisterModel" and "ModelPackageGroupName" in arguments):
        yield arguments, "Tags"
    if one["Type"] == "EMR" and "ClusterConfig" in arguments:
        yield arguments["ClusterConfig"], "Tags"
    if one["Type"] == "EMRServerless":
        yield arguments["JobConfig"], "tags"


def pairs(value: Any) -> list[tuple[str, Any]]:
    """Return tags of either form as pairs."""
    return list(value.items()) if isinstance(value, dict) else [(row["Key"], row["Value"]) for row in value or []]


def tagged(definition: Any, wanted: dict[str, str]) -> Any:
    return pipeline_steps.with_tags(definition, [wanted] * len(pipeline_steps.read(definition).requests))


@given(DEFINITIONS, WANTED)
def test_only_tags_change(definition: Any, wanted: dict[str, str]) -> None:
    """Nothing but the tags of requests that take them changes, and the original stays as it was."""
    before = copy.deepcopy(definition)
    after = tagged(definition, wanted)
    assert definition == before
    assert len(list(every_step(after["Steps"]))) == len(list(every_step(before["Steps"])))
    assert json.loads(pipeline_steps.text(after)) == after
    for side in (before, after):
        for one in every_step(side["Steps"]):
            for place, member in list(places(one)):
                place.pop(member, None)
    assert list(after) == list(before)
    assert after == before


@given(DEFINITIONS, WANTED)
def test_every_request_has_the_tags(definition: Any, wanted: dict[str, str]) -> None:
    """Every request, nested ones too, keeps its own tags in front and has the others behind, sorted."""
    after = tagged(definition, wanted)
    for old, new in zip(every_step(definition["Steps"]), every_step(after["Steps"]), strict=True):
        for (was, member), (now, _) in zip(places(old), places(new), strict=True):
            own = pairs(was.get(member))
            added = pairs(now.get(member))[len(own) :]
            assert pairs(now.get(member))[: len(own)] == own
            assert added == sorted((key, value) for key, value in wanted.items() if key not in dict(own))


@given(DEFINITIONS, WANTED)
def test_twice_is_once(definition: Any, wanted: dict[str, str]) -> None:
    """What has its tags is left as it is, to the byte."""
    once = tagged(definition, wanted)
    assert pipeline_steps.text(tagged(once, wanted)) == pipeline_steps.text(once)


@given(DEFINITIONS)
def test_requests_are_read_with_their_tags(definition: Any) -> None:
    """The requests are found in the order of the document, and references stand as unknown."""
    expected = [
        {key: value if isinstance(value, str) else UNKNOWN for key, value in pairs(place.get(member))}
        for one in every_step(definition["Steps"])
        for place, member in places(one)
    ]
    reading = pipeline_steps.read(definition)
    assert [dict(request.own) for request in reading.requests] == expected
    unknown = [one for one in every_step(definition["Steps"]) if one["Type"] == "NewType"]
    assert len(reading.left_alone) == len(unknown)


@given(st.text() | JSON)
def test_anything_is_read_or_refused(anything: Any) -> None:
    """What is no definition is an error of ours, whatever it is."""
    with contextlib.suppress(DefinitionError):
        pipeline_steps.read(pipeline_steps.parse(anything))


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ('{"Steps": [}', "is no JSON: line 1, column 12: Expecting value"),
        ('{"Steps": [NaN]}', "is no JSON: NaN is no number of JSON"),
        ("[]", 'must be an object, {"Version": ..., "Steps": [...]}, not a list'),
        ({"Version": "2020-12-01"}, "Steps is missing"),
        ({"Steps": {}}, "Steps must be a list of steps, not an object"),
        ({"Steps": [TRAIN, 3]}, "Steps[1] must be a step, an object, not a number"),
        ({"Steps": [{"Type": "Training", "Arguments": {}}]}, "Steps[0].Name is missing"),
        ({"Steps": [{"Name": "a", "Type": 1}]}, "Steps[0].Type must be text, not a number"),
        ({"Steps": [{"Name": "a", "Type": "Training"}]}, "Steps[0].Arguments is missing"),
        (
            {"Steps": [{"Name": "a", "Type": "Condition", "Arguments": {"ElseSteps": [TRAIN, None]}}]},
            "Steps[0].Arguments.ElseSteps[1] must be a step, an object, not nothing",
        ),
        ({"Steps": [step("a", "EMR", ClusterConfig=[])]}, "Steps[0].Arguments.ClusterConfig must be an object, not a"),
        (
            {"Steps": [step("a", "Training", Tags={"team": "ml-x"})]},
            'Steps[0].Arguments.Tags must be a list of {"Key": ..., "Value": ...}, not an object',
        ),
        ({"Steps": [step("a", "Training", Tags=[{"Key": "k"}])]}, 'Steps[0].Arguments.Tags[0] must be {"Key": ..., "V'),
        (
            {"Steps": [step("a", "Training", Tags=[{"Key": "k", "Value": 1}])]},
            "Steps[0].Arguments.Tags[0].Value must be text or a reference, not a number",
        ),
        (
            {"Steps": [step("a", "Training", Tags=[{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}])]},
            'Steps[0].Arguments.Tags[1] gives tag "k" a second time',
        ),
        ({"Steps": [step("a", "EMRServerless", JobConfig={"tags": []})]}, "JobConfig.tags must be a map of keys to v"),
        ({"Steps": [step("a", "Training", Image=float("inf"))]}, "cannot be written as JSON: Out of range float"),
        ({"Steps": [step("a", "Lambda", Payload=object())]}, "cannot be written as JSON: Object of type object is not"),
    ],
)
def test_malformed_definitions(refused: Callable[..., str], definition: Any, problem: str) -> None:
    """A malformed definition is an error that says what is wrong and where, at the user's line."""
    message = refused(lambda: TaggedPipeline("x", {**PIPELINE, "pipeline_definition": definition}))
    title, body = message.split("\n", 1)
    assert f"{Path(__file__).name}:" in title
    assert title.endswith('TaggedPipeline "x" cannot be made:')
    assert body.startswith("  pipeline_definition: ")
    assert problem in body


def test_all_problems_of_a_definition(refused: Callable[..., str]) -> None:
    """All that is malformed is one error."""
    message = refused(lambda: TaggedPipeline("x", pipeline({"Type": "Fail"}, step("a", "Training", Tags=3))))
    assert message.split("\n")[1:] == [
        "  pipeline_definition: Steps[0].Name is missing",
        '  pipeline_definition: Steps[1].Arguments.Tags must be a list of {"Key": ..., "Value": ...}, not a number',
    ]


# --- the pipeline's steps, under mocks


@pytest.mark.parametrize("form", ["dict", "text", "output of text", "output of dict", "awaitable", "outputs inside"])
def test_definition_in_every_form(run: Run, form: str) -> None:
    """A definition is tagged as a dict, as text, as an output or awaitable of either, and with outputs inside."""

    def program() -> None:
        definition: Any = {"Version": "2020-12-01", "Steps": [TRAIN]}
        text = json.dumps(definition)

        async def later() -> str:
            return text

        forms: dict[str, Callable[[], Any]] = {
            "dict": lambda: definition,
            "text": lambda: text,
            "output of text": lambda: pulumi.Output.from_input(text),
            "output of dict": lambda: pulumi.Output.from_input(definition),
            "awaitable": later,
            "outputs inside": lambda: {
                "Version": "2020-12-01",
                "Steps": [{**TRAIN, "Arguments": {"RoleArn": pulumi.Output.from_input("r")}}],
            },
        }
        TaggedPipeline("x", {**PIPELINE, "pipeline_definition": forms[form]()})

    expected = {"Version": "2020-12-01", "Steps": [{**TRAIN, "Arguments": {"RoleArn": "r", "Tags": ROWS}}]}
    assert deployed(run(program)) == expected
    assert deployed(run(program, preview=True)) == expected


def test_nested_steps(run: Run) -> None:
    """Steps of conditions within loops and conditions are tagged."""
    inner = step("Inner", "Condition", IfSteps=[TRAIN], ElseSteps=[step("Stop", "Fail", ErrorMessage="m")])
    outer = step("Outer", "Condition", IfSteps=[inner], ElseSteps=[step("Each", "ForEach", ForEachBody=[TRAIN])])
    definition = deployed(run(lambda: TaggedPipeline("x", pipeline(outer, TRAIN))))
    found = {one["Name"]: one["Arguments"].get("Tags") for one in every_step(definition["Steps"])}
    assert found == {"Outer": None, "Inner": None, "Stop": None, "Each": None, "Train": ROWS}
    assert json.dumps(definition).count(json.dumps(ROWS)) == 3


def test_steps_that_take_none(run: Run, warnings: list[str]) -> None:
    """Nothing is added where AWS takes no tags, or where arguments are the user's own."""
    steps = [
        step("Register", "RegisterModel", ModelPackageGroupName={"Get": "Parameters.Group"}),
        step("Call", "Lambda", a=1),
        step("Wait", "Callback", a=1),
        step("Running", "EMR", ClusterId="j-1", StepConfig={}),
    ]
    args = pipeline(*steps)
    assert deployed(run(lambda: TaggedPipeline("x", args)))["Steps"] == steps
    assert warnings == []


def test_emr(run: Run, warnings: list[str]) -> None:
    """A cluster, a job and an application of EMR get tags in the form of their request; of another spelling none."""
    steps = [
        step("Own", "EMR", ClusterConfig={"Instances": {}}),
        step("Less", "EMRServerless", JobConfig={"jobDriver": {}, "tags": {"x": "y"}}, ApplicationConfig={"name": "n"}),
        step("Else", "EMRServerless", JobConfig={"JobDriver": {}}),
    ]
    own, less, other = deployed(run(lambda: TaggedPipeline("x", pipeline(*steps))))["Steps"]
    assert own["Arguments"]["ClusterConfig"]["Tags"] == ROWS
    assert less["Arguments"]["JobConfig"]["tags"] == {"x": "y", **TAGS}
    assert less["Arguments"]["ApplicationConfig"]["tags"] == TAGS
    assert other == steps[2]
    assert [message.split('"x": ')[1] for message in warnings] == [
        'step "Else" gets no tags: its JobConfig is not spelled as in the API'
    ]


def test_own_tags_of_a_step(run: Run) -> None:
    """A step's right tags stay, in place and in order; others are added behind."""
    own = [{"Key": "team", "Value": "ml-x"}, {"Key": "environment", "Value": "prod"}]
    args = pipeline(step("Train", "Training", Tags=own), tags={"team": "ml-y"})
    [found] = deployed(run(lambda: TaggedPipeline("x", args)))["Steps"]
    assert found["Arguments"]["Tags"] == [*own, {"Key": "cost-center", "Value": "ML-Research"}]


def test_wrong_tags_of_a_step(refused: Callable[..., str]) -> None:
    """A step's wrong tag is a finding that names the step, also where the pipeline's own tag is right."""
    wrong = step("Train", "Training", Tags=[{"Key": "cost-center", "Value": "ML-sales"}])
    message = refused(lambda: TaggedPipeline("x", pipeline(step("If", "Condition", ElseSteps=[wrong]), TRAIN)))
    assert '\non step "Train":\ntag "cost-center" has a value that is not allowed' in message
    missing = refused(lambda: TaggedPipeline("x", pipeline(wrong, step("Load", "Processing"))), tags=None)
    assert 'on pipeline, step "Load":\ntag "cost-center" is missing' in missing
    assert 'on step "Train":\ntag "cost-center" has a value that is not allowed' in missing


def test_missing_tags_are_said_once(refused: Callable[..., str]) -> None:
    """What the pipeline lacks, its steps lack: it is said once."""
    message = refused(lambda: TaggedPipeline("x", pipeline(TRAIN, step("Load", "Processing"))), tags=None)
    assert message.count("is missing") == 1


def test_misspelt_key_of_a_step(refused: Callable[..., str]) -> None:
    """A second spelling of a key in a step is found."""
    message = refused(
        lambda: TaggedPipeline("x", pipeline(step("T", "Training", Tags=[{"Key": "Team", "Value": "a"}])))
    )
    assert 'on step "T":\ntag "Team" must be spelled "team"' in message


def test_too_many_tags_on_a_step(refused: Callable[..., str]) -> None:
    """More than 50 tags on a step, with those that would be added, are a finding."""
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(49)]
    message = refused(lambda: TaggedPipeline("x", pipeline(step("T", "Training", Tags=many))))
    assert 'on step "T":\n51 tags, 1 more than the 50 that fit' in message


@pytest.mark.parametrize("value", [{"Get": "Parameters.CostCenter"}, {"Std:Join": {"On": "", "Values": ["a"]}}])
def test_references_are_known_in_a_run(run: Run, value: Any) -> None:
    """A value that only a run knows is neither missing nor judged nor overwritten."""
    own = [{"Key": "cost-center", "Value": value}]
    args = pipeline(step("Train", "Training", Tags=own))
    [found] = deployed(run(lambda: TaggedPipeline("x", args)))["Steps"]
    assert found["Arguments"]["Tags"] == [*own, {"Key": "environment", "Value": "dev"}]
    recorder = run(lambda: TaggedPipeline("x", args), preview=True)
    assert recorder.tags(PIPELINE_TYPE) == TAGS
    assert deployed(recorder)["Steps"] == [found]


def test_references_for_keys_and_lists(run: Run, warnings: list[str]) -> None:
    """A key that only a run knows hides what is missing; tags or arguments that only a run knows are left alone."""
    own = [{"Key": {"Get": "Parameters.Key"}, "Value": "v"}]
    steps = [
        step("Key", "Training", Tags=own),
        step("List", "Training", Tags={"Get": "ForEach.CurrentItem.tags"}),
        {"Name": "All", "Type": "Training", "Arguments": {"Get": "ForEach.CurrentItem"}},
    ]
    key, *others = deployed(run(lambda: TaggedPipeline("x", pipeline(*steps))))["Steps"]
    assert key["Arguments"]["Tags"][:2] == [*own, {"Key": "cost-center", "Value": "ML-Research"}]
    assert UNKNOWN not in json.dumps(key)
    assert others == steps[1:]
    assert [message.split('"x": ')[1] for message in warnings] == [
        'step "List" gets no tags: only a run knows its Tags',
        'step "All" gets no tags: only a run knows its Arguments',
    ]


def test_unknown_types(run: Run, warnings: list[str]) -> None:
    """Steps of unknown types are left alone, with one warning each that names the type."""
    odd = step("Odd", "Quantum", Tags="any")
    assert deployed(run(lambda: TaggedPipeline("x", pipeline(odd, TRAIN))))["Steps"][0] == odd
    [message] = warnings
    assert message.endswith(
        'TaggedPipeline "x": step "Odd" is of a type that costtags does not know (Quantum): it gets no tags'
    )


def test_definition_in_s3(run: Run, warnings: list[str]) -> None:
    """Of a definition in S3 the user is warned that its steps get no tags; the pipeline itself is tagged."""
    args = {key: value for key, value in PIPELINE.items() if key != "pipeline_definition"}
    location: Any = {"bucket": "b", "object_key": "k"}
    recorder = run(lambda: TaggedPipeline("x", {**args, "pipeline_definition_s3_location": location}))
    inputs = recorder.custom[f"{PIPELINE_TYPE} x"]
    assert inputs["tags"] == TAGS
    assert inputs["pipelineDefinitionS3Location"] == {"bucket": "b", "objectKey": "k"}
    assert "pipelineDefinition" not in inputs
    assert ["in S3 get no tags" in message for message in warnings] == [True]


def test_text_without_a_change_stays(run: Run) -> None:
    """Text that has its tags already is deployed as it was written."""
    text = json.dumps({"Steps": [step("T", "Training", Tags=ROWS)]}, indent=3)
    inputs = run(lambda: TaggedPipeline("x", {**PIPELINE, "pipeline_definition": text})).custom[f"{PIPELINE_TYPE} x"]
    assert inputs["pipelineDefinition"] == text


# --- what is known later


def later(text: Callable[[Any], Any]) -> Any:
    """Return a definition that a preview does not know."""
    return aws.sns.Topic("b").arn.apply(lambda arn: text(step("Train", "Training", RoleArn=arn)))


def test_unknown_definition(run: Run) -> None:
    """A definition that a preview does not know is tagged in the deployment."""

    def program() -> None:
        TaggedPipeline("x", {**PIPELINE, "pipeline_definition": later(lambda one: json.dumps({"Steps": [one]}))})

    preview = run(program, preview=True)
    assert isinstance(preview.custom[f"{PIPELINE_TYPE} x"]["pipelineDefinition"], pulumi.output.Unknown)
    assert preview.tags(PIPELINE_TYPE) == TAGS
    assert deployed(run(program))["Steps"] == [step("Train", "Training", RoleArn="arn-of-b", Tags=ROWS)]


def test_definition_from_encrypted_config(run: Run) -> None:
    """Text that the gate cannot decrypt stays unknown."""
    recorder = run(lambda: TaggedPipeline("x", {**PIPELINE, "pipeline_definition": UNKNOWN}), preview=True)
    assert isinstance(recorder.custom[f"{PIPELINE_TYPE} x"]["pipelineDefinition"], pulumi.output.Unknown)


def test_wrong_tags_of_an_output(run: Run, refused: Callable[..., str]) -> None:
    """A wrong tag in a definition that is known later stops the deployment, before the pipeline is created."""

    def program() -> None:
        wrong = [{"Key": "team", "Value": "x"}]
        TaggedPipeline(
            "x", {**PIPELINE, "pipeline_definition": later(lambda _one: {"Steps": [step("T", "Training", Tags=wrong)]})}
        )

    message = refused(program)
    assert f"{Path(__file__).name}:" in message
    assert 'on step "T":\ntag "team" has a value that is not allowed' in message
    assert list(run(lambda: None).custom) == ["aws:sns/topic:Topic b"]


def test_malformed_output(refused: Callable[..., str]) -> None:
    """A malformed definition that is known later stops the deployment too."""
    message = refused(lambda: TaggedPipeline("x", {**PIPELINE, "pipeline_definition": later(lambda _one: "{")}))
    assert 'TaggedPipeline "x" cannot be made:\n  pipeline_definition: is no JSON: line 1, column 2' in message


def test_certain_findings_do_not_wait(refused: Callable[..., str]) -> None:
    """What is certainly wrong in a step is refused at once, also where its other arguments are known later."""

    def program() -> None:
        arn = aws.sns.Topic("b").arn
        TaggedPipeline("x", pipeline(step("T", "Training", RoleArn=arn, Tags=[{"Key": "team", "Value": "x"}])))

    assert 'on step "T":\ntag "team" has a value' in refused(program, preview=True)


def test_unknown_tag(run: Run) -> None:
    """A tag that a preview does not know leaves the definition unknown there, and is in it in the deployment."""

    def program() -> None:
        TaggedPipeline("x", pipeline(TRAIN, tags={"owner": aws.sns.Topic("b").arn}))

    preview = run(program, preview=True).custom[f"{PIPELINE_TYPE} x"]
    assert isinstance(preview["pipelineDefinition"], pulumi.output.Unknown)
    [found] = deployed(run(program))["Steps"]
    assert found["Arguments"]["Tags"] == [*ROWS, {"Key": "owner", "Value": "arn-of-b"}]


def test_awaitables_are_read_once(run: Run) -> None:
    """A tag that is awaitable stands on the pipeline and on every step."""

    async def team() -> str:
        return "ml-x"

    def program() -> None:
        TaggedPipeline("x", pipeline(TRAIN, step("Load", "Processing"), tags={"team": team()}))

    recorder = run(program)
    assert recorder.tags(PIPELINE_TYPE) == {**TAGS, "team": "ml-x"}
    assert {"Key": "team", "Value": "ml-x"} in deployed(recorder)["Steps"][1]["Arguments"]["Tags"]


@pytest.mark.parametrize("secret", ["ex:tags", "aws:defaultTags"])
def test_secrets_stay_secret(run: Run, secret: str) -> None:
    """A definition with a secret tag is secret."""
    default_tags = {"tags": {"cost-center": "ML-Sales"}}
    recorder = run(
        lambda: TaggedPipeline("x", PIPELINE),
        tags={"a": "b"},
        config={"aws:defaultTags": default_tags},
        secrets=[secret],
    )
    definition = recorder.custom[f"{PIPELINE_TYPE} x"]["pipelineDefinition"]
    assert rpc.is_rpc_secret(definition)
    assert "ML-Sales" in rpc.unwrap_rpc_secret(definition)


# --- default tags, exemptions, the gate


def test_config_default_tags_reach_the_steps(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step gets the provider's default tags, which the provider gives to the pipeline only."""
    monkeypatch.setenv("TF_AWS_DEFAULT_TAGS_team", "ml-env")
    config = {"aws:defaultTags": {"tags": {"cost-center": "ML-Sales", "environment": "prod"}}}
    recorder = run(lambda: TaggedPipeline("x", pipeline(TRAIN, tags={"environment": "dev"})), tags=None, config=config)
    assert recorder.tags(PIPELINE_TYPE) == {"environment": "dev"}
    [found] = deployed(recorder)["Steps"]
    assert dict(pairs(found["Arguments"]["Tags"])) == {
        "cost-center": "ML-Sales",
        "environment": "dev",
        "team": "ml-env",
    }


@pytest.mark.parametrize("preview", [False, True])
def test_provider_default_tags_reach_the_steps(run: Run, preview: bool) -> None:
    """So do the default tags of a provider object; those that a preview does not know leave the definition unknown."""

    def program(team: Any) -> None:
        default_tags: Any = {"tags": {"cost-center": "ML-Sales", "environment": "prod", "team": team}}
        provider = aws.Provider("p", default_tags=default_tags)
        TaggedPipeline("x", PIPELINE, pulumi.ResourceOptions(provider=provider))

    [found] = deployed(run(lambda: program("ml-x"), tags=None, preview=preview))["Steps"]
    expected = {"cost-center": "ML-Sales", "environment": "prod", "team": "ml-x"}
    assert dict(pairs(found["Arguments"]["Tags"])) == expected
    if preview:
        recorder = run(lambda: program(aws.sns.Topic("b").arn), tags=None, preview=True)
        assert isinstance(recorder.custom[f"{PIPELINE_TYPE} x"]["pipelineDefinition"], pulumi.output.Unknown)


def test_exemption_of_the_pipeline_excuses_its_steps(run: Run, tmp_path: Path) -> None:
    """What is excused of the pipeline is excused of its steps."""
    exempt(tmp_path, f"urn:pulumi:dev::ex::*TaggedPipeline${PIPELINE_TYPE}::x")
    [found] = deployed(run(lambda: TaggedPipeline("x", PIPELINE), tags={"cost-center": "old"}))["Steps"]
    assert found["Arguments"]["Tags"][0] == {"Key": "cost-center", "Value": "old"}


def test_gate(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a preview of the gate the pack judges the pipeline; what is wrong in a step alone, it would not see."""
    monkeypatch.setenv("COSTTAGS_GATE", "embedded")
    recorder = run(lambda: TaggedPipeline("x", PIPELINE), tags=None, preview=True)
    assert recorder.tags(PIPELINE_TYPE) == {"environment": "dev"}
    wrong = step("T", "Training", Tags=[{"Key": "team", "Value": "x"}])
    with pytest.raises(TagError) as caught:
        run(lambda: TaggedPipeline("x", pipeline(wrong)), tags=None, preview=True)
    assert [(finding.code, finding.tag) for _, _, finding in caught.value.findings] == [("wrong-value", "team")]
    with pytest.raises(TagError, match='on step "T"'):
        run(lambda: TaggedPipeline("x", pipeline(wrong)), tags=CONFIG, preview=True)


# --- on the real engine

ON_ENGINE = """
import json
from costtags.components import TaggedPipeline
topic = aws.sns.Topic("t").arn
def definition(value, role=topic):
    tags = [{"Key": "environment", "Value": value}]
    step = {"Name": "Train", "Type": "Training", "Arguments": {"RoleArn": role, "Tags": tags}}
    return {"Steps": [step, {"Name": "Odd", "Type": "Quantum", "Arguments": {}}]}
names = {"pipeline_name": "p", "pipeline_display_name": "p", "role_arn": "arn:aws:iam::123456789012:role/r"}
"""


@pytest.mark.engine
def test_engine_stops_a_wrong_step(on_engine: Callable[..., drive.Run]) -> None:
    """A deployment stops at a step's tag that the preview did not know, with our message and no traceback of ours."""
    late = "topic.apply(lambda arn: json.dumps(definition(arn, arn)))"
    program = f'{ON_ENGINE}TaggedPipeline("x", {{**names, "pipeline_definition": {late}}})'
    assert on_engine(program).exit_code == 0
    stopped = on_engine(program, drive.up)
    assert stopped.exit_code != 0
    print(stopped.output)
    assert '__main__.py:13: TaggedPipeline "x" breaks the rules for tags' in stopped.output
    assert 'tag "environment" has a value that is not allowed; allowed: dev, prod' in stopped.output
    assert "Traceback" not in stopped.output


@pytest.mark.engine
def test_engine_adopts_a_plain_pipeline(on_engine: Callable[..., drive.Run]) -> None:
    """A plain pipeline becomes the component's in place, with its steps' tags, and then has nothing to change."""
    text = 'pulumi.Output.json_dumps(definition("prod"))'
    plain = f'{ON_ENGINE}aws.sagemaker.Pipeline("x", **names, pipeline_definition={text})'
    assert on_engine(plain, drive.up).exit_code == 0
    program = f'{ON_ENGINE}TaggedPipeline("x", {{**names, "pipeline_definition": definition("prod")}})'
    steps = on_engine(program, as_json=True).json["steps"]
    [found] = [step for step in steps if step["urn"].endswith(f"{PIPELINE_TYPE}::x")]
    assert found["op"] == "update"
    [train, odd] = json.loads(found["newState"]["inputs"]["pipelineDefinition"])["Steps"]
    own = {"Key": "environment", "Value": "prod"}
    assert train["Arguments"]["Tags"] == [own, {"Key": "cost-center", "Value": "ML-Research"}]
    assert odd["Arguments"] == {}
    done = on_engine(program, drive.up)
    assert done.exit_code == 0
    assert 'step "Odd" is of a type that costtags does not know (Quantum): it gets no tags' in done.output
    again = on_engine(program, as_json=True).json["steps"]
    assert {step["op"] for step in again} == {"same"}


def test_secret_default_tags_of_a_provider_stay_secret(run: Run) -> None:
    """A definition with the secret default tags of a provider object is secret."""

    def program() -> None:
        provided = {"tags": {"team": pulumi.Output.secret("ml-x")}}
        provider = aws.Provider("p", default_tags=provided)  # type: ignore[arg-type]
        TaggedPipeline("x", PIPELINE, pulumi.ResourceOptions(provider=provider))

    definition = run(program).custom[f"{PIPELINE_TYPE} x"]["pipelineDefinition"]
    assert "ml-x" in rpc.unwrap_rpc_secret(definition)
    assert rpc.is_rpc_secret(definition)
