"""Which types and actions of SageMaker the documents are about: those that tags.yaml is enforced on."""

import re

from costtags.catalog import SageMakerType, sagemaker_types
from costtags.documents.document import DocumentError
from costtags.documents.settings import Settings
from costtags.schema import Schema


def governed(schema: Schema) -> list[SageMakerType]:
    """Return the types that the schema is enforced on; what a provider lacks counts by the name it would have there."""
    return [row for row in sagemaker_types() if any(map(schema.enforced_on, (*row.tokens, *_tokens_to_be(row))))]


def _tokens_to_be(row: SageMakerType) -> tuple[str, ...]:
    name = "".join(word.capitalize() for word in row.name.split("-"))
    return f"aws:sagemaker/{name[:1].lower()}{name[1:]}:{name}", f"aws-native:sagemaker:{name}"


def guarded(schema: Schema, settings: Settings) -> list[str]:
    """Return the creating actions that are denied without tags: the safe ones and those included, sorted.

    Raises DocumentError where there are none, and where one is included that tags.yaml is not enforced on.
    """
    rows = governed(schema)
    safe = {action for row in rows if row.deny_untagged == "safe" for action in row.create}
    beyond = sorted(set(settings.include) - {action for row in rows for action in row.create})
    if beyond:
        raise DocumentError([f"include: {one} makes what {schema.path} does not enforce tags on" for one in beyond])
    if not safe and not settings.include:
        raise DocumentError([f'{schema.path}: "enforce" names no type of SageMaker whose creation can be guarded'])
    return sorted(safe | set(settings.include))


def resources(schema: Schema) -> str | list[str]:
    """Return the ARNs on which tags may be judged: "*" where the schema is enforced on all of SageMaker."""
    rows = governed(schema)
    if len(rows) == len(sagemaker_types()):
        return "*"
    return [re.sub(r"\$\{\w+\}", "*", row.arn) for row in rows if row.arn is not None]
