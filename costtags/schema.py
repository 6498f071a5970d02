"""tags.yaml -> Schema: what every tag must be, with every error of the file at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from costtags.glob import matcher
from costtags.suggest import folded, nearest
from costtags.tagtext import whole_match
from costtags.yamlfile import Document, FileProblems, scan

if TYPE_CHECKING:
    from costtags.model import BudgetModel, SchemaModel, TagModel

FILE_NAME = "tags.yaml"


@dataclass(frozen=True)
class Tag:
    """What one tag must be; without ``values`` and ``pattern`` any value but the empty one is right."""

    key: str
    required: bool
    description: str | None
    values: tuple[str, ...] | None
    pattern: str | None
    aliases: Mapping[str, tuple[str, ...]]
    misspellings: tuple[str, ...]
    default: str | None
    line: int

    def allows(self, value: str) -> bool:
        """Say whether a known value is right for this tag."""
        return self._test(value)

    @cached_property
    def _test(self) -> Callable[[str], bool]:
        if self.values is not None:
            return matcher(self.values)
        if self.pattern is not None:
            return whole_match(self.pattern)
        return bool

    @cached_property
    def meaning(self) -> Mapping[str, str]:
        """Wrong values seen in the past -> the value that each meant."""
        return {wrong: right for right, seen in self.aliases.items() for wrong in seen}

    def meant_by(self, wrong: str) -> str | None:
        """Return the allowed value that a wrong one most likely means."""
        listed = self.meaning.get(wrong)
        if listed is not None:
            return listed
        aliases = [alias for alias, right in self.meaning.items() if self.allows(right)]
        near = nearest(wrong, [*self.exact_values, *aliases])
        return None if near is None else self.meaning.get(near, near)

    @property
    def exact_values(self) -> list[str]:
        """The allowed values that are no globs."""
        return [value for value in self.values or () if "*" not in value]

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        if self.values is not None:
            shown = ", ".join(self.values[:12])
            more = len(self.values) - 12
            return f"allowed: {shown}" + (f" and {more} more" if more > 0 else "")
        if self.pattern is not None:
            return f"allowed: what matches {self.pattern}"
        return "allowed: any text but the empty one"

    @property
    def example(self) -> str:
        """A value to paste: the default, or the only one allowed, else "...": no one should pay by accident."""
        if self.default is not None:
            return self.default
        return self.exact_values[0] if len(self.exact_values) == len(self.values or ()) == 1 else "..."


@dataclass(frozen=True)
class Budget:
    """A budget of tags.yaml; ``tags`` and ``services`` filter it, and without them it watches all spend.

    A budget of usage counts ``usage_types`` in its ``unit``; without them it is one of cost, and the unit a currency.
    """

    name: str
    tags: Mapping[str, tuple[str, ...]]
    services: tuple[str, ...]
    usage_types: tuple[str, ...]
    amount: Decimal
    unit: str
    period: str
    alerts: tuple["Alert", ...]
    action: "Action | None"
    line: int


@dataclass(frozen=True)
class Alert:
    """When a budget speaks up: ``above`` in percent of the limit, or an amount in its unit."""

    when: str
    above: Decimal
    percent: bool


@dataclass(frozen=True)
class Action:
    """What a budget does when its alert fires, and whether a person must approve it."""

    alert: Alert
    apply: str
    approval: str


@dataclass(frozen=True)
class Schema:
    """What tags.yaml says."""

    path: str
    tags: Mapping[str, Tag]
    other_keys: tuple[str, ...] | None
    """Globs of the keys allowed besides ``tags``; None where any key is."""
    resources: tuple[str, ...]
    budgets: tuple[Budget, ...]

    @cached_property
    def required(self) -> tuple[Tag, ...]:
        """The required tags, in the order of the file."""
        return tuple(tag for tag in self.tags.values() if tag.required)

    @cached_property
    def enforced_on(self) -> Callable[[str], bool]:
        """Say whether a Pulumi type token is one that the schema is enforced on."""
        return matcher(self.resources)

    @cached_property
    def allows_other_key(self) -> Callable[[str], bool]:
        """Say whether a key outside the schema may be used; SageMaker's own and AWS's always may."""
        allowed = ("*",) if self.other_keys is None else self.other_keys
        return matcher((*allowed, "sagemaker:*", "aws:*"))

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Folded wrong and right spellings of keys -> the key of the schema."""
        table = {folded(wrong): tag.key for tag in self.tags.values() for wrong in tag.misspellings}
        return table | {folded(key): key for key in self.tags}

    def meant_key(self, key: str) -> str | None:
        """Return the schema's key that a differently spelled key means, or None."""
        if key in self.tags:
            return None
        return self.spellings.get(folded(key))


def find(start: Path) -> Path | None:
    """Return the nearest tags.yaml in ``start`` or a folder above it."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def load(path: Path) -> Schema:
    """Read and check tags.yaml. Raises FileProblems with every error, each with file and line."""
    return _schema(scan(path))


def _schema(document: Document) -> Schema:
    """Check the data of tags.yaml: its structure by the model, then what a structure cannot say."""
    from costtags.model import validate
    from costtags.semantics import semantic_problems

    model, said = validate(document)
    if model is not None:
        places = {at for at, _ in said}
        said += [(at, message) for at, message in semantic_problems(model) if at not in places]
    problems = [document.problem(at, message) for at, message in said if not document.is_hidden(at)]
    if model is None or problems or document.faults:
        raise FileProblems([*document.faults, *problems])
    return Schema(
        path=document.file,
        tags={key: as_tag(key, tag, document.line(("tags", key))) for key, tag in model.tags.items()},
        other_keys=_other_keys(model),
        resources=tuple(model.enforce.resources),
        budgets=tuple(_budget(b, document.line(("budgets", i))) for i, b in enumerate(model.budgets)),
    )


def _other_keys(model: "SchemaModel") -> tuple[str, ...] | None:
    if model.other_keys == "allowed":
        return None
    return () if model.other_keys == "denied" else tuple(model.other_keys.allow)


def as_tag(key: str, model: "TagModel", line: int) -> Tag:
    """Return a tag of the file."""
    return Tag(
        key=key,
        required=model.required,
        description=model.description,
        values=None if model.values is None else tuple(model.values),
        pattern=model.pattern,
        aliases={right: tuple(wrong) for right, wrong in model.aliases.items()},
        misspellings=tuple(model.misspellings),
        default=model.default,
        line=line,
    )


def _budget(model: "BudgetModel", line: int) -> Budget:
    action = None
    if model.action is not None:
        action = Action(as_alert(model.action.when, model.action.above), model.action.apply, model.action.approval)
    return Budget(
        name=model.name,
        tags={key: (value,) if isinstance(value, str) else tuple(value) for key, value in model.tags.items()},
        services=tuple(model.services),
        usage_types=tuple(model.usage_types),
        amount=model.limit.amount,
        unit=model.limit.unit,
        period=model.limit.period,
        alerts=tuple(as_alert(alert.when, alert.above) for alert in model.alerts),
        action=action,
        line=line,
    )


def as_alert(when: str, above: str) -> Alert:
    """Return an alert of the file; ``above`` is "80%" or an amount."""
    percent = above.endswith("%")
    return Alert(when, Decimal(above.removesuffix("%").strip()), percent)
