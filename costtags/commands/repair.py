"""costtags repair plan, apply, undo."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from costtags.commands.options import Sought, audit_options, profile_option, role_option, schema_option, schema_path
from costtags.commands.output import BLOCKED, fail, file_writer, note, print_text, progress_line, say, shown

if TYPE_CHECKING:
    from costtags.account.audit import Audit
    from costtags.account.places import Access
    from costtags.repair.apply import Became, Done
    from costtags.repair.journal import Journal
    from costtags.repair.write import Writer
    from costtags.schema import Schema

_format = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
_most = click.option(
    "--max-changes",
    type=click.IntRange(min=0),
    metavar="N",
    help="Change at most N resources in this run; the next run goes on with the rest.",
)
_file = click.Path(path_type=Path, dir_okay=False)
_ATTEMPTS = 10
"""Of reading calls: thousands of them are throttled now and then."""


@click.group()
def repair() -> None:
    """Repair live tags by a plan that is reviewed, applied, and can be undone."""


@repair.command(short_help="Write a plan to review; changes nothing.")
@schema_option
@click.option("--rules", type=_file, help="What gives which resources which values; see docs/finops.md.")
@click.option("--out", type=_file, required=True, help="Where to write the plan.")
@click.option(
    "--audit", "audited", type=_file, metavar="FILE",
    help="What `costtags audit --format json=FILE` wrote; without it, the audit is made now.",
)  # fmt: skip
@audit_options
@click.option(
    "--state", "states", multiple=True, type=_file, metavar="EXPORT",
    help="What `pulumi stack export` wrote: the plan then names the stack and the line to change; repeatable.",
)  # fmt: skip
@click.option(
    "--project", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path(),
    help="The folder of the Pulumi program that the lines are in.",
)  # fmt: skip
@click.option("--defaults", is_flag=True, help="Where nothing else gives a value, take the default of tags.yaml.")
@click.option(
    "--remove-misspelt", is_flag=True, help="Remove misspelt keys too, each after the right one has been written."
)
@click.option("--finished-jobs", is_flag=True, help="Tag jobs that have ended too, though it changes no bill.")
@click.option("--restart-apps", is_flag=True, help="List the running apps of Studio that need a restart, and whose.")
@_format
def plan(
    schema: Path | None,
    rules: Path | None,
    out: Path,
    audited: Path | None,
    sought: Sought,
    states: tuple[Path, ...],
    project: Path,
    defaults: bool,
    remove_misspelt: bool,
    finished_jobs: bool,
    restart_apps: bool,
    form: str,
) -> None:
    """Write a plan to review: which tags each resource has, gets, and where each value comes from. Changes nothing.

    What a resource itself says comes first: a value that tags.yaml lists as an alias, or that differs from an allowed
    one only in case and separators; the value of a misspelt key. Then the rules, the first that matches. Nothing is
    guessed: what no source gives stays in the plan as not repaired, with the reason.

    Exits with 0 where everything wrong can be repaired by the plan; 1 where something cannot; 2 where no plan could
    be made.
    """
    from costtags.account.clients import AwsFailed
    from costtags.gate.state import StateError
    from costtags.repair import rules as rule_files
    from costtags.repair.make import make
    from costtags.repair.owners import load_states
    from costtags.repair.plan import Options
    from costtags.repair.plan_file import as_json, as_yaml
    from costtags.repair.text import plan_text
    from costtags.schema import load
    from costtags.yamlfile import FileProblems

    loaded = load(schema_path(schema, Path.cwd()))
    if audited is not None and (sought.regions or sought.accounts or sought.types or sought.skipped):
        raise click.UsageError("--audit says what there is: --region, --account, --type and --skip-type say it anew")
    problems = []
    try:
        ruled = rule_files.load(rules, shown(str(rules)), loaded) if rules is not None else ()
    except FileProblems as error:
        problems = [str(problem) for problem in error.problems]
    try:
        stacks = load_states(states)
    except StateError as error:
        problems.append(str(error))
    if problems:
        fail("\n".join(problems))
    try:
        with progress_line() as progress:
            found = _read_audit(audited) if audited is not None else _audit_now(loaded, sought, progress)
            made = make(
                found, loaded, shown(loaded.path), ruled,
                Options(defaults=defaults, remove_misspelt=remove_misspelt, finished_jobs=finished_jobs),
                stacks, project, lambda: _access(sought.profile, sought.role), restart_apps=restart_apps,
                progress=progress,
            )  # fmt: skip
    except AwsFailed as error:
        fail(str(error))
    file_writer(out)(as_yaml(made))
    print_text(as_json(made) if form == "json" else plan_text(made, str(out)))
    sys.exit(BLOCKED if made.left or found.unreachable else 0)


def _read_audit(path: Path) -> "Audit":
    from costtags.account.audit import read_json

    try:
        return read_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")
    except ValueError as error:  # also what is no UTF-8
        fail(f"{path}: {error}")


def _audit_now(schema: "Schema", sought: Sought, progress: Callable[[str], None]) -> "Audit":
    from datetime import UTC, datetime

    from costtags import exemptions, policyconfig
    from costtags.account import run_audit
    from costtags.account.judging import Rules

    now = datetime.now(tz=UTC)
    excused = exemptions.load(exemptions.beside(Path(schema.path).resolve()), now.date())
    wanted = run_audit.Wanted(
        sought.accounts, sought.regions, sought.types, sought.skipped, sought.since, "api", None, 8
    )
    try:
        return run_audit.run(
            _access(sought.profile, sought.role), Rules(schema, excused, policyconfig.levels({})), wanted,
            shown=shown(schema.path), now=now, progress=lambda what, number, of: progress(f"{what}: {number} of {of}"),
        )  # fmt: skip
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _access(profile: str | None, role: str | None) -> "Access":
    from costtags.account.places import Access

    return Access(profile, role, attempts=_ATTEMPTS)


@repair.command("apply")
@click.argument("plan_file", metavar="PLAN", type=_file)
@schema_option
@_most
@click.option("--overwrite", is_flag=True, help='Write over values too: those that have a "was" in the plan.')
@click.option("--skip-changed", is_flag=True, help="Leave resources alone that changed since, instead of refusing.")
@click.option("--journal", type=_file, help="The journal; PLAN.journal by default.")
@click.option("--restart-apps", is_flag=True, help='Delete the idle apps under "restart" too; not to be undone.')
@click.option("--idle-for", default="60m", show_default=True, metavar="60m|2h", help="Since when an app must be idle.")
@click.option("--force-restart", is_flag=True, help="Restart apps that may be in use as well.")
@profile_option
@role_option
@_format
def apply_(
    plan_file: Path,
    schema: Path | None,
    max_changes: int | None,
    overwrite: bool,
    skip_changed: bool,
    journal: Path | None,
    restart_apps: bool,
    idle_for: str,
    force_restart: bool,
    profile: str | None,
    role: str | None,
    form: str,
) -> None:
    """Write the tags of a reviewed plan, and nothing else.

    Every value is checked against tags.yaml again, and every resource is read again: where one is no longer as the
    plan says, nothing is written. A value is written over only with --overwrite. The journal has each write before it
    is made: the same command goes on after an interruption, with nothing done twice, and `costtags repair undo` takes
    it all back. Between the last look at a resource and the write there remains a moment in which others can write.

    Exits with 0 where the plan is done; 1 where something remains or failed; 2 where nothing was done.
    """
    from datetime import UTC, datetime

    from costtags.repair import apps
    from costtags.repair.apply import WORDS, Done, Limits, apply
    from costtags.repair.journal import open_journal
    from costtags.repair.plan_file import sha256
    from costtags.repair.read_plan import read
    from costtags.schema import load

    idle = _duration(idle_for)
    if force_restart and not restart_apps:
        raise click.UsageError("--force-restart is for --restart-apps")
    loaded = load(schema_path(schema, Path.cwd()))
    text = _read(plan_file)
    planned = read(text, str(plan_file), loaded)
    if planned.sha256 != sha256(Path(loaded.path).read_bytes()):
        note(
            f"{shown(loaded.path)} is not the same as when the plan was made; all values of the plan are still allowed"
        )
    path = journal or plan_file.with_name(f"{plan_file.name}.journal")
    if _undone(path).exists():
        fail(f"{path} has been undone ({_undone(path)}): to apply the plan again, name a new --journal")
    with _failing(path):
        access = _access(profile, role)
        kept = open_journal(path, "apply", sha256(text.encode()), str(plan_file))
        with closing(kept), progress_line() as progress:
            total = len(planned.entries)
            writer = _writer(access, kept, total, progress)
            done = apply(
                planned, kept, access, writer,
                Limits(overwrite, skip_changed, max_changes), loaded.meant_key, progress,
            )  # fmt: skip
            if restart_apps:
                undone = {row.arn: row.why or row.became for row in done.rows if row.became in _WITHOUT_TAGS}
                now = datetime.now(tz=UTC)
                rows = apps.restart(planned.restart, undone, writer, idle, now, force=force_restart)
                done = Done(done.rows, tuple(rows))
    _end(
        done,
        path,
        form,
        WORDS,
        f"what remains: mend it, then run it again; to take it back: costtags repair undo {path}",
    )


_WITHOUT_TAGS = ("failed", "changed", "left", "waiting")


@repair.command(short_help="Restore the tags that an apply has changed.")
@click.argument("journal", type=_file)
@_most
@profile_option
@role_option
@_format
def undo(journal: Path, max_changes: int | None, profile: str | None, role: str | None, form: str) -> None:
    """Restore the tags that resources had before, from the JOURNAL of an apply.

    Added tags are removed, overwritten values restored, removed keys written again; only what the journal says was
    done, and only where the value is still the one that was written. It keeps a journal itself, JOURNAL.undo, and goes
    on after an interruption. Restarted apps stay as they are.

    Exits with 0 where all is as it was; 1 where something was left or failed; 2 where nothing was done.
    """
    from costtags.repair.journal import hold, open_journal, read_journal
    from costtags.repair.plan_file import sha256
    from costtags.repair.text import UNDO_WORDS
    from costtags.repair.undo import undo as take_back

    with _failing(_undone(journal)), hold(journal):
        head, recorded, data = read_journal(journal)
        if head["of"] != "apply":
            fail(f"{journal} is the journal of an undo; to write the tags again, apply the plan with a new --journal")
        access = _access(profile, role)
        kept = open_journal(_undone(journal), "undo", sha256(data), str(journal))
        with closing(kept), progress_line() as progress:
            done = take_back(
                recorded, kept, access, _writer(access, kept, len(recorded), progress), max_changes, progress
            )
    restarted = sum(one.write.verb == "restart" and one.outcome == "done" for one in recorded)
    if restarted:
        note(f"{restarted} apps were deleted for a restart: that cannot be undone, their users start them anew")
    _end(done, _undone(journal), form, UNDO_WORDS, "what remains is listed above: run it again, or mend it by hand")


def _undone(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.undo")


@contextmanager
def _failing(journal: Path) -> Iterator[None]:
    """Turn what keeps a run from its work into a message and exit code 2; say how to go on after an interruption."""
    from costtags.account.clients import AwsFailed
    from costtags.repair.apply import Refused
    from costtags.repair.journal import JournalError

    try:
        yield
    except (AwsFailed, Refused, JournalError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        note(f"{journal} has what was done: the same command goes on from there")
        raise


def _writer(access: "Access", journal: "Journal", total: int, progress: Callable[[str], None]) -> "Writer":
    from costtags.repair.write import Writer

    def writing(account: str, service: str, region: str) -> Any:
        return access.client(account, service, region, attempts=1)

    return Writer(access, writing, journal, lambda count: progress(f"{count} of {total} resources"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path} is not UTF-8 text: save it as UTF-8")


def _duration(text: str) -> Any:
    import re
    from datetime import timedelta

    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if found is None:
        raise click.UsageError(f'--idle-for: "{text}" is no time; write one like 60m, 2h or 1d')
    return timedelta(minutes=int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2]])


def _end(done: "Done", journal: Path, form: str, words: "Mapping[Became, str]", next_step: str) -> None:
    from costtags.repair.text import done_json, done_text

    print_text(done_json(done, str(journal)) if form == "json" else done_text(done, str(journal), words, next_step))
    if form == "json" and done.remains:
        say(next_step)
    sys.exit(BLOCKED if done.remains else 0)
