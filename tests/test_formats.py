"""One report in every format: valid, within the limits of who reads it, and inert whatever names are in it."""

import gzip
import json
import os
import pty
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from costtags.effective import TagValue
from costtags.gate.formats import FORMATS
from costtags.gate.formats.as_github import COMMANDS
from costtags.gate.formats.as_markdown import MOST as MOST_BYTES
from costtags.gate.formats.as_sarif import HELP, RULES
from costtags.gate.formats.as_sarif import MOST as MOST_RESULTS
from costtags.gate.formats.as_text import as_text, printable
from costtags.gate.report import JudgedResource, Report, ReportedFinding
from costtags.policies import POLICIES

from .test_preview import COSTTAGS, TAGS, Run, environment, run

__all__ = ["run"]  # a fixture

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "formats"
SARIF_SCHEMA = Draft7Validator(json.loads((HERE / "data" / "sarif" / "sarif-schema-2.1.0.json").read_text()))
MODEL = "aws:sagemaker/model:Model"


# ---- one blocked program in all formats

PROGRAM = """\
import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("data")
aws.sagemaker.NotebookInstance(
    "research",
    instance_type="ml.t3.medium",
    role_arn="role",
    tags={"Environment": "dev", "project": "X|`Y`", "token": pulumi.Output.secret("hush")},
)
aws.sagemaker.Model("late", execution_role_arn="role", tags={"cost-center": bucket.arn, "environment": "dev"})
aws.sagemaker.Model("old", execution_role_arn="role", tags={"environment": "dev"})
aws.sagemaker.Model("right", execution_role_arn="role", tags={"cost-center": "ML-Sales", "environment": "dev"})
"""
EXPIRES = str(datetime.now(tz=UTC).date() + timedelta(days=30))
EXEMPTIONS = f"""\
- resource: "urn:pulumi:dev::ml::{MODEL}::old"
  policies: [required-tags]
  owner: ml-platform
  reason: replaced next month
  expires: {EXPIRES}
"""
FILES = {
    "text": "blocked.txt",
    "json": "blocked.json",
    "sarif": "blocked.sarif",
    "junit": "blocked.xml",
    "markdown": "blocked.md",
    "github": "blocked.github.txt",
}


def test_a_blocked_program_in_every_format_at_once(run: Run, tmp_path: Path) -> None:
    """One run writes every format, and each is what the golden file holds."""
    options = [option for form, file in FILES.items() if form != "text" for option in ("--format", f"{form}={file}")]
    done = run(PROGRAM, "--format", "text", *options, files={"exemptions.yaml": EXEMPTIONS})
    assert (done.returncode, done.stderr) == (1, "")
    assert FILES.keys() == FORMATS.keys()
    for form, file in FILES.items():
        made = done.stdout if form == "text" else (tmp_path / file).read_text(encoding="utf-8")
        made = made.replace(EXPIRES, "EXPIRES").replace(f'"{version("costtags")}"', '"VERSION"')
        assert made == (GOLDEN / file).read_text(encoding="utf-8"), form
        assert "hush" not in made


def test_help_has_a_line_for_each_format() -> None:
    """`costtags preview --help` says what each format is for."""
    shown = subprocess.run([COSTTAGS, "preview", "--help"], capture_output=True, text=True).stdout
    for form in FORMATS:
        assert re.search(rf"^ +{form} +\w+", shown, re.MULTILINE), form


def test_two_formats_cannot_share_a_file(run: Run) -> None:
    """The second would replace the first."""
    done = run("", "--format", "json=out", "--format", "sarif=out")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: two formats would be written to out" in done.stderr


