"""What is wrong with a tags.yaml whose structure is right: what the structure alone cannot say."""

import re
from collections.abc import Iterator

from costtags.glob import matcher
from costtags.model import AlertModel, BudgetModel, SchemaModel, TagModel
from costtags.schema import Tag, as_alert, as_tag
from costtags.suggest import folded, nearest
from costtags.tagtext import (
    MAX_TAGS,
    impossible_key,
    impossible_text,
    impossible_value,
    key_problems,
    value_problems,
    whole_match,
)
from costtags.yamlfile import Location, quoted

Semantic = Iterator[tuple[Location, str]]


def semantic_problems(model: SchemaModel) -> Semantic:
    """Yield, with its place, what is wrong with a schema of the right structure."""
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
    yield from impossible_text(glob.replace("*", ""))


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


def _check_tag(at: Location, key: str, model: TagModel) -> Semantic:
    tag = as_tag(key, model, 0)
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
            for message in impossible_value(wrong, wrong):
                yield (*at, right, i), f"alias {quoted(wrong)} of tag {name}: {message}"
            if tag.allows(wrong):
                yield (*at, right, i), f"alias {quoted(wrong)} of tag {name} is itself an allowed value"
            elif meant.setdefault(wrong, right) != right:
                what = f"is listed under {quoted(meant[wrong])} and {quoted(right)}: keep one"
                yield (*at, right, i), f"alias {quoted(wrong)} of tag {name} {what}"


def _check_spellings(model: SchemaModel) -> Semantic:
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
            for message in impossible_key(spelling):
                yield at, f"{what}: {message}"
            if spelling in model.tags:
                yield at, f"{what} is itself a tag of this schema"
            elif keys.get(folded(spelling), key) != key:
                yield at, f"{what} is a spelling of tag {quoted(keys[folded(spelling)])}"
            elif wrong.setdefault(folded(spelling), key) != key:
                yield at, f"{what} is listed under tag {quoted(wrong[folded(spelling)])} as well: keep one"


# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
_MAX_BUDGET_NAME = 100
_NOT_IN_BUDGET_NAME = (":", "\\", "/action/", "<script>")
_MAX_NOTIFICATIONS = 10
_MAX_THRESHOLD = {True: 1_000_000, False: 15_000_000_000_000}  # in percent, and as an amount
_CURRENCY = re.compile("[A-Z]{3}")


def _check_budgets(model: SchemaModel) -> Semantic:
    named: set[str] = set()
    for i, budget in enumerate(model.budgets):
        at = ("budgets", i)
        yield from (((*at, "name"), message) for message in _budget_name_problems(budget.name, named))
        named.add(budget.name)
        yield from _check_alerts(at, budget)
        for j, service in enumerate(budget.services):
            if not service.strip():
                yield (*at, "services", j), f"budget {quoted(budget.name)} names an empty service"
        yield from _check_unit(at, budget)
        yield from _check_budget_tags((*at, "tags"), budget, model)


def _budget_name_problems(name: str, named: set[str]) -> Iterator[str]:
    if name in named:
        yield f"budget {quoted(name)} is named twice"
    if not name.strip() or len(name) > _MAX_BUDGET_NAME:
        yield f"a budget's name has 1 to {_MAX_BUDGET_NAME} characters; this one has {len(name.strip())}"
    if bad := [text for text in _NOT_IN_BUDGET_NAME if text in name.lower()]:
        yield f"budget {quoted(name)}: AWS does not accept {' or '.join(bad)} in a budget's name"


def _check_alerts(at: Location, budget: BudgetModel) -> Semantic:
    name = f"budget {quoted(budget.name)}"
    given: list[tuple[Location, AlertModel]] = [((*at, "alerts", j), alert) for j, alert in enumerate(budget.alerts)]
    if budget.action is not None:
        given.append(((*at, "action"), budget.action))
    alerts = [as_alert(alert.when, alert.above) for _, alert in given]
    count = len(set(alerts))
    if count > _MAX_NOTIFICATIONS:
        what = f"AWS allows {_MAX_NOTIFICATIONS} alerts a budget, its action's among them"
        yield (*at, "alerts"), f"{what}; {name} has {count}"
    for (place, alert), read, before in zip(given, alerts, range(len(alerts)), strict=True):
        if place[-1] != "action" and read in alerts[:before]:
            yield place, f"{name} has the alert {alert.when} above {alert.above} twice"
        if alert.when == "forecasted" and budget.limit.period == "daily":
            yield (*place, "when"), f'{name} is daily, and AWS forecasts no daily budget: write "when: actual"'
        if read.above > _MAX_THRESHOLD[read.percent]:
            most = f"{_MAX_THRESHOLD[read.percent]:,}{'%' if read.percent else ''}"
            yield (*place, "above"), f"{name} has an alert above {alert.above}; AWS takes at most {most}"


def _check_unit(at: Location, budget: BudgetModel) -> Semantic:
    """What a budget counts is a currency, or usage of the types that it names: AWS cannot add up hours and GB."""
    name = f"budget {quoted(budget.name)}"
    unit = quoted(budget.limit.unit)
    if not budget.limit.unit.strip():
        yield (*at, "limit", "unit"), f"the unit of {name} is empty"
        return
    if _CURRENCY.fullmatch(budget.limit.unit):
        if budget.usage_types:
            what = f"its unit {unit} is a currency: leave them out, or make the unit one of usage, such as hours"
            yield (*at, "usage_types"), f"{name} names usage types, and {what}"
        return
    if not budget.usage_types:
        what = 'name what it counts in "usage_types", or write a currency in three capital letters, such as USD'
        yield (*at, "limit", "unit"), f"{name} has the unit {unit}, which is one of usage: {what}"
    if budget.services:
        what = 'leave "services" out: a usage type is one service\'s already'
        yield (*at, "services"), f"{name} counts usage, which AWS does not filter by service; {what}"
    for j, usage_type in enumerate(budget.usage_types):
        place = (*at, "usage_types", j)
        if not usage_type.strip():
            yield place, f"{name} names an empty usage type"
        if "*" in usage_type:
            yield place, f"{name} counts {quoted(usage_type)}: AWS Budgets compares usage types exactly, without *"
        if usage_type in budget.usage_types[:j]:
            yield place, f"{name} names usage type {quoted(usage_type)} twice"


def _check_budget_tags(at: Location, budget: BudgetModel, model: SchemaModel) -> Semantic:
    name = f"budget {quoted(budget.name)}"
    for key, value in budget.tags.items():
        if key not in model.tags:
            hint = _did_you_mean(nearest(key, model.tags))
            yield (*at, key), f"{name} filters by tag {quoted(key)}, which this file does not name{hint}"
            continue
        values = [value] if isinstance(value, str) else value
        if not values:
            yield (*at, key), f'{name} names no value for tag "{key}"'
        tag = as_tag(key, model.tags[key], 0)
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
