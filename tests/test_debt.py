"""`--exempt-all`: today's findings into exemptions.yaml, exactly, so that only new ones block."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags import exemptions
from costtags.gate import debt
from costtags.gate.report import Report, ReportedFinding
from costtags.policies import EXEMPTIBLE
from costtags.yamlfile import FileProblems

ROOT = Path(__file__).parents[1]
COSTTAGS = Path(sys.executable).with_name("costtags")
TODAY = date(2026, 11, 22)
EXCUSE = debt.Excuse("ml-platform", "Before the schema was there.", date(2027, 3, 31))


def report(*findings: ReportedFinding) -> Report:
    return Report("embedded", "ml", "dev", "tags.yaml", (), findings)


def finding(urn: str, policy: str, tag: str | None, level: str = "mandatory") -> ReportedFinding:
    return ReportedFinding(urn, "t", policy, level, "code", tag, "message", "fix", None, None)  # type: ignore[arg-type]


A, B = ("urn:pulumi:dev::ml::aws:sagemaker/model:Model::" + name for name in "ab")


def test_the_file_is_written(tmp_path: Path) -> None:
    """Entries are sorted and exact; what stands there already stays, its comments too."""
    path = tmp_path / "exemptions.yaml"
    old = '# ours\n- {resource: "urn:pulumi:*::x", policies: [tag-values], owner: o, reason: r, expires: 2027-01-01}'
    path.write_text(old)
    findings = [
        finding(B, "tag-propagation", None),
        finding(A, "required-tags", "project"),
        finding(A, "required-tags", "cost-center"),
        finding(A, "tag-values", "environment"),
        finding(A, "ignored-tags", "environment", "advisory"),
        finding(B, "tag-values", "environment", "exempt"),
    ]
    assert debt.write(path, report(*findings), EXCUSE, TODAY) == 3
    assert path.read_text() == (
        f"{old}\n\n"
        "# 2026-11-22: what blocked project ml, stack dev; remove each entry as it is mended.\n"
        f'- resource: "{A}"\n'
        "  policies: [required-tags]\n"
        '  tags: ["cost-center", "project"]\n'
        '  owner: "ml-platform"\n'
        '  reason: "Before the schema was there."\n'
        "  expires: 2027-03-31\n"
        f'- resource: "{A}"\n'
        "  policies: [tag-values]\n"
        '  tags: ["environment"]\n'
        '  owner: "ml-platform"\n'
        '  reason: "Before the schema was there."\n'
        "  expires: 2027-03-31\n"
        f'- resource: "{B}"\n'
        "  policies: [tag-propagation]\n"
        '  owner: "ml-platform"\n'
        '  reason: "Before the schema was there."\n'
        "  expires: 2027-03-31\n"
    )
    made = exemptions.load(path, TODAY)
    assert len(made.valid) == 4
    for one in findings[:4]:
        assert made.excusing(one.urn, one.policy, one.tag)
    assert not made.excusing(A, "tag-values", "cost-center")
    assert not made.excusing(B, "required-tags", "cost-center")


@settings(deadline=None)  # a slow disk is no fault
@given(
    st.lists(
        st.builds(
            finding,
            st.text(min_size=1, max_size=20).map(lambda name: f"urn:pulumi:dev::ml::t:t:T::{name}"),
            st.sampled_from(EXEMPTIBLE),
            st.none() | st.text(min_size=1, max_size=10),
        ),
        max_size=8,
    ),
    st.text(min_size=1, max_size=20).filter(str.strip),
    st.text(min_size=1, max_size=20).filter(str.strip),
)
def test_all_that_blocked_is_excused(
    tmp_path_factory: pytest.TempPathFactory, findings: list[ReportedFinding], owner: str, reason: str
) -> None:
    """Whatever names and texts hold, the file is valid and excuses each finding, or is left as it was."""
    path = tmp_path_factory.mktemp("debt") / "exemptions.yaml"
    try:
        debt.write(path, report(*findings), debt.Excuse(owner, reason, date(2027, 3, 31)), TODAY)
    except (FileProblems, UnicodeEncodeError):
        assert not path.exists()
        return
    made = exemptions.load(path, TODAY)
    assert all(made.excusing(one.urn, one.policy, one.tag) for one in findings)
    assert not debt.excused(report(*findings)).blocked


def test_what_would_not_be_valid_is_not_written(tmp_path: Path) -> None:
    """A date too far ahead, or a file that cannot be added to, leaves the old file."""
    path = tmp_path / "exemptions.yaml"
    path.write_text("[]\n")
    with pytest.raises(FileProblems):
        debt.write(path, report(finding(A, "tag-values", "x")), EXCUSE, TODAY)
    assert path.read_text() == "[]\n"
    path.write_text("")
    for expires, said in ((date(2028, 1, 1), "year"), (date(2026, 1, 1), "is past: nothing would be excused")):
        with pytest.raises(FileProblems) as caught:
            debt.write(path, report(finding(A, "tag-values", "x")), debt.Excuse("o", "r", expires), TODAY)
        assert said in caught.value.problems[0].message
        assert path.read_text() == ""
    assert [one.name for one in tmp_path.iterdir()] == ["exemptions.yaml"]


def test_from_now_on_only_new_findings_block(tmp_path: Path) -> None:
    """The whole way: a blocked program, its debt written down, passing; then a new untagged resource blocks."""
    for name in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / name).write_text((ROOT / "examples" / "untagged" / name).read_text())
    (tmp_path / "tags.yaml").write_text((ROOT / "tags.yaml").read_text())
    env = {key: value for key, value in os.environ.items() if not key.startswith(("COSTTAGS_", "PULUMI_"))}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [COSTTAGS, "preview", ".", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)

    assert run().returncode == 1
    done = run("--exempt-all")
    assert done.returncode == 2
    assert "--exempt-all needs --owner and --reason and --expires" in done.stderr
    done = run("--owner", "o")
    assert done.returncode == 2
    assert "--owner, --reason and --expires belong to --exempt-all" in done.stderr
    until = str(datetime.now(tz=UTC).date() + timedelta(days=90))
    options = ("--exempt-all", "--owner", "ml-platform", "--reason", "Before the schema.", "--expires", until)
    done = run(*options)
    assert done.returncode == 0, done.stderr
    assert f"note: exemptions.yaml: 3 findings excused until {until}, 3 entries" in done.stderr
    assert done.stdout.endswith("Passed: 1 resource judged; findings: 3 exempt.\n")
    before = (tmp_path / "exemptions.yaml").read_text()
    done = run(*options)
    assert "note: exemptions.yaml: nothing to excuse" in done.stderr
    assert (tmp_path / "exemptions.yaml").read_text() == before
    with (tmp_path / "__main__.py").open("a") as stream:
        stream.write('\naws.sagemaker.ModelPackageGroup("new", model_package_group_name="n")\n')
    done = run()
    assert done.returncode == 1
    assert done.stdout.endswith("findings: 3 mandatory, 3 advisory, 3 exempt.\n")