def on_a_terminal(folder: Path, columns: int, **more: str) -> str:
    """Return what a preview prints on a terminal."""
    for name, text in {
        "Pulumi.yaml": "name: ml\nruntime: python\n",
        "tags.yaml": TAGS,
        "__main__.py": PROGRAM,
    }.items():
        (folder / name).write_text(text)
    ours, theirs = pty.openpty()
    env = environment(COLUMNS=str(columns), TERM="xterm", **more)
    process = subprocess.Popen(
        [COSTTAGS, "preview"], cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # as Linux says that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(60) == 1
    return shown.decode().replace("\r\n", "\n")


def test_text_is_coloured_and_wrapped_on_a_terminal_only(tmp_path: Path) -> None:
    """On a terminal there is colour and no prose beyond its width; elsewhere neither, nor colour with NO_COLOR."""
    shown = on_a_terminal(tmp_path, 60, NO_COLOR="")
    assert "\x1b[1;31mBLOCKED\x1b[0m  __main__.py:5: " in shown
    plain = on_a_terminal(tmp_path, 60, NO_COLOR="1")
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == plain
    assert "\x1b" not in plain
    prose = [line for line in plain.splitlines() if not line.startswith("        ") and " " in line.strip()]
    assert max(map(len, prose)) <= 60
    subprocess.run([COSTTAGS, "preview", "--format", "text=wide.txt"], cwd=tmp_path, env=environment(COLUMNS="60"))
    wide = (tmp_path / "wide.txt").read_text()
    assert "\x1b" not in wide
    assert max(map(len, wide.splitlines())) > 100
    assert plain.split() == wide.split()


# ---- reports made here


def finding(name: str = "m", level: Any = "mandatory", **more: Any) -> ReportedFinding:
    given: dict[str, Any] = {
        "urn": f"urn:pulumi:dev::ml::{MODEL}::{name}",
        "type": MODEL,
        "policy": "required-tags",
        "level": level,
        "code": "missing",
        "tag": "cost-center",
        "message": 'tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales',
        "fix": '"cost-center": "...",  # one of ML-Marketing, ML-Sales',
        "file": "__main__.py",
        "line": 7,
    }
    return ReportedFinding(**{**given, **more})


def report(*findings: ReportedFinding, **more: Any) -> Report:
    tags = {"environment": TagValue("dev", "resource")}
    resources = tuple(JudgedResource(urn, MODEL, tags) for urn in sorted({f.urn for f in findings}))
    given: dict[str, Any] = {"engine": "embedded", "project": "ml", "stack": "dev", "schema": "tags.yaml"}
    return Report(**{**given, "resources": resources, "findings": findings, **more})


def sarif(made: Report) -> dict[str, Any]:
    document = json.loads(FORMATS["sarif"](made))
    assert [error.message for error in SARIF_SCHEMA.iter_errors(document)] == []
    run: dict[str, Any] = document["runs"][0]
    for result in run["results"]:
        [location] = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        parts = urlsplit(uri)
        assert uri.isascii()
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert not uri.startswith("/")
        assert ".." not in uri.split("/")
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
    return run


def test_components_above_a_resource_are_shown_to_people_and_not_in_the_json() -> None:
    """The chain of components stands in every format for people; the JSON is as it was."""
    made = report(finding(chain=("TaggedEndpoint churn", "Inner part")))
    for form, write in FORMATS.items():
        text = write(made).replace("&gt;", ">")
        assert ("in TaggedEndpoint churn > Inner part" in text) == (form != "json"), form
    assert "chain" not in FORMATS["json"](made)


def test_a_passed_program_closes_what_was_open() -> None:
    """Without findings, SARIF has all rules and no result, which closes alerts; the others say that all is well."""
    made = report(resources=(JudgedResource(f"urn:pulumi:dev::ml::{MODEL}::m", MODEL, {}),))
    run = sarif(made)
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [policy.name for policy in RULES]
    assert FORMATS["github"](made) == ""
    assert "Passed: 1 resource judged; findings: none." in FORMATS["markdown"](made)
    [suite] = ET.fromstring(FORMATS["junit"](made))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


# ---- SARIF


def test_every_policy_that_finds_something_has_a_rule_with_help() -> None:
    """A rule has all that code scanning shows of one."""
    assert HELP.keys() == {policy.name for policy in POLICIES if policy.codes}
    for rule in sarif(report())["tool"]["driver"]["rules"]:
        assert rule["help"]["text"]
        assert "`" not in rule["help"]["text"]
        assert rule["help"]["markdown"].startswith("**")


def test_levels_and_what_is_exempt() -> None:
    """Mandatory is an error, advisory a warning; exempt ones are counted, since GitHub would show them as open."""
    run = sarif(report(finding("c", "exempt"), finding("b", "advisory"), finding("a")))
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "1 more findings are excused by exemptions.yaml."


def test_fingerprints_stay_when_lines_move_and_differ_between_findings() -> None:
    """A fingerprint is of what is wrong with what, not of where."""

    def fingerprints(*findings: ReportedFinding) -> list[str]:
        return [r["partialFingerprints"]["primaryLocationLineHash"] for r in sarif(report(*findings))["results"]]

    several = [finding(), finding(tag="environment"), finding("n"), finding(code="wrong-value", policy="tag-values")]
    several += [finding(tag=None, policy="organization-policy", code="policy-size", message=m) for m in "ab"]
    first = fingerprints(*several)
    moved = fingerprints(*(ReportedFinding(**{**fields(f), "line": 99, "file": "other.py"}) for f in several))
    assert first == moved
    assert len(set(first)) == len(several)


def fields(of: ReportedFinding) -> dict[str, Any]:
    return {name: getattr(of, name) for name in ReportedFinding.__dataclass_fields__}


def test_stacks_do_not_replace_each_other() -> None:
    """Each stack's upload is a category of its own."""
    assert sarif(report(project="ml core", stack="dev/1"))["automationDetails"]["id"] == "costtags/ml%20core/dev%2F1/"


def test_paths_are_seen_from_the_top_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the command ran, code hosts get paths of the repository; what has none there is at Pulumi.yaml."""
    project = tmp_path / "infra" / "prod ü"
    tools = tmp_path / "tools"
    for folder in (project, tools, tmp_path / ".git"):
        folder.mkdir(parents=True)
    (project / "Pulumi.yaml").touch()
    monkeypatch.chdir(tools)
    made = report(
        finding("a", file="lib/a#b.py"),
        finding("b", file="../shared.py"),
        finding("c", file=None, line=None),
        finding("d", file="/elsewhere/x.py"),
        finding("e", file=str(tmp_path / "exemptions.yaml"), line=3),
        schema=str(tmp_path / "tags.yaml"),
    ).shown_from(tools, project)
    at = [result["locations"][0]["physicalLocation"] for result in sarif(made)["results"]]
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in at] == [
        ("infra/prod%20%C3%BC/lib/a%23b.py", 7),
        ("infra/shared.py", 7),
        ("infra/prod%20%C3%BC/Pulumi.yaml", 1),
        ("infra/prod%20%C3%BC/Pulumi.yaml", 1),
        ("exemptions.yaml", 3),
    ]
    assert "::error file=infra/prod ü/lib/a#b.py,line=7,title=" in FORMATS["github"](made)
    assert "<code>infra/prod ü/lib/a#b.py:7</code>" in FORMATS["markdown"](made)
    assert 'file="infra/shared.py" line="7"' in FORMATS["junit"](made)


# ---- limits


def many(count: int) -> Report:
    levels = ("advisory", "mandatory", "exempt", "mandatory", "advisory")
    return report(*(finding(f"m{i:05}", levels[i % 5], tag=f"tag-{i % 7}") for i in range(count)))


def test_5000_findings_are_within_every_limit() -> None:
    """Each format of 5,000 findings is what its reader takes, most severe first, and says what it leaves out."""
    made = many(5000)
    started = time.process_time()
    texts = {form: write(made) for form, write in FORMATS.items()}
    assert time.process_time() - started < 5  # about one; to judge 5,000 resources takes 13

    assert len(json.loads(texts["json"])["findings"]) == 5000

    results = sarif(made)["results"]
    assert [result["level"] for result in results] == ["error"] * 2000 + ["warning"] * 2000
    assert len(gzip.compress(texts["sarif"].encode())) < 10 * 2**20

    [suite] = ET.fromstring(texts["junit"])
    assert [suite.get(count) for count in ("tests", "failures", "skipped")] == ["5000", "2000", "1000"]
    assert len(texts["junit"].encode()) < 30 * 2**20
    assert sum(1 + len(element.attrib) for element in suite.iter()) < 250_000  # GitLab's measure of complexity

    assert len(texts["markdown"].encode()) <= MOST_BYTES
    rows = re.findall(r"<tr><td>(\w+)<", texts["markdown"])
    assert set(rows) == {"mandatory"}
    assert f"**{5000 - len(rows):,} more findings are not shown here**" in texts["markdown"]
    assert re.search(r"The fixes of [\d,]+ more resources are not shown here.", texts["markdown"])
    assert texts["markdown"].count("<details>") == texts["markdown"].count("</details>") > 50

    lines = texts["github"].splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    assert "Not shown here: 1990 mandatory, 1990 advisory, 1000 exempt (" in lines[-1]


def test_a_run_holds_no_more_results_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 25,000 results the least severe are left out, and the file says how many."""
    assert MOST_RESULTS == 25_000
    monkeypatch.setattr(sys.modules["costtags.gate.formats.as_sarif"], "MOST", 250)
    run = sarif(many(320))
    assert len(run["results"]) == 250
    assert run["results"][-1]["level"] == "warning"
    assert [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]] == [
        "6 more findings are left out: GitHub takes 250 results of a run.",
        "64 more findings are excused by exemptions.yaml.",
    ]


