"""`costtags repair plan`: what is proposed, from where, and what stays."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import Shape
from hypothesis import given
from hypothesis import strategies as st

from costtags.catalog import sagemaker_types
from costtags.repair import facts
from costtags.repair.plan import Entry, Left, Plan, Proposed, Restart
from costtags.repair.plan_file import as_yaml
from costtags.repair.read_plan import read
from costtags.schema import load as load_schema

from .aws_account import Call, Fault, Held
from .repairing import ARN, RIGHT, TAGS, left, notebook, sets, shop

DOMAIN = {"DomainId": "d-1"}
ANNA = {**DOMAIN, "UserProfileName": "Anna"}


def studio(**tags: dict[str, str]) -> list[Held]:
    """Return a domain with two profiles, a space of one of them, and an app in it."""
    return [
        Held("domain", "d-1", fields={**DOMAIN, "TagPropagation": "ENABLED"}, tags=tags.get("domain", {})),
        Held("user-profile", "Anna", fields=ANNA, tags=tags.get("profile", {})),
        Held("user-profile", "bob", fields={**DOMAIN, "UserProfileName": "bob"}, tags=RIGHT),
        Held(
            "space",
            "lab",
            fields={**DOMAIN, "SpaceName": "lab", "OwnershipSettings": {"OwnerUserProfileName": "Anna"}},
            tags=tags.get("space", {}),
        ),
        Held(
            "app",
            "default",
            fields={**DOMAIN, "SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default", "Status": "InService"},
            tags=tags.get("app", {}),
        ),
    ]


# ---- what the resource says itself


def test_aliases_spellings_and_misspelt_keys_say_what_was_meant_and_nothing_is_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [
        notebook("alias", {"cost-center": "Marketing", "environment": "dev"}),
        notebook("letters", {"cost-center": "ml_sales", "environment": "PROD"}),
        notebook("key", {"CostCenter": "RnD", "environment": "dev", "aws:cloudformation:stack-name": "s"}),
        notebook("listed-key", {"CostCode": "ML-Sales", "environment": "dev"}),
        notebook("near", {"cost-center": "ML-Salse", "environment": "dev"}),
        notebook("torn", {"CostCode": "ML-Sales", "COST_CENTER": "RnD", "environment": "dev"}),
        notebook("right", RIGHT),
    ]
    with shop(tmp_path, monkeypatch, *held) as it:
        plan = it.plan(code=1)
    assert sets(plan) == {
        "notebook-instance/alias": {"cost-center": "ML-Marketing"},
        "notebook-instance/letters": {"cost-center": "ML-Sales", "environment": "prod"},
        "notebook-instance/key": {"cost-center": "ML-Research"},
        "notebook-instance/listed-key": {"cost-center": "ML-Sales"},
    }
    by_name = {entry["name"]: entry for entry in plan["resources"]}
    assert by_name["alias"]["set"]["cost-center"] == {
        "value": "ML-Marketing",
        "was": "Marketing",
        "from": '"Marketing" is an alias, tags.yaml:3',
    }
    assert by_name["letters"]["set"]["environment"]["from"] == '"PROD" in other letters, tags.yaml:7'
    assert by_name["key"] == {
        "arn": f"{ARN}notebook-instance/key",
        "type": "notebook-instance",
        "name": "key",
        "now": {"CostCenter": "RnD", "environment": "dev"},
        "set": {
            "cost-center": {
                "value": "ML-Research",
                "from": 'its key "CostCenter", a spelling of cost-center, "RnD" is an alias, tags.yaml:3',
            }
        },
        "notes": [
            'the misspelt key "CostCenter" stays beside "cost-center"; plan with --remove-misspelt to remove it',
            "the CloudFormation stack s owns it: change its template too",
        ],
    }
    assert left(plan) == {
        ("notebook-instance/near", "cost-center"): 'what "ML-Salse" of cost-center means is not certain, and no rule '
        "gives cost-center a value; allowed: ML-Marketing, ML-Sales, ML-Research",
        ("notebook-instance/torn", "cost-center"): "its keys COST_CENTER, CostCode contradict each other: they say "
        "ML-Research and ML-Sales",
    }


def test_misspelt_keys_are_removed_only_when_asked_and_only_where_the_right_one_will_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [
        notebook("renamed", {"CostCode": "ML-Sales", "environment": "dev"}),
        notebook("beside", {**RIGHT, "CostCode": "junk"}),
        notebook("lost", {"CostCode": "junk", "environment": "dev"}),
    ]
    with shop(tmp_path, monkeypatch, *held) as it:
        plan = it.plan("[]", "--remove-misspelt")
    assert {entry["name"]: entry["remove"] for entry in plan["resources"]} == {
        "beside": ["CostCode"],
        "renamed": ["CostCode"],
    }
    assert list(left(plan)) == [("notebook-instance/lost", "cost-center")]


# ---- rules


def test_the_first_rule_that_matches_gives_the_value_and_optional_keys_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = """\
- match: {name: "mktg-*", tag: {stage: "live*"}}
  set: {environment: prod}
