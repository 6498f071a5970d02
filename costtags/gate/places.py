"""Stack traces of registrations -> the line that a reviewer wants to see: where the user wrote what is wrong.

The rules, from the plainest case on:

- A resource's line is the nearest one in the user's own files: those of the project and of its repository, but for
  installed packages and for this project's components. The user can change nothing there.
- A function that only hands on the tags it is given is passed over: the line is its caller's. The source says so:
  the traced argument is a parameter of the function around the call. Where it cannot be told, the nearest line stays.
- What a component makes while it is made has the component's line, that of the outermost one; ``inner`` is then the
  line in the user's own component that gives the tags, where the component's own line does not.
- A resource with a component as parent that was made elsewhere keeps its own line, and so does every child of a
  plain resource.
"""

import ast
import os
import re
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from costtags.effective import STACK_TYPE
from costtags.gate.resources import Resource

Line = tuple[str | None, int | None]
"""A file as seen from the project's folder and a line of it; (None, None) where there is none."""

Lines = tuple[tuple[Path, int], ...]
"""The user's own lines in a stack trace, nearest first."""

NOWHERE: Line = (None, None)


def place(frames: Iterable[tuple[str, int]], project: Path) -> Line:
    """Return the nearest frame in the user's own files, relative to the project; (None, None) without one.

    ``frames`` are (uri, line), nearest first; a uri is a file's or, as exported states have it, "project:///PATH".
    """
    lines = users_lines(frames, project)
    return _seen_from(project, lines[0]) if lines else NOWHERE


def users_lines(frames: Iterable[tuple[str, int]], project: Path) -> Lines:
    """Return the frames in the user's own files."""
    found = ((_users_file(uri, project), line) for uri, line in frames)
    return tuple((path, line) for path, line in found if path is not None)


@cache
def _seen_from(project: Path, line: tuple[Path, int]) -> Line:
    return Path(os.path.relpath(line[0], project.resolve())).as_posix(), line[1]


# ---- whose a file is

_PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages", "node_modules"})


def installed(path: Path) -> bool:
    """Say whether a file belongs to an interpreter, to an installed package, or to costtags itself."""
    parts = path.parts
    if not _PACKAGE_FOLDERS.isdisjoint(parts):
        return True
    if any(one == "lib" and re.fullmatch(r"python\d[\d.]*", two) for one, two in pairwise(parts)):
        return True
    return any(path.is_relative_to(folder) for folder in _not_the_users())


class Kept(dict[str, bool]):
    """uri -> whether the file may be the user's: what the program's process tells of a stack trace, quickly."""

    def __missing__(self, uri: str) -> bool:
        kept = uri.startswith("file:") and not installed(Path(unquote(urlsplit(uri).path)))
        self[uri] = kept
        return kept


@cache
def _users_file(uri: str, project: Path) -> Path | None:
    """Return a file of the user's: in the project or its repository, by its real name where that lies there."""
    url = urlsplit(uri)
    project = project.resolve()
    folders = (project, _repository(project))
    path = Path(unquote(url.path))
    if url.scheme == "project":  # "/../shared/lib.py" lies beside the project
        path = Path(os.path.normpath(project / unquote(url.path).lstrip("/")))
    for candidate in (path.resolve(), path):
        if any(candidate.is_relative_to(folder) for folder in folders) and not installed(candidate):
            return candidate
    return None


@cache
def _repository(project: Path) -> Path:
    """Return the folder of the repository that a project lies in: what a pull request can change; else its own."""
    return next((folder for folder in (project, *project.parents) if (folder / ".git").exists()), project)


@cache
def _not_the_users() -> tuple[Path, ...]:
    own = [find_spec(name) for name in ("costtags", "costtags.components", "costtags.policypack")]
    folders = [Path(spec.origin).parent for spec in own if spec is not None and spec.origin is not None]
    paths = sysconfig.get_paths()
    return (*folders, *(Path(paths[name]) for name in ("purelib", "platlib", "stdlib", "scripts")))


# ---- resources and the components above them


