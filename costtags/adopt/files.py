"""What `costtags init` reads and writes: JSON of others, and a file that must not be there yet."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from costtags.adopt.draft import CannotDraft
from costtags.yamlfile import quoted

STANDARD = "-"


def read_json(name: str, most: int) -> Any:
    """Return the content of a JSON file, or of standard input ("-"). Raises CannotDraft."""
    try:
        if name == STANDARD:
            raw = sys.stdin.buffer.read(most + 1)
        else:
            with Path(name).open("rb") as stream:
                raw = stream.read(most + 1)
    except OSError as error:
        raise CannotDraft(f"cannot read {name}: {error.strerror}") from None
    shown = shown_name(name)
    if len(raw) > most:
        raise CannotDraft(f"{shown} is larger than {most // 1_000_000} MB: is it the right file?")
    return parse_json(raw, shown)


def shown_name(name: str) -> str:
    """Return how a file is called in messages."""
    return "standard input" if name == STANDARD else name


def quoted_name(name: str) -> str:
    """Return the name of a file without its folders, fit for a comment."""
    return "on standard input" if name == STANDARD else quoted(Path(name).name)


def parse_json(raw: bytes | str, shown: str) -> Any:
    """Return the data of a JSON text, in any of Unicode's encodings. Raises CannotDraft."""
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        what = "is empty" if not raw.strip() else f"is not JSON: line {error.lineno}: {error.msg}"
        raise CannotDraft(f"{shown} {what}") from None
    except (UnicodeDecodeError, RecursionError, ValueError):  # ValueError: a number of thousands of digits
        raise CannotDraft(f"{shown} is not JSON") from None


def refuse_existing(target: Path) -> None:
    """Raise CannotDraft where something stands at the place of the new file, be it a dangling link."""
    if os.path.lexists(target):
        raise CannotDraft(
            f"{target} exists, and init overwrites nothing; name another file with --out, or print with -"
        )


def write_new(target: Path, text: str) -> None:
    """Write a file that must not exist: whoever creates it first keeps it. Raises CannotDraft."""
    try:
        stream = target.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        refuse_existing(target)
        raise CannotDraft(f"cannot write {target}: something of that name came and went") from None
    except OSError as error:
        raise CannotDraft(f"cannot write {target}: {error.strerror}") from None
    try:
        with stream:
            stream.write(text)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise CannotDraft(f"cannot write {target}: {error.strerror}") from None