# ---- names that would do harm

HOSTILE = (
    "]]>", "|", "\\|", "`", "```\n", "~~~", "\n\n", "\r", "\n::error::x", "::error::x", " ::add-mask::x",
    "##[add-mask]x", "##vso[task.setvariable]x", "<script>alert(1)</script>", "</code>", "</td>", "</details>", "<!--",
    "-->", "@someone", "@org/team", "#1", "GH-1", "a/b#1", "https://evil.example", "www.evil.example", "a@evil.example",
    "[x](https://evil)", "![x](https://evil)", "[x](1)", "{0}", "&lt;", "&#64;x", "%0A", "%25", ":", ",", "=", "'", '"',
    "\\", "\0", "\x1b[31m", "\x9b31m", "\u202e", "\u200f", "\u2066", "\u2028", "\x85", "\ufffe", "\ufeff", "\ud800",
    "\udcff", "שלום", "😀", "*b*", "_i_", "- x", "# x", "\t", "x" * 10_000, "`" * 500, "&" * 5_000,
)  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=5), max_size=4).map("".join)
hostile_findings = st.builds(
    lambda name, level, policy, chain, **more: finding(name, level, policy=policy, chain=tuple(chain), **more),
    name=hostile,
    level=st.sampled_from(["mandatory", "advisory", "exempt"]),
    policy=st.sampled_from([policy.name for policy in RULES]),
    chain=st.lists(hostile, max_size=2),
    tag=st.none() | hostile,
    type=hostile,
    message=hostile,
    fix=hostile,
    file=st.none() | hostile,
    line=st.none() | st.integers(1, 10**9),
)
hostile_reports = st.builds(
    lambda findings, key, value, project, stack, schema: report(
        *findings,
        resources=tuple(JudgedResource(f.urn, f.type, {key: TagValue(value, "resource")}) for f in findings),
        project=project,
        stack=stack,
        schema=schema.replace("\0", "").encode("utf-8", "ignore").decode(),  # a path of a file that was read
    ),
    st.lists(hostile_findings, min_size=1, max_size=3, unique_by=lambda f: f.urn),
    hostile, hostile, hostile, hostile, hostile,
)  # fmt: skip