@dataclass(frozen=True, slots=True)
class Site:
    """Where the user made a resource."""

    line: Line = NOWHERE
    chain: tuple[str, ...] = ()
    """The components above it, outermost first, as "TaggedEndpoint churn"."""
    component: str = ""
    """The one of them whose line it is, if it is a component's."""
    inner: Line | None = None
    """The line in a component of the user's that gives the tags, where ``line`` does not."""
    stack_tags: bool = False
    """Whether it takes the tags of the stack's config: components of this project, and calls of stack_tags()."""

    @property
    def edited(self) -> Line:
        """The line at which the tags are put right."""
        return self.inner or self.line


def site(
    resource: Resource,
    resources: Mapping[str, Resource],
    project: Path,
    tag: str | None = None,
    *,
    missing: bool = False,
) -> Site:
    """Return where a resource was made; with a tag, where that tag was given or, if it is missing, should be."""
    components = list(_components(resource, resources))
    lines, start, holder, inside = _held(users_lines(resource.frames, project), components, project)
    if not lines:
        return Site(chain=_chain(components))
    names = frozenset(one.type.rsplit(":", 1)[-1] for one in (resource, *components))
    given = start if inside or tag is None else _giving(lines, names, tag, missing)
    inner = inside or (lines[given] if given < start else None)
    ours = any(component.type.startswith("costtags:index:") for component in components)
    return Site(
        line=_seen_from(project, lines[max(given, start)]),
        chain=_chain(components),
        component=_label(holder) if holder else "",
        inner=_seen_from(project, inner) if inner else None,
        stack_tags=ours or _calls_stack_tags(lines[given]),
    )


def _components(resource: Resource, resources: Mapping[str, Resource]) -> Iterator[Resource]:
    """Yield the components above a resource, nearest first."""
    above = resources.get(resource.parent)
    while above is not None and above.type != STACK_TYPE:
        if not above.custom:
            yield above
        above = resources.get(above.parent)


def _chain(components: Iterable[Resource]) -> tuple[str, ...]:
    return tuple(reversed([_label(component) for component in components]))


def _label(component: Resource) -> str:
    return f"{component.type.rsplit(':', 1)[-1]} {component.name}"


def _held(
    lines: Lines, components: Iterable[Resource], project: Path
) -> tuple[Lines, int, Resource | None, tuple[Path, int] | None]:
    """Find the outermost component that was being made when a resource was.

    Its stack trace is then the end of the resource's. What is made later, in an apply, has a trace of its own, which
    begins and ends in a component: in a package, of which no line is left, or within a class.
    Returns the trace, from which line on it is the component's, the component, and the line in the class.
    """
    start, holder, inside = 0, None, None
    for component in components:
        outer = _without_super(users_lines(component.frames, project))
        if not outer:
            continue
        if _ends(lines, outer):
            if len(lines) - len(outer) >= start:
                start, holder = len(lines) - len(outer), component
        elif all(map(_in_class, lines)):
            inside = inside or (lines[0] if lines else None)
            lines, start, holder = outer, 0, component
    return lines, start, holder, inside


def _ends(lines: Lines, outer: Lines) -> bool:
    return len(lines) >= len(outer) and lines[len(lines) - len(outer) :] == outer


def _without_super(lines: Lines) -> Lines:
    """Leave out the lines by which a component's class begins the one that it extends."""
    at = 0
    while at < len(lines) - 1 and any(_called(call) == _SUPER for call in _calls_at(lines[at])):
        at += 1
    return lines[at:]


# ---- what the source says of where tags come from

_SUPER = "super().__init__"
_Kind = Literal["arguments", "tags", "value"]
"""What an expression holds: arguments with an entry "tags", tags with an entry of the key, or the tag's value."""
_Traced = tuple[ast.expr, _Kind]
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class _Source:
    calls: dict[int, list[ast.Call]] = field(default_factory=dict)
    functions: list[tuple[_Function, ast.ClassDef | None]] = field(default_factory=list)
    classes: list[ast.ClassDef] = field(default_factory=list)


