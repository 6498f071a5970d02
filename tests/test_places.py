"""For each kind of place, a project of tests/places: the line and the components that a reviewer is shown, the fix."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from costtags.gate.places import Kept, Site, installed, place, site
from costtags.gate.resources import Resource
from costtags.gate.values import struct

COSTTAGS = Path(sys.executable).with_name("costtags")
PLACES = Path(__file__).parent / "places"

ENVIRONMENT = '"environment": "...",  # one of dev, staging, prod'
CENTER = '"cost-center": "...",  # one of ML-Marketing, ML-Sales'
MEANT = '"cost-center": "ML-Sales",  # or ML-Marketing'


def at(where: str, line: str) -> str:
    return f"{where}\n    {line}"


OUTER, NOTEBOOK = "Outer outer > Inner {0}", " > TaggedNotebookInstance {0}-notebook"

# kind -> (resource, tag): place, components above it, fix
EXPECTED: dict[str, dict[tuple[str, str], tuple[str, str, str]]] = {
    "direct": {
        ("plain", "environment"): ("direct/__main__.py:5", "", ENVIRONMENT),
        ("none", "cost-center"): ("direct/__main__.py:14", "", CENTER),
        ("none", "environment"): ("direct/__main__.py:14", "", ENVIRONMENT),
    },
    "loop": {
        ("for-0", "environment"): ("loop/__main__.py:6", "", ENVIRONMENT),
        ("for-1", "environment"): ("loop/__main__.py:6", "", ENVIRONMENT),
        ("in-a-list", "environment"): ("loop/__main__.py:13", "", ENVIRONMENT),
        ("in-a-list", "cost-center"): ("loop/__main__.py:13", "", MEANT),
    },
    "function": {
        ("written", "environment"): ("function/__main__.py:9", "", ENVIRONMENT),
        ("handed", "environment"): ("function/__main__.py:26", "", ENVIRONMENT),
        ("default", "environment"): ("function/__main__.py:13", "", ENVIRONMENT),
        ("value", "environment"): ("function/__main__.py:29", "", ENVIRONMENT),
        ("own", "environment"): ("function/__main__.py:22", "", ENVIRONMENT),
        **{
            (name, "cost-center"): (
                f"function/__main__.py:{line}",
                "",
                at(
                    "in function/Pulumi.dev.yaml, config > aws:defaultTags > tags, "
                    "once for the 4 resources that lack it:",
                    "cost-center: ...  # one of ML-Marketing, ML-Sales",
                ),
            )
            for name, line in (("handed-by-name", 27), ("map", 34), ("x", 37), ("y", 37))
        },
    },
    "component": {
        ("churn", "environment"): (
            "component/__main__.py:17",
            "TaggedEndpoint churn",
            at("in the tags of TaggedEndpoint churn:", ENVIRONMENT),
        ),
        ("made-by-a-function", "cost-center"): (
            "component/__main__.py:25",
            "TaggedEndpoint made-by-a-function",
            at("in the tags of TaggedEndpoint made-by-a-function:", MEANT),
        ),
    },
    "own_component": {
        **{
            (f"{name}-{child}", "environment"): (
                f"own_component/__main__.py:{line}",
                f"Team {name}",
                at(f"in the tags given at own_component/__main__.py:{inner}:", ENVIRONMENT),
            )
            for name, line in (("right", 35), ("wrong", 36), ("extended", 37))
            for child, inner in (("written", 12), ("in-an-apply", 22))
        },
        ("wrong-handed", "environment"): (
            "own_component/__main__.py:36",
            "Team wrong",
            at("in the tags of Team wrong:", '"environment": "prod",  # or dev, staging'),
        ),
        ("beside-it", "environment"): ("own_component/__main__.py:38", "Team right", ENVIRONMENT),
    },
    "nested": {
        ("outer-given-notebook", "cost-center"): (
            "nested/__main__.py:27",
            (OUTER + NOTEBOOK).format("outer-given"),
            at("in the tags of Outer outer:", CENTER),
        ),
        ("outer-written-notebook", "environment"): (
            "nested/__main__.py:27",
            (OUTER + NOTEBOOK).format("outer-written"),
            at("in the tags given at nested/__main__.py:23:", ENVIRONMENT),
        ),
        ("put-into-it-notebook", "cost-center"): (
            "nested/__main__.py:28",
            (OUTER + NOTEBOOK).format("put-into-it"),
            at("in the tags of Inner put-into-it:", CENTER),
        ),
    },
    "module": {
        (name, "environment"): (
            line,
            "",
            at(
                "in module/Pulumi.dev.yaml, config > aws:defaultTags > tags, once for the 4 resources that lack it:",
                "environment: ...  # one of dev, staging, prod",
            ),
        )
        for name, line in (
            ("in-a-module", "module/modules/groups.py:7"),
            ("beside-the-project", "shared/platform_lib.py:7"),
            ("by-a-link", "shared/platform_lib.py:7"),
            ("by-a-package", "module/__main__.py:17"),
        )
    },
    "transform": {("group", "environment"): ("transform/__main__.py:12", "", ENVIRONMENT)},
    "provider": {
        (name, tag): ("provider/__main__.py:6", "", at("in the default tags of provider tagged:", fix))
        for name in ("one", "two")
        for tag, fix in (("cost-center", MEANT), ("Environment", 'rename "Environment" to "environment"'))
    },
    "stack_config": {
        **{
            (name, "cost-center"): (
                "stack_config/Pulumi.dev.yaml:6",
                "TaggedNotebookInstance by-component" if name == "by-component" else "",
                at(
                    "in stack_config/Pulumi.dev.yaml, config > aws:defaultTags > tags:",
                    "cost-center: ML-Sales  # or ML-Marketing",
                ),
            )
            for name in ("by-default", "by-component", "by-function", "by-hand")
        },
        **{
            (name, "environment"): (
                "stack_config/Pulumi.dev.yaml:10",
                "TaggedNotebookInstance by-component" if name == "by-component" else "",
                at(
                    "in stack_config/Pulumi.dev.yaml, config > stack_config:tags:",
                    "environment: ...  # one of dev, staging, prod",
                ),
            )
            for name in ("by-component", "by-function")
        },
        ("by-hand", "environment"): ("stack_config/__main__.py:10", "", ENVIRONMENT),
        ("default", "cost-center"): (
            "stack_config/Pulumi.dev.yaml:7",
            "",
            'take "cost-center" out of the provider\'s ignoreTags',
        ),
    },
    "project_config": {
        ("group", "cost-center"): (
            "project_config/Pulumi.yaml:6",
            "",
            at(
                "in project_config/Pulumi.yaml, config > aws:defaultTags > value > tags:",
                '"cost-center": "ML-Sales"',
            ),
        ),
    },
    "environment": {
        ("group", "cost-center"): (
            "environment/__main__.py:5",
            "",
            at(
                "in the environment of the deployment:",
                "TF_AWS_DEFAULT_TAGS_cost-center=ML-Sales  # or ML-Marketing",
            ),
        ),
    },
    "parent": {("child", "environment"): ("parent/__main__.py:7", "", ENVIRONMENT)},
    "lacking": {
        **{
            (name, "cost-center"): (
                f"lacking/__main__.py:{line}",
                "TaggedNotebookInstance c" if name == "c" else "",
                at(
                    "in lacking/Pulumi.dev.yaml, config > aws:defaultTags > tags, "
                    "once for the 3 resources that lack it:",
                    "cost-center: ...  # one of ML-Marketing, ML-Sales",
                ),
            )
            for name, line in (("a", 10), ("b", 11), ("c", 12))
        },
        **{
            (name, "cost-center"): (
                f"lacking/__main__.py:{line}",
                "",
                at(
                    "in the default tags of provider explicit, lacking/__main__.py:9, "
                    "once for the 3 resources that lack it:",
                    CENTER,
                ),
            )
            for name, line in (("d", 14), ("e", 15), ("f", 16))
        },
    },
    "lacking_in_components": {
        (name, "cost-center"): (
            f"lacking_in_components/__main__.py:{line}",
            f"TaggedNotebookInstance {name}",
            at(
                "in lacking_in_components/Pulumi.dev.yaml, config > lacking_in_components:tags, "
                "once for the 3 resources that lack it:",
                "cost-center: ...  # one of ML-Marketing, ML-Sales",
            ),
        )
        for name, line in (("a", 5), ("b", 6), ("c", 7))
    },
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The projects in a repository of their own."""
    folder = tmp_path_factory.mktemp("places") / "repository"
    shutil.copytree(PLACES, folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".git").mkdir()
    return folder


