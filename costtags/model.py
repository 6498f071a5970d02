"""The structure of tags.yaml as pydantic models: checks it and is the source of tags.schema.json."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, ValidationError, WithJsonSchema
from pydantic import Tag as Branch
from pydantic_core import ErrorDetails, PydanticCustomError

from costtags.suggest import nearest
from costtags.yamlfile import Document, Location, Plain, quoted


def _text(value: Any) -> Any:
    if isinstance(value, dict | list):
        what = "entries (key: value)" if isinstance(value, dict) else "a list"
        raise PydanticCustomError("said", f"must be text, not {what}")
    if value == "" and isinstance(value, Plain):
        raise PydanticCustomError("said", "has no value")
    return _key(value)


def _key(value: Any) -> Any:
    if isinstance(value, Plain) and value:
        kind = "nothing to YAML" if value.kind == "nothing" else value.kind
        raise PydanticCustomError(
            "not_text", '{text} is {kind}: write it in quotes, "{text}"', {"text": str(value), "kind": kind}
        )
    return str(value) if isinstance(value, str) else value


def _flag(value: Any) -> Any:
    if isinstance(value, Plain) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise PydanticCustomError("said", "must be true or false, without quotes")


# Bounded, and neither 0x10 nor 1e9 nor 1_000: readers of YAML differ about those.
_AMOUNT = r"[0-9]{1,15}(\.[0-9]{1,6})?"
_THRESHOLD = _AMOUNT + r" ?%?"
_SOME = r"(?=.*[1-9])"


def _amount(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(_SOME + _AMOUNT, value):
        return Decimal(value)
    raise PydanticCustomError("said", "must be a number above 0, such as 5000")


def _threshold(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(_SOME + _THRESHOLD, value):
        return str(value)
    raise PydanticCustomError("said", 'must be a percentage of the limit such as "80%", or an amount, above 0')


def _version(value: Any) -> Any:
    if value == "1":
        return 1
    raise PydanticCustomError("said", "must be 1, the only version of this file's format")


def _number(pattern: str) -> WithJsonSchema:
    positive = {"type": "number", "exclusiveMinimum": 0}
    return WithJsonSchema({"anyOf": [positive, {"type": "string", "pattern": f"^{_SOME}{pattern}$"}]})


# Names of a union's branches, which pydantic puts into an error's location; no entry of a file is called so.
_LIST, _ENTRIES, _WORD = "(list)", "(entries)", "(word)"


def _list_or_word(value: Any) -> str:
    return _LIST if isinstance(value, list) else _WORD


def _entries_or_word(value: Any) -> str:
    return _ENTRIES if isinstance(value, dict | BaseModel) else _WORD


Text = Annotated[str, BeforeValidator(_text)]
Key = Annotated[str, BeforeValidator(_key)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Amount = Annotated[Decimal, BeforeValidator(_amount), _number(_AMOUNT)]
Threshold = Annotated[str, BeforeValidator(_threshold), _number(_THRESHOLD)]
Version = Annotated[Literal[1], BeforeValidator(_version), WithJsonSchema({"enum": [1, "1"]})]
TextOrTexts = Annotated[
    Annotated[list[Text], Branch(_LIST)] | Annotated[Text, Branch(_WORD)], Discriminator(_list_or_word)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TagModel(_Strict):
    """One tag: its value must be one of `values`, or match `pattern`; without either, any text but the empty one."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["values", "pattern"]}})

    description: Text | None = Field(default=None, description="What the tag is for.")
    required: Flag = Field(default=True, description="Whether a resource must carry it.")
    values: list[Text] | None = Field(
        default=None,
        description="Allowed values, exact; at most one * in each.",
        json_schema_extra={"minItems": 1, "uniqueItems": True},
    )
    pattern: Text | None = Field(default=None, description="Regular expression for the whole value.")
    aliases: dict[Key, list[Text]] = Field(
        default_factory=dict,
        description="For an allowed value, the wrong values seen in the past that meant it.",
    )
    misspellings: list[Text] = Field(
        default_factory=list, description="Wrong keys seen in the past, besides variants in case, - and _."
    )
    default: Text | None = Field(default=None, description="Filled in by the default-tags policy when it remediates.")