@cache
def _source(path: Path) -> _Source:
    """Read a Python file; of one that cannot be read nothing is known."""
    source = _Source()
    try:
        tree = ast.parse(path.read_bytes()) if path.suffix == ".py" else None
    except (OSError, SyntaxError, ValueError, RecursionError):
        tree = None
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call):
            # Python names the line on which a call begins, or that of the method's name in a chain over lines.
            for line in {node.lineno, node.func.end_lineno or node.lineno}:
                source.calls.setdefault(line, []).append(node)
        elif isinstance(node, ast.ClassDef):
            source.classes.append(node)
            source.functions.extend((item, node) for item in node.body if isinstance(item, _Function))
        elif isinstance(node, _Function):
            source.functions.append((node, None))
    return source


def _in_class(line: tuple[Path, int]) -> bool:
    return any(node.lineno <= line[1] <= (node.end_lineno or 0) for node in _source(line[0]).classes)


def _calls_at(line: tuple[Path, int]) -> Sequence[ast.Call]:
    return _source(line[0]).calls.get(line[1], ())


def _function_at(line: tuple[Path, int]) -> tuple[_Function, ast.ClassDef | None] | None:
    """Return the innermost function around a line and, of a method, the class."""
    around = [
        (node, owner) for node, owner in _source(line[0]).functions if node.lineno <= line[1] <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda one: (one[0].lineno, one[1] is not None), default=None)


def _called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        of = function.value
        if function.attr == "__init__" and isinstance(of, ast.Call) and _called(of) == "super":
            return _SUPER
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


@cache
def _calls_stack_tags(line: tuple[Path, int]) -> bool:
    return any(_called(call) == "stack_tags" for around in _calls_at(line) for call in _calls_in(around))


def _calls_in(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))


@cache
def _giving(lines: Lines, names: frozenset[str], tag: str, missing: bool) -> int:
    """Return which of the lines gives a tag, from the one that makes the resource outward."""
    calls = _calls_at(lines[0])
    making = [call for call in calls if _called(call) in names or _called(call) == _SUPER]
    if len(making) != 1:
        return 0
    at = 0
    traced = _traced(_arguments(making[0], skip=1), tag, lines[0])
    while True:
        around = _function_at(lines[at])
        if around is None:
            return at
        passed = [(name, kind) for expression, kind in traced for name in _parameters_in(expression, around[0])]
        above = _caller(lines, at, around) if passed else None
        if above is None:
            return at
        upper, call = above
        handed = [pair for name, kind in passed for pair in _handed(call, around, name, kind)]
        if not handed:
            return at  # it stands in the parameter's default
        traced = _traced(handed, tag, lines[upper])
        if any(kind == "value" for _, kind in traced) if missing else not traced:
            return at  # what was handed over is written out: it has the tag, which is lost here, or has no such tag
        at = upper


def _arguments(call: ast.Call, *, skip: int) -> list[_Traced]:
    """Return where a call has its tags: in the argument of that name, in others' entries, in a dict handed on."""
    for keyword in call.keywords:
        if keyword.arg == "tags":
            return [(keyword.value, "tags")]
    given: list[_Traced] = [(one, "arguments") for one in call.args[skip:] if not isinstance(one, ast.Starred)]
    return given + [(one.value, "arguments") for one in call.keywords if one.arg in (None, "args")]


def _traced(expressions: Iterable[_Traced], tag: str, line: tuple[Path, int]) -> list[_Traced]:
    """Follow expressions inward as far as they are written out here; what is left may hold the tag."""
    around = _function_at(line)
    assigned = _assigned(around[0]) if around else {}
    return [
        found for expression, kind in expressions for found in _within(expression, kind, tag, assigned, frozenset())
    ]


