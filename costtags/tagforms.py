"""Checked tags -> the text to paste into a request, in the form of each tool."""

import json
import re
import shlex
from collections.abc import Callable, Mapping

Tags = Mapping[str, str]


# What JSON leaves as it is, and YAML or a terminal does not: control characters, line ends, halves of pairs.
_UNSAFE = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")


def _literal(data: object) -> str:
    """Return data as a literal of JSON, and so of YAML and Python."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(data, ensure_ascii=False))


def as_list(tags: Tags) -> str:
    """Return the list of Key and Value that boto3 and the SageMaker Python SDK take, as a Python and JSON literal."""
    return _literal([{"Key": key, "Value": value} for key, value in tags.items()])


def as_arguments(tags: Tags) -> str:
    """Return the arguments of the AWS CLI's --tags, quoted for a shell.

    A value with a comma or the like would break the shorthand, so the JSON form is used.
    """
    return f"--tags {shlex.quote(as_list(tags))}"


def as_yaml(tags: Tags) -> str:
    """Return a YAML mapping; JSON strings are YAML strings."""
    return "\n".join(f"{_literal(key)}: {_literal(value)}" for key, value in tags.items())


FORMS: dict[str, Callable[[Tags], str]] = {
    "sdk": as_list,
    "boto3": as_list,
    "cli": as_arguments,
    "yaml": as_yaml,
}
