"""The options by which today's findings are excused, all at once."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from costtags.commands.output import note, shown

if TYPE_CHECKING:
    from datetime import datetime

    from costtags.gate.debt import Excuse
    from costtags.gate.report import Report


def exempt_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options by which today's findings are excused, all at once."""
    for option in (
        click.option(
            "--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Until when, for --exempt-all."
        ),
        click.option("--reason", metavar="TEXT", help="Why, for --exempt-all."),
        click.option("--owner", help="Who answers for it, for --exempt-all."),
        click.option(
            "--exempt-all", is_flag=True, help="Write what blocks today to exemptions.yaml: only new findings block."
        ),
    ):
        command = option(command)
    return command


def excuse_of(exempt_all: bool, owner: str | None, reason: str | None, expires: "datetime | None") -> "Excuse | None":
    """Return what the options say of excusing. Raises a usage error where they do not go together."""
    from costtags.gate.debt import excuse

    if not exempt_all:
        if owner or reason or expires:
            raise click.UsageError("--owner, --reason and --expires belong to --exempt-all")
        return None
    try:
        return excuse(owner, reason, expires.date() if expires else None)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def exempted(report: "Report", schema: Path, excuse: "Excuse | None") -> "Report":
    """Write what blocks to the exemptions.yaml beside tags.yaml, and return the report as it is then."""
    if excuse is None:
        return report
    from datetime import UTC, datetime

    from costtags import exemptions
    from costtags.gate import debt

    path = exemptions.beside(schema.resolve())
    count = debt.write(path, report, excuse, datetime.now(tz=UTC).date())
    found = len(debt.blocking(report))
    what = f"{found} finding{'' if found == 1 else 's'} excused until {excuse.expires}, {count} entries"
    note(f"{shown(str(path))}: {what if found else 'nothing to excuse'}")
    return debt.excused(report)
