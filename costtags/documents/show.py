"""Documents -> what `costtags render` prints and writes."""

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from costtags.documents.document import Document, DocumentError, Plain, minified
from costtags.documents.settings import Settings
from costtags.documents.table import Row, render
from costtags.schema import Schema

_WIDTH = 110


def text(part: Plain, *, pretty: bool) -> str:
    """Return one part as JSON: minified, or for reading."""
    return json.dumps(part, indent=2, ensure_ascii=False) if pretty else minified(part)


def listed(rows: Sequence[Row], schema: Schema, settings: Settings) -> str:
    """Return a line a document: its name, the characters of each part, what it is for; then what cannot be made."""
    lines: list[str] = []
    reasons: list[str] = []
    for row in rows:
        try:
            (document,) = render([row.name], schema, settings)
            sizes = " + ".join(str(len(part)) for part in document.texts)
        except DocumentError as error:
            sizes = "-"
            reasons += error.messages
        lines.append(f"{row.name:<27} {sizes:>13}  {row.description}")
    return "\n".join([*lines, *([""] if reasons else []), *reasons]) + "\n"


def explained(row: Row, document: Document) -> str:
    """Return what a document does: each of its pieces, then what is left out and why."""
    lines = [f"{row.name}: {row.description}", ""]
    for number, part in enumerate(document.texts, 1):
        of = f" {number} of {len(document.texts)}" if len(document.texts) > 1 else ""
        lines.append(f"policy{of}: {len(part)} characters" if row.quota else f"{len(part)} characters")
    for term in document.draft.terms:
        lines += ["", *_wrapped(term, "")]
    excepted = {piece.excepted for piece in document.draft.pieces}
    if len(excepted) == 1 and (everywhere := excepted.pop()):
        lines += ["", *_wrapped(f"Excepted throughout: {', '.join(everywhere)}.", "")]
    lines.append("")
    for piece in document.draft.pieces:
        but = f" Excepted: {', '.join(piece.excepted)}." if excepted and piece.excepted else ""
        lines += [piece.name, *_wrapped(piece.stops + but, "    ")]
    if document.draft.left_out:
        lines += ["", "Left out, or wider than tags.yaml:"]
        for reason in document.draft.left_out:
            first, *rest = _wrapped(reason, "    ")
            lines += [f"  - {first[4:]}", *rest]
    return "\n".join(lines) + "\n"


def _wrapped(words: str, indent: str) -> list[str]:
    return textwrap.wrap(
        words, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def write(documents: Sequence[Document], folder: Path, *, pretty: bool) -> Iterator[str]:
    """Write each part to NAME.json, or NAME-1.json ... where split; remove parts of an earlier rendering.

    Yields what was done with each file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for document in documents:
        written = set()
        for (name, _), part in zip(document.named_texts, document.parts, strict=True):
            file = folder / f"{name}.json"
            file.write_text(text(part, pretty=pretty) + ("\n" if pretty else ""), encoding="utf-8")
            written.add(file.name)
            yield f"{file}: {len(minified(part))} characters"
        for old in sorted(folder.iterdir()):
            if re.fullmatch(rf"{re.escape(document.name)}(-[0-9]+)?\.json", old.name) and old.name not in written:
                old.unlink()
                yield f"{old}: removed, it belonged to an earlier rendering"
