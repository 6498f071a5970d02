"""What the pack says of a program's resources -> each finding's place, and what to paste where to mend it.

The pack writes its lines for Python. A fix of the gate is one text: the lines in the language of the file they go to,
below a line that says where, unless that is the tags of the resource itself.
"""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from costtags.catalog import tag_property
from costtags.effective import ENVIRONMENT_PREFIX, TagValue, tag_text
from costtags.gate.places import NOWHERE, Line, Site, site
from costtags.gate.project import Project
from costtags.gate.resources import Resource
from costtags.yamlfile import FileProblems, scan

Language = Literal["python", "typescript", "yaml", "json", "shell"]

_LANGUAGES: dict[str, Language] = {
    ".py": "python",
    **dict.fromkeys((".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"), "typescript"),
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
}

# What a fix of these codes holds is a tag; of the others, words that are the same in every language.
TAG_CODES = ("missing", "wrong-value")
PROPAGATION = "no-propagation"

_TEXT = r'"(?:[^"\\]|\\.)*"'
_TAG = re.compile(rf"({_TEXT}): ({_TEXT}),(?:  # (.*))?", re.DOTALL)


# ---- lines


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag to paste: "..." is a value that is to be chosen, and the comment says from what."""

    key: str
    value: str
    comment: str = ""


def language_of(file: str | None) -> Language:
    """Return the language of a file by its name; Python's, in which the pack writes, of others."""
    return _LANGUAGES.get(PurePath(file or "").suffix.lower(), "python")


def fix(said: str, code: str, language: Language = "python", where: str = "") -> str:
    """Return what the pack said of a finding of some code in a language, below the line that says where it goes."""
    lines = _in_language(said, code, language)
    return f"{where}\n    {lines}" if lines and where else lines


def _in_language(said: str, code: str, language: Language) -> str:
    if code == PROPAGATION and language in ("typescript", "yaml"):
        return 'tagPropagation: "ENABLED",' if language == "typescript" else "tagPropagation: ENABLED"
    tag = parsed(said) if code in TAG_CODES and language != "python" else None
    if tag is not None and language == "shell":
        tag = Tag(ENVIRONMENT_PREFIX + tag.key, tag.value, tag.comment)
    return written(tag, language) if tag else said


def parsed(said: str) -> Tag | None:
    """Read the tag in a line of the pack; None for what is no such line."""
    found = _TAG.fullmatch(said)
    if found is None:
        return None
    try:
        return Tag(json.loads(found[1]), json.loads(found[2]), found[3] or "")
    except ValueError:
        return None


def written(tag: Tag, language: Language) -> str:
    """Write a tag as one line of a map's, or of a list of variables."""
    comment = "".join(c if c.isprintable() else _escape(c, language) for c in tag.comment)
    if language == "json":  # has no comments
        return f"{quoted(tag.key, language)}: {quoted(tag.value, language)}"
    if language == "yaml":
        return f"{_scalar(tag.key)}: {_scalar(tag.value)}" + (f"  # {comment}" if comment else "")
    if language == "shell":
        return shlex.quote(f"{tag.key}={tag.value}") + (f"  # {comment}" if comment else "")
    mark = "//" if language == "typescript" else "#"
    line = f"{quoted(tag.key, language)}: {quoted(tag.value, language)},"
    return line + (f"  {mark} {comment}" if comment else "")


def quoted(text: str, language: Language) -> str:
    """Write a text in double quotes, on one line and with nothing invisible in it."""
    plain = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(plain.get(c) or (c if c.isprintable() else _escape(c, language)) for c in text) + '"'


def _escape(character: str, language: Language) -> str:
    number = ord(character)
    if number < 0x10000:
        return f"\\u{number:04x}"
    if language == "json":
        return json.dumps(character)[1:-1]
    return f"\\u{{{number:x}}}" if language == "typescript" else f"\\U{number:08x}"


# What no reader of YAML, of any version, takes for something else than this text.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*[A-Za-z0-9]")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off"))


def _scalar(text: str) -> str:
    plain = text == "..." or (_PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS)
    return text if plain else quoted(text, "yaml")


# ---- the config of a stack


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that sets config of a stack: its name as seen from the project, its entries and their lines."""

    name: str
    entries: Mapping[str, Any]
    line: Callable[[tuple[str | int, ...]], int]
    declares: bool = False
    """Whether it is the project's, where an entry may declare a type and a default."""


@dataclass(frozen=True, slots=True)
class Config:
    """What sets the config of a stack: the files, of which an earlier one wins, and what is answered over them."""

    project: str
    files: Sequence[ConfigFile] = ()
    answered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a stack's config: where it stands or, without a line, should stand."""

    file: str
    line: int | None
    path: str
    """What it stands under: "config > aws:defaultTags > tags"."""
    language: Language
    value: Any = None