def check_printed(text: str) -> None:
    """Check that no line acts on a terminal or is a command to a CI server."""
    for line in text.split("\n"):
        assert line.isprintable()
        assert "##[" not in line
        assert "##vso[" not in line.lower()


def check_text(made: Report) -> None:
    for text in (as_text(made), re.sub("\x1b\\[[0-9;]*m", "", as_text(made, width=50, colour=True))):
        check_printed(text)
        assert not any(line.lstrip().startswith("::") for line in text.split("\n"))


def check_json(made: Report) -> None:
    text = FORMATS["json"](made)
    check_printed(text)
    document = json.loads(text)
    read = [
        document["project"],
        *(f["message"] for f in document["findings"]),
        *(r["urn"] for r in document["resources"]),
    ]
    given = [made.project, *(f.message for f in made.findings), *(r.urn for r in made.resources)]
    # In JSON, halves of a character that stand side by side are the character.
    assert read == [text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for text in given]


def check_sarif(made: Report) -> None:
    check_printed(FORMATS["sarif"](made))
    results = sarif(made)["results"]
    assert len(results) == sum(f.level != "exempt" for f in made.findings)
    for result in results:
        assert "](" not in result["message"]["text"]
        assert not re.search(r"(?<!\{)\{\d+\}(?!\})", result["message"]["text"])
        assert len(result["message"]["text"]) < 10_000


