"""What AWS would say of a request: botocore's validator, and what that leaves out: enums, patterns, minima and maxima.

    validate("budgets", "CreateBudget", {"AccountId": "123456789012", "Budget": {...}})

raises AssertionError with every problem of the request and where it is.
"""

import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator


def validate(service: str, operation: str, body: Mapping[str, Any]) -> None:
    """Raise AssertionError with everything that is wrong with a request, by the service's published model."""
    found = problems(service, operation, body)
    assert not found, "\n".join([f"{service} {operation}:", *found])


def problems(service: str, operation: str, body: Mapping[str, Any]) -> list[str]:
    """Return everything that is wrong with a request."""
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return [f"takes no parameters, not {', '.join(body)}"] if body else []
    # botocore fills these in by itself before it validates
    tokens = {name: "t" * 36 for name, member in shape.members.items() if "idempotencyToken" in member.metadata}
    report = ParamValidator().validate({**tokens, **body}, shape)
    said = report.generate_report()
    # Where the structure is wrong, the rest cannot be walked.
    return said.splitlines() if said else list(_broken_limits(shape, body, ""))


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """Return botocore's model of an operation, named as the API names it: CreateBudget."""
    return service_model(service).operation_model(operation)


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service, read once: SageMaker's takes a tenth of a second."""
    return botocore.session.get_session().get_service_model(service)


def _broken_limits(shape: Shape, value: Any, at: str) -> Iterator[str]:
    limits = shape.metadata
    size = len(value) if isinstance(value, str | bytes | list | tuple | Mapping) else value
    if not isinstance(size, bool) and shape.type_name not in ("boolean", "timestamp", "structure"):
        if "min" in limits and size < limits["min"]:
            yield f"{at}: {size} is less than {limits['min']}"
        if "max" in limits and size > limits["max"]:
            yield f"{at}: {size} is more than {limits['max']}"
    if limits.get("enum") and value not in limits["enum"]:
        yield f"{at}: {value!r} is not one of {', '.join(limits['enum'])}"
    if "pattern" in limits and not _compiled(limits["pattern"]).fullmatch(value):
        yield f"{at}: {value!r} does not match {limits['pattern']}"
    for member, item, place in _inside(shape, value, at):
        yield from _broken_limits(member, item, place)


def _inside(shape: Any, value: Any, at: str) -> Iterator[tuple[Shape, Any, str]]:
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        for name, item in value.items():
            yield shape.members[name], item, f"{at}.{name}" if at else name
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield shape.member, item, f"{at}[{index}]"
    elif shape.type_name == "map":
        for key, item in value.items():
            yield shape.key, key, f"{at} (key {key})"
            yield shape.value, item, f"{at}[{key}]"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of an AWS model, which is Java's: ASCII classes, and the whole text must match."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "[[" and "--" mean to Python what they always meant
        return re.compile(python_pattern(pattern), re.ASCII)


# One item of a pattern: an escape, a flag, a surrogate pair, or a single character.
_ITEM = re.compile(
    r"\\uD800\\uDC00-\\uDBFF\\uDFFF|\\[pP]\{\w+\}|\\u[0-9a-fA-F]{4}|\\.|\(\?i\)|\$\{\d+,\d+\}|.",
    re.DOTALL,
)


def python_pattern(pattern: str) -> str:
    r"""Translate Java's regular expressions: \p{L}, (?i) within, \z, a bare - behind a class, surrogate pairs."""
    made: list[str] = []
    flagged = [False]  # for each open group: whether (?i) holds in it from here on
    in_class = False
    after_class = False
    for item in _ITEM.findall(pattern):
        is_class = bool(re.fullmatch(r"\\[pP]\{\w+\}|\\[wWdDsS]", item))
        if item[:2] in ("\\p", "\\P") and len(item) > 2:
            ranges = _ranges(item[3:-1], negated=item[1] == "P")
            item = ranges if in_class else f"[{ranges}]"
        elif item.startswith("\\uD800"):
            item = "\\U00010000-\\U0010FFFF"
        elif item == "\\z":
            item = "\\Z"
        elif in_class:
            if item == "-" and after_class:
                item = "\\-"
            in_class = item != "]"
        elif item == "[":
            in_class = True
        elif item.startswith("${"):
            item = "$"  # "the end, 1 to 128 times": Java reads it, Python does not
        elif item == "(?i)":
            # Python wants flags at the start, or for a group: one to the end of this group, for each alternative.
            item = "" if flagged[-1] else "(?i:"
            flagged[-1] = True
        elif item == "(":
            flagged.append(False)
        elif item == ")":
            item = "))" if flagged.pop() else ")"
        elif item == "|" and flagged[-1]:
            item = ")|(?i:"
        made.append(item)
        after_class = is_class
    return "".join(made) + (")" if flagged[-1] else "")


@cache
def _ranges(name: str, *, negated: bool) -> str:
    r"""Return the characters of a Unicode category, L or Lu, as ranges for a character class."""
    if name == "Alnum":
        return "a-zA-Z0-9"
    made: list[str] = []
    start = None
    for code in range(0x110001):
        inside = code < 0x110000 and unicodedata.category(chr(code)).startswith(name) != negated
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            made.append(f"\\U{start:08X}-\\U{code - 1:08X}")
            start = None
    return "".join(made)