class OtherKeysModel(_Strict):
    """Only the keys of the schema and those that match `allow`."""

    allow: list[Text] = Field(description="Globs of further keys that may be used.")


OtherKeys = Annotated[
    Annotated[Literal["allowed", "denied"], Branch(_WORD)] | Annotated[OtherKeysModel, Branch(_ENTRIES)],
    Discriminator(_entries_or_word),
]


class EnforceModel(_Strict):
    """Where the schema is enforced."""

    resources: Annotated[list[Text], Field(min_length=1)] = Field(
        default=["aws:sagemaker/*", "aws-native:sagemaker:*"],
        description="Globs of Pulumi types; only taggable ones count.",
    )


class LimitModel(_Strict):
    """How much a budget allows in a period."""

    amount: Amount = Field(description="The limit, in `unit`.")
    unit: Text = Field(
        default="USD",
        description="A currency for a cost budget (three capital letters), or a unit of usage such as hours.",
    )
    period: Literal["daily", "monthly", "quarterly", "annually"] = Field(default="monthly")


class AlertModel(_Strict):
    """When a budget speaks up."""

    when: Literal["actual", "forecasted"]
    above: Threshold = Field(description='A percentage of the limit such as "80%", or an amount.')


class ActionModel(AlertModel):
    """What a budget does when it is exceeded."""

    apply: Literal["deny-new-spend", "scp-deny-new-spend"] = Field(
        description="The IAM policy, or the service control policy, that stops new spend."
    )
    approval: Literal["manual", "automatic"] = Field(default="manual")


class BudgetModel(_Strict):
    """A budget of cost, filtered by tag values, by services, by both, or by nothing; or one of usage."""

    name: Text
    tags: dict[Key, TextOrTexts] = Field(default_factory=dict)
    services: list[Text] = Field(
        default_factory=list, description="Names of services as Cost Explorer shows them: Amazon SageMaker."
    )
    usage_types: list[Text] = Field(
        default_factory=list,
        description="What a budget of usage counts, as Cost Explorer shows it: USE1-Train:ml.m5.xlarge.",
    )
    limit: LimitModel
    alerts: list[AlertModel] = Field(default_factory=list)
    action: ActionModel | None = None


class SchemaModel(_Strict):
    """Which tags every resource must carry: the one place that says so."""

    version: Version
    tags: dict[Key, TagModel] = Field(
        json_schema_extra={"minProperties": 1, "propertyNames": {"minLength": 1, "maxLength": 128}}
    )
    other_keys: OtherKeys = Field(default="allowed")
    enforce: EnforceModel = Field(default_factory=EnforceModel)
    budgets: list[BudgetModel] = Field(default_factory=list)


Said = tuple[Location, str]


def validate(document: Document) -> tuple[SchemaModel | None, list[Said]]:
    """Check the structure of tags.yaml: its model, and every problem with its place.

    The model lacks what has a problem, so that the rest can be checked further; where not even the keys of the
    tags are known, there is no model.
    """
    data = document.data
    if data is None or (isinstance(data, Plain) and data.kind == "nothing"):
        return None, [((), 'is empty: it begins with "version: 1" and "tags:"')]
    if not isinstance(data, dict):
        what = "a list" if isinstance(data, list) else "a single value"
        return None, [((), f'holds {what}; it must hold entries such as "version: 1" and "tags:"')]
    data = _dropped_nothings(data)
    said: list[Said] = []
    try:
        model = SchemaModel.model_validate(data)
    except ValidationError as error:
        said = [_problem(details) for details in error.errors()]
        model = None
    if not isinstance(data.get("tags"), dict) or document.hidden & {(), ("tags",)}:
        return None, said
    broken = {at[:3] for at in (*document.hidden, *(at for at, _ in said))}
    return model or SchemaModel.model_validate(_without(data, broken)), said