def _within(
    node: ast.expr, kind: _Kind, tag: str, assigned: Mapping[str, list[ast.expr]], seen: frozenset[str]
) -> Iterator[_Traced]:
    if isinstance(node, ast.Name) and node.id in assigned and node.id not in seen:
        for value in assigned[node.id]:
            yield from _within(value, kind, tag, assigned, seen | {node.id})
        return
    parts = None if kind == "value" else _entries(node, "tags" if kind == "arguments" else tag)
    if parts is None:
        yield node, kind
        return
    for part, is_entry in parts:
        inner: _Kind = kind if not is_entry else "tags" if kind == "arguments" else "value"
        yield from _within(part, inner, tag, assigned, seen)


def _entries(node: ast.expr, key: str) -> list[tuple[ast.expr, bool]] | None:
    """Return what a map that is written out has under a key, and the maps in it that may have it too.

    None for what is not written out.
    """
    found: list[tuple[ast.expr, bool]] = []
    pairs: list[tuple[object, ast.expr]]
    if isinstance(node, ast.Dict):
        pairs = [(_literal(name), value) for name, value in zip(node.keys, node.values, strict=True)]
    elif isinstance(node, ast.Call) and (_called(node) == "dict" or _called(node)[:1].isupper()):
        pairs = [(None, one) for one in node.args if not isinstance(one, ast.Starred)]
        pairs += [(one.arg, one.value) for one in node.keywords]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        pairs = [(None, node.left), (None, node.right)]
    elif isinstance(node, ast.IfExp):
        return [(node.body, False), (node.orelse, False)]
    elif isinstance(node, ast.BoolOp):
        return [(one, False) for one in node.values]
    elif isinstance(node, ast.Constant):
        return []
    else:
        return None
    for name, value in pairs:
        if name is None:
            found.append((value, False))
        elif name == key:
            found = [(value, True)]  # whatever came before is overwritten
    return found


def _literal(node: ast.expr | None) -> object:
    """Return a key that is written out; None where a whole map stands, and the node itself for any other key."""
    return node.value if isinstance(node, ast.Constant) else node


def _assigned(function: _Function) -> dict[str, list[ast.expr]]:
    """Return what the local names of a function were set to."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name) and node.value:
            found.setdefault(node.target.id, []).append(node.value)
    for name in _parameters(function):
        if name in found:  # "tags = {**BASE, **tags}": the parameter is still a part of it
            found[name].append(ast.Name(name))
    return found


def _parameters(function: _Function) -> list[str]:
    given = function.args
    named = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return named + [one.arg for one in (given.vararg, given.kwarg) if one is not None]


def _parameters_in(node: ast.expr, function: _Function) -> list[str]:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return [name for name in _parameters(function) if name in names and name not in ("self", "cls")]


def _caller(lines: Lines, at: int, around: tuple[_Function, ast.ClassDef | None]) -> tuple[int, ast.Call] | None:
    """Return the line at which a function was called, and the call; comprehensions in it have lines of their own."""
    function, owner = around
    for upper in range(at + 1, len(lines)):
        calls = _calls_at(lines[upper])
        if function.name == "__init__" and owner is not None:
            found = [call for call in calls if _called(call) in (owner.name, _SUPER)]
            found = found or [call for call in calls if _called(call)[:1].isupper()]
        else:
            found = [call for call in calls if _called(call) == function.name]
        if len(found) == 1:
            return upper, found[0]
        here = _function_at(lines[upper])
        if here is None or here[0] is not function:
            return None
    return None


def _handed(
    call: ast.Call, around: tuple[_Function, ast.ClassDef | None], parameter: str, kind: _Kind
) -> list[_Traced]:
    """Return what a call hands over for a parameter; nothing where the default stays, or it cannot be told."""
    function, owner = around
    if function.args.kwarg is not None and parameter == function.args.kwarg.arg:
        return _arguments(call, skip=len(call.args))
    for keyword in call.keywords:
        if keyword.arg == parameter:
            return [(keyword.value, kind)]
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.decorator_list)
    if owner is not None and not static:
        names = names[1:]
    index = names.index(parameter) if parameter in names else len(call.args)
    before = call.args[: index + 1]
    if index < len(call.args) and not any(isinstance(one, ast.Starred) for one in before):
        return [(call.args[index], kind)]
    return []
