"""tags.yaml -> Schema: what every tag must be, with every error of the file at once."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from costtags.glob import matcher
from costtags.suggest import folded, nearest
from costtags.yamlfile import Document, FileProblems, Location, Plain, Problem, read

if TYPE_CHECKING:
    from costtags.model import BudgetModel, SchemaModel, TagModel

FILE_NAME = "tags.yaml"

# Limits of tags: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html and
# the SageMaker API's Tag shape.
MAX_KEY = 128
MAX_VALUE = 256
MAX_TAGS = 50
_PUNCTUATION = frozenset("_.:/=+-@")


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
        return nearest(wrong, [value for value in self.values or () if "*" not in value])

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
        """A value to paste: the default, else the first allowed one, else a placeholder."""
        if self.default is not None:
            return self.default
        return next((value for value in self.values or () if "*" not in value), "...")


@dataclass(frozen=True)
class Budget:
    """A budget of tags.yaml; ``tags`` and ``services`` filter it, and without them it watches all spend."""

    name: str
    tags: Mapping[str, tuple[str, ...]]
    services: tuple[str, ...]
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
    return _schema(read(path))


def whole_match(pattern: str) -> Callable[[str], bool]:
    """Compile a whole-value pattern. Raises ValueError with the reason where it does not compile.

    The engine is Rust's ``regex``, which pydantic ships: its matching time is linear in the value whatever the
    pattern, at the price of look-around and back-references, which it refuses.
    """
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=f"^(?:{pattern})$", regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError(_regex_reason(str(error))) from None
    return validator.isinstance_python


def _regex_reason(text: str) -> str:
    reasons = [line.split("error:", 1)[1].strip() for line in text.splitlines() if "error:" in line]
    if reasons:
        return reasons[-1]
    return "it is too large when compiled" if "size limit" in text else text.splitlines()[-1].strip()


def bad_characters(text: str) -> str:
    """Return the characters of a text that AWS does not accept in a tag, each once."""
    return "".join(
        sorted({c for c in text if c not in _PUNCTUATION and unicodedata.category(c)[0] not in ("L", "Z", "N")})
    )


def key_problems(key: str) -> Iterator[str]:
    """Yield what makes a text no usable tag key."""
    if not key:
        yield "a tag key cannot be empty"
        return
    if len(key) > MAX_KEY:
        yield f"a tag key has at most {MAX_KEY} characters; this one has {len(key)}"
    if folded(key).startswith("aws:"):
        yield 'keys that begin with "aws:" are reserved for AWS'
    if folded(key).startswith("sagemaker:"):
        yield 'keys that begin with "sagemaker:" are SageMaker\'s own; they always pass and cannot be ruled here'
    yield from _text_problems(key)


def value_problems(value: str, *, wildcard: bool = False) -> Iterator[str]:
    """Yield what makes a text no usable tag value; ``wildcard`` allows one ``*``, as tag policies do."""
    if not value:
        yield "an empty value cannot be told from a missing tag in the bill"
    if len(value) > MAX_VALUE:
        yield f"a tag value has at most {MAX_VALUE} characters; this one has {len(value)}"
    literal = value.replace("*", "") if wildcard else value
    if wildcard and value.count("*") > 1:
        yield "a value holds at most one *: tag policies can express no more"
    yield from _text_problems(literal)


def _text_problems(text: str) -> Iterator[str]:
    if bad := bad_characters(text):
        shown = " ".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in bad)
        yield f"AWS accepts letters, numbers, spaces and _ . : / = + - @ in tags, not {shown}"
    if text != text.strip():
        yield "it begins or ends with a space, which no one sees on the bill"
    if unicodedata.normalize("NFC", text) != text:
        yield "it is not in Unicode's composed form (NFC): it would look the same as another text and not be it"


def _schema(document: Document) -> Schema:
    """Check the data of tags.yaml: its structure by the model, then what a structure cannot say."""
    from costtags.model import validate

    model = validate(document)
    problems = [document.problem(at, message) for at, message in _semantic(model)]
    if problems:
        raise FileProblems(problems)
    return Schema(
        path=document.file,
        tags={key: _tag(key, tag, document.line(("tags", key))) for key, tag in model.tags.items()},
        other_keys=_other_keys(model),
        resources=tuple(model.enforce.resources),
        budgets=tuple(_budget(b, document.line(("budgets", i))) for i, b in enumerate(model.budgets)),
    )


def _other_keys(model: "SchemaModel") -> tuple[str, ...] | None:
    if model.other_keys == "allowed":
        return None
    return () if model.other_keys == "denied" else tuple(model.other_keys.allow)


def _tag(key: str, model: "TagModel", line: int) -> Tag:
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
        action = Action(_alert(model.action.when, model.action.above), model.action.apply, model.action.approval)
    return Budget(
        name=model.name,
        tags={key: (value,) if isinstance(value, str) else tuple(value) for key, value in model.tags.items()},
        services=tuple(model.services),
        amount=model.limit.amount,
        unit=model.limit.unit,
        period=model.limit.period,
        alerts=tuple(_alert(alert.when, alert.above) for alert in model.alerts),
        action=action,
        line=line,
    )


def _alert(when: str, above: str) -> Alert:
    percent = above.endswith("%")
    return Alert(when, Decimal(above.removesuffix("%").strip()), percent)


Semantic = Iterator[tuple[Location, str]]


def _semantic(model: "SchemaModel") -> Semantic:
    if not model.tags:
        yield ("tags",), "no tag is named: a schema without tags would pass everything"
    if len(model.tags) > MAX_TAGS:
        yield ("tags",), f"AWS allows {MAX_TAGS} tags on a resource; {len(model.tags)} are named"
    for key, tag in model.tags.items():
        yield from _check_tag(("tags", key), key, tag)
    yield from _check_spellings(model)
    if not isinstance(model.other_keys, str):
        for i, glob in enumerate(model.other_keys.allow):
            for message in _text_problems(glob.replace("*", "")):
                yield ("other_keys", "allow", i), f'"{glob}": {message}'
    yield from _check_budgets(model)


def _check_tag(at: Location, key: str, tag: "TagModel") -> Semantic:
    for message in key_problems(key):
        yield at, f'tag key "{key}": {message}'
    if tag.values is not None and tag.pattern is not None:
        yield (*at, "pattern"), f'tag "{key}" has values and a pattern: keep one of them'
    test: Callable[[str], bool] = bool
    if tag.values is not None:
        test = matcher(tag.values)
        yield from _check_values((*at, "values"), key, tag.values)
    elif tag.pattern is not None:
        try:
            test = whole_match(tag.pattern)
        except ValueError as error:
            yield (*at, "pattern"), f'the pattern of tag "{key}" does not compile: {error}'
            return
    if tag.default is not None:
        for message in value_problems(tag.default):
            yield (*at, "default"), f'the default of tag "{key}": {message}'
        if not test(tag.default):
            yield (
                (*at, "default"),
                f'the default "{tag.default}" of tag "{key}" is not one of its allowed values',
            )
    yield from _check_aliases((*at, "aliases"), key, tag, test)


def _check_values(at: Location, key: str, values: list[str]) -> Semantic:
    if not values:
        yield at, f'tag "{key}" allows no value: name one, or leave "values" out to allow any'
    seen: set[str] = set()
    for i, value in enumerate(values):
        for message in value_problems(value, wildcard=True):
            yield (*at, i), f'value "{value}" of tag "{key}": {message}'
        if value in seen:
            yield (*at, i), f'value "{value}" of tag "{key}" is listed twice'
        seen.add(value)


def _check_aliases(at: Location, key: str, tag: "TagModel", allowed: Callable[[str], bool]) -> Semantic:
    meant: dict[str, str] = {}
    for right, wrongs in tag.aliases.items():
        if not allowed(right) or "*" in right:
            yield (
                (*at, right),
                f'aliases of tag "{key}" are listed under "{right}", which is not one of its values',
            )
        for i, wrong in enumerate(wrongs):
            if allowed(wrong):
                yield (*at, right, i), f'alias "{wrong}" of tag "{key}" is itself an allowed value'
            elif wrong in meant:
                yield (*at, right, i), f'alias "{wrong}" of tag "{key}" already means "{meant[wrong]}"'
            meant.setdefault(wrong, right)


def _check_spellings(model: "SchemaModel") -> Semantic:
    keys: dict[str, str] = {}
    for key in model.tags:
        other = keys.setdefault(folded(key), key)
        if other != key:
            yield (
                ("tags", key),
                (f'tag keys "{other}" and "{key}" differ only in case or separators: IAM cannot tell them apart'),
            )
    wrong: dict[str, str] = {}
    for key, tag in model.tags.items():
        for i, spelling in enumerate(tag.misspellings):
            at = ("tags", key, "misspellings", i)
            if spelling in model.tags:
                yield at, f'misspelling "{spelling}" of tag "{key}" is itself a tag of this schema'
            elif keys.get(folded(spelling), key) != key:
                yield (
                    at,
                    f'misspelling "{spelling}" of tag "{key}" is a spelling of tag "{keys[folded(spelling)]}"',
                )
            elif wrong.setdefault(folded(spelling), key) != key:
                yield (
                    at,
                    f'misspelling "{spelling}" of tag "{key}" already means tag "{wrong[folded(spelling)]}"',
                )


# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
_MAX_BUDGET_NAME = 100
_MAX_NOTIFICATIONS = 10


def _check_budgets(model: "SchemaModel") -> Semantic:
    first: dict[str, int] = {}
    for i, budget in enumerate(model.budgets):
        at = ("budgets", i)
        if first.setdefault(budget.name, i) != i:
            yield (*at, "name"), f'budget "{budget.name}" is named twice'
        if not budget.name or len(budget.name) > _MAX_BUDGET_NAME:
            yield (*at, "name"), f"a budget's name has 1 to {_MAX_BUDGET_NAME} characters"
        if bad := sorted(set(budget.name) & set(":\\")):
            yield (*at, "name"), f"a budget's name cannot hold {' '.join(bad)}"
        if budget.limit.amount <= 0 or not budget.limit.amount.is_finite():
            yield (*at, "limit", "amount"), f'the limit of budget "{budget.name}" must be more than 0'
        conditions = {(alert.when, alert.above) for alert in budget.alerts}
        if budget.action is not None:
            conditions.add((budget.action.when, budget.action.above))
        if len(conditions) > _MAX_NOTIFICATIONS:
            yield (
                (*at, "alerts"),
                f"AWS allows {_MAX_NOTIFICATIONS} alerts a budget; {len(conditions)} are named",
            )
        for j, alert in enumerate(budget.alerts):
            if (alert.when, alert.above) in {(a.when, a.above) for a in budget.alerts[:j]}:
                yield (*at, "alerts", j), f"the alert {alert.when} above {alert.above} is named twice"
        yield from _check_budget_tags((*at, "tags"), budget, model)


def _check_budget_tags(at: Location, budget: "BudgetModel", model: "SchemaModel") -> Semantic:
    for key, value in budget.tags.items():
        tag = model.tags.get(key)
        if tag is None:
            near = nearest(key, model.tags)
            hint = f'; did you mean "{near}"?' if near else ""
            yield (
                (*at, key),
                f'budget "{budget.name}" filters by tag "{key}", which the schema does not name{hint}',
            )
            continue
        values = [value] if isinstance(value, str) else value
        if not values:
            yield (*at, key), f'budget "{budget.name}" names no value for tag "{key}"'
        for one in values:
            yield from (((*at, key), message) for message in _budget_value(budget, key, tag, one))


def _budget_value(budget: "BudgetModel", key: str, tag: "TagModel", value: str) -> Iterator[str]:
    if "*" in value:
        yield f'budget "{budget.name}": AWS Budgets compares values exactly; "{value}" of tag "{key}" holds a *'
        return
    for message in value_problems(value):
        yield f'budget "{budget.name}": value "{value}" of tag "{key}": {message}'
    try:
        allowed = matcher(tag.values) if tag.values is not None else whole_match(tag.pattern or ".+")
    except ValueError:
        return  # said at the pattern itself
    if not allowed(value):
        near = nearest(value, [v for v in tag.values or () if "*" not in v])
        hint = f'; did you mean "{near}"?' if near else ""
        yield f'budget "{budget.name}" filters by "{value}", which tag "{key}" does not allow{hint}'


__all__ = ["FileProblems", "Plain", "Problem", "Schema", "Tag", "find", "load"]
