"""IamTagPolicies and OrganizationTagPolicies: what they create and attach, what they refuse, what a change leads to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

from costtags.components import IamTagPolicies, OrganizationTagPolicies, TagBudgets
from costtags.documents.settings import read
from costtags.documents.show import write
from costtags.documents.table import render
from costtags.schema import load

from . import test_components
from .aws_requests import ATTACHMENT, ORGANIZATION, PRINCIPALS, check_requests, of
from .aws_requests import IAM_POLICY as IAM
from .test_components import Recorder, Run, refused, run

__all__ = ["refused", "run"]  # fixtures

ACCOUNT = "123456789012"
TAGS = {"cost-center": "ML-Research", "environment": "dev"}
SCHEMA = """\
version: 1
tags:
  cost-center: {values: [ML-Sales, ML-Research]}
  environment: {values: [dev, prod], default: dev}
"""
ACTION = """\
budgets:
  - name: all
    limit: {amount: 20000}
    action: {when: actual, above: 100%, apply: ACTION}
"""
# So many values that iam-require-tags does not fit into one policy.
MANY = SCHEMA + f"  project: {{values: [{', '.join(f'project-{number:03}' for number in range(200))}]}}\n"
GUARDRAILS = {
    "breakGlass": ["arn:aws:iam::*:role/BreakGlass"],
    "deployers": ["arn:aws:iam::*:role/PulumiDeploy"],
    "taggers": ["arn:aws:iam::*:role/TagRepair"],
}
SCP, TAG_POLICY = "SERVICE_CONTROL_POLICY", "TAG_POLICY"
ROOT, UNIT, OTHER = "r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"


class Account(Recorder):
    """Answers as AWS does: with ARNs and ids of the right form, in which the resource's name can be found again."""

    last: "Account"

    def __init__(self) -> None:
        super().__init__()
        Account.last = self

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        _, state = super().new_resource(args)
        id_ = f"p-{args.name.replace('-', '_')}" if args.typ == ORGANIZATION else f"{args.name}-id"
        if pulumi.runtime.is_dry_run():
            return id_, state
        return id_, {**state, "arn": f"arn:aws:iam::{ACCOUNT}:policy/{args.name}"}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_components, "Recorder", Account)


Made = Callable[..., Account]


@pytest.fixture
def made(run: Run, tmp_path: Path) -> Made:
    """Makes a component under the SDK's mocks and returns what it registered."""

    def make(component: Any, args: Any, schema: str = SCHEMA, **options: Any) -> Any:
        (tmp_path / "tags.yaml").write_text(schema)
        return run(lambda: component("x", args), **options)

    return make


@pytest.fixture
def said(refused: Callable[..., str], tmp_path: Path) -> Callable[..., list[str]]:
    """Makes a component that must be refused, with nothing registered; returns the lines behind the title."""

    def make(component: Any, args: Any, schema: str = SCHEMA) -> list[str]:
        (tmp_path / "tags.yaml").write_text(schema)

        def program() -> None:
            component("x", args)

        title, *lines = refused(program).splitlines()
        line = program.__code__.co_firstlineno + 1
        assert title.endswith(f'test_governance_policies.py:{line}: {component.__name__} "x" cannot be made:')
        assert Account.last.inputs == {}
        return [line.strip() for line in lines]

    return make


def texts(tmp_path: Path, guardrails: Any, *names: str) -> dict[str, tuple[str, ...]]:
    """The documents as they are rendered elsewhere."""
    documents = render(names, load(tmp_path / "tags.yaml"), read(guardrails))
    return {document.name: document.texts for document in documents}


def attached(recorder: Account) -> set[tuple[str, str]]:
    """What is attached to what: the policy's name without that of the component, and the principal or target."""
    found = set()
    for type_, kind in PRINCIPALS.items():
        who = kind.lower()
        for inputs in of(recorder, type_).values():
            found.add((inputs["policyArn"].split("/x-")[1], f"{who} {inputs[who]}"))
    for inputs in of(recorder, ATTACHMENT).values():
        found.add((inputs["policyId"].removeprefix("p-x_").replace("_", "-"), inputs["targetId"]))
    return found


def check(recorder: Account) -> None:
    """Assert that AWS takes every request, and that there are policies and attachments only."""
    check_requests(recorder)
    known = {IAM, *PRINCIPALS, ORGANIZATION, ATTACHMENT}
    assert {key.split(" ")[0] for key in recorder.custom} <= known


