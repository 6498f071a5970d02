"""`costtags repair apply` and `undo`: what is written, what is refused, what faults do to it."""

import fcntl
import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .aws_account import ACCOUNT, Call, Fault, Held
from .repairing import ARN, RIGHT, TAGS, Shop, forker, notebook, shop

RULES = "- set: {cost-center: ML-Sales, environment: dev}"
NB = f"{ARN}notebook-instance/"


def summary(text: str) -> dict[str, int]:
    return {key: count for key, count in json.loads(text)["summary"].items() if count}


def whys(text: str) -> dict[str, str]:
    return {row["arn"].removeprefix(NB): row["why"] for row in json.loads(text)["resources"] if row["why"]}


def lines(it: Shop, name: str = "plan.yaml.journal") -> list[dict[str, object]]:
    return [json.loads(line) for line in it.read(name).splitlines()]


# ---- the whole way


def test_apply_writes_what_is_absent_then_what_may_be_overwritten_and_undo_restores_it_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [
        notebook("none", {"owner": "x"}),
        notebook("wrong", {"cost-center": "Marketing", "environment": "dev"}),
        notebook("half", {"cost-center": "RnD"}),
        notebook("spelt", {"CostCode": "ML-Sales", "environment": "dev"}),
        notebook("right", RIGHT),
    ]
    with shop(tmp_path, monkeypatch, *held) as it:
        before = it.state.tags()
        it.plan(RULES, "--remove-misspelt", code=0)
        first = it.apply()
        assert first.exit_code == 1
        assert first.stdout == (
            "     2  left in part or whole\n"
            "     2  written\n"
            f'  {NB}half: left: cost-center has the value "RnD": --overwrite writes "ML-Research" over it\n'
            f'  {NB}wrong: left: cost-center has the value "Marketing": --overwrite writes "ML-Marketing" over it\n'
            "journal: plan.yaml.journal\n"
            "what remains: mend it, then run it again; to take it back: costtags repair undo plan.yaml.journal\n"
        )
        second = it.apply("--overwrite")
        third = it.apply("--overwrite")
        after = {arn.removeprefix(NB): tags for arn, tags in it.state.tags().items()}
        written = [(call.operation, len(call.body["ResourceARNList"])) for call in it.state.writes()]
        undone = it.run("undo", "plan.yaml.journal")
        assert it.state.tags() == before
        again = it.run("undo", "plan.yaml.journal", "--format", "json")
        refused = it.apply()
    assert (second.exit_code, second.stdout) == (
        0,
        "     2  written\n     2  done by an earlier run\njournal: plan.yaml.journal\n",
    )
    assert (third.exit_code, third.stdout) == (0, "     4  done by an earlier run\njournal: plan.yaml.journal\n")
    assert after == {
        "none": {"owner": "x", "cost-center": "ML-Sales", "environment": "dev"},
        "wrong": {"cost-center": "ML-Marketing", "environment": "dev"},
        "half": {"cost-center": "ML-Research", "environment": "dev"},
        "spelt": {"cost-center": "ML-Sales", "environment": "dev"},
        "right": RIGHT,
    }
    assert written == [("TagResources", 1)] * 3 + [("UntagResources", 1)] + [("TagResources", 1)] * 2
    assert (undone.exit_code, undone.stdout) == (0, "     4  restored\njournal: plan.yaml.journal.undo\n")
    assert (again.exit_code, summary(again.stdout)) == (0, {"before": 4})
    assert refused.exit_code == 2
    assert refused.stderr == (
        "costtags: plan.yaml.journal has been undone (plan.yaml.journal.undo): to apply the plan again, name a new "
        "--journal\n"
    )


def test_the_journal_has_the_tags_before_each_write_and_is_there_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, object]] = []
    with shop(tmp_path, monkeypatch, notebook("a", {"owner": "x"})) as it:

        def look(call: Call) -> Fault | None:
            if call.operation == "TagResources":
                seen.extend(lines(it))
            return None

        it.plan(RULES, code=0)
        it.state.fault = look
        assert it.apply().exit_code == 0
        after = lines(it)
    intent = {
        "intent": 0,
        "arn": f"{NB}a",
        "verb": "tag",
        "after": {"cost-center": "ML-Sales", "environment": "dev"},
        "before": {"cost-center": None, "environment": None},
        "tags": {"owner": "x"},
    }
    assert seen[1:] == [intent]
    assert after[1:] == [intent, {"result": 0, "outcome": "done"}]