def preview(folder: Path, kind: str, **more: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_", "TF_AWS_", "COSTTAGS_"))}
    if kind == "environment":
        more["TF_AWS_DEFAULT_TAGS_cost-center"] = "ML-Sale"
    text = folder / f"{kind}.txt"
    done = subprocess.run(
        [COSTTAGS, "preview", kind, "--format", "json", "--format", f"text={text}"],
        cwd=folder, env=kept | more, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    found = {}
    for finding in json.loads(done.stdout)["findings"]:
        name = re.sub(r"^default_[\d_]+$", "default", finding["urn"].split("::", 3)[3])
        above = re.search(rf": {name}  \S+  in (.*?)(?:  \(|$)", text.read_text(), re.MULTILINE)
        shown = (f"{finding['file']}:{finding['line']}", above[1] if above else "", finding["fix"])
        assert found.setdefault((name, finding["tag"]), shown) == shown, "children of one component differ"
    return found


@pytest.mark.parametrize("kind", EXPECTED)
def test_every_kind_of_place(repository: Path, kind: str) -> None:
    """The line, the components above the resource, and the fix are those that a reviewer wants to see."""
    assert preview(repository, kind) == EXPECTED[kind]


def test_every_project_has_its_expectation() -> None:
    """No example is left out."""
    assert {path.parent.name for path in PLACES.glob("*/Pulumi.yaml")} == set(EXPECTED)


# ---- the rules by themselves


def written(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path.as_uri()


def test_only_what_a_pull_request_can_change_is_the_users(tmp_path: Path) -> None:
    """Files of the repository count, beside the project too; without a repository, those of the project."""
    project = tmp_path / "repository" / "project"
    inside = (project / "a b.py").as_uri()
    beside = (project.parent / "lib.py").as_uri()
    outside = (tmp_path / "lib.py").as_uri()
    package = (project / ".venv/lib/python3.12/site-packages/x.py").as_uri()
    standard = (project / "env/lib/python3.12/asyncio/events.py").as_uri()
    node = (project / "node_modules/x/index.js").as_uri()
    frames = [(one, 7) for one in ("", package, standard, node, outside, beside, inside)]
    project.mkdir(parents=True)
    assert place(frames, project) == ("a b.py", 7)
    other = tmp_path / "other" / "project"
    (other.parent / ".git").mkdir(parents=True)
    other.mkdir()
    assert place([((other.parent / "lib.py").as_uri(), 3)], other) == ("../lib.py", 3)
    assert place([(outside, 3)], other) == (None, None)


def test_places_of_exported_states(tmp_path: Path) -> None:
    """Exported states have paths relative to the project; those beside it begin with .. ."""
    (tmp_path / ".git").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    frames = [("project:///.venv/lib/python3.11/site-packages/a.py", 1), ("project:///../shared/a%20b.py", 2)]
    assert place(frames, project) == ("../shared/a b.py", 2)
    assert place([("project:///index.ts", 5)], project) == ("index.ts", 5)


def test_links(tmp_path: Path) -> None:
    """A file has its real name where that is the user's, else the one by which it was found."""
    (tmp_path / "real" / ".git").mkdir(parents=True)
    uri = written(tmp_path / "real" / "app" / "__main__.py", "")
    (tmp_path / "link").symlink_to("real")
    assert place([(uri, 1)], tmp_path / "link" / "app") == ("__main__.py", 1)
    assert place([((tmp_path / "link/app/__main__.py").as_uri(), 1)], tmp_path / "real" / "app") == ("__main__.py", 1)
    written(tmp_path / "store" / "module.py", "")
    (tmp_path / "real" / "app" / "module.py").symlink_to("../../store/module.py")
    assert place([((tmp_path / "real/app/module.py").as_uri(), 1)], tmp_path / "real/app") == ("module.py", 1)


def test_the_program_tells_only_of_files_that_may_be_the_users() -> None:
    """Interpreter, packages and costtags itself are left out where stack traces are taken."""
    kept = Kept()
    assert kept[Path("/home/me/project/__main__.py").as_uri()]
    assert not kept[Path(pytest.__file__).as_uri()]
    assert not kept[Path(json.__file__).as_uri()]
    assert not kept[Path(str(COSTTAGS.parents[2] / "costtags" / "gate" / "embedded.py")).as_uri()]
    assert not kept[""]
    assert installed(Path("/x/lib/python3.12/runpy.py"))
    assert not installed(Path("/x/lib/pythonic/runpy.py"))


def resource(
    name: str, frames: list[tuple[str, int]], type_: str = "aws:x/y:Y", above: str = "", **more: bool
) -> Resource:
    return Resource(name, type_, name, struct({}), "", tuple(frames), above, **more)


def test_a_component_holds_what_is_made_while_it_is_made(tmp_path: Path) -> None:
    """Its stack trace is then the end of the child's; in any language, as no source is needed for it."""
    uri = (tmp_path / "index.ts").as_uri()
    stack = resource("stack", [], "pulumi:pulumi:Stack", custom=False)
    outer = resource("outer", [(uri, 50)], "own:index:Outer", "stack", custom=False)
    inner = resource("inner", [(uri, 20), (uri, 50)], "own:index:Inner", "outer", custom=False)
    made = resource("made", [(uri, 10), (uri, 20), (uri, 50)], above="inner")
    later = resource("later", [(uri, 60)], above="inner")
    hidden = resource("hidden", [], above="inner")
    everything = {one.name: one for one in (stack, outer, inner, made, later, hidden)}
    chain = ("Outer outer", "Inner inner")

    def found(one: Resource) -> Site:
        return site(one, everything, tmp_path, "environment")

    assert found(made) == Site(("index.ts", 50), chain, "Outer outer", ("index.ts", 10))
    assert found(later) == Site(("index.ts", 60), chain)
    assert found(hidden) == Site(("index.ts", 50), chain, "Outer outer", ("index.ts", 20))


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("def f(t):\n    Y('y', tags=t)\nf({'k': 1})", 3),
        ("def f(t):\n    Y('y', tags={**t, 'k': 1})\nf({})", 2),
        ("def f(t):\n    Y('y', tags={'k': 1, **t})\nf({'k': 1})", 3),
        ("def f(t):\n    Y('y', tags={'k': 1, **t})\nf({'j': 1})", 2),
        ("def f(v):\n    Y('y', YArgs(tags=dict(k=v)))\nf(1)", 3),
        ("def f(**o):\n    Y('y', **o)\nf(tags={'k': 1})", 3),
        ("def f(*o):\n    Y('y', tags=o[0])\nf({'k': 1})", 2),
        ("def f(a):\n    a |= {}\n    Y('y', a)\nf({'tags': {'k': 1}})", 4),
        ("def f(t):\n    [Y(n, tags=t) for n in 'y']\nf(merge(T))", 3),
        ("def f(t):\n    Y('y', tags=t)\nmap(f, [{}])", 2),
        ("def f(t):\n    Y('y', tags=t)\nf({'k': 1}); f({})", 2),
        ("class C:\n  def f(self, t): Y('y', tags=t)\nC().f({'k': 1})", 3),
        ("class C:\n  @staticmethod\n  def f(t): Y('y', tags=t)\nC.f({'k': 1})", 4),
        ("class Z(Y):\n  def __init__(self, n, t):\n    super().__init__(n, tags=t)\nZ('y', {'k': 1})", 4),
        ("def f(t):\n    Y('y', tags=t)\ndef g(u):\n    f(u)\ng({'k': 1})", 5),
        ("def f(t):\n    Y('y', tags=t)\ndef g(u):\n    f({'k': 1})\ng(0)", 4),
        ("def f(t):\n    Y('y', tags=t or {})\nf({'k': 1})", 3),
        ("def f(t):\n    Other('y', tags=t)\nf({'k': 1})", 2),
        ("def f(t:\n    Y('y', tags=t)\nf({'k': 1})", 2),
    ],
)
def test_functions_that_hand_tags_on(tmp_path: Path, source: str, given: int) -> None:
    """The line is the one that gives the tag "k", as far as the source tells."""
    uri = written(tmp_path / "p.py", source)
    lines = source.splitlines()
    made = next(at for at, line in enumerate(lines, 1) if re.search(r"(Y|Other)\(('y'|n,)|super", line))
    between = next((at for at, line in enumerate(lines, 1) if line in ("    f(u)", "    f({'k': 1})")), None)
    frames = [(uri, one) for one in (made, made if "[Y" in source else None, between, len(lines)) if one is not None]
    one = resource("y", frames)
    assert site(one, {}, tmp_path, "k").line == ("p.py", given)
    assert site(one, {}, tmp_path).line == ("p.py", made)


def test_a_missing_tag_that_was_handed_over_is_lost_in_the_function(tmp_path: Path) -> None:
    """Where the caller gives the tag, the function is at fault; where the caller does not, the caller is."""
    uri = written(tmp_path / "p.py", "def f(t):\n    Y('y', tags=without(t))\nf({'k': 1})\nf({})")
    for call, line in ((3, 2), (4, 4)):
        one = resource("y", [(uri, 2), (uri, call)])
        assert site(one, {}, tmp_path, "k", missing=True).line == ("p.py", line)
