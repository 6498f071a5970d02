"""YAML as Pulumi's CLI reads it (Go's yaml.v3) -> plain data: its projects' and stacks' files mean what it says.

Python's readers differ in plain scalars: 010 is 8 in Go, 1e3 is printed as 1000, a date with a time of day and a zone.
https://github.com/go-yaml/yaml/blob/v3/resolve.go
"""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{"-" + word: -math.inf for word in (".inf", ".Inf", ".INF")},
}
_TIMES = (
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%dt%H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dt%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
)


class NotConfig(ValueError):
    """A file holds what the CLI could not read either; ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def load(text: str) -> Any:
    """Read YAML text: numbers as int and float, dates as the text that the CLI makes of them. Raises NotConfig."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotConfig(mark.line + 1 if mark else 1, f"is not YAML: {error.problem}") from None
    except YAMLError as error:
        raise NotConfig(1, f"is not YAML: {error}") from None
    return None if node is None else _data(node, frozenset())


def _data(node: Any, around: frozenset[int]) -> Any:
    if id(node) in around:
        raise NotConfig(node.start_mark.line + 1, "holds an alias of what it stands in")
    around |= {id(node)}
    kind = type(node).__name__
    if kind == "ScalarNode":
        quoted = node.style is not None or str(node.tag).endswith(":str")
        return str(node.value) if quoted else scalar(str(node.value), node.start_mark.line + 1)
    if kind == "SequenceNode":
        return [_data(item, around) for item in node.value]
    made: dict[str, Any] = {}
    own: set[str] = set()
    for key, value in node.value:
        if str(key.value) == "<<" and key.style is None:
            merged = _data(value, around)
            for one in merged if isinstance(merged, list) else [merged]:
                made = {**(one if isinstance(one, dict) else {}), **made}
        elif str(key.value) in own:
            raise NotConfig(key.start_mark.line + 1, f'has the key "{key.value}" twice')
        else:
            own.add(str(key.value))
            made[str(key.value)] = _data(value, around)
    return made


def scalar(text: str, line: int = 1) -> Any:
    """Return what Go reads in an unquoted scalar."""
    if text in _CONSTANTS:
        value = _CONSTANTS[text]
        if isinstance(value, float):
            raise NotConfig(line, f"{text} is no value that Pulumi's config can hold")
        return value
    if text[0] in "0123456789+-.":
        for read in (_time, _integer, _float):
            found = read(text)
            if found is not None:
                return found
    return text


_BASES = (("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2), ("0", 8), ("", 10))


def _integer(text: str) -> int | None:
    plain = text.replace("_", "")
    sign, digits = (plain[0], plain[1:]) if plain[:1] in ("+", "-") else ("", plain)
    if digits == "0":
        return 0
    prefix, base = next((prefix, base) for prefix, base in _BASES if digits.startswith(prefix))
    digits = digits.removeprefix(prefix)
    if not re.fullmatch("[0-9a-fA-F]+", digits):
        return None
    try:
        number = int(sign + digits, base)
    except ValueError:
        return None
    return number if -(2**63) <= number < 2**64 else None  # larger ones are read as floats


def _float(text: str) -> float | None:
    plain = text.replace("_", "")
    return float(plain) if _FLOAT.fullmatch(plain) else None


def _time(text: str) -> str | None:
    if not re.match(r"[0-9]{4}-", text):
        return None
    for form in _TIMES:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
        zone = moment.strftime("%z")
        name = "UTC" if zone == "+0000" else zone
        return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {zone} {name}"
    return None


def number_text(value: float) -> str:
    """Return a number as Go prints it: as JSON: its shortest digits, an exponent below 1e-6 and from 1e21 on."""
    number = Decimal(repr(value)).normalize()
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    if -6 <= power < 21:
        return format(number, "f")
    first, *rest = map(str, digits)
    fraction = f".{''.join(rest)}" if rest else ""
    return f"{'-' if sign else ''}{first}{fraction}e{'-' if power < 0 else '+'}{abs(power)}"