def test_twenty_resources_a_call_where_they_get_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [notebook(f"n{number:02}", {"environment": "prod"} if number >= 41 else {}) for number in range(45)]
    with shop(tmp_path, monkeypatch, *held) as it:
        it.plan(RULES, code=0)
        assert it.apply().exit_code == 0
        assert [len(call.body["ResourceARNList"]) for call in it.state.writes()] == [4, 20, 20, 1]


def test_max_changes_leaves_the_rest_to_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop(tmp_path, monkeypatch, *[notebook(f"n{number}") for number in range(5)]) as it:
        it.plan(RULES, code=0)
        runs = [it.apply("--max-changes", "2", "--format", "json") for _ in range(4)]
        back = [it.run("undo", "plan.yaml.journal", "--max-changes", "3", "--format", "json") for _ in range(3)]
    assert [(run.exit_code, summary(run.stdout)) for run in runs] == [
        (1, {"waiting": 3, "written": 2}),
        (1, {"waiting": 1, "written": 2, "before": 2}),
        (0, {"written": 1, "before": 4}),
        (0, {"before": 5}),
    ]
    assert [(run.exit_code, summary(run.stdout)) for run in back] == [
        (1, {"waiting": 2, "written": 3}),
        (0, {"written": 2, "before": 3}),
        (0, {"before": 5}),
    ]


# ---- what changed meanwhile


def test_a_plan_whose_resources_changed_is_refused_before_the_first_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, *[notebook(name) for name in ("a", "b", "c", "d")]) as it:
        it.plan(RULES, code=0)
        it.state.held[f"{NB}b"].tags = {"cost-center": "ML-Research"}
        it.state.held[f"{NB}c"].tags = {"cost-center": "ML-Sales", "environment": "dev"}  # as planned, by someone else
        del it.state.held[f"{NB}d"]
        refused = it.apply()
        assert it.state.writes() == []
        skipped = it.apply("--skip-changed", "--format", "json")
        it.run("undo", "plan.yaml.journal")
        tags = it.state.tags()
    assert refused.exit_code == 2
    assert refused.stderr == (
        "costtags: 1 of 4 resources changed since the plan was made, so nothing was written:\n"
        f'  {NB}b: cost-center was absent, is "ML-Research"\n'
        "plan anew, delete them from the plan, or leave them alone with --skip-changed\n"
    )
    assert (skipped.exit_code, summary(skipped.stdout)) == (
        1,
        {"changed": 1, "gone": 1, "written": 1, "already": 1},
    )
    assert tags == {
        f"{NB}a": {},
        f"{NB}b": {"cost-center": "ML-Research"},
        f"{NB}c": {"cost-center": "ML-Sales", "environment": "dev"},  # not ours, so not taken back
    }


def test_a_value_written_by_another_right_before_the_write_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, notebook("a", {"owner": "x"}), notebook("b", {"owner": "x"})) as it:
        it.plan(RULES, code=0)

        def meanwhile(call: Call) -> Fault | None:
            if call.operation == "ListTags" and call.body["ResourceArn"].endswith("/a"):
                it.state.held[f"{NB}a"].tags = {"owner": "x", "environment": "prod"}
            return None

        it.state.fault = meanwhile
        done = it.apply("--format", "json", "--overwrite")
        tags = it.state.tags()
    assert (done.exit_code, summary(done.stdout)) == (1, {"changed": 1, "written": 1})
    assert whys(done.stdout) == {"a": 'environment was absent, is "prod"'}
    assert tags[f"{NB}a"] == {"owner": "x", "environment": "prod"}


def test_an_index_that_lags_behind_refuses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop(tmp_path, monkeypatch, notebook("a", {"owner": "x"})) as it:
        it.plan(RULES, code=0)
        stale = {"ResourceTagMappingList": [{"ResourceARN": f"{NB}a", "Tags": [{"Key": "owner", "Value": "old"}]}]}
        it.state.answers["resourcegroupstaggingapi", "GetResources"] = lambda _: stale
        assert it.apply().exit_code == 0


