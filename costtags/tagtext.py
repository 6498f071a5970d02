"""What AWS accepts as the key and the value of a tag, and patterns for whole values."""

import unicodedata
from collections.abc import Callable, Iterator

from costtags.yamlfile import quoted

# Limits of tags: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html and
# the SageMaker API's Tag shape.
MAX_KEY = 128
MAX_VALUE = 256
MAX_TAGS = 50
_PUNCTUATION = frozenset("_.:/=+-@")


def whole_match(pattern: str) -> Callable[[str], bool]:
    """Compile a whole-value pattern. Raises ValueError with the reason where it does not compile.

    The engine is Rust's ``regex``, which pydantic ships: its matching time is linear in the value whatever the
    pattern, at the price of look-around and back-references, which it refuses.
    """
    _searcher(pattern)  # by itself: inside the group below "a)|(b" would compile too
    return _searcher(f"^(?:{pattern})$")


def _searcher(pattern: str) -> Callable[[str], bool]:
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError(_regex_reason(str(error))) from None
    return validator.isinstance_python


def _regex_reason(text: str) -> str:
    reasons = [line.split("error:", 1)[1].strip() for line in text.splitlines() if "error:" in line]
    if reasons:
        return reasons[-1]
    return "it is too large when compiled" if "size limit" in text else text.splitlines()[-1].strip()


def bad_characters(text: str) -> str:
    """Return the characters of a text that AWS does not accept in a tag, each once."""
    return "".join(
        sorted({c for c in text if c not in _PUNCTUATION and unicodedata.category(c)[0] not in ("L", "Z", "N")})
    )


def key_problems(key: str) -> Iterator[str]:
    """Yield what makes a text no usable tag key."""
    yield from impossible_key(key)
    yield from _unwise_text(key)


def value_problems(value: str, *, wildcard: bool = False) -> Iterator[str]:
    """Yield what makes a text no usable tag value; ``wildcard`` allows one ``*``, as tag policies do."""
    if wildcard and value.count("*") > 1:
        yield "a value holds at most one *: tag policies can express no more"
    yield from impossible_value(value, value.replace("*", "") if wildcard else value)
    yield from _unwise_text(value)


def impossible_key(key: str) -> Iterator[str]:
    """Yield why AWS, or this project, cannot have a text as the key of a tag."""
    if not key:
        yield "a tag key cannot be empty"
    if len(key) > MAX_KEY:
        yield f"a tag key has at most {MAX_KEY} characters; this one has {len(key)}"
    if key.lower().startswith("aws:"):
        yield 'keys that begin with "aws:" are reserved for AWS'
    if key.lower().startswith("sagemaker:"):
        yield 'keys that begin with "sagemaker:" are SageMaker\'s own; they always pass and cannot be ruled here'
    yield from impossible_text(key)


def impossible_value(value: str, literal: str) -> Iterator[str]:
    """Yield why AWS cannot have a text as the value of a tag; ``literal`` is the text without wildcards."""
    if not value:
        yield "an empty value cannot be told from a missing tag in the bill"
    if len(value) > MAX_VALUE:
        yield f"a tag value has at most {MAX_VALUE} characters; this one has {len(value)}"
    yield from impossible_text(literal)


def impossible_text(text: str) -> Iterator[str]:
    """Yield which characters of a text AWS refuses in tags."""
    # Composed first: of a decomposed letter it is the form that is wrong, not the letter.
    if bad := bad_characters(unicodedata.normalize("NFC", text)):
        shown = " ".join(map(_shown, bad[:8]))
        yield f"AWS accepts letters, numbers, spaces and _ . : / = + - @ in tags, not {shown}"


def _shown(character: str) -> str:
    # A combining mark alone would sit on the letter before it.
    alone = character.isprintable() and unicodedata.category(character)[0] != "M"
    return character if alone else f"U+{ord(character):04X}"


def _unwise_text(text: str) -> Iterator[str]:
    if text != text.strip():
        yield "it begins or ends with a space, which no one sees on the bill"
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        yield f"it looks like {quoted(composed)} and is not equal to it: use Unicode's composed form (NFC)"
