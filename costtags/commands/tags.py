"""costtags tags."""

import sys
from pathlib import Path

import click

from costtags.commands.options import schema_option, schema_path
from costtags.commands.output import BLOCKED, shown


@click.command()
@click.argument("pairs", metavar="KEY=VALUE...", nargs=-1, required=True)
@click.option(
    "--format", "form", type=click.Choice(["sdk", "boto3", "cli", "yaml"]), default="sdk", show_default=True,
    help="sdk and boto3: a list of Key and Value for Python; cli: arguments for --tags; yaml: a mapping.",
)  # fmt: skip
@schema_option
def tags(pairs: tuple[str, ...], form: str, schema: Path | None) -> None:
    """Check tags and print them in the form of a job request."""
    from costtags.check import check as judge
    from costtags.effective import EffectiveTags, TagValue
    from costtags.schema import load
    from costtags.tagforms import FORMS

    given: dict[str, str] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found:
            raise click.UsageError(f'"{pair}" is no KEY=VALUE')
        if key in given:
            raise click.UsageError(f'"{key}" is given twice')
        given[key] = value
    loaded = load(schema_path(schema, Path.cwd()))
    findings = judge(loaded, EffectiveTags({key: TagValue(value, "resource") for key, value in given.items()}))
    if findings:
        for finding in findings:
            click.echo(finding.message, err=True)
            click.echo(f"    {finding.fix}", err=True)
        click.echo(f"judged by {shown(loaded.path)}", err=True)
        sys.exit(BLOCKED)
    click.echo(FORMS[form](given))
