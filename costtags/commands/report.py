"""costtags report."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from costtags.commands.bills import in_files, on_athena
from costtags.commands.options import profile_option, schema_option, schema_path
from costtags.commands.output import fail, file_writer, note, print_text, progress_line, say, shown

if TYPE_CHECKING:
    from costtags.costs.facts import Facts, Wanted
    from costtags.schema import Schema

_COSTS = ("amortised", "unblended", "net-amortised", "net-unblended")
_ENDINGS = {".json": "json", ".md": "markdown"}
_MONTHS = 6  # of sources that hold years
_MAX_REQUESTS = 25


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--athena", "workgroup", metavar="WORKGROUP", help="Ask Athena, in this workgroup, instead of files.")
@click.option("--table", metavar="DATABASE.TABLE", help="The bill's table on Athena.")
@click.option("--region", metavar="REGION", help="Athena's region; else the configured one, else us-east-1.")
@click.option("--explorer", is_flag=True, help="Ask Cost Explorer; each request costs 0.01 USD.")
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    default=_MAX_REQUESTS,
    show_default=True,
    help="How many requests Cost Explorer may be sent.",
)
@click.option("--tag", "keys", multiple=True, metavar="KEY", help="A tag of tags.yaml, repeatable; by default all.")
@click.option("--cost", type=click.Choice(_COSTS), help="The kind of cost; by default amortised, where it is there.")
@click.option("--currency", metavar="USD|...", help="Needed only where the bill has several.")
@click.option(
    "--months",
    type=click.IntRange(1, 120),
    help=f"How many months, the last ones; by default all of files, else {_MONTHS}.",
)
@profile_option
@schema_option
@click.option(
    "--format", "form", type=click.Choice(["html", "json", "markdown"]),
    help="By default what --out ends in (.html, .json, .md), else html.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file, instead of printing it.")
def report(
    files: tuple[Path, ...], workgroup: str | None, table: str | None, region: str | None, explorer: bool,
    max_requests: int, keys: tuple[str, ...], cost: str | None, currency: str | None, months: int | None,
    profile: str | None, schema: Path | None, form: str | None, out: Path | None,
) -> None:  # fmt: skip
    """Report who spent what on SageMaker, what is not attributed, and what changed.

    FILEs are Parquet or CSV (.gz, .zip) of CUR 2.0, legacy Cost and Usage Reports or monthly cost allocation reports,
    or folders of them; or --athena with --table; or --explorer. The report is one HTML file that needs no network and
    no script, JSON for machines, or Markdown for an issue or a wiki.

    Sums state what they leave out: tax, AWS Support, unused commitment, other products. A month counts as whole when
    there are costs of its last day. Athena runs two statements, whose price is told; so is Cost Explorer's.

    Exits with 0, or 2 where there is no report.
    """
    from costtags.schema import load

    sources = [bool(files), bool(workgroup or table), explorer]
    if sum(sources) > 1:
        raise click.UsageError("files, --athena or --explorer: name one source")
    if not any(sources):
        raise click.UsageError(
            "of which bill? name its files, --athena WORKGROUP --table DATABASE.TABLE, or --explorer"
        )
    if bool(workgroup) != bool(table):
        raise click.UsageError("--athena WORKGROUP and --table DATABASE.TABLE go together")
    form = form or _ENDINGS.get(out.suffix if out else "", "html")
    if form == "html" and out is None and sys.stdout.isatty():
        raise click.UsageError("the report is a page for a browser: --out report.html; or take --format markdown")
    loaded = load(schema_path(schema, Path.cwd()))
    wanted = _wanted(loaded, keys, cost, currency, months)
    if explorer:
        facts = _by_explorer(wanted, max_requests, profile)
    elif workgroup and table:
        facts = _by_athena(wanted, workgroup, table, region, profile)
    else:
        facts = _by_files(wanted, files)
    _write(facts, loaded, form, out)


def _wanted(
    schema: "Schema", keys: tuple[str, ...], cost: str | None, currency: str | None, months: int | None
) -> "Wanted":
    from costtags.costs.facts import Wanted
    from costtags.suggest import nearest

    wrong = []
    for key in keys:
        if key not in schema.tags:
            near = schema.meant_key(key) or nearest(key, schema.tags)
            hint = f"; did you mean {near}?" if near else ""
            wrong.append(f'"{key}" is no key of {shown(schema.path)}{hint} It has: {", ".join(schema.tags)}')
    if wrong:
        fail("\n".join(wrong))
    return Wanted(schema, tuple(dict.fromkeys(keys)) or tuple(schema.tags), cost, currency, months)


def _by_files(wanted: "Wanted", files: tuple[Path, ...]) -> "Facts":
    from costtags.costs.cube import facts_of_files

    named = ", ".join(str(file) for file in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    with in_files(files) as bill:
        return facts_of_files(bill, wanted, f"{bill.layout.name} in {named}")


def _by_athena(wanted: "Wanted", workgroup: str, table: str, region: str | None, profile: str | None) -> "Facts":
    from dataclasses import replace
    from datetime import UTC, datetime

    from costtags.costs.cube import facts_of_athena
    from costtags.costs.facts import months_until

    asked = months_until(f"{datetime.now(tz=UTC):%Y-%m}", wanted.months or _MONTHS)
    with on_athena(workgroup, table, region, profile) as bill:
        source = bill.source()
        named = f"{source.layout.name} in {table}, by Athena"
        return facts_of_athena(source, replace(wanted, months=None), named, (asked[0], asked[-1]))


def _by_explorer(wanted: "Wanted", most: int, profile: str | None) -> "Facts":
    from dataclasses import replace
    from datetime import UTC, datetime

    from costtags.account.clients import AwsFailed
    from costtags.account.places import Access
    from costtags.costs.explorer import ExplorerFailed, Requests, facts_of_explorer, least_requests, price_text

    least = least_requests(wanted)
    if least > most:
        fail(
            f"Cost Explorer would be sent at least {price_text(least)}; allowed are {most}: "
            f"--max-requests {least}, or fewer tags with --tag"
        )
    say(f"Cost Explorer: at least {price_text(least)} by list price")
    try:
        access = Access(profile)
        client = access.client(access.account, "ce")
    except AwsFailed as error:
        fail(str(error))
    with progress_line() as progress:
        requests = Requests(client, most, progress)
        try:
            today = datetime.now(tz=UTC).date()
            source = f"Cost Explorer of account {access.account}"
            return facts_of_explorer(requests, replace(wanted, months=wanted.months or _MONTHS), source, today)
        except ExplorerFailed as error:
            fail(str(error))
        finally:
            progress("")
            if requests.made:
                say(f"Cost Explorer: {price_text(requests.made)} by list price")


def _write(facts: "Facts", schema: "Schema", form: str, out: Path | None) -> None:
    from costtags.costs import report_html, report_json, report_markdown
    from costtags.costs.report import report as made

    data = made(facts, schema, shown(schema.path))
    forms = {"html": report_html.as_html, "json": report_json.as_json, "markdown": report_markdown.as_markdown}
    try:
        text = forms[form](data)
    except ImportError:
        fail("the page needs Jinja2 and pygal: pip install 'costtags[reports]'")
    (file_writer(out) if out else print_text)(text)
    for said in data.notes:
        note(said)
