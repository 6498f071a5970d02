"""tags.yaml -> tag policies of AWS Organizations: how keys are spelled, which values they have, where that is enforced.

Syntax: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_example-tag-policies.html
"""

from collections.abc import Iterator, Sequence

from costtags.catalog import SageMakerType, sagemaker_types
from costtags.documents.document import Draft, Piece, Plain
from costtags.documents.scope import governed
from costtags.documents.settings import Settings
from costtags.schema import Schema, Tag


def tag_policy(schema: Schema, _settings: Settings) -> Draft:
    """Enforce values and the case of keys on the types for which AWS can, and report required keys."""
    return _draft(schema, [_policy_name(row) for row in governed(schema) if row.tag_policy.enforced])


def tag_policy_report(schema: Schema, _settings: Settings) -> Draft:
    """Report as ``tag_policy`` does and deny nothing: the first stage of a rollout.

    ``enforced_for`` is absent, not an empty list: attached below the enforcing policy it would otherwise lift it.
    """
    return _draft(schema, [])


def wrap_tag_policy(pieces: Sequence[Piece]) -> Plain:
    """Put tags together into a policy.

    A target can have several policies. Each tag is whole in one of them, so how AWS merges them makes no difference:
    https://docs.aws.amazon.com/organizations/latest/userguide/inheritance-examples.html
    """
    return {"tags": {piece.name: piece.body for piece in pieces}}


def _draft(schema: Schema, enforced: list[str]) -> Draft:
    required = [_policy_name(row) for row in governed(schema) if row.tag_policy.required]
    pieces = [_piece(tag, enforced, required if tag.required else []) for tag in schema.tags.values()]
    return Draft(tuple(pieces), tuple(_left_out(schema, enforced, required)))


def _piece(tag: Tag, enforced: list[str], required: list[str]) -> Piece:
    settings: dict[str, str | list[str]] = {"tag_key": tag.key}
    if tag.values is not None:
        settings["tag_value"] = list(tag.values)
    if enforced:
        settings["enforced_for"] = enforced
    if required:
        settings["report_required_tag_for"] = required
    # The name may differ from the key in case only. Being the key itself, it is unique: keys of the schema differ in
    # more than case.
    body = {name: {"@@assign": value} for name, value in settings.items()}
    return Piece(tag.key, body, _stops(tag, enforced, required))


def _stops(tag: Tag, enforced: list[str], required: list[str]) -> str:
    wrong = f'the tag "{tag.key}" in another case'
    if tag.values is not None:
        wrong += " or with a value that is not listed"
    reported = f" Reports {len(required)} types without it." if required else ""
    if not enforced:
        return f"Reports {wrong}; stops no one.{reported}"
    return f"Stops whoever creates or tags one of {len(enforced)} types with {wrong}; reports it on all.{reported}"


def _left_out(schema: Schema, enforced: list[str], required: list[str]) -> Iterator[str]:
    for tag in schema.tags.values():
        if tag.pattern is not None:
            yield f'"{tag.key}": any value passes, also an empty one: tag policies know no patterns.'
        elif tag.values is None:
            yield f'"{tag.key}": an empty value passes: a tag policy without a list of values takes any.'
    names = [_policy_name(row).removeprefix("sagemaker:") for row in sagemaker_types() if row.billable]
    if enforced:
        beyond = [name for name in names if f"sagemaker:{name}" not in enforced]
        yield f"Not enforced, only reported: {', '.join(beyond)} and others: AWS cannot, or tags.yaml does not ask it."
        yield "A missing tag stops no one: that is what scp-require-tags and iam-require-tags do."
    if any(tag.required for tag in schema.tags.values()):
        beyond = [name for name in names if f"sagemaker:{name}" not in required]
        yield f"Not reported where a tag is missing: {', '.join(beyond)} and others: AWS cannot, so audit them."
    yield "Other spellings of a key than those of its case (separators, misspellings) and other keys: they all pass."
    if any(not glob.startswith(("aws:sagemaker", "aws-native:sagemaker")) for glob in schema.resources):
        yield "Resources outside SageMaker: this policy names none of their types."


def _policy_name(row: SageMakerType) -> str:
    return f"sagemaker:{row.name}"
