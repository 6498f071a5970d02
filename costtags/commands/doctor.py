"""costtags doctor."""

import sys
from pathlib import Path

import click

from costtags.commands.options import profile_option, schema_option, schema_path
from costtags.commands.output import BLOCKED, fail, print_text, progress_line, say, shown

# As costtags/doctor/run.py has them: the table there imports AWS's SDK. A test compares both.
CHECKS = (
    "organization",
    "policy-slots",
    "organization-policies",
    "effective-tag-policy",
    "iam-policies",
    "budgets",
    "activated-keys",
    "domains",
    "cost-exports",
    "validators",
)
VALIDATORS = "validators"


@click.command()
@click.option(
    "--only", multiple=True, type=click.Choice(CHECKS), metavar="CHECK", help=f"Only these: {', '.join(CHECKS)}."
)
@click.option("--validators", is_flag=True, help="Let AWS's validator and policy simulator judge what is rendered.")
@click.option(
    "--stack",
    metavar="NAME",
    help="The stack whose config says whom and where; not needed where only one has guardrails.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="REGION",
    help='Where to look for domains, repeatable; "all" is every enabled region; by default the configured one.',
)
@schema_option
@profile_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def doctor(
    only: tuple[str, ...],
    validators: bool,
    stack: str | None,
    regions: tuple[str, ...],
    schema: Path | None,
    profile: str | None,
    form: str,
) -> None:
    """Say whether all that tags.yaml is compiled into is in place in AWS, and decides as tags.yaml says.

    It reads only. What belongs to the organization it sees in the management account, with that stack's config; the
    rest in the account that it is run in. Policies are compared by what they decide, not by their text.

    How AWS answers is taken from its published models and documents: no live account was there to try it on. Where
    AWS writes back a policy or a budget in a way that those do not show, a difference may be none.

    Exits with 0 where all is well; 1 where something is wrong, waits, or cannot be told (--only leaves out what is
    not to be looked at); 2 where AWS cannot be asked at all.
    """
    from datetime import UTC, datetime

    from costtags import exemptions
    from costtags.doctor.wanted import Wanted, stages_of
    from costtags.documents.document import DocumentError
    from costtags.schema import load
    from costtags.stack_settings import from_stack

    path = schema_path(schema, Path.cwd())
    loaded = load(path)
    excused = exemptions.load(exemptions.beside(path), datetime.now(tz=UTC).date())
    try:
        settings, file = from_stack(path.resolve().parent, stack)
        stages = stages_of(file)
    except DocumentError as error:
        fail("\n".join(error.messages))
    config = shown(str(file)) if file is not None else None
    wanted = Wanted(loaded, settings, excused, regions, stages, profile)

    from costtags.account.clients import AwsFailed
    from costtags.account.places import Access
    from costtags.doctor import show
    from costtags.doctor.run import run

    names = [*only, VALIDATORS] if validators and only else list(only)
    names = names or [name for name in CHECKS if name != VALIDATORS or validators]
    try:
        access = Access(profile)
        with progress_line() as progress:
            rows = run(access, wanted, names, progress)
    except AwsFailed as error:
        fail(str(error))
    if form == "json":
        print_text(show.as_json(access.account, shown(loaded.path), config, rows))
    else:
        print_text(show.as_text(access.account, shown(loaded.path), config, rows))
        if config is None:
            say("note: no stack's config was read, so no stages and no principals are known (--stack)")
    sys.exit(BLOCKED if any(row.remains for row in rows) else 0)