- match: {name: [mktg-*, ads-*], type: notebook-*}
  set: {cost-center: ML-Marketing, environment: dev, team: ml-ads}
- match: {account: "123456789012", region: eu-*}
  set: {cost-center: ML-Research}
"""
    held = [notebook("mktg-1", {"stage": "live-1"}), notebook("ads-1"), notebook("other", {"environment": "dev"})]
    with shop(tmp_path, monkeypatch, *held) as it:
        plan = it.plan(rules, code=0)
    assert sets(plan) == {
        "notebook-instance/ads-1": {"cost-center": "ML-Marketing", "environment": "dev", "team": "ml-ads"},
        "notebook-instance/mktg-1": {"cost-center": "ML-Marketing", "environment": "prod", "team": "ml-ads"},
        "notebook-instance/other": {"cost-center": "ML-Research"},
    }
    sources = {key: one["from"] for key, one in plan["resources"][1]["set"].items()}
    assert sources == {"cost-center": "rules.yaml:4", "environment": "rules.yaml:2", "team": "rules.yaml:4"}
    assert plan["totals"]["tags_added"] == 7


def test_values_come_from_parents_of_the_resource_and_what_they_get_by_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = """\
- match: {type: user-profile, profile: Anna}
  set: {cost-center: ML-Marketing}
- inherit: [profile, domain]
"""
    job = Held(
        "training-job",
        "live",
        fields={"TrainingJobStatus": "InProgress"},
        tags={"sagemaker:user-profile-arn": f"{ARN}user-profile/d-1/bob"},
    )
    with shop(tmp_path, monkeypatch, *studio(domain=RIGHT), job) as it:
        plan = it.plan(rules, code=0)
        described = {call.operation for call in it.state.calls if call.operation.startswith("Describe")}
    assert sets(plan) == {
        # of its owner, and what that lacks of the domain
        "space/d-1/lab": {"cost-center": "ML-Marketing", "environment": "prod"},
        "app/d-1/lab/jupyterlab/default": {"cost-center": "ML-Marketing", "environment": "prod"},
        "user-profile/d-1/Anna": {"cost-center": "ML-Marketing", "environment": "prod"},
        "training-job/live": RIGHT,
    }
    space = next(entry for entry in plan["resources"] if entry["type"] == "space")
    assert space["set"]["cost-center"]["from"] == f"rules.yaml:3, inherited from {ARN}user-profile/d-1/Anna"
    assert described == {"DescribeApp", "DescribeSpace", "DescribeTrainingJob", "DescribeDomain", "DescribeUserProfile"}


def test_an_endpoint_takes_what_its_models_agree_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def config(name: str, *models: str) -> Held:
        return Held(
            "endpoint-config",
            name,
            fields={"ProductionVariants": [{"VariantName": f"v{model}", "ModelName": model} for model in models]},
        )

    held = [
        Held("model", "a", tags=RIGHT),
        Held("model", "b", tags={**RIGHT, "cost-center": "ML-Research"}),
        config("one", "a"),
        config("both", "a", "b"),
        Held("endpoint", "E1", fields={"EndpointConfigName": "one"}),
    ]
    with shop(tmp_path, monkeypatch, *held) as it:
        plan = it.plan("- inherit: [endpoint-config, model]", code=1)
    assert sets(plan) == {
        "endpoint/E1": RIGHT,
        "endpoint-config/one": RIGHT,
        "endpoint-config/both": {"environment": "prod"},
    }
    assert left(plan) == {
        (
            "endpoint-config/both",
            "cost-center",
        ): "rules.yaml:1 inherits from its model, and there are several: they say ML-Research and ML-Sales"
    }


def test_the_execution_role_is_asked_for_only_where_a_rule_needs_it_and_a_refusal_is_no_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = """\
- match: {type: notebook-instance, name: "by-*", role: "arn:*:role/sales-*"}
  set: {cost-center: ML-Sales}
