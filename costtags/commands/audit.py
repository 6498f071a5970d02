"""costtags audit."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from costtags.commands.options import Sought, audit_options, policy_config_option, schema_option, schema_path
from costtags.commands.output import BLOCKED, fail, note, outputs_of, print_text, say, shown

if TYPE_CHECKING:
    from datetime import date

    from costtags.account.audit import Source
    from costtags.account.audit_costs import Spend
    from costtags.account.places import Access
    from costtags.account.run_audit import Progress

ATHENA = "athena"


@click.command()
@schema_option
@policy_config_option
@audit_options
@click.option(
    "--source", type=click.Choice(["api", "config"]), default="api", show_default=True,
    help="config: what AWS Config has recorded; it says which types it cannot see.",
)  # fmt: skip
@click.option(
    "--aggregator", metavar="NAME", help="The aggregator of AWS Config, for all that it collects by one query."
)
@click.option(
    "--costs", multiple=True, metavar="FILE|athena",
    help="What each resource cost last month: a cost and usage report's files or folder, repeatable; or athena.",
)  # fmt: skip
@click.option("--athena", "workgroup", metavar="WORKGROUP", help="For --costs athena: Athena's workgroup.")
@click.option("--table", metavar="DATABASE.TABLE", help="For --costs athena: the bill's table.")
@click.option("--only-findings", is_flag=True, help="Leave out the resources without findings; text always does.")
@click.option(
    "--journal", type=click.Path(path_type=Path, dir_okay=False),
    help="Keep what AWS answers in this file; after an interruption the same command goes on from there.",
)  # fmt: skip
@click.option("--concurrency", type=click.IntRange(1, 32), default=8, show_default=True, help="Calls at a time.")
@click.option("--format", "formats", multiple=True, metavar="FORMAT[=FILE]", help="See above; repeatable.")
def audit(
    schema: Path | None,
    policy_config: Path | None,
    sought: Sought,
    source: str,
    aggregator: str | None,
    costs: tuple[str, ...],
    workgroup: str | None,
    table: str | None,
    only_findings: bool,
    journal: Path | None,
    concurrency: int,
    formats: tuple[str, ...],
) -> None:
    """Find every SageMaker resource of live accounts whose tags are not as tags.yaml says; changes nothing.

    Also those that were never tagged, which AWS's tagging API does not return. Of what it does return, the tags may lag
    some time behind a change; AWS does not say how long. What was just repaired or created is seen by a later audit.

    Exits with 0 where all is right and all was read; 1 where a mandatory finding remains or something could not be
    read, since no one can say that it is right; 2 where nothing could be read.

    \b
    Formats: one is printed, others go to files (--format text --format html=FILE).
      text  a table for people, the default
      json  for programs, a stable contract; `costtags repair plan --audit` reads it
      csv   a row for each finding
      html  one page that needs nothing else
    """
    from datetime import UTC, datetime
    from functools import partial

    from costtags import exemptions, policyconfig
    from costtags.account.audit import as_json
    from costtags.account.audit_html import as_html
    from costtags.account.audit_text import as_csv, as_text
    from costtags.schema import load

    bill = Bill(costs, workgroup, table)
    _check_options(source, aggregator, journal, bill)
    forms: dict[str, Callable[..., str]] = {
        "text": as_text,
        "json": partial(as_json, only_findings=only_findings),
        "csv": as_csv,
        "html": as_html,
    }
    outputs = outputs_of(formats, forms)
    path = schema_path(schema, Path.cwd())
    now = datetime.now(tz=UTC)
    loaded = load(path)
    levels = policyconfig.levels(policyconfig.load(policy_config) if policy_config else {})
    excused = exemptions.load(exemptions.beside(path.resolve()), now.date())

    from costtags.account import run_audit
    from costtags.account.clients import AwsFailed
    from costtags.account.judging import Rules
    from costtags.account.places import Access
    from costtags.account.read_inventory import ATTEMPTS

    by_config: Source = "config" if source == "config" else "api"
    wanted = run_audit.Wanted(
        sought.accounts, sought.regions, sought.types, sought.skipped, sought.since, by_config, aggregator, concurrency
    )
    try:
        run_audit.check(wanted, loaded, now)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        with _progress_bar() as progress:
            access = Access(sought.profile, sought.role, attempts=ATTEMPTS)
            spend = bill.read(access, now.date(), progress)
            found = run_audit.run(
                access, Rules(loaded, excused, levels), wanted, shown=shown(loaded.path), now=now, journal=journal,
                spend=spend, progress=progress,
            )  # fmt: skip
    except AwsFailed as error:
        fail(str(error))
    except KeyboardInterrupt:
        if journal is not None:
            note(f"the same command goes on where it was: {journal} has what AWS answered")
        elif source == "api":
            say("note: with --journal FILE it could go on where it was")
        raise
    if journal is not None and found.at != run_audit.iso(now):
        note(f"{journal} began at {found.at}: what it holds was not asked again; remove it for a new audit")
    if found.unreachable and print_text in [write for write, _ in outputs] and formats and "text" not in formats:
        note(f"{len(found.unreachable)} could not be read; text and json say what, and why")
    for write, text in [(write, make(found)) for write, make in outputs]:
        write(text)
    sys.exit(BLOCKED if found.blocked else 0)


@dataclass(frozen=True)
class Bill:
    """Where the costs come from, if they are wanted."""

    costs: tuple[str, ...]
    workgroup: str | None
    table: str | None

    @property
    def is_athena(self) -> bool:
        """Whether Athena is asked."""
        return ATHENA in self.costs

    def read(self, access: "Access", today: "date", progress: "Progress") -> "Spend | None":
        """Return what each resource cost. Raises AwsFailed."""
        from costtags.account import audit_costs

        if not self.costs:
            return None
        if not self.is_athena:
            progress("the bill", 0, 0)
            return audit_costs.from_files([Path(name) for name in self.costs])
        assert self.workgroup is not None  # checked before
        assert self.table is not None
        return audit_costs.from_athena(access, self.workgroup, self.table, today, lambda text: progress(text, 0, 0))


def _check_options(source: str, aggregator: str | None, journal: Path | None, bill: Bill) -> None:
    """Raise a usage error for options that do not go together."""
    athena = {"--athena": bill.workgroup, "--table": bill.table}
    if aggregator is not None and source != "config":
        raise click.UsageError("--aggregator belongs to --source config")
    if journal is not None and source == "config":
        raise click.UsageError("--journal belongs to --source api: AWS Config is read by a few calls")
    if bill.is_athena:
        if len(bill.costs) > 1:
            raise click.UsageError("--costs athena stands alone: files would count the same costs twice")
        missing = [name for name, value in athena.items() if value is None]
        if missing:
            raise click.UsageError(f"--costs athena needs {' and '.join(missing)}")
    elif any(athena.values()):
        raise click.UsageError("--athena and --table belong to --costs athena")


@contextmanager
def _progress_bar() -> "Iterator[Progress]":
    """Give a function that shows how far the work is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield show
