"""Checked tags -> the text to paste into a request, in the form of each tool."""

import json
import shlex
from collections.abc import Callable, Mapping

Tags = Mapping[str, str]


def as_list(tags: Tags) -> str:
    """Return the list of Key and Value that boto3 and the SageMaker Python SDK take, as a Python and JSON literal."""
    return json.dumps([{"Key": key, "Value": value} for key, value in tags.items()], ensure_ascii=False)


def as_arguments(tags: Tags) -> str:
    """Return the arguments of the AWS CLI's --tags, quoted for a shell.

    A value with a comma or the like would break the shorthand, so the JSON form is used.
    """
    return f"--tags {shlex.quote(as_list(tags))}"


def as_yaml(tags: Tags) -> str:
    """Return a YAML mapping; JSON strings are YAML strings."""
    return "\n".join(
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}" for key, value in tags.items()
    )


FORMS: dict[str, Callable[[Tags], str]] = {
    "sdk": as_list,
    "boto3": as_list,
    "cli": as_arguments,
    "yaml": as_yaml,
}