def test_another_tags_yaml_is_no_matter_while_all_values_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, notebook("a")) as it:
        it.plan(RULES, code=0)
        it.write(TAGS.replace("ML-Sales, ", ""), "tags.yaml")
        refused = it.apply()
        assert it.state.writes() == []
        it.write(TAGS + "other_keys: allowed\n", "tags.yaml")
        done = it.apply()
    assert refused.exit_code == 2
    assert '"ML-Sales" is not allowed for "cost-center"' in refused.stderr
    assert done.exit_code == 0
    assert done.stderr == (
        "note: tags.yaml is not the same as when the plan was made; all values of the plan are still allowed\n"
    )


# ---- faults


def test_failures_in_an_answer_of_200_are_taken_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: dict[str, int] = {}

    def failing(_: Call, arn: str) -> Fault | None:
        tried[arn] = tried.get(arn, 0) + 1
        if arn.endswith("passing") and tried[arn] <= 2:
            return Fault("InternalServiceException", "busy", 500)
        if arn.endswith(("unsupported", "denied")):
            return Fault("InvalidParameterException", "not a type that the tagging API has")
        return None

    def denied(call: Call) -> Fault | None:
        refused = call.operation == "AddTags" and call.body["ResourceArn"].endswith("denied")
        return Fault("AccessDeniedException", "no sagemaker:AddTags") if refused else None

    names = ("fine", "passing", "unsupported", "denied")
    with shop(tmp_path, monkeypatch, *map(notebook, names)) as it:
        it.plan(RULES, code=0)
        it.state.failing, it.state.fault = failing, denied
        done = it.apply("--format", "json")
        it.state.failing = it.state.fault = None
        again = it.apply("--format", "json")
        tags = it.state.tags()
    assert (done.exit_code, summary(done.stdout)) == (1, {"failed": 1, "written": 3})
    assert whys(done.stdout) == {"denied": "AWS denies AddTags (AccessDeniedException: no sagemaker:AddTags)"}
    assert (again.exit_code, summary(again.stdout)) == (0, {"written": 1, "before": 3})
    assert set(map(len, tags.values())) == {2}


@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyRequestsException"])
def test_throttling_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    with shop(tmp_path, monkeypatch, *[notebook(f"n{number:02}") for number in range(30)]) as it:
        it.plan(RULES, code=0)
        count = iter(range(100))
        it.state.fault = lambda call: (
            Fault(code, "slow down") if call.operation == "TagResources" and next(count) in (0, 1, 3) else None
        )
        assert it.apply().exit_code == 0
        assert len(it.state.asked("TagResources")) == 5


def test_a_write_whose_answer_was_lost_is_looked_up_and_not_made_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, notebook("a"), notebook("b", {"environment": "prod"})) as it:
        it.plan(RULES, code=0)
        count = iter(range(100))

        def lost(call: Call) -> Fault | None:
            if call.operation != "TagResources":
                return None
            return {0: Fault(None, after_acting=True), 1: Fault(None)}.get(next(count))

        it.state.fault = lost
        assert it.apply().exit_code == 0
        arns = [call.body["ResourceARNList"] for call in it.state.asked("TagResources")]
        it.run("undo", "plan.yaml.journal")
        tags = it.state.tags()
    assert arns == [[f"{NB}b"], [f"{NB}a"], [f"{NB}a"]]
    assert tags == {f"{NB}a": {}, f"{NB}b": {"environment": "prod"}}


def test_a_lost_write_that_arrives_late_is_still_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop(tmp_path, monkeypatch, notebook("a")) as it:
        it.plan(RULES, code=0)
        it.state.fault = lambda call: Fault(None) if call.operation in ("TagResources", "AddTags") else None
        failed = it.apply("--format", "json")
        it.state.fault = None
        it.state.held[f"{NB}a"].tags = {"cost-center": "ML-Sales", "environment": "dev"}
        again = it.apply("--format", "json")
        it.run("undo", "plan.yaml.journal")
        tags = it.state.tags()
    assert (failed.exit_code, summary(failed.stdout)) == (1, {"failed": 1})
    assert "AWS did not answer" in whys(failed.stdout)["a"]
    assert (again.exit_code, summary(again.stdout)) == (0, {"before": 1})
    assert tags == {f"{NB}a": {}}