def read_config(project: Project, answers: Mapping[str, Any]) -> Config:
    """Read where the config of a stack stands. Files that are of no use for it are left out: others tell of them."""
    names = (project.folder / "Pulumi.yaml", project.folder / "Pulumi.yml")
    declared = next((path for path in names if path.is_file()), None)
    files: list[ConfigFile] = []
    for path in (project.stack_file, declared):
        try:
            document = scan(path) if path is not None and path.is_file() else None
        except FileProblems:
            continue
        entries = document.data.get("config") if document and isinstance(document.data, dict) else None
        if path is not None and (path == project.stack_file or isinstance(entries, dict)):
            line = document.line if document else lambda _: 1
            found = entries if isinstance(entries, dict) else {}
            files.append(ConfigFile(project.relative(path), found, line, path == declared))
    answered = {_full_key(project.name, str(key)) for key in answers.get("config") or {}}
    return Config(project.name, files, frozenset(answered))


def _full_key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def entry(config: Config, key: str, *inside: str) -> Entry | None:
    """Find an entry of the config, by its full key and the keys within; None where it comes from no file."""
    if key in config.answered:
        return None
    for file in config.files:
        for name, value in file.entries.items():
            if _full_key(config.project, name) != key:
                continue
            at: tuple[str, ...] = ("config", name)
            if file.declares and isinstance(value, dict):
                wrapper = next((one for one in ("value", "default") if one in value), None)
                if wrapper is None:
                    continue  # only its type is declared
                at, value = (*at, wrapper), value[wrapper]
            language: Language = "json" if isinstance(value, str) else "yaml"
            for part in inside:
                value = value.get(part) if isinstance(value, dict) else None
            return Entry(file.name, file.line((*at, *inside)), " > ".join((*at, *inside[:-1])), language, value)
    if not config.files:
        return None
    return Entry(config.files[0].name, None, " > ".join(("config", key, *inside[:-1])), "yaml")


# ---- where what is wrong stands


@dataclass(frozen=True, slots=True)
class Facts:
    """What a program did, as far as places and fixes need it."""

    resources: Mapping[str, Resource]
    tags: Mapping[str, Mapping[str, TagValue]]
    """URN -> effective tags, of judged resources."""
    project: Project
    config: Config
    seen_from: Path
    """The folder from which fixes name files that lie in it: that of the report's paths."""

    def shown(self, file: str | None) -> str:
        """Return a file of the project, or beside it, as seen from there."""
        path = Path(os.path.normpath(self.project.folder / (file or "")))
        return path.relative_to(self.seen_from).as_posix() if path.is_relative_to(self.seen_from) else str(path)

    def shown_line(self, line: Line) -> str:
        """Return FILE:LINE."""
        return f"{self.shown(line[0])}:{line[1]}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding on a resource, as the pack has it; ``counts`` unless it is excused."""

    urn: str
    code: str
    tag: str | None
    fix: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Mended:
    """A finding's place, the components above its resource, and the whole fix."""

    line: Line
    chain: tuple[str, ...]
    fix: str


@dataclass(frozen=True, slots=True)
class Target:
    """The line that a finding is shown at, and where its fix goes."""

    line: Line
    where: str
    language: Language


Source = Literal["resource", "remediation", "stack", "provider", "environment", "ignored"]
"""Where a tag comes from; "stack" are the tags in the stack's config, "ignored" the keys that a provider ignores."""


def _at_resource(facts: Facts, _resource: Resource, _tag: str, made: Site) -> Target:
    where = f"in the tags of {made.component}:" if made.component else ""
    if made.inner is not None:
        where = f"in the tags given at {facts.shown_line(made.inner)}:"
    return Target(made.line, where, language_of(made.edited[0]))


def _at_provider(facts: Facts, resource: Resource, tag: str, made: Site) -> Target:
    provider = facts.resources.get(resource.provider_urn)
    if provider is None:
        return _at_resource(facts, resource, tag, made)
    package = default_of(provider)
    if package is not None:
        return _in_config(
            facts, made, entry(facts.config, f"{package}:defaultTags", "tags", tag), f"{package}:defaultTags"
        )
    line = site(provider, facts.resources, facts.project.folder).line
    return Target(
        line if line != NOWHERE else made.line,
        f"in the default tags of provider {provider.name}:",
        language_of(line[0]),
    )


def _in_stack_tags(facts: Facts, _resource: Resource, tag: str, made: Site) -> Target:
    key = f"{facts.config.project}:tags"
    return _in_config(facts, made, entry(facts.config, key, tag), key)


def _in_config(facts: Facts, made: Site, found: Entry | None, key: str) -> Target:
    if found is None:
        return Target(made.line, f"in the stack's config, {key}:", "yaml")
    line = made.line if found.line is None else (found.file, found.line)
    return Target(line, f"in {facts.shown(found.file)}, {found.path}:", found.language)