def _without(data: dict[str, Any], broken: set[Location]) -> dict[str, Any]:
    """Return the data without its broken fields, and without those that can only be judged by them."""
    fields: dict[Location, set[Any]] = {}
    for at in broken:
        fields.setdefault(at[:2], set()).update(at[2:] or ("all",))
    budgets = data.get("budgets")
    whole = {at[:1] for at in broken}
    return {
        "version": "1",
        "tags": {str(key): _sound_tag(tag, fields.get(("tags", key), set())) for key, tag in data["tags"].items()},
        "budgets": [
            {"name": f"#{i}", "limit": {"amount": "1"}} | _sound(budget, BudgetModel, fields.get(("budgets", i), set()))
            for i, budget in enumerate(budgets if isinstance(budgets, list) else [])
        ],
        **{key: data[key] for key in ("other_keys", "enforce") if key in data and (key,) not in whole},
    }


def _sound_tag(tag: Any, broken: set[Any]) -> dict[str, Any]:
    if broken - {"description", "required", "aliases", "misspellings", "default"}:
        broken = broken | {"values", "pattern", "aliases", "default"}  # what is allowed is not known
    return _sound(tag, TagModel, broken)


def _sound(entry: Any, model: type[BaseModel], broken: set[Any]) -> dict[str, Any]:
    if not isinstance(entry, dict) or "all" in broken:
        return {}
    return {name: value for name, value in entry.items() if name in model.model_fields and name not in broken}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of tags.yaml, for editors."""
    schema: dict[str, Any] = _without_nulls(SchemaModel.model_json_schema())
    tags = schema["properties"]["tags"]
    tags["additionalProperties"] = {"anyOf": [tags["additionalProperties"], {"type": "null"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "tags.yaml", **schema}


def _without_nulls(made: Any) -> Any:
    """Return pydantic's JSON Schema without what is only true in Python: null for None, names of classes."""
    if isinstance(made, list):
        return [_without_nulls(item) for item in made]
    if not isinstance(made, dict):
        return made
    kept = {
        key: _without_nulls(value)
        for key, value in made.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None)
    }
    branches = kept.get("anyOf", [])
    if {"type": "null"} in branches:
        del kept["anyOf"]
        kept |= next(branch for branch in branches if branch != {"type": "null"})
    return kept


def _dropped_nothings(data: dict[str, Any]) -> dict[str, Any]:
    # `project:` with nothing behind it is the shortest way to name a tag that may have any value.
    tags = data.get("tags")
    if not isinstance(tags, dict):
        return data
    return data | {"tags": {k: {} if isinstance(v, Plain) and v.kind == "nothing" else v for k, v in tags.items()}}


def _problem(details: ErrorDetails) -> Said:
    at = tuple(part for part in details["loc"] if part not in (_LIST, _ENTRIES, _WORD, "[key]"))
    name = quoted("".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)[1:])
    kind = details["type"]
    message = str(details["msg"])
    if kind == "extra_forbidden":
        allowed = _allowed_at(at[:-1])
        near = nearest(str(at[-1]), allowed)
        hint = f'did you mean "{near}"? ' if near else ""
        return at, f"unknown key {name}; {hint}allowed here: {', '.join(allowed)}"
    if kind == "missing":
        return at[:-1], f"{name} is missing" + (': write "version: 1"' if at == ("version",) else "")
    if kind == "not_text":
        return at, f"{name}: {message}"
    if kind == "literal_error":
        message = f"must be {details['ctx']['expected']}".replace("'", '"')
        message += ', or hold "allow:" with a list of globs' if at == ("other_keys",) else ""
    elif kind in ("model_type", "dict_type", "model_attributes_type"):
        message = "must hold entries (key: value)"
    elif kind == "list_type":
        message = "must be a list"
    elif kind == "too_short":
        message = "must not be empty"
    return at, f"{name} {message}"


def _allowed_at(at: tuple[str | int, ...]) -> list[str]:
    path = tuple("*" if isinstance(part, int) else part for part in at)
    table: dict[tuple[str, ...], type[BaseModel]] = {
        (): SchemaModel,
        ("other_keys",): OtherKeysModel,
        ("enforce",): EnforceModel,
        ("budgets", "*"): BudgetModel,
        ("budgets", "*", "limit"): LimitModel,
        ("budgets", "*", "alerts", "*"): AlertModel,
        ("budgets", "*", "action"): ActionModel,
    }
    model = TagModel if len(path) == 2 and path[0] == "tags" else table.get(path, SchemaModel)
    return list(model.model_fields)
