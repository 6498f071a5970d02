"""What every command does with its output: messages, files, formats, progress, exit codes."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from costtags.gate.report import Report

BLOCKED = 1
FAILED = 2


def shown(path: str) -> str:
    """Return a path as seen from the working directory, where it lies in it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path


def fail(message: str) -> NoReturn:
    """End with what could not be done, on stderr, and exit code 2."""
    from costtags.gate.formats.as_text import printable

    click.echo("\n".join(map(printable, f"costtags: {message}".split("\n"))), err=True)
    sys.exit(FAILED)


def say(text: str) -> None:
    """Tell something on stderr."""
    click.echo(text, err=True)


def note(text: str) -> None:
    """Tell something on stderr that holds text which is not ours."""
    from costtags.gate.formats.as_text import printable

    say(printable(f"note: {text}"))


Write = Callable[[str], None]


def end(report: "Report", outputs: "list[tuple[Write, Callable[[Any], str]]]") -> NoReturn:
    """Write a report in each form, when all are made, and end with its exit code."""
    for write, text in [(write, make(report)) for write, make in outputs]:
        write(text)
    sys.exit(BLOCKED if report.blocked else 0)


def outputs_of(
    formats: tuple[str, ...], known: Mapping[str, Callable[..., str]] | None = None
) -> list[tuple[Write, Callable[[Any], str]]]:
    """Turn FORMAT or FORMAT=FILE into where to write and how; without any, text on the terminal.

    ``known`` are the formats that there are, by name; without them, those of the gate.
    """
    if known is None:
        from costtags.gate.formats import FORMATS

        known = FORMATS
    outputs: list[tuple[Write, Callable[[Any], str]]] = []
    files: list[str] = []
    for item in formats or ("text",):
        name, _, file = item.partition("=")
        if name not in known:
            raise click.UsageError(f'unknown format "{name}"; formats: {", ".join(known)}')
        if file in files:
            raise click.UsageError(f"two formats would be written to {file}")
        files += [file] if file else []
        make = _for_terminal(known[name]) if name == "text" and not file else known[name]
        outputs.append((file_writer(Path(file)) if file else print_text, make))
    if sum(write is print_text for write, _ in outputs) > 1:
        raise click.UsageError("only one format can go to the terminal: give the others a file (json=FILE)")
    return outputs


def _for_terminal(write: Callable[..., str]) -> Callable[[Any], str]:
    """Wrap and colour a text where it goes to a terminal, and nowhere else."""
    if not sys.stdout.isatty():
        return write
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return partial(write, width=shutil.get_terminal_size().columns, colour=colour)


def print_text(text: str) -> None:
    """Print a whole text, which ends its last line itself."""
    click.echo(text, nl=False)


def file_writer(path: Path) -> Write:
    """Return what writes a text to a file: whole or not at all; a pipe or a device is written to as it is."""

    def write(text: str) -> None:
        if path.exists() and not path.is_file():  # a pipe or a device is written to, not replaced
            path.write_text(text, encoding="utf-8")
            return
        target = path.resolve()
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            fail(f"cannot write {path}: {error.strerror}")

    return write


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows how far the work is, on one line of a terminal; nothing is left of it at the end."""
    shown = sys.stderr.isatty()
    try:
        yield lambda text: click.echo(f"\r{text}\x1b[K", nl=False, err=True) if shown else None
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)