def _in_environment(_facts: Facts, _resource: Resource, _tag: str, made: Site) -> Target:
    return Target(made.line, "in the environment of the deployment:", "shell")


def _at_ignored(facts: Facts, resource: Resource, _tag: str, made: Site) -> Target:
    package = default_of(resource)
    found = entry(facts.config, f"{package}:ignoreTags") if package else None
    return Target(made.line if found is None or found.line is None else (found.file, found.line), "", "python")


TARGETS: Mapping[Source, Callable[[Facts, Resource, str, Site], Target]] = {
    "resource": _at_resource,
    "remediation": _at_resource,
    "stack": _in_stack_tags,
    "provider": _at_provider,
    "environment": _in_environment,
    "ignored": _at_ignored,
}

_OF_A_TAG = ("wrong-value", "wrong-case", "unexpected-key", "unknown-value")


def source(facts: Facts, problem: Problem, made: Site) -> Source:
    """Say where what is wrong comes from."""
    if problem.code == "ignored-key":
        return "ignored"
    tag = facts.tags.get(problem.urn, {}).get(problem.tag or "")
    if problem.code not in _OF_A_TAG or tag is None:
        return "resource"
    if tag.source == "resource" and made.stack_tags and tag.known:
        found = entry(facts.config, f"{facts.config.project}:tags", problem.tag or "")
        if found is not None and found.value is not None and tag_text(found.value) == tag.value:
            return "stack"
    return tag.source


def default_of(provider: Resource) -> str | None:
    """Return the package whose default provider this is; None for a provider that the user made."""
    made = provider.frames or not (provider.name == "default" or provider.name.startswith("default_"))
    return None if made else provider.type.removeprefix("pulumi:providers:")


# ---- all findings together

EVERYWHERE = 3
"""From so many lines on that lack the same tag, it is proposed once, where it reaches all of them."""


def mend(facts: Facts, problems: Sequence[Problem]) -> list[Mended]:
    """Return the places and fixes of findings, in their order."""
    sites = [_site(facts, problem) for problem in problems]
    at_once = dict(_at_once(facts, problems, sites))
    mended: list[Mended] = []
    for problem, made in zip(problems, sites, strict=True):
        resource = facts.resources.get(problem.urn)
        if resource is None:
            mended.append(Mended(NOWHERE, (), problem.fix))
            continue
        target = TARGETS[source(facts, problem, made)](facts, resource, problem.tag or "", made)
        target = at_once.get((problem.urn, problem.tag, problem.code), target)
        where = target.where if problem.code in (*TAG_CODES, *_OF_A_TAG) and problem.tag is not None else ""
        mended.append(Mended(target.line, made.chain, fix(problem.fix, problem.code, target.language, where)))
    return mended


def _site(facts: Facts, problem: Problem) -> Site:
    resource = facts.resources.get(problem.urn)
    if resource is None:
        return Site()
    tag = problem.tag if problem.code in (*TAG_CODES, *_OF_A_TAG) else None
    return site(resource, facts.resources, facts.project.folder, tag, missing=problem.code == "missing")


Lacking = list[tuple[Problem, Resource, Site]]


def _at_once(
    facts: Facts, problems: Sequence[Problem], sites: Sequence[Site]
) -> Iterator[tuple[tuple[str, str | None, str], Target]]:
    """Yield where a tag that many lines lack is given to all of them: by the stack's config or by their provider."""
    groups: dict[tuple[str, str], Lacking] = {}
    for problem, made in zip(problems, sites, strict=True):
        resource = facts.resources.get(problem.urn)
        provider = facts.resources.get(resource.provider_urn) if resource else None
        if resource is None or provider is None or problem.code != "missing" or not problem.counts:
            continue
        shape = tag_property(resource.type)
        if shape is not None and shape.default_tags and problem.tag is not None:
            giver = default_of(provider) or provider.urn
            groups.setdefault((giver, problem.tag), []).append((problem, resource, made))
    for (_, tag), lacking in groups.items():
        if len({made.edited for _, _, made in lacking}) < EVERYWHERE:
            continue
        _, resource, made = lacking[0]
        in_config = all(made.stack_tags for _, _, made in lacking)
        common = (_in_stack_tags if in_config else _at_provider)(facts, resource, tag, made)
        provider = facts.resources[resource.provider_urn]
        if not in_config and default_of(provider) is None:
            line = site(provider, facts.resources, facts.project.folder).line
            if line == NOWHERE:
                continue
            common = Target(line, f"{common.where[:-1]}, {facts.shown_line(line)}:", common.language)
        where = f"{common.where[:-1]}, once for the {len(lacking)} resources that lack it:"
        for problem, _, made in lacking:
            yield (problem.urn, tag, problem.code), Target(made.line, where, common.language)