- set: {cost-center: ML-Research, environment: dev}
"""
    role = "arn:aws:iam::123456789012:role/{}"
    held = [
        notebook("by-sales", RoleArn=role.format("sales-x")),
        notebook("by-other", RoleArn=role.format("other")),
        notebook("by-denied", RoleArn=role.format("sales-x")),
        notebook("plain", RoleArn=role.format("sales-x")),
    ]

    def denied(call: Call) -> Fault | None:
        secret = call.operation == "DescribeNotebookInstance" and call.body["NotebookInstanceName"] == "by-denied"
        return Fault("AccessDeniedException", "no") if secret else None

    with shop(tmp_path, monkeypatch, *held) as it:
        it.state.fault = denied
        plan = it.plan(rules, code=1)
        asked = sorted(call.body["NotebookInstanceName"] for call in it.state.asked("DescribeNotebookInstance"))
    assert asked == ["by-denied", "by-other", "by-sales"]
    assert {name: one.get("cost-center") for name, one in sets(plan).items()} == {
        "notebook-instance/by-denied": None,
        "notebook-instance/by-other": "ML-Research",
        "notebook-instance/by-sales": "ML-Sales",
        "notebook-instance/plain": "ML-Research",
    }
    assert left(plan) == {
        ("notebook-instance/by-denied", "cost-center"): "rules.yaml:1 asks for its role, which cannot be read: AWS "
        "denies DescribeNotebookInstance (AccessDeniedException: no)"
    }


def test_defaults_are_taken_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop(tmp_path, monkeypatch, notebook("a", {"cost-center": "ML-Sales"})) as it:
        without = it.plan(code=1)
        with_them = it.plan("[]", "--defaults", code=0)
    assert left(without) == {
        ("notebook-instance/a", "environment"): 'no rule gives environment a value (it has a default, "dev": plan with '
        "--defaults); allowed: dev, prod"
    }
    assert with_them["resources"][0]["set"] == {"environment": {"value": "dev", "from": "the default, tags.yaml:7"}}


# ---- what tags do not bring back, and what AWS does not take


def test_finished_jobs_stay_unless_asked_for_and_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [
        Held("training-job", "over", fields={"TrainingJobStatus": "Completed"}),
        Held("training-job", "on", fields={"TrainingJobStatus": "InProgress"}),
    ]
    rules = "- set: {cost-center: ML-Sales, environment: dev}"
    with shop(tmp_path, monkeypatch, *held) as it:
        plan = it.plan(rules, code=1)
        everything = it.plan(rules, "--finished-jobs", code=0)
    assert list(sets(plan)) == ["training-job/on"]
    assert left(plan) == {
        ("training-job/over", None): "the job has ended (Completed): what it cost is billed, and tags change that no "
        "more; --finished-jobs tags it all the same"
    }
    assert list(sets(everything)) == ["training-job/on", "training-job/over"]


def test_what_cannot_be_tagged_later_or_would_have_too_many_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [notebook("full", {f"k{n}": "x" for n in range(49)}), Held("workforce", "w")]
    with shop(tmp_path, monkeypatch, *held) as it:
        plan = it.plan("- set: {cost-center: ML-Sales, environment: dev}", code=1)
    assert left(plan) == {
        ("notebook-instance/full", None): "it would have 51 tags, and AWS allows 50: remove 1 first",
        ("workforce/w", None): "AWS takes no tags on a workforce after its creation (by IAM's data): create it anew "
        "with tags",
    }


# ---- Pulumi


def test_the_stack_and_the_line_to_change_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urn = "urn:pulumi:dev::ml::aws:sagemaker/notebookInstance:NotebookInstance::nb"
    project = tmp_path / "program"
    project.mkdir()
    (project / "__main__.py").write_text('import pulumi_aws as aws\n\naws.sagemaker.NotebookInstance("nb")\n')
    state = {
        "version": 3,
        "deployment": {
            "resources": [
                {"urn": "urn:pulumi:dev::ml::pulumi:pulumi:Stack::ml-dev", "type": "pulumi:pulumi:Stack"},
                {
                    "urn": urn,
                    "type": "aws:sagemaker/notebookInstance:NotebookInstance",
                    "custom": True,
                    "id": "nb",
                    "inputs": {"tags": {"environment": "prod"}},
                    "outputs": {
                        "arn": f"{ARN}notebook-instance/nb",
                        "roleArn": "arn:aws:iam::123456789012:role/x",
                    },
                    "sourcePosition": "project:///__main__.py#3",
                },
            ]
        },
    }
    with shop(tmp_path, monkeypatch, notebook("nb", {"environment": "Prod"})) as it:
        it.write(json.dumps(state), "export.json")
        plan = it.plan("- set: {cost-center: ML-Sales}", "--state", "export.json", "--project", "program", code=0)
        text = it.run("plan", "--rules", "rules.yaml", "--out", "p.yaml", "--state", "export.json").output
        broken = it.run("plan", "--out", "p.yaml", "--state", "tags.yaml", "--rules", "tags.yaml")
    assert plan["resources"][0]["owner"] == {
        "stack": "ml/dev",
        "urn": urn,
        "place": "__main__.py:3",
        "change": 'add "cost-center": "ML-Sales" to its tags, or a deployment that refreshes first (pulumi up '
        "--refresh) sets them back",
    }
    assert "Owned by a Pulumi stack, whose program must say the same:\n  notebook-instance/nb (ml/dev)" in text
    assert broken.exit_code == 2
    assert "tags.yaml:1: must be a list of rules" in broken.stderr
    assert "tags.yaml is not JSON (line 1: Expecting value)" in broken.stderr


# ---- apps


def test_running_apps_below_what_is_tagged_are_listed_with_whose_they_are_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = "- match: {type: user-profile}\n  set: {cost-center: ML-Sales, environment: dev}"
    with shop(tmp_path, monkeypatch, *studio(domain=RIGHT, space=RIGHT, app=RIGHT)) as it:
        plain = it.plan(rules, code=0)
        plan = it.plan(rules, "--restart-apps", code=0)
    assert plain["restart"] == []
    assert plain["notes"] == [
        "running apps of Studio (1 were seen) hand on the new tags of domain, profile and space only after a restart; "
        "plan with --restart-apps to list them"
    ]
    (app,) = plan["restart"]
    assert app.pop("since").endswith("Z")
    assert app == {
        "arn": f"{ARN}app/d-1/lab/jupyterlab/default",
        "domain": "d-1",
        "space": "lab",
        "app_type": "JupyterLab",
        "app_name": "default",
        "because": [f"{ARN}user-profile/d-1/Anna"],
    }


def test_an_app_to_restart_is_the_one_that_its_arn_names_and_stands_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = "- match: {type: user-profile}\n  set: {cost-center: ML-Sales, environment: dev}"
    with shop(tmp_path, monkeypatch, *studio(domain=RIGHT, space=RIGHT, app=RIGHT)) as it:
        it.plan(rules, "--restart-apps", code=0)
        good = it.read()
        app = good[good.index("restart:\n") + 9 : good.index("\nnot_repaired:") + 1]
        edited = app.replace('app_name: "default"', 'app_name: "other"') + app.replace("/lab/", "/LAB/")
        it.write(good.replace(app, edited))
        bad = it.apply("--restart-apps")
        because = app[app.index("    because:") :]
        it.write(good.replace(because, "    because: []\n"))
        bare = it.apply("--restart-apps")
        assert it.state.writes() == []
    said = [line.partition(": ")[2] for line in bad.stderr.splitlines()]
    arn = f"{ARN}app/d-1/lab/jupyterlab/default"
    assert said == [
        f"{arn} is not the app that domain, profile or space, type and name say",
        f"{arn.replace('lab/jup', 'LAB/jup')} is in the plan already",
    ]
    assert "nothing that because names is among the resources of the plan" in bare.stderr
    assert (bad.exit_code, bare.exit_code) == (2, 2)


def test_a_misspelt_key_that_is_excused_stays_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = f"- {{resource: '{ARN}*', policies: [tag-spelling], tags: [CostCode], owner: ml, reason: old, expires: %s}}"
    (tmp_path / "exemptions.yaml").write_text(entry % f"{date.today() + timedelta(days=30)}", encoding="utf-8")
    with shop(tmp_path, monkeypatch, notebook("a", {"CostCode": "ML-Sales", "environment": "dev"})) as it:
        plan = it.plan("[]", "--remove-misspelt", code=0)
    assert (plan["resources"], plan["not_repaired"]) == ([], [])


# ---- an audit from a file


def test_a_plan_from_an_audit_file_asks_aws_for_nothing_and_is_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [notebook("b"), notebook("a", {"cost-center": "Marketing", "=cmd": "\x1b[31m"})]
    held[1].tags.pop("=cmd")
    with shop(tmp_path, monkeypatch, *held) as it:
        from click.testing import CliRunner

        from costtags.cli import main

        CliRunner().invoke(main, ["audit", "--format", "json=audit.json"], env=it.environment)
        it.plan("- set: {cost-center: ML-Sales, environment: dev}", code=0)
        now, calls = it.read(), len(it.state.calls)
        it.plan("- set: {cost-center: ML-Sales, environment: dev}", "--audit", "audit.json", code=0)
        assert it.read() == now
        assert len(it.state.calls) == calls
        it.write("{}", "audit.json")
        wrong = it.run("plan", "--out", "x.yaml", "--audit", "audit.json")
        clash = it.run("plan", "--out", "x.yaml", "--audit", "audit.json", "--region", "eu-west-1")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "costtags: audit.json: is not what `costtags audit --format json` writes\n",
    )
    assert clash.exit_code == 2


# ---- the facts, against botocore's models


def members(shape: Shape, path: str) -> Iterator[str]:
    for name in path.split("."):
        listed = name.endswith("[]")
        shape = shape.members[name.removesuffix("[]")]  # type: ignore[attr-defined]
        if listed:
            shape = shape.member  # type: ignore[attr-defined]
    yield shape.type_name


def test_roles_parents_and_states_are_where_the_models_have_them() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    operations = {xform_name(name): name for name in model.operation_names}

    def output(type_: str) -> Any:
        call = facts.catalogue()[type_].describe_call
        assert call is not None
        return model.operation_model(operations[call.call]).output_shape

    for type_, path in [*facts.ROLES.items(), *facts.JOB_STATUS.items()]:
        assert list(members(output(type_), path)) == ["string"], type_
    for type_, sources in facts.ANSWER_PARENTS.items():
        for source in sources:
            assert list(members(output(type_), source.path)) == ["string"], (type_, source)
    for type_, named in facts.ARN_PARENTS.items():
        assert all(f"${{{one.variable}}}" in (facts.catalogue()[type_].arn or "") for one in named)
    assert set(facts.KINDS.values()) <= {row.name for row in sagemaker_types()}
    # Every type whose description has a role at the top is covered by the usual place or by the table.
    for row in sagemaker_types():
        if row.describe_call is not None:
            tops = {name for name in output(row.name).members if name.endswith("RoleArn") or name.endswith("Role")}
            assert tops <= {facts.ROLES.get(row.name, facts.USUAL_ROLE)}, row.name


# ---- the file

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
keys = st.text("abcdefghijklmnopqrstuvwxyzABC-_ :'\"\\\t\x1b\u202e\u00e4*&!#", min_size=1, max_size=8)


@given(
    now=st.dictionaries(keys, texts, max_size=4),
    name=texts,
    source=texts,
    owner=st.booleans(),
    why=texts,
)
def test_a_plan_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, now: dict[str, str], name: str, source: str, owner: bool, why: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "tags.yaml").write_text(TAGS, encoding="utf-8")
    schema = load_schema(folder / "tags.yaml")
    now = {key: value for key, value in now.items() if key not in schema.tags}
    entry = Entry(
        arn=f"{ARN}endpoint/x",
        type="endpoint",
        name=name,
        now=dict(sorted(now.items())),
        set={"environment": Proposed("prod", None, source)},
    )
    app = Restart(
        f"{ARN}app/d-1/a/x/c", "d-1", None if owner else "A", "A" if owner else None, "X", "c", None, None, (entry.arn,)
    )
    plan = Plan("costtags 1", "tags.yaml", "0", ("p",), (entry,), (app,), (Left("a", None, why),), (why,))
    text = as_yaml(plan)
    assert all(line.isprintable() for line in text.split("\n"))
    got = read(text, "plan.yaml", schema)
    assert (got.entries, got.restart) == (plan.entries, plan.restart)
    assert as_yaml(plan) == text


def test_a_person_may_delete_and_edit_and_every_fault_is_told_at_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(
        tmp_path, monkeypatch, notebook("a", {"CostCode": "ML-Sales"}), notebook("b", {"environment": "X"})
    ) as it:
        it.plan("- set: {cost-center: ML-Sales, environment: dev}", "--remove-misspelt", code=0)
        good = it.read()
        it.write(
            good.replace('value: "dev"', 'value: "test"').replace('- "CostCode"', '- "owner"').replace('"X"', '"Y"', 1)
        )
        bad = it.apply()
        it.write(good.replace('type: "notebook-instance"', "tipe: x", 1).replace("version: 1", "version: 2"))
        newer = it.apply()
        it.write("resources: [")
        broken = it.apply()
        writes = it.state.writes()
        # only what is left in the plan is done
        head, _, rest = good.partition("resources:\n  - arn")
        first, _, _second = rest.partition("  - arn")
        it.write(head + "resources:\n  - arn" + first.replace('value: "dev"', "value: prod"))
        assert it.apply().exit_code == 0
        tags = it.state.tags()
    assert writes == []
    lines = good.split("\n")
    numbers = [n for n, line in enumerate(lines, 1) if 'value: "dev"' in line]
    removed = lines.index('      - "CostCode"') + 1
    assert bad.exit_code == 2
    assert bad.stderr.splitlines() == [
        f'plan.yaml:{numbers[0]}: "test" is not allowed for "environment"; allowed: dev, prod',
        f'plan.yaml:{removed}: "owner" is no misspelling of a key of tags.yaml: only those are removed',
        f'plan.yaml:{numbers[1] - 1}: "was" and "now" do not agree on "environment": plan anew, or mend what was '
        "edited",
        f'plan.yaml:{numbers[1]}: "test" is not allowed for "environment"; allowed: dev, prod',
    ]
    assert "is a plan of version" in newer.stderr
    assert broken.exit_code == 2
    assert tags[f"{ARN}notebook-instance/a"] == {"cost-center": "ML-Sales", "environment": "prod"}
    assert tags[f"{ARN}notebook-instance/b"] == {"environment": "X"}
