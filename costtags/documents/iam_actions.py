"""Types of the catalogue -> what listing, describing and tagging them is called in IAM, and on which ARNs.

IAM names an action as the API names the operation:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from collections.abc import Iterable

from costtags.catalog import SageMakerType, sagemaker_types

Rows = list[SageMakerType]

# IAM's data has no ARNs of these yet; botocore's model has.
_ARNS_BEYOND_IAM = {"cluster-extension": "extension", "inference-router": "inference-router"}
# Words of a method's name that the API writes in capitals.
_CAPITALS = {"ai": "AI", "ml": "ML"}


def _operation(method: str) -> str:
    """Return the API's name of a method of the catalogue: ListAutoMLJobs of list_auto_ml_jobs."""
    return "".join(_CAPITALS.get(word, word.capitalize()) for word in method.split("_"))


def listed(rows: Rows) -> list[str]:
    """Return the actions that list types, and those in whose items others are listed."""
    parents = {source for row in rows if row.list_call for source in row.list_call.each.values()}
    wanted = {row.name for row in rows} | parents
    return _calls(row.list_call.call for row in sagemaker_types() if row.name in wanted and row.list_call)


def described_for_arns(rows: Rows) -> list[str]:
    """Return the actions that describe domains, for what they hand on, and what has no ARN in its list."""
    return _calls(row.describe_call.call for row in _without_arns(rows) if row.describe_call)


def _without_arns(rows: Rows) -> Rows:
    return [row for row in rows if row.name == "domain" or (row.list_call is not None and row.list_call.arn is None)]


def _described(rows: Rows) -> list[str]:
    return _calls(row.describe_call.call for row in rows if row.describe_call)


def read_each(rows: Rows) -> list[str]:
    """Return the actions that read one resource: its description and its tags."""
    # A cluster extension is described by its cluster too, which its ARN does not say.
    return [*_described([row for row in rows if row.name != "cluster-extension"]), "sagemaker:ListTags"]


def _calls(methods: Iterable[str]) -> list[str]:
    return sorted({f"sagemaker:{_operation(method)}" for method in methods})


def arns(rows: Rows) -> list[str]:
    """Return the ARNs of types, without their partition, sorted."""
    return sorted({arn for row in rows if (arn := _arn(row))})


def _arn(row: SageMakerType) -> str:
    """Return the ARNs of a type, without their partition: sagemaker:*:*:model/*."""
    if row.arn is None:
        return f"sagemaker:*:*:{_ARNS_BEYOND_IAM[row.name]}/*"
    return re.sub(r"\$\{\w+\}", "*", row.arn.partition("${Partition}:")[2])


def arns_described(rows: Rows) -> list[str]:
    """Return the ARNs of what ``described_for_arns`` describes."""
    return arns(_without_arns(rows))


def arns_taggable(rows: Rows) -> list[str]:
    """Return the ARNs of what can be tagged once it is there."""
    return arns([row for row in rows if row.taggable_later])


def newer_than_iam() -> frozenset[str]:
    """Return the actions that IAM's published data does not have yet."""
    rows = [row for row in sagemaker_types() if row.name in _ARNS_BEYOND_IAM]
    return frozenset([*_described(rows), *_calls(row.list_call.call for row in rows if row.list_call)])