# --- IamTagPolicies


def test_three_policies_by_default(made: Made, tmp_path: Path) -> None:
    """Without arguments there are three policies, the very documents that `costtags render` writes, and no more."""
    recorder = made(IamTagPolicies, {})
    check(recorder)
    policies = of(recorder, IAM)
    documents = texts(tmp_path, {}, "iam-deny-new-spend", "iam-protect-tags", "iam-require-tags")
    assert {name: inputs["policy"] for name, inputs in policies.items()} == {
        f"x-{name}": text for name, (text,) in documents.items()
    }
    for inputs in policies.values():
        assert inputs["policy"] == json.dumps(json.loads(inputs["policy"]), separators=(",", ":"))
        assert inputs["tags"] == TAGS
        assert inputs["description"].endswith("; compiled from tags.yaml")
    assert len(recorder.custom) == 3


def test_whom_policies_are_attached_to(made: Made) -> None:
    """Roles, groups and users get every policy but iam-deny-new-spend, which a budget's action attaches."""
    args = {
        "roles": {"people": pulumi.Output.from_input("people-1a2b3c4"), "admin": "Admin"},
        "groups": {"ml": "ml-engineers"},
        "users": {"alice": "alice@example.com"},
    }
    recorder = made(IamTagPolicies, args)
    check(recorder)
    everyone = ("role people-1a2b3c4", "role Admin", "group ml-engineers", "user alice@example.com")
    assert attached(recorder) == {
        (policy, who) for policy in ("iam-require-tags", "iam-protect-tags") for who in everyone
    }
    roles = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert f"{roles} x-iam-require-tags-people" in recorder.custom
    assert len(of(made(IamTagPolicies, args, preview=True), roles)) == 4


def test_chosen_policies(made: Made, tmp_path: Path) -> None:
    """Only the policies that are named are made, each once, with what the guardrails say."""
    guardrails = {**GUARDRAILS, "abacKeys": ["cost-center"], "include": ["CreateModel"]}
    args = {
        "policies": ["iam-abac", "iam-require-tags", "iam-abac"],
        "guardrails": guardrails,
        "roles": {"people": "People"},
    }
    recorder = made(IamTagPolicies, args)
    check(recorder)
    documents = texts(tmp_path, guardrails, "iam-abac", "iam-require-tags")
    assert {name: inputs["policy"] for name, inputs in of(recorder, IAM).items()} == {
        f"x-{name}": text for name, (text,) in documents.items()
    }
    assert "sagemaker:CreateModel" in documents["iam-require-tags"][0]
    assert attached(recorder) == {("iam-abac", "role People"), ("iam-require-tags", "role People")}


def test_a_split_document(made: Made, tmp_path: Path) -> None:
    """Of a document that does not fit into one policy every part is made and attached; the first keeps its name."""
    recorder = made(IamTagPolicies, {"roles": {"people": "People"}, "policies": ["iam-require-tags"]}, MANY)
    check(recorder)
    (parts,) = texts(tmp_path, {}, "iam-require-tags").values()
    names = ["iam-require-tags", *(f"iam-require-tags-{number}" for number in range(2, len(parts) + 1))]
    assert len(parts) > 1
    assert [of(recorder, IAM)[f"x-{name}"]["policy"] for name in names] == list(parts)
    assert attached(recorder) == {(name, "role People") for name in names}


def test_outputs(made: Made) -> None:
    """The ARNs are outputs, by document and in order of its parts; so is that of iam-deny-new-spend."""
    found: list[Any] = []

    def program(name: str, args: Any) -> None:
        policies = IamTagPolicies(name, args)
        pulumi.Output.all(policies.arns, policies.deny_policy_arn).apply(found.append)

    made(program, {"policies": ["iam-require-tags", "iam-deny-new-spend"]}, MANY)
    (arns, deny) = found[0]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/x-"
    assert deny == f"{arn}iam-deny-new-spend"
    assert arns["iam-deny-new-spend"] == [deny]
    assert arns["iam-require-tags"][:2] == [f"{arn}iam-require-tags", f"{arn}iam-require-tags-2"]


def test_none_is_as_good_as_absent(made: Made) -> None:
    """An argument that is None is one that is not there."""
    args: Any = dict.fromkeys(("guardrails", "policies", "roles", "groups", "users"))
    assert list(of(made(IamTagPolicies, args), IAM)) == [
        "x-iam-deny-new-spend",
        "x-iam-protect-tags",
        "x-iam-require-tags",
    ]