def test_a_lost_write_that_is_refused_when_tried_again_may_have_been_done_and_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, notebook("a")) as it:
        it.plan(RULES, code=0)

        def lost_then_denied(call: Call) -> Fault | None:
            if call.operation == "TagResources" and len(it.state.asked("TagResources")) == 1:
                return Fault(None, after_acting=True)
            late = call.operation in ("ListTags", "TagResources", "AddTags") and it.state.asked("TagResources")
            return Fault("AccessDeniedException", "no", 403) if late else None

        it.state.fault = lost_then_denied
        failed = it.apply("--format", "json")
        it.state.fault = None
        tags = it.state.tags()
        undone = it.run("undo", "plan.yaml.journal", "--format", "json")
        assert it.state.tags() == {f"{NB}a": {}}
    assert (failed.exit_code, summary(failed.stdout)) == (1, {"failed": 1})
    assert tags == {f"{NB}a": {"cost-center": "ML-Sales", "environment": "dev"}}
    assert (undone.exit_code, summary(undone.stdout)) == (0, {"written": 1})


def test_an_account_whose_role_is_refused_keeps_no_other_from_being_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "210987654321"
    held = [notebook("a"), Held("notebook-instance", "b", account=other), notebook("c")]
    accounts = ("--role", "tagger", "--account", ACCOUNT, "--account", other)
    with shop(tmp_path, monkeypatch, *held) as it:
        it.plan(RULES, *accounts, code=0)
        it.state.roles_refused.add(other)
        done = it.apply("--role", "tagger", "--format", "json")
        it.state.roles_refused.clear()
        without = it.apply("--format", "json")
        again = it.apply("--role", "tagger", "--format", "json")
    assert (done.exit_code, summary(done.stdout)) == (1, {"failed": 1, "written": 2})
    assert "AWS denies AssumeRole" in json.loads(done.stdout)["resources"][2]["why"]
    assert json.loads(without.stdout)["resources"][2]["why"] == (
        f"account {other} is not the caller's ({ACCOUNT}): name the role to assume with --role"
    )
    assert (again.exit_code, summary(again.stdout)) == (0, {"written": 1, "before": 2})


# ---- the journal


def test_a_journal_in_use_of_another_plan_or_damaged_is_refused_and_a_torn_line_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, notebook("a"), notebook("b", {"environment": "prod"})) as it:
        it.plan(RULES, code=0)
        it.apply("--max-changes", "1")
        with (tmp_path / "plan.yaml.journal").open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            used = [it.apply(), it.run("undo", "plan.yaml.journal")]
            stream.write(b'{"intent": 1, "arn": "arn:aws')
        assert it.apply().exit_code == 0
        whole = it.read("plan.yaml.journal")
        it.write(it.read() + "# edited\n")
        other = it.apply()
        it.write(whole.replace('{"outcome"', 'x{"outcome"', 1), "bad.journal")
        damaged = it.run("undo", "bad.journal")
        it.write("", "empty.journal")
        empty = it.run("undo", "empty.journal")
        nothing = it.run("undo", "none.journal")
        assert not (tmp_path / "none.journal").exists()
    for result in used:
        assert (result.exit_code, result.stderr) == (
            2,
            "costtags: plan.yaml.journal is in use: another costtags repair works with it\n",
        )
    assert other.stderr == (
        "costtags: plan.yaml.journal is the journal of another plan (plan.yaml as it was then, not plan.yaml as it is "
        "now); name a new one with --journal, and keep the old one: undo needs it\n"
    )
    assert damaged.stderr == "costtags: bad.journal:3: is damaged: this line is no JSON object\n"
    assert empty.stderr == "costtags: empty.journal is empty: nothing was done\n"
    assert nothing.stderr == "costtags: none.journal cannot be opened: No such file or directory\n"
    assert [one.exit_code for one in (other, damaged, empty, nothing)] == [2] * 4