def check_junit(made: Report) -> None:
    text = FORMATS["junit"](made)
    check_printed(text)
    [suite] = ET.fromstring(text)
    cases = suite.findall("testcase")
    assert len(cases) == len({f.urn for f in made.findings}) == int(suite.get("tests", ""))
    by_urn = sorted(made.findings, key=lambda f: f.urn)
    for case, said in zip(cases, by_urn, strict=True):
        assert case.get("name") == printable(said.urn.split("::", 3)[3])
        [outcome] = case
        assert outcome.tag == {"mandatory": "failure", "exempt": "skipped", "advisory": "system-out"}[said.level]
        ways = printable(said.message), printable(f": {said.message}")[2:]  # "::" is escaped where it begins a line
        assert any(way in (outcome.text or "") for way in ways)


class Rendered(HTMLParser):
    """Rendered Markdown: which elements there are, what text stands outside code, and how wide the table is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.comments: list[str] = []
        self.outside = ""
        self.rows: list[int] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "wbr":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if not {"code", "pre"} & set(self.open):
            self.outside += data


OURS = re.compile(
    r"Cost tags: (blocked|passed) \(, stack \)|(Blocked|Passed): [\w ,;:]+\. Judged by \."
    r"|An exemption lifts nothing .*\.|levelresourceplacetagwhat|mandatory|advisory|exempt|What to paste for "
    r"|\d+ more findings are not shown here|: a comment holds 65,000 characters. +and +hold them all."
    r"|The fixes of \d+ more resources are not shown here\."
)


def rendered(text: str) -> Rendered:
    """Render as GitHub does, without the sanitizer that it has besides."""
    return Rendered(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))


def check_markdown(made: Report) -> None:
    text = FORMATS["markdown"](made)
    check_printed(text)
    assert len(text.encode()) <= MOST_BYTES
    assert text.startswith("<!-- costtags -->\n")
    page = rendered(text)
    assert page.open == []
    assert page.comments == [" costtags "]
    ours = {
        "h3",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "pre",
        "details",
        "summary",
        "strong",
        "wbr",
    }
    assert page.elements <= ours
    assert page.attributes <= {"lang"}
    assert set(page.rows) == {5}
    assert OURS.sub("", page.outside).split() == []


def commands(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Read workflow commands as GitHub's runner does."""

    def plain(text: str, *more: tuple[str, str]) -> str:
        for code, character in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
            text = text.replace(code, character)
        return text

    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        _, head, data = line.split("::", 2)
        command, _, rest = head.partition(" ")
        pairs = (pair.split("=", 1) for pair in rest.split(",") if pair)
        yield command, {key: plain(value, ("%3A", ":"), ("%2C", ",")) for key, value in pairs}, plain(data)


def check_github(made: Report) -> None:
    text = FORMATS["github"](made)
    check_printed(text)
    found = list(commands(text))
    shown = [f for level in ("mandatory", "advisory") for f in made.findings if f.level == level]
    assert len(found) == len(shown) + (len(shown) < len(made.findings))
    for (command, properties, message), said in zip(found, shown, strict=False):
        assert command == COMMANDS[said.level]
        assert properties.keys() == {"file", "line", "title"}
        assert len(properties["title"]) <= 255
        assert message[:200].startswith(printable(said.message)[:200])
        assert len(message.encode()) < 64 * 1024


CHECKS = {
    "text": check_text,
    "json": check_json,
    "sarif": check_sarif,
    "junit": check_junit,
    "markdown": check_markdown,
    "github": check_github,
}


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=40, deadline=None)
@given(made=hostile_reports)
def test_no_name_breaks_a_format(form: str, made: Report) -> None:
    """Whatever stands in names, tags, messages and paths, a format stays whole and nothing in it comes alive."""
    CHECKS[form](made)


@pytest.mark.parametrize("form", FORMATS)
def test_every_hostile_text_everywhere(form: str) -> None:
    """Each of the texts in every place at once."""
    for i, text in enumerate(HOSTILE):
        level, policy = (("mandatory", "required-tags"), ("advisory", "tag-values"), ("exempt", "ignored-tags"))[i % 3]
        one = finding(text, level, tag=text, type=text, message=text, fix=text, file=text, chain=(text,), policy=policy)
        tags = {text: TagValue(text, "resource")}
        CHECKS[form](report(one, resources=(JudgedResource(one.urn, text, tags),), project=text, stack=text))


def test_paths_round_trip_through_sarif() -> None:
    """A path is percent-encoded, and decodes to what it was."""
    for file in ("a b/ü.py", "a%20b.py", "a:b.py", "c?d#e.py", "x[1].py"):
        [result] = sarif(report(finding(file=file)))["results"]
        assert unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == file