KNOWN = "iam-require-tags, iam-protect-tags, iam-abac, iam-deny-new-spend"
LATE = "an output is not known yet when the policies are made: write what it will be"
A_MAP = 'must be a map, {{"NAME": {0}.name}}: NAME tells the attachments apart'
A_NAME = "must be the name of a {0}, not its ARN and not the {0} itself"


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        (
            {"policies": ["iam-require-tag", "scp-require-tags", 7]},
            [
                f'policies: there is no "iam-require-tag"; did you mean "iam-require-tags"? (there are: {KNOWN})',
                f'policies: there is no "scp-require-tags"; did you mean "iam-require-tags"? (there are: {KNOWN})',
                f'policies: there is no "7" (there are: {KNOWN})',
            ],
        ),
        ({"policies": "iam-require-tags"}, [f"policies must be a list of some of {KNOWN}"]),
        ({"policies": []}, [f"policies must be a list of some of {KNOWN}"]),
        ({"policies": pulumi.Output.from_input(["iam-abac"])}, [f"policies must be a list of some of {KNOWN}"]),
        ({"policies": [pulumi.Output.from_input("iam-abac")]}, [f"policies: {LATE}"]),
        ({"roles": ["People"]}, [f"roles {A_MAP.format('role')}"]),
        ({"groups": "ml"}, [f"groups {A_MAP.format('group')}"]),
        ({"users": pulumi.Output.from_input({"a": "b"})}, [f"users {A_MAP.format('user')}"]),
        (
            {"roles": {"a": f"arn:aws:iam::{ACCOUNT}:role/People", "b": None, "c": 7, "d": ""}},
            [f'roles: "{who}" {A_NAME.format("role")}' for who in "abcd"],
        ),
        (
            {"guardrails": ["arn:aws:iam::*:role/BreakGlass"]},
            [
                "guardrails must be a map with some of breakGlass, deployers, taggers, include, abacKeys, scpSize, "
                "scpSlots"
            ],
        ),
        ({"guardrails": pulumi.Output.from_input(GUARDRAILS)}, [f"guardrails: {LATE}"]),
        (
            {"guardrails": {"deployers": [pulumi.Output.from_input("arn:aws:iam::1:role/x")] * 2}},
            [f"guardrails: deployers: {LATE}"],
        ),
        (
            {"guardrails": {"breakGlas": [], "taggers": "arn:aws:iam::*:role/T", "deployers": None}},
            [
                'guardrails: unknown setting "breakGlas"; did you mean "breakGlass"? (there are: breakGlass, '
                "deployers, taggers, include, abacKeys, scpSize, scpSlots)",
                "guardrails: taggers must be a list of texts",
                "guardrails: deployers must be a list of texts",
            ],
        ),
        (
            {"guardrails": {"breakGlass": ["BreakGlass", f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/me"]}},
            [
                'guardrails: breakGlass: "BreakGlass" is no ARN of a role or user, such as '
                '"arn:aws:iam::*:role/BreakGlass" (* stands for anything)',
                f'guardrails: breakGlass: "arn:aws:sts::{ACCOUNT}:assumed-role/Admin/me" is a session; name its role: '
                f'"arn:aws:iam::{ACCOUNT}:role/Admin"',
            ],
        ),
        (
            {"policies": ["iam-abac", "iam-nope"], "guardrails": {"abacKeys": ["team"]}, "roles": ["a"]},
            [
                f'policies: there is no "iam-nope" (there are: {KNOWN})',
                f"roles {A_MAP.format('role')}",
                'iam-abac: abacKeys names "team", which is no tag of SCHEMA',
            ],
        ),
        ({"role": {"a": "b"}}, ['unknown argument "role"; did you mean "roles"?']),
        ("People", ['arguments go into one dict, {"groups": ...}, not a str']),
    ],
)
def test_wrong_arguments(said: Callable[..., list[str]], tmp_path: Path, args: Any, lines: list[str]) -> None:
    """All that is wrong is said at once, at the user's line, and nothing is registered."""
    assert said(IamTagPolicies, args) == [line.replace("SCHEMA", str(tmp_path / "tags.yaml")) for line in lines]


def test_more_policies_than_a_role_takes(said: Callable[..., list[str]], made: Made) -> None:
    """A role takes ten policies: more are refused before the first is made; without a role they are fine."""
    values = ", ".join(f"value-number-{number:03}" for number in range(220))
    keys = "".join(f"  key-{key}: {{required: false, values: [{values}]}}\n" for key in range(8))
    args: Any = {"policies": ["iam-require-tags", "iam-protect-tags"]}
    (line,) = said(IamTagPolicies, {**args, "roles": {"people": "People"}}, SCHEMA + keys)
    assert line == "roles: there are 11 policies to attach, and a role takes 10"
    assert len(of(made(IamTagPolicies, args, SCHEMA + keys), IAM)) == 11


def test_a_budget_whose_policy_is_not_made(refused: Callable[..., str], tmp_path: Path) -> None:
    """Where iam-deny-new-spend is not among the policies, TagBudgets says what it lacks instead of failing at AWS."""
    (tmp_path / "tags.yaml").write_text(SCHEMA + ACTION.replace("ACTION", "deny-new-spend"))

    def program() -> None:
        policies = IamTagPolicies("x", {"policies": ["iam-require-tags"]})
        arn: Any = policies.deny_policy_arn
        TagBudgets("x", {"account_id": ACCOUNT, "deny_policy_arn": arn, "roles": ["People"]})

    _, line = refused(program).splitlines()
    assert line.strip() == 'budget "all" has the action deny-new-spend: argument "deny_policy_arn" is missing'


def test_files_of_a_split_document_are_numbered(tmp_path: Path) -> None:
    """What `costtags render --out` writes is numbered from 1 on, unlike the policies of an account."""
    (tmp_path / "tags.yaml").write_text(MANY)
    documents = render(["iam-protect-tags", "iam-require-tags"], load(tmp_path / "tags.yaml"), read({}))
    list(write(documents, tmp_path / "out", pretty=False))
    names = ["iam-protect-tags.json", "iam-require-tags-1.json", "iam-require-tags-2.json"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == names


# --- OrganizationTagPolicies

STAGES = {"report": [ROOT], "protect": [OTHER, ACCOUNT], "enforce": [UNIT]}


def test_what_each_stage_attaches(made: Made, tmp_path: Path) -> None:
    """Each target gets the policies of its stage, which are the very documents that `costtags render` writes."""
    recorder = made(OrganizationTagPolicies, {"guardrails": GUARDRAILS, "stages": STAGES})
    check(recorder)
    assert attached(recorder) == {
        ("tag-policy-report", ROOT),
        *(("tag-policy", target) for target in (OTHER, ACCOUNT, UNIT)),
        *(("scp-protect-tags", target) for target in (OTHER, ACCOUNT, UNIT)),
        ("scp-require-tags", UNIT),
    }
    policies = of(recorder, ORGANIZATION)
    types = {
        "x-scp-protect-tags": SCP,
        "x-scp-require-tags": SCP,
        "x-tag-policy": TAG_POLICY,
        "x-tag-policy-report": TAG_POLICY,
    }
    assert {name: inputs["type"] for name, inputs in policies.items()} == types
    documents = texts(tmp_path, GUARDRAILS, *(name.removeprefix("x-") for name in types))
    for name, inputs in policies.items():
        assert inputs["name"] == name
        assert (inputs["content"],) == documents[name.removeprefix("x-")]
        assert inputs["content"] == json.dumps(json.loads(inputs["content"]), separators=(",", ":"))
        assert inputs["tags"] == TAGS
    assert f"{ATTACHMENT} x-tag-policy-report-{ROOT}" in recorder.custom


@pytest.mark.parametrize(
    ("stages", "names"),
    [
        ({}, []),
        ({"report": [], "protect": [], "enforce": []}, []),
        ({"report": [ROOT]}, ["x-tag-policy-report"]),
        ({"protect": [ROOT]}, ["x-scp-protect-tags", "x-tag-policy"]),
        ({"report": [], "enforce": (ROOT,)}, ["x-scp-protect-tags", "x-scp-require-tags", "x-tag-policy"]),
    ],
)
def test_only_what_stages_need(made: Made, stages: Any, names: list[str]) -> None:
    """A policy that no target needs is not made."""
    recorder = made(OrganizationTagPolicies, {"guardrails": GUARDRAILS, "stages": stages})
    assert list(of(recorder, ORGANIZATION)) == names


def test_the_first_stage_needs_no_principals(made: Made) -> None:
    """Reporting stops nobody, so nobody need be excepted."""
    assert attached(made(OrganizationTagPolicies, {"guardrails": {}, "stages": {"report": [ROOT]}})) == {
        ("tag-policy-report", ROOT)
    }


@pytest.mark.parametrize(
    ("asked", "action", "is_made"),
    [
        ({}, None, False),
        ({}, "deny-new-spend", False),
        ({}, "scp-deny-new-spend", True),
        ({"deny_new_spend": None}, "scp-deny-new-spend", True),
        ({"deny_new_spend": False}, "scp-deny-new-spend", False),
        ({"deny_new_spend": True}, None, True),
    ],
)
def test_deny_new_spend(made: Made, asked: Any, action: str | None, is_made: bool) -> None:
    """scp-deny-new-spend is made where a budget's action uses it or the program says so; it is never attached."""
    found: list[Any] = []

    def program(name: str, args: Any) -> None:
        policies = OrganizationTagPolicies(name, args)
        pulumi.Output.from_input(policies.deny_policy_id).apply(found.append)

    schema = SCHEMA + (ACTION.replace("ACTION", action) if action else "")
    args = {"guardrails": GUARDRAILS, "stages": {"enforce": [UNIT]}, **asked}
    recorder = made(program, args, schema)
    check(recorder)
    assert ("x-scp-deny-new-spend" in of(recorder, ORGANIZATION)) == is_made
    assert found == ["p-x_scp_deny_new_spend" if is_made else None]
    assert "scp-deny-new-spend" not in {policy for policy, _ in attached(recorder)}


def test_a_split_scp(made: Made, tmp_path: Path) -> None:
    """Every part of a document is attached to every target, under unique names of which the first has no number."""
    guardrails = {**GUARDRAILS, "scpSize": "2000"}
    found: list[Any] = []

    def program(name: str, args: Any) -> None:
        OrganizationTagPolicies(name, args).policy_ids.apply(found.append)

    recorder = made(program, {"guardrails": guardrails, "stages": {"enforce": [UNIT, ROOT]}})
    check(recorder)
    (parts,) = texts(tmp_path, guardrails, "scp-require-tags").values()
    names = ["scp-require-tags", *(f"scp-require-tags-{number}" for number in range(2, len(parts) + 1))]
    assert len(parts) > 2
    assert [of(recorder, ORGANIZATION)[f"x-{name}"]["content"] for name in names] == list(parts)
    assert {pair for pair in attached(recorder) if pair[0].startswith("scp-require-tags")} == {
        (name, target) for name in names for target in (UNIT, ROOT)
    }
    assert found[0]["scp-require-tags"] == [f"p-x_{name.replace('-', '_')}" for name in names]
    assert len(found[0]["scp-protect-tags"]) == 1


def unnamed(document: str, principal: str, why: str) -> str:
    return f"{document}: no {principal} principal is excepted: {why}. Name one, such as arn:aws:iam::*:role/NAME, under"


def test_missing_principals(said: Callable[..., list[str]]) -> None:
    """Each principal that a policy must except and that is not named is said, for each policy."""
    lines = said(OrganizationTagPolicies, {"guardrails": {}, "stages": {"enforce": [UNIT]}})
    stopped = "nobody could act if it stopped the wrong ones"
    assert [line.split(' "')[0] for line in lines] == [
        unnamed("scp-require-tags", "breakGlass", stopped),
        unnamed("scp-protect-tags", "breakGlass", stopped),
        unnamed("scp-protect-tags", "deployers", "deployments could not change a tag any more"),
        unnamed("scp-protect-tags", "taggers", "wrong tags could not be repaired any more"),
    ]
    assert all('"breakGlass"' in line or '"deployers"' in line or '"taggers"' in line for line in lines)


NO_ID = "is no id of a root (r-...), OU (ou-...) or account (12 digits)"


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        (
            {"stages": {"enforced": [UNIT], "Report": []}},
            [
                'stages: there is no "enforced"; did you mean "enforce"? (there are: report, protect, enforce)',
                'stages: there is no "Report"; did you mean "report"? (there are: report, protect, enforce)',
            ],
        ),
        (
            {"stages": {"report": ["ab12", "r-AB12", None], "enforce": ["1234"]}},
            [
                f'stages: report: "ab12" {NO_ID}',
                f'stages: report: "r-AB12" {NO_ID}',
                f'stages: report: "None" {NO_ID}',
                f'stages: enforce: "1234" {NO_ID}',
            ],
        ),
        (
            {"stages": {"report": [ROOT, ROOT], "protect": [UNIT], "enforce": [UNIT]}},
            [
                f'stages: "{ROOT}" stands twice under report: keep one',
                f'stages: "{UNIT}" stands under protect and enforce: keep one',
            ],
        ),
        (
            {"stages": {"report": [123456789012, 1234567890]}},
            [
                'stages: report: 123456789012 is a number: put an account\'s id in quotes, "123456789012"',
                'stages: report: 1234567890 is a number: put an account\'s id in quotes, "001234567890"',
            ],
        ),
        (
            {"stages": {"report": ROOT, "protect": None, "enforce": 7}},
            [f"stages: {stage} must be a list of targets, [] for none" for stage in ("report", "protect", "enforce")],
        ),
        ({"stages": [ROOT]}, ["stages must be a map of report, protect, enforce to lists of targets"]),
        ({"stages": pulumi.Output.from_input(STAGES)}, [f"stages: {LATE}"]),
        ({"stages": {"enforce": [pulumi.Output.from_input(UNIT)]}}, [f"stages: enforce: {LATE}"]),
        ({"guardrails": pulumi.Output.from_input(GUARDRAILS)}, [f"guardrails: {LATE}"]),
        (
            {"guardrails": {**GUARDRAILS, "taggers": [pulumi.Output.from_input("arn")]}},
            [f"guardrails: taggers: {LATE}"],
        ),
        ({"guardrails": None}, ['argument "guardrails" is missing']),
        (
            {"guardrails": {**GUARDRAILS, "deployers": ["arn:aws:iam::*:role/*"], "scpSlots": 0}},
            [
                'guardrails: deployers: "arn:aws:iam::*:role/*" would except everyone: name the role',
                "guardrails: scpSlots must be a number from 1 to 9",
            ],
        ),
        ({"deny_new_spend": "yes"}, ["deny_new_spend must be True or False"]),
        (
            {"guardrails": {**GUARDRAILS, "scpSlots": 1}},
            [
                "stages: enforce attaches 2 service control policies, and a target has room for 1 of ours (scpSlots of "
                "guardrails): free more, or shorten the lists of values in tags.yaml"
            ],
        ),
        (
            {"guardrails": {**GUARDRAILS, "scpSize": 2000, "scpSlots": 2}},
            [
                "scp-require-tags: needs 3 policies of at most 2000 characters, and a target has room for 2 of them "
                "(scpSlots); shorten the lists of values in tags.yaml, require fewer tags, or include fewer actions"
            ],
        ),
        ({"stage": {}}, ['unknown argument "stage"; did you mean "stages"?']),
    ],
)
def test_wrong_arguments_of_the_organization(said: Callable[..., list[str]], args: Any, lines: list[str]) -> None:
    """All that is wrong is said at once, at the user's line, and nothing is registered."""
    assert said(OrganizationTagPolicies, {"guardrails": GUARDRAILS, "stages": STAGES, **args}) == lines


def test_everything_at_once(said: Callable[..., list[str]]) -> None:
    """Wrong stages do not hide that a principal is missing."""
    guardrails = {key: value for key, value in GUARDRAILS.items() if key != "breakGlass"}
    stages = {"enforce": [UNIT, "ou-1"], "protectt": []}
    lines = said(OrganizationTagPolicies, {"guardrails": guardrails, "stages": stages, "deny_new_spend": 1})
    assert lines[:3] == [
        f'stages: enforce: "ou-1" {NO_ID}',
        'stages: there is no "protectt"; did you mean "protect"? (there are: report, protect, enforce)',
        "deny_new_spend must be True or False",
    ]
    assert [line.split(":")[0] for line in lines[3:]] == ["scp-require-tags", "scp-protect-tags", "scp-deny-new-spend"]


# --- both


def test_schema_for_other_languages() -> None:
    """Pulumi can infer the components' schema, and every argument and output in it is described."""
    found = Analyzer("costtags").analyze([IamTagPolicies, OrganizationTagPolicies])
    definitions = found["component_definitions"]
    assert set(definitions) == {"IamTagPolicies", "OrganizationTagPolicies"}
    for one in definitions.values():
        assert all(field.description for field in (*one.inputs.values(), *one.outputs.values()))
