"""A report -> text for people and for machines: one function a format."""

from collections.abc import Callable

from costtags.gate.formats.as_github import as_github
from costtags.gate.formats.as_json import as_json
from costtags.gate.formats.as_junit import as_junit
from costtags.gate.formats.as_markdown import as_markdown
from costtags.gate.formats.as_sarif import as_sarif
from costtags.gate.formats.as_text import as_text
from costtags.gate.report import Report

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "junit": as_junit,
    "markdown": as_markdown,
    "github": as_github,
}
