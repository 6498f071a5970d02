"""A rule file -> rules: which resources get which values, with every error of the file at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costtags.catalog import sagemaker_types
from costtags.glob import matcher
from costtags.repair.facts import KINDS
from costtags.schema import Schema
from costtags.suggest import nearest
from costtags.tagtext import value_problems
from costtags.yamlfile import Document, FileProblems, Location, Plain, Problem, quoted, scan

Test = Callable[[str], bool]

# What a rule may match by; the last ones may need a question to AWS, so they are looked at last.
PLAIN = ("name", "arn", "type", "account", "region")
ASKED = ("domain", "profile", "space", "parent", "role")
MATCHES = (*PLAIN, "tag", *ASKED)
_FIELDS = ("match", "set", "inherit", "keys")


@dataclass(frozen=True)
class Rule:
    """What one rule matches and gives; ``at`` is its place for people: rules.yaml:12."""

    at: str
    tests: Mapping[str, Test]
    """By the names of ``PLAIN`` and ``ASKED``."""
    tags: Mapping[str, Test]
    """By tag key: the resource must carry the key with a value that the test accepts."""
    values: Mapping[str, str]
    value_at: Mapping[str, str]
    """Where each value stands."""
    inherit: tuple[str, ...]
    keys: tuple[str, ...] | None
    """The keys that are inherited; None: every one of tags.yaml."""

    def concerns(self, key: str) -> bool:
        """Say whether the rule can give a value for a key."""
        return key in self.values or (bool(self.inherit) and (self.keys is None or key in self.keys))


def load(path: Path, shown: str, schema: Schema) -> tuple[Rule, ...]:
    """Read a rule file and check it against tags.yaml. Raises FileProblems with every error, each at its line."""
    document = scan(path)
    read = _Reader(document, shown, schema)
    rules = read.rules()
    problems = [*document.faults, *read.problems]
    if problems:
        raise FileProblems(problems)
    return rules


class _Reader:
    def __init__(self, document: Document, shown: str, schema: Schema) -> None:
        self._document = document
        self._shown = shown
        self._schema = schema
        self.problems: list[Problem] = []

    def rules(self) -> tuple[Rule, ...]:
        data = self._document.data
        if not isinstance(data, list):
            self._say((), 'must be a list of rules, each like "- match: {name: mktg-*}" with "set" or "inherit"')
            return ()
        read = [self._rule(row, (number,)) for number, row in enumerate(data)]
        return tuple(rule for rule in read if rule is not None)

    def _rule(self, row: Any, at: Location) -> Rule | None:
        if not isinstance(row, dict):
            self._say(at, "a rule must be a mapping with match, and set or inherit")
            return None
        self._known(row, _FIELDS, at)
        if not ("set" in row or "inherit" in row):
            self._say(at, "the rule gives nothing: it needs set or inherit")
        match = self._mapping(row.get("match"), (*at, "match"))
        self._known(match, MATCHES, (*at, "match"))
        values = dict(self._values(row.get("set"), (*at, "set")))
        return Rule(
            at=self._place(at),
            tests={
                name: matcher(self._globs(match[name], (*at, "match", name), name))
                for name in (*PLAIN, *ASKED)
                if name in match
            },
            tags={
                key: matcher(self._globs(globs, (*at, "match", "tag", key), "tag"))
                for key, globs in self._mapping(match.get("tag"), (*at, "match", "tag")).items()
            },
            values=values,
            value_at={key: self._place((*at, "set", key)) for key in values},
            inherit=tuple(self._inherit(row.get("inherit"), (*at, "inherit"))),
            keys=self._keys(row, at),
        )

    def _values(self, given: Any, at: Location) -> Iterator[tuple[str, str]]:
        for key, value in self._mapping(given, at).items():
            here = (*at, key)
            tag = self._schema.tags.get(key)
            if tag is None:
                meant = self._schema.meant_key(key) or nearest(key, self._schema.tags)
                hint = f"; did you mean {quoted(meant)}?" if meant else f"; its keys: {', '.join(self._schema.tags)}"
                self._say(here, f"{quoted(key)} is no key of {Path(self._schema.path).name}{hint}")
            elif not isinstance(value, str) or (isinstance(value, Plain) and value.kind == "nothing"):
                self._say(here, f"{quoted(key)} needs a value; {tag.allowed}")
            elif not tag.allows(value):
                meant = tag.meant_by(value)
                hint = f"; did you mean {quoted(meant)}?" if meant else ""
                self._say(here, f"{quoted(value)} is not allowed for {quoted(key)}; {tag.allowed}{hint}")
            elif wrong := list(value_problems(value)):
                self._say(here, "; ".join(wrong))
            else:
                yield key, str(value)

    def _keys(self, row: Mapping[str, Any], at: Location) -> tuple[str, ...] | None:
        if "keys" not in row:
            return None
        here = (*at, "keys")
        if "inherit" not in row:
            self._say(here, "keys says which keys are inherited: it needs inherit")
        keys = self._texts(row["keys"], here)
        self._known(dict.fromkeys(keys), tuple(self._schema.tags), here)
        return tuple(keys)

    def _inherit(self, given: Any, at: Location) -> list[str]:
        kinds = [] if given is None else self._texts(given, at)
        self._known(dict.fromkeys(kinds), tuple(KINDS), at)
        return [kind for kind in kinds if kind in KINDS]

    def _globs(self, given: Any, at: Location, name: str) -> list[str]:
        globs = self._texts(given, at)
        if name == "type":
            types = [row.name for row in sagemaker_types()]
            globs = [glob.removeprefix("sagemaker:") for glob in globs]
            for glob in globs:
                if not any(map(matcher([glob]), types)):
                    meant = nearest(glob.replace("*", ""), types)
                    hint = f"; did you mean {quoted(meant)}?" if meant else ""
                    self._say(at, f"no type of SageMaker is called {quoted(glob)}{hint}")
        return globs

    def _texts(self, given: Any, at: Location) -> list[str]:
        listed = given if isinstance(given, list) else [given]
        if not listed or not all(isinstance(one, str) and one for one in listed):
            self._say(at, "must be a text, or a list of texts")
            return []
        return [str(one) for one in listed]

    def _mapping(self, given: Any, at: Location) -> Mapping[str, Any]:
        if isinstance(given, dict):
            return given
        if given is not None and not (isinstance(given, Plain) and given.kind == "nothing"):
            self._say(at, "must be a mapping")
        return {}

    def _known(self, row: Mapping[str, Any], names: Sequence[str], at: Location) -> None:
        for name in row:
            if name not in names:
                meant = nearest(name, names)
                hint = f"; did you mean {meant}?" if meant else ""
                self._say((*at, name), f"{quoted(name)} is not known here{hint} (known: {', '.join(names)})")

    def _say(self, at: Location, message: str) -> None:
        if not self._document.is_hidden(at):
            self.problems.append(self._document.problem(at, message))

    def _place(self, at: Location) -> str:
        return f"{self._shown}:{self._document.line(at)}"
