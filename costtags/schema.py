"""tags.yaml -> Schema: what every tag must be, with every error of the file at once."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from costtags.glob import matcher
from costtags.suggest import folded, nearest
from costtags.yamlfile import Document, FileProblems, Location, Plain, Problem, quoted, scan

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
        return nearest(wrong, self.exact_values)

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
        """A value to paste: the default, else the first allowed one, else a placeholder."""
        if self.default is not None:
            return self.default
        return next(iter(self.exact_values), "...")


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
    return _schema(scan(path))


def whole_match(pattern: str) -> Callable[[str], bool]:
    """Compile a whole-value pattern. Raises ValueError with the reason where it does not compile.

    The engine is Rust's ``regex``, which pydantic ships: its matching time is linear in the value whatever the
    pattern, at the price of look-around and back-references, which it refuses.
    """
    _searcher(pattern)  # by itself: inside the group below "a)|(b" would compile too
    return _searcher(f"^(?:{pattern})$")


def _searcher(pattern: str) -> Callable[[str], bool]:
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
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
    yield from _impossible_key(key)
    yield from _unwise_text(key)


def value_problems(value: str, *, wildcard: bool = False) -> Iterator[str]:
    """Yield what makes a text no usable tag value; ``wildcard`` allows one ``*``, as tag policies do."""
    if wildcard and value.count("*") > 1:
        yield "a value holds at most one *: tag policies can express no more"
    yield from _impossible_value(value, value.replace("*", "") if wildcard else value)
    yield from _unwise_text(value)


def _impossible_key(key: str) -> Iterator[str]:
    if not key:
        yield "a tag key cannot be empty"
    if len(key) > MAX_KEY:
        yield f"a tag key has at most {MAX_KEY} characters; this one has {len(key)}"
    if key.lower().startswith("aws:"):
        yield 'keys that begin with "aws:" are reserved for AWS'
    if key.lower().startswith("sagemaker:"):
        yield 'keys that begin with "sagemaker:" are SageMaker\'s own; they always pass and cannot be ruled here'
    yield from _impossible_text(key)


def _impossible_value(value: str, literal: str) -> Iterator[str]:
    if not value:
        yield "an empty value cannot be told from a missing tag in the bill"
    if len(value) > MAX_VALUE:
        yield f"a tag value has at most {MAX_VALUE} characters; this one has {len(value)}"
    yield from _impossible_text(literal)


def _impossible_text(text: str) -> Iterator[str]:
    # Composed first: of a decomposed letter it is the form that is wrong, not the letter.
    if bad := bad_characters(unicodedata.normalize("NFC", text)):
        shown = " ".join(map(_shown, bad[:8]))
        yield f"AWS accepts letters, numbers, spaces and _ . : / = + - @ in tags, not {shown}"


def _shown(character: str) -> str:
    # A combining mark alone would sit on the letter before it.
    alone = character.isprintable() and unicodedata.category(character)[0] != "M"
    return character if alone else f"U+{ord(character):04X}"


def _unwise_text(text: str) -> Iterator[str]:
    if text != text.strip():
        yield "it begins or ends with a space, which no one sees on the bill"
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        yield f"it looks like {quoted(composed)} and is not equal to it: use Unicode's composed form (NFC)"


def _schema(document: Document) -> Schema:
    """Check the data of tags.yaml: its structure by the model, then what a structure cannot say."""
    from costtags.model import validate

    model, said = validate(document)
    if model is not None:
        places = {at for at, _ in said}
        said += [(at, message) for at, message in _semantic(model) if at not in places]
    problems = [document.problem(at, message) for at, message in said if not document.is_hidden(at)]
    if model is None or problems or document.faults:
        raise FileProblems([*document.faults, *problems])
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
            for message in _impossible_key_glob(glob):
                yield ("other_keys", "allow", i), f"{quoted(glob)}: {message}"
    yield from _check_resources(model.enforce.resources)
    yield from _check_budgets(model)


def _impossible_key_glob(glob: str) -> Iterator[str]:
    if not glob:
        yield "a tag key cannot be empty"
    yield from _impossible_text(glob.replace("*", ""))


def _check_resources(globs: list[str]) -> Semantic:
    from costtags.catalog import taggable

    for i, glob in enumerate(globs):
        if not any(map(matcher([glob]), taggable())):
            # aws:s3/bucket:Bucket -> aws:s3/*, aws-native:s3:Bucket -> aws-native:s3:*
            families = sorted({re.sub("(?:/[^/]*|:[^:]*)$", lambda end: f"{end[0][0]}*", t) for t in taggable()})
            hint = _did_you_mean(nearest(glob, families))
            yield ("enforce", "resources", i), f"{quoted(glob)} matches no Pulumi type that can carry tags{hint}"


def _did_you_mean(near: str | None) -> str:
    return f'; did you mean "{near}"?' if near else ""


def _check_tag(at: Location, key: str, model: "TagModel") -> Semantic:
    tag = _tag(key, model, 0)
    name = quoted(key)
    for message in key_problems(key):
        yield at, f"tag key {name}: {message}"
    if tag.values is not None and tag.pattern is not None:
        yield (*at, "pattern"), f"tag {name} has values and a pattern: keep one of them"
    if tag.values is not None:
        yield from _check_values((*at, "values"), name, tag.values)
    elif tag.pattern == "":
        yield (*at, "pattern"), f'the pattern of tag {name} is empty: leave "pattern" out to allow any text'
    elif tag.pattern is not None:
        try:
            whole_match(tag.pattern)
        except ValueError as error:
            yield (*at, "pattern"), f"the pattern of tag {name} does not compile: {error}"
            return
    if tag.default is not None:
        for message in value_problems(tag.default):
            yield (*at, "default"), f"default {quoted(tag.default)} of tag {name}: {message}"
        if tag.default and "*" not in tag.default and not tag.allows(tag.default):
            hint = _did_you_mean(tag.meant_by(tag.default))
            yield (*at, "default"), f"default {quoted(tag.default)} is not what tag {name} allows; {tag.allowed}{hint}"
    yield from _check_aliases((*at, "aliases"), name, tag)


def _check_values(at: Location, name: str, values: tuple[str, ...]) -> Semantic:
    if not values:
        yield at, f'tag {name} allows no value: name one, or leave "values" out to allow any'
    seen: set[str] = set()
    for i, value in enumerate(values):
        for message in value_problems(value, wildcard=True):
            yield (*at, i), f"value {quoted(value)} of tag {name}: {message}"
        if value in seen:
            yield (*at, i), f"value {quoted(value)} of tag {name} is listed twice"
        seen.add(value)


def _check_aliases(at: Location, name: str, tag: Tag) -> Semantic:
    meant: dict[str, str] = {}
    for right, wrongs in tag.aliases.items():
        if "*" in right:
            what = "they must mean one value, without a *"
            yield (*at, right), f"aliases of tag {name} are listed under {quoted(right)}: {what}"
        elif not tag.allows(right):
            hint = _did_you_mean(nearest(right, tag.exact_values))
            what = f"which it does not allow; {tag.allowed}{hint}"
            yield (*at, right), f"aliases of tag {name} are listed under {quoted(right)}, {what}"
        for i, wrong in enumerate(wrongs):
            for message in _impossible_value(wrong, wrong):
                yield (*at, right, i), f"alias {quoted(wrong)} of tag {name}: {message}"
            if tag.allows(wrong):
                yield (*at, right, i), f"alias {quoted(wrong)} of tag {name} is itself an allowed value"
            elif meant.setdefault(wrong, right) != right:
                what = f"is listed under {quoted(meant[wrong])} and {quoted(right)}: keep one"
                yield (*at, right, i), f"alias {quoted(wrong)} of tag {name} {what}"


def _check_spellings(model: "SchemaModel") -> Semantic:
    keys: dict[str, str] = {}
    for key in model.tags:
        other = keys.setdefault(folded(key), key)
        if other != key:
            what = "differ only in case or separators: whoever sets one may mean the other; keep one"
            yield ("tags", key), f"tag keys {quoted(other)} and {quoted(key)} {what}"
    wrong: dict[str, str] = {}
    for key, tag in model.tags.items():
        for i, spelling in enumerate(tag.misspellings):
            at = ("tags", key, "misspellings", i)
            what = f"misspelling {quoted(spelling)} of tag {quoted(key)}"
            for message in _impossible_key(spelling):
                yield at, f"{what}: {message}"
            if spelling in model.tags:
                yield at, f"{what} is itself a tag of this schema"
            elif keys.get(folded(spelling), key) != key:
                yield at, f"{what} is a spelling of tag {quoted(keys[folded(spelling)])}"
            elif wrong.setdefault(folded(spelling), key) != key:
                yield at, f"{what} is listed under tag {quoted(wrong[folded(spelling)])} as well: keep one"


# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
_MAX_BUDGET_NAME = 100
_MAX_NOTIFICATIONS = 10


def _check_budgets(model: "SchemaModel") -> Semantic:
    named: set[str] = set()
    for i, budget in enumerate(model.budgets):
        at = ("budgets", i)
        yield from (((*at, "name"), message) for message in _budget_name_problems(budget.name, named))
        named.add(budget.name)
        alerts = [_alert(alert.when, alert.above) for alert in budget.alerts]
        acts = [] if budget.action is None else [_alert(budget.action.when, budget.action.above)]
        count = len({*alerts, *acts})
        if count > _MAX_NOTIFICATIONS:
            what = f"AWS allows {_MAX_NOTIFICATIONS} alerts a budget, its action's among them"
            yield (*at, "alerts"), f"{what}; budget {quoted(budget.name)} has {count}"
        for j, alert in enumerate(budget.alerts):
            if alerts[j] in alerts[:j]:
                what = f"has the alert {alert.when} above {alert.above} twice"
                yield (*at, "alerts", j), f"budget {quoted(budget.name)} {what}"
        for j, service in enumerate(budget.services):
            if not service.strip():
                yield (*at, "services", j), f"budget {quoted(budget.name)} names an empty service"
        if not budget.limit.unit.strip():
            yield (*at, "limit", "unit"), f"the unit of budget {quoted(budget.name)} is empty"
        yield from _check_budget_tags((*at, "tags"), budget, model)


def _budget_name_problems(name: str, named: set[str]) -> Iterator[str]:
    if name in named:
        yield f"budget {quoted(name)} is named twice"
    if not name.strip() or len(name) > _MAX_BUDGET_NAME:
        yield f"a budget's name has 1 to {_MAX_BUDGET_NAME} characters; this one has {len(name.strip())}"
    if bad := [c for c in ":\\" if c in name]:
        yield f"budget {quoted(name)}: AWS does not accept {' or '.join(bad)} in a budget's name"


def _check_budget_tags(at: Location, budget: "BudgetModel", model: "SchemaModel") -> Semantic:
    name = f"budget {quoted(budget.name)}"
    for key, value in budget.tags.items():
        if key not in model.tags:
            hint = _did_you_mean(nearest(key, model.tags))
            yield (*at, key), f"{name} filters by tag {quoted(key)}, which this file does not name{hint}"
            continue
        values = [value] if isinstance(value, str) else value
        if not values:
            yield (*at, key), f'{name} names no value for tag "{key}"'
        tag = _tag(key, model.tags[key], 0)
        for i, one in enumerate(values):
            place = (*at, key) if isinstance(value, str) else (*at, key, i)
            yield from ((place, f"{name} {message}") for message in _budget_value_problems(tag, one))


def _budget_value_problems(tag: Tag, value: str) -> Iterator[str]:
    if "*" in value:
        yield f'filters tag "{tag.key}" by {quoted(value)}: AWS Budgets compares values exactly, without *'
        return
    for message in value_problems(value):
        yield f'filters tag "{tag.key}" by {quoted(value)}: {message}'
    try:
        allowed = not value or tag.allows(value)
    except ValueError:
        return  # said at the pattern itself
    if not allowed:
        hint = _did_you_mean(tag.meant_by(value))
        yield f'filters tag "{tag.key}" by {quoted(value)}, which it does not allow; {tag.allowed}{hint}'


__all__ = ["FileProblems", "Plain", "Problem", "Schema", "Tag", "find", "load"]
