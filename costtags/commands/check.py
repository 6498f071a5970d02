"""costtags check."""

from pathlib import Path

import click

from costtags.commands.options import schema_option, schema_path
from costtags.commands.output import shown
from costtags.yamlfile import FileProblems


@click.command()
@schema_option
def check(schema: Path | None) -> None:
    """Validate tags.yaml and the exemptions.yaml beside it: every error, with its line."""
    from datetime import UTC, datetime

    from costtags import exemptions
    from costtags.schema import load

    path = schema_path(schema, Path.cwd())
    problems = []
    loaded = excused = None
    try:
        loaded = load(path)
    except FileProblems as error:
        problems += error.problems
    try:
        excused = exemptions.load(exemptions.beside(path), datetime.now(tz=UTC).date())
    except FileProblems as error:
        problems += error.problems
    if loaded is None or excused is None:
        raise FileProblems(problems)
    required = len(loaded.required)
    click.echo(f"{shown(loaded.path)}: {len(loaded.tags)} tags, {required} required; {len(loaded.budgets)} budgets")
    if excused.valid or excused.expired:
        click.echo(f"{shown(excused.path)}: {len(excused.valid)} exemptions, {len(excused.expired)} more expired")
    for entry in excused.expired:
        click.echo(f"{shown(excused.path)}:{entry.line}: expired on {entry.expires}: excuses nothing any more")
