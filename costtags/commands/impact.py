"""costtags impact."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from costtags.commands.options import guardrail_options, place_options, schema_path
from costtags.commands.output import BLOCKED, fail, note, print_text, progress_line, say, shown

if TYPE_CHECKING:
    from datetime import datetime

    from costtags.account.places import Access, Unreachable
    from costtags.documents.settings import Settings
    from costtags.impact.decide import Policy
    from costtags.impact.events import Call
    from costtags.schema import Schema

DEFAULT = "scp-require-tags"


@click.command()
@click.argument("files", metavar="[FILE|FOLDER]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--document", "names", multiple=True, metavar="NAME", help=f"A rendered document; else {DEFAULT}.")
@click.option(
    "--policy", "policies", multiple=True, metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Any policy (JSON) instead.",
)  # fmt: skip
@click.option(
    "--policy-type", type=click.Choice(["scp", "iam"]), default="scp", show_default=True, help="What --policy is."
)
@click.option("--since", metavar="WHEN", help="7d, 12h, or a date; else 7d, and of files all.")
@click.option("--until", metavar="WHEN", help="The same; else now.")
@place_options
@click.option(
    "--journal", type=click.Path(path_type=Path, dir_okay=False), help="Keep what was read there, and go on from it."
)
@click.option("--athena", "workgroup", metavar="WORKGROUP", help="Ask Athena instead of the event history.")
@click.option("--table", metavar="DATABASE.TABLE", help="The table of CloudTrail's logs in Athena.")
@click.option("--management-account", metavar="ID", help="The account that service control policies do not reach.")
@click.option("--organization", is_flag=True, help="Ask AWS Organizations which account that is.")
@click.option("--no-tag-propagation", is_flag=True, help="No Studio domain hands its tags on: take apps as shown.")
@click.option("--sessions", is_flag=True, help="A row for each session of a role: whose it is.")
@guardrail_options
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def impact(
    files: tuple[Path, ...], names: tuple[str, ...], policies: tuple[Path, ...], policy_type: str, since: str | None,
    until: str | None, regions: tuple[str, ...], accounts: tuple[str, ...], role: str | None, profile: str | None,
    journal: Path | None, workgroup: str | None, table: str | None, management_account: str | None,
    organization: bool, no_tag_propagation: bool, sessions: bool, stack: str | None, schema: Path | None,
    break_glass: tuple[str, ...], deployer: tuple[str, ...], tagger: tuple[str, ...], include: tuple[str, ...],
    form: str,
) -> None:  # fmt: skip
    """Say which calls of the past a policy would have denied: by the event history, log files, or Athena.

    Without FILE the event history of CloudTrail is asked, which holds 90 days. Files are logs of CloudTrail as S3 has
    them, exports of CloudTrail Lake or Athena (JSON lines), or what `aws cloudtrail lookup-events` prints.

    Calls that failed anyway are counted apart. What an event does not show (the tags of a principal or a resource, the
    tags that a Studio domain hands on) is told as "cannot tell", where the decision depends on it.

    Nothing is changed in AWS. Exits with 0 where nothing would be denied; 1 where something would, cannot be told, or
    was not read; 2 where nothing can be read.
    """
    from datetime import UTC, datetime, timedelta

    from costtags.account.clients import AWS_ERRORS, AwsFailed, explained
    from costtags.costs.athena import QueryFailed
    from costtags.impact.decide import Known, judge, watched
    from costtags.impact.formats import FORMATS
    from costtags.impact.lookup import JournalProblem, Question
    from costtags.impact.period import point
    from costtags.impact.report import Report, Tally
    from costtags.stack_settings import with_options

    _refuse(files, regions, accounts, workgroup, table, journal, management_account, organization)
    now = datetime.now(tz=UTC).replace(microsecond=0)
    try:
        start = point(since, now) if since else None if files else now - timedelta(days=7)
        end = point(until, now) if until else now
    except ValueError as error:
        raise click.UsageError(f"--since and --until: {error}") from None
    if start is not None and start >= end:
        raise click.UsageError("--since must lie before --until")
    loaded, judged_by, assumptions = _policies(
        names,
        policies,
        policy_type,
        stack,
        schema,
        lambda one: with_options(one, break_glass, deployer, tagger, include, (), (), None),
    )
    actions = watched(judged_by)
    if not actions:
        fail("the policy is about no action of SageMaker: there is nothing to judge")
    unread: list[Unreachable] = []
    with progress_line() as progress:
        try:
            access = None if files and not organization else _access(profile, role)
            management = _management_account(access) if organization and access else management_account
            if management is None and any(policy.kind == "scp" for policy in judged_by):
                assumptions.append(
                    "no account here is taken to be the management account, which service control policies do not "
                    "reach: name it with --management-account"
                )
            known = Known(management, not no_tag_propagation)
            if files:
                calls = _from_files(files, unread, progress)
            elif access is not None and workgroup and table:
                question = Question(tuple(actions), start or now, end)
                calls = _from_athena(access, regions, workgroup, table, question, unread, progress)
            else:
                assert access is not None
                question = Question(tuple(actions), start or now, end)
                asked = {"since": since or "7d", "until": until, "actions": actions}
                started, calls = _from_history(access, accounts, regions, journal, asked, question, unread, progress)
                start, end = started.since, started.until
            tally = Tally(judge(judged_by, known), start, end if until or not files else None, sessions)
            for call in calls:
                tally.add(call)
        except AWS_ERRORS as error:
            fail(explained(error))
        except (AwsFailed, QueryFailed, JournalProblem) as error:
            fail(str(error))
    if files and not tally.seen:
        assumptions.insert(0, "there is no call to SageMaker in what was read")
    if unread and not tally.seen:
        fail("nothing could be read:\n" + "\n".join(f"{one.what}: {one.why}" for one in unread))
    report = Report(
        tuple(policy.name for policy in judged_by), start or tally.first or end, _end(end, tally.last, start),
        tally.rows(), tally.calls, tuple(sorted(set(unread))), tuple(assumptions), loaded,
    )  # fmt: skip
    print_text(FORMATS[form](report))
    sys.exit(BLOCKED if report.remains else 0)


def _end(end: "datetime", last: "datetime | None", start: "datetime | None") -> "datetime":
    """Of files that are read whole, the period ends with their last call."""
    return last if start is None and last is not None else end


def _refuse(
    files: tuple[Path, ...],
    regions: tuple[str, ...],
    accounts: tuple[str, ...],
    workgroup: str | None,
    table: str | None,
    journal: Path | None,
    management_account: str | None,
    organization: bool,
) -> None:
    """Raise a usage error for options that contradict each other."""
    if files and workgroup:
        raise click.UsageError("files or --athena: name one source")
    if (files or workgroup) and accounts:
        raise click.UsageError("--account says where to ask for events: files and Athena's table are read whole")
    if files and regions:
        raise click.UsageError("--region says where to ask for events: files are read whole")
    if workgroup and (len(regions) > 1 or "all" in regions):
        raise click.UsageError("--region with --athena is the one that the workgroup is in")
    if bool(workgroup) != bool(table):
        raise click.UsageError("--athena WORKGROUP and --table DATABASE.TABLE go together")
    if journal and (files or workgroup):
        raise click.UsageError("--journal is for the event history; files and Athena are read at once")
    if management_account and organization:
        raise click.UsageError("--management-account or --organization: one of them")
    if management_account and not (len(management_account) == 12 and management_account.isdigit()):
        raise click.UsageError(f'--management-account: "{management_account}" is no account id of 12 digits')


def _policies(
    names: tuple[str, ...],
    files: tuple[Path, ...],
    kind: str,
    stack: str | None,
    schema: Path | None,
    with_principals: "Callable[[Settings], Settings]",
) -> "tuple[Schema | None, list[Policy], list[str]]":
    """Return tags.yaml, where it is needed or there, the policies to judge by, and what is taken to be so."""
    from costtags.documents.document import DocumentError
    from costtags.impact.policies import documents, from_file
    from costtags.schema import load
    from costtags.stack_settings import from_stack

    assumptions: list[str] = []
    try:
        read = [from_file(path, "iam" if kind == "iam" else "scp") for path in files]
        for policy, rest in read:
            if rest:
                what = "1 statement that allows is" if rest == 1 else f"{rest} statements that allow are"
                beside = "FullAWSAccess is" if policy.kind == "scp" else "others that allow the calls are"
                assumptions.append(f"{policy.name}: {what} not judged: {beside} taken to stand beside the policy")
        made: list[Policy] = []
        loaded = None
        wanted = names or (() if files else (DEFAULT,))
        try:
            path = schema_path(schema, Path.cwd())
        except click.UsageError:
            if wanted:
                raise
        else:
            loaded = load(path)
        if wanted and loaded is not None:
            settings, file = from_stack(path.resolve().parent, stack)
            settings = with_principals(settings)
            if file is not None:
                say(f"principals from {shown(str(file))}")
            made = documents(wanted, loaded, settings)
    except DocumentError as error:
        fail("\n".join(error.messages))
    found = [*made, *(policy for policy, _ in read)]
    if any(policy.kind == "iam" for policy in found):
        assumptions.append("IAM policies are taken to be attached to every role and user")
    return loaded, found, assumptions


def _access(profile: str | None, role: str | None) -> "Access":
    from costtags.account.places import Access

    return Access(profile, role, attempts=6)


def _management_account(access: "Access") -> str:
    """Ask AWS Organizations. Raises AWS_ERRORS."""
    answer = access.client(access.account, "organizations").describe_organization()
    # AWS's old name for it.
    return str(answer["Organization"]["MasterAccountId"])


Progress = Callable[[str], None]


def _from_files(files: tuple[Path, ...], unread: "list[Unreachable]", progress: Progress) -> "Iterator[Call]":
    from costtags.impact.files import calls, found

    listed, problems = found(files)
    unread += problems
    return calls(listed, unread, progress)


def _from_athena(
    access: "Access", regions: tuple[str, ...], workgroup: str, table: str, question: Any,
    unread: "list[Unreachable]", progress: Progress,
) -> "Iterator[Call]":  # fmt: skip
    from costtags.costs import athena
    from costtags.impact.table import calls, limited, partitions, query

    region = access.regions(access.account, regions)[0]
    client = access.client(access.account, "athena", region)
    try:
        keys, why = partitions(client, table)
    except ValueError as error:
        raise click.UsageError(f"--table: {error}") from None
    if not limited(keys):
        because = f" ({why})" if why else ""
        progress("")
        note(f"{table} has no partition by day that is known here{because}: the query reads all of it")
    done = athena.execute(
        client, query(table, keys, question.actions, question.since, question.until), workgroup=workgroup,
        progress=progress,
    )  # fmt: skip
    progress("")
    note(f"query {done.query_id}: {athena.cost_text(done.scanned_bytes, region)}")
    return calls(client, done, unread, progress)


def _from_history(
    access: "Access", accounts: tuple[str, ...], regions: tuple[str, ...], journal: Path | None,
    asked: dict[str, Any], question: Any, unread: "list[Unreachable]", progress: Progress,
) -> "tuple[Any, Iterator[Call]]":  # fmt: skip
    from datetime import timedelta

    from costtags.impact.lookup import HISTORY_DAYS, Journal, calls

    places, unreachable = access.places(access.accounts(accounts), regions)
    unread += unreachable
    kept = Journal(journal, asked, question)
    oldest = question.until - timedelta(days=HISTORY_DAYS)
    if question.since < oldest:
        note(f"the event history holds {HISTORY_DAYS} days: log files and Athena go further back")
    return kept.question, calls(access, places, kept, unread, progress)
