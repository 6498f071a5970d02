"""The structure of tags.yaml as pydantic models: checks it and is the source of tags.schema.json."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from costtags.suggest import nearest
from costtags.yamlfile import Document, FileProblems, Plain, Problem


def _text(value: Any) -> Any:
    if isinstance(value, Plain):
        if value.kind == "nothing":
            raise PydanticCustomError("nothing", "has no value")
        raise PydanticCustomError(
            "not_text",
            '{text} is {kind}: write it in quotes, "{text}"',
            {"text": str(value), "kind": value.kind},
        )
    if not isinstance(value, str):
        raise PydanticCustomError("not_text", "must be text")
    return value


def _boolean(value: Any) -> Any:
    if isinstance(value, Plain) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise PydanticCustomError("not_boolean", "must be true or false")


def _amount(value: Any) -> Any:
    try:
        return Decimal(str(value)) if isinstance(value, str) else _refuse_amount()
    except InvalidOperation:
        return _refuse_amount()


def _refuse_amount() -> Any:
    raise PydanticCustomError("not_number", "must be a number")


def _threshold(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?\s*%?", value) and Decimal(value.rstrip("% ")) > 0:
        return str(value)
    raise PydanticCustomError("not_threshold", 'must be a percentage of the limit such as "80%", or an amount')


def _version(value: Any) -> Any:
    if value == "1":
        return 1
    raise PydanticCustomError("version", "must be 1, the only version of this file's format")


Text = Annotated[str, BeforeValidator(_text)]
Flag = Annotated[bool, BeforeValidator(_boolean)]
Amount = Annotated[Decimal, BeforeValidator(_amount), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
Threshold = Annotated[
    str,
    BeforeValidator(_threshold),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%?$"},
                {"type": "number", "exclusiveMinimum": 0},
            ]
        }
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TagModel(_Strict):
    """One tag: its value must be one of `values`, or match `pattern`; without either, any text but the empty one."""

    description: Text | None = Field(default=None, description="What the tag is for.")
    required: Flag = Field(default=True, description="Whether a resource must carry it.")
    values: list[Text] | None = Field(default=None, description="Allowed values, exact; at most one * in each.")
    pattern: Text | None = Field(default=None, description="Regular expression for the whole value.")
    aliases: dict[str, list[Text]] = Field(
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


class EnforceModel(_Strict):
    """Where the schema is enforced."""

    resources: Annotated[list[Text], Field(min_length=1)] = Field(
        default=["aws:sagemaker/*", "aws-native:sagemaker:*"],
        description="Globs of Pulumi types; only taggable ones count.",
    )


class LimitModel(_Strict):
    """How much a budget allows in a period."""

    amount: Amount = Field(description="The limit, in `unit`.")
    unit: Text = Field(default="USD", description="A currency for a cost budget, or a unit of usage such as hours.")
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
    """A budget, filtered by tag values, by services, by both, or by nothing."""

    name: Text
    tags: dict[str, Text | list[Text]] = Field(default_factory=dict)
    services: list[Text] = Field(default_factory=list)
    limit: LimitModel
    alerts: list[AlertModel] = Field(default_factory=list)
    action: ActionModel | None = None


class SchemaModel(_Strict):
    """Which tags every resource must carry: the one place that says so."""

    version: Annotated[Literal[1], BeforeValidator(_version)]
    tags: dict[str, TagModel]
    other_keys: Literal["allowed", "denied"] | OtherKeysModel = Field(default="allowed")
    enforce: EnforceModel = Field(default_factory=EnforceModel)
    budgets: list[BudgetModel] = Field(default_factory=list)


def validate(document: Document) -> SchemaModel:
    """Check the structure of tags.yaml. Raises FileProblems with every error and its line."""
    data = document.data
    if data is None or (isinstance(data, Plain) and data.kind == "nothing"):
        raise FileProblems([Problem(document.file, 1, "is empty: `costtags init` writes a first one")])
    if not isinstance(data, dict):
        what = "a list" if isinstance(data, list) else "a single value"
        raise FileProblems(
            [document.problem((), f'holds {what}; it must hold entries such as "version: 1" and "tags:"')]
        )
    try:
        return SchemaModel.model_validate(_dropped_nothings(data))
    except ValidationError as error:
        raise FileProblems([_problem(document, details) for details in error.errors()]) from None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of tags.yaml, for editors."""
    schema = SchemaModel.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tags.yaml",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _dropped_nothings(data: dict[str, Any]) -> dict[str, Any]:
    # `project:` with nothing behind it is the shortest way to name a tag that may have any value.
    tags = data.get("tags")
    if not isinstance(tags, dict):
        return data
    return data | {"tags": {k: {} if isinstance(v, Plain) and v.kind == "nothing" else v for k, v in tags.items()}}


_UNION_BRANCHES = re.compile(r"literal\[|function-|list\[|OtherKeysModel|constrained-|str$")


def _problem(document: Document, details: ErrorDetails) -> Problem:
    at = tuple(part for part in details["loc"] if not (isinstance(part, str) and _is_branch(document, part)))
    name = ".".join(str(part) for part in at)
    kind = details["type"]
    message = str(details["msg"])
    if kind == "extra_forbidden":
        allowed = _allowed_at(at[:-1])
        near = nearest(str(at[-1]), allowed)
        hint = f'did you mean "{near}"? ' if near else ""
        return document.problem(at, f'unknown key "{name}"; {hint}allowed here: {", ".join(allowed)}')
    if kind == "missing":
        return document.problem(at[:-1], f'"{name}" is missing')
    if kind == "literal_error":
        message = f"must be {details['ctx']['expected']}".replace("'", '"')
    elif kind in ("model_type", "dict_type", "model_attributes_type"):
        message = "must hold entries (key: value)"
    elif kind == "list_type":
        message = "must be a list"
    elif kind == "too_short":
        message = "must not be empty"
    return document.problem(at, f'"{name}" {message}' if kind != "not_text" else f'"{name}": {message}')


def _is_branch(document: Document, part: str) -> bool:
    # pydantic names the branch of a union inside the location; the file has no such entry.
    return bool(_UNION_BRANCHES.match(part)) and not any(part in at for at in document.lines)


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