def test_undo_leaves_what_others_wrote_since_and_restores_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [notebook("a", {"cost-center": "Marketing"}), notebook("b"), notebook("c")]
    with shop(tmp_path, monkeypatch, *held) as it:
        it.plan(RULES, code=0)
        it.apply("--overwrite")
        it.state.held[f"{NB}a"].tags |= {"environment": "prod", "new": "y"}
        it.state.held[f"{NB}b"].tags = {}
        del it.state.held[f"{NB}c"]
        result = it.run("undo", "plan.yaml.journal", "--format", "json")
        tags = it.state.tags()
    assert (result.exit_code, summary(result.stdout)) == (1, {"changed": 1, "gone": 1, "already": 1})
    assert whys(result.stdout)["a"] == 'environment is "prod", not "dev" as it was left'
    assert tags == {f"{NB}a": {"cost-center": "Marketing", "environment": "prod", "new": "y"}, f"{NB}b": {}}


def test_undo_of_what_was_undone_leaves_what_another_plan_wrote_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, notebook("a")) as it:
        it.plan(RULES, code=0)
        assert it.apply().exit_code == 0
        assert it.run("undo", "plan.yaml.journal").exit_code == 0
        assert it.apply("--journal", "second").exit_code == 0
        again = it.run("undo", "plan.yaml.journal", "--format", "json")
        tags = it.state.tags()
        assert it.run("undo", "second").exit_code == 0
        assert it.state.tags() == {f"{NB}a": {}}
    assert (again.exit_code, summary(again.stdout)) == (0, {"before": 1})
    assert tags == {f"{NB}a": {"cost-center": "ML-Sales", "environment": "dev"}}


@pytest.mark.parametrize("text", ["my notes, no line end", "my notes\nand more", '{"mine": 1}'])
def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with shop(tmp_path, monkeypatch, notebook("a")) as it:
        it.plan(RULES, code=0)
        it.write(text, "notes")
        result = it.apply("--journal", "notes")
        assert it.state.writes() == []
        assert it.read("notes") == text
    assert result.exit_code == 2
    assert result.stderr.startswith("costtags: notes")


def test_a_journal_in_which_someone_wrote_is_refused_at_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: tuple[dict[str, object], ...] = (
        {"arn": "elsewhere"}, {"arn": 5}, {"verb": "drop"}, {"after": "x"}, {"after": {"environment": 5}},
        {"after": {"environment": None}}, {"before": ["a"]}, {"before": {}}, {"tags": [1]},
    )  # fmt: skip
    with shop(tmp_path, monkeypatch, notebook("a")) as it:
        it.plan(RULES, code=0)
        it.apply()
        head, intent, result = it.read("plan.yaml.journal").splitlines()
        bad = [[head, json.dumps(json.loads(intent) | change), result] for change in changes]
        bad += [[head, intent, json.dumps({"result": 0, "outcome": "maybe"})], [head, intent, "[" * 100_000]]
        before = it.state.tags()
        for journal in bad:
            it.write("\n".join(journal) + "\n", "j")
            said = it.run("undo", "j")
            assert said.exit_code == 2
            line = 3 if journal[1] == intent else 2
            assert said.stderr.startswith(f"costtags: j:{line}: is damaged: this line is n"), said.stderr
        assert it.state.tags() == before


def test_ctrl_c_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop(tmp_path, monkeypatch, *[notebook(f"n{number:02}") for number in range(30)]) as it:
        it.plan(RULES, code=0)

        def pressed(call: Call) -> Fault | None:
            if len(it.state.asked("TagResources")) == 2 and call.operation == "TagResources":
                os.kill(pids[0], signal.SIGINT)
            return None

        pids: list[int] = []
        it.state.fault = pressed
        with forker(tmp_path) as forks:
            url = it.environment["AWS_ENDPOINT_URL"]
            stopped = forks.run(url, "repair", "apply", "plan.yaml", began=pids.append)
        it.state.fault = None
        again = it.apply("--format", "json")
        made = len(it.state.asked("TagResources"))
    assert (stopped.returncode, stopped.stdout) == (130, "")
    assert stopped.stderr == (
        "note: plan.yaml.journal has what was done: the same command goes on from there\ninterrupted\n"
    )
    assert again.exit_code == 0
    assert made == 2  # the second call was made all the same, which the next run found out


# ---- apps

APP = {"DomainId": "d-1", "AppType": "JupyterLab", "AppName": "default", "Status": "InService"}


