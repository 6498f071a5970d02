"""A report -> text for people and for machines: one function a format."""

from collections.abc import Callable

from costtags.gate.formats.as_json import as_json
from costtags.gate.formats.as_text import as_text
from costtags.gate.report import Report

FORMATS: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json}
