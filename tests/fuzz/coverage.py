"""Counts what the generated programs hold."""

from collections import Counter
from typing import Any

from .generate import Data

_NAMED = (
    "do",
    "form",
    "act",
    "api",
    "on",
    "how",
    "rows",
    "propagation",
    "type",
    "package",
    "pool",
    "schema",
    "project",
)
_OPTIONS = (
    "parent",
    "provider",
    "providers",
    "aliases",
    "protect",
    "ignore_changes",
    "import_",
    "version",
    "depends_on",
)
_OPTIONS += (
    "plugin_download_url",
    "deleted_with",
    "retain_on_delete",
    "additional_secret_outputs",
    "ignore",
    "expires",
)


def features(batch: Data) -> Counter[str]:
    """Count the features of a batch: each step, form, kind of value, transform and option that stands in it."""
    found: Counter[str] = Counter()
    _walk(batch, found)
    found.update(f"config {key.split(':')[-1]}" for key in batch["config"])
    found.update(f"environment {'TF_AWS_DEFAULT_TAGS_' if 'DEFAULT' in key else key}" for key in batch["environment"])
    found.update(f"policy {name}" for name in batch["policies"])
    return found


def _walk(data: Any, found: Counter[str]) -> None:
    if isinstance(data, list):
        if len(data) == 2 and isinstance(data[0], str) and isinstance(data[1], list):
            found[f"value {data[1][0]}"] += 1
        for item in data:
            _walk(item, found)
    if isinstance(data, dict):
        for key, value in data.items():
            if key in _NAMED and isinstance(value, str | int):
                found[f"{key} {value}"] += 1
            elif key in _OPTIONS and value:
                found[f"option {key}"] += 1
            _walk(value, found)