def app(space: str, idle: timedelta | None, checked: timedelta | None = None, **fields: object) -> Held:
    now = datetime.now(tz=UTC)
    times = {"LastUserActivityTimestamp": now - idle} if idle is not None else {}
    times |= {"LastHealthCheckTimestamp": now - checked} if checked is not None else {}
    return Held("app", "default", fields={**APP, "SpaceName": space, **times, **fields}, tags=RIGHT)


def test_apps_are_restarted_only_when_asked_idle_and_their_tags_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces = ("idle", "busy", "unknown", "pending", "denied")
    minute = timedelta(minutes=1)
    held = [Held("space", name, fields={"DomainId": "d-1", "SpaceName": name}) for name in spaces]
    held += [
        app("idle", 90 * minute),
        app("busy", 5 * minute, 5 * minute),
        app("unknown", None),
        app("pending", 90 * minute),
        app("denied", 90 * minute),
    ]

    def deleted(it: Shop) -> list[str]:
        return [call.body["SpaceName"] for call in it.state.asked("DeleteApp")]

    with shop(tmp_path, monkeypatch, *held) as it:
        it.plan(RULES, "--restart-apps", code=0)
        it.state.held[f"{ARN}app/d-1/pending/jupyterlab/default"].fields["Status"] = "Pending"
        it.state.failing = lambda _, arn: Fault("InvalidParameterException", "no") if arn.endswith("/denied") else None
        it.state.fault = lambda call: Fault("AccessDeniedException", "no") if call.operation == "AddTags" else None
        it.apply()
        assert deleted(it) == []
        first = it.apply("--restart-apps", "--format", "json")
        assert deleted(it) == ["idle"]
        it.state.failing = it.state.fault = None
        it.state.held[f"{ARN}app/d-1/pending/jupyterlab/default"].fields["Status"] = "InService"
        second = it.apply("--restart-apps", "--force-restart", "--format", "json")
        undone = it.run("undo", "plan.yaml.journal")
        assert sorted(deleted(it)) == sorted(spaces)
    told = {row["arn"].split("/")[2]: (row["result"], row["why"]) for row in json.loads(first.stdout)["restarts"]}
    since = told["busy"][1].partition("(")[2].partition(")")[0]
    assert told == {
        "idle": ("written", None),
        "busy": (
            "left",
            "it was used or checked by SageMaker, which AWS does not tell apart, less than 60 minutes ago "
            f"({since}); --force-restart restarts it all the same",
        ),
        "unknown": ("left", "when it was last used is not known; --force-restart restarts it all the same"),
        "pending": ("left", "it is Pending: run it again later"),
        "denied": (
            "left",
            f"{ARN}space/d-1/denied does not have its new tags: AWS denies AddTags (AccessDeniedException: no)",
        ),
    }
    assert first.exit_code == 1
    assert second.exit_code == 0
    assert [row["result"] for row in json.loads(second.stdout)["restarts"]].count("before") == 1
    assert undone.stderr == (
        "note: 5 apps were deleted for a restart: that cannot be undone, their users start them anew\n"
    )


def test_an_app_whose_deletion_was_not_answered_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Held("space", "s", fields={"DomainId": "d-1", "SpaceName": "s"})
    with shop(tmp_path, monkeypatch, space, app("s", timedelta(hours=3))) as it:
        it.plan(RULES, "--restart-apps", code=0)
        calls = iter(range(100))
        it.state.fault = lambda call: (
            Fault("AccessDeniedException", "no")
            if call.operation == "DeleteApp" and next(calls) == 0
            else Fault(None, after_acting=True)
            if call.operation == "DeleteApp"
            else None
        )
        denied = it.apply("--restart-apps", "--format", "json")
        lost = it.apply("--restart-apps", "--format", "json")
        it.state.fault = None
        found = it.apply("--restart-apps", "--format", "json")
    assert json.loads(denied.stdout)["restarts"][0]["why"] == "AWS denies DeleteApp (AccessDeniedException: no)"
    assert (denied.exit_code, lost.exit_code, found.exit_code) == (1, 0, 0)
    assert json.loads(found.stdout)["restarts"][0]["result"] == "before"
