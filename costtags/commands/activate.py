"""costtags activate."""

import sys
from pathlib import Path

import click

from costtags.commands.options import profile_option, schema_option, schema_path
from costtags.commands.output import BLOCKED, fail, print_text, shown


@click.command()
@schema_option
@click.option("--apply", is_flag=True, help="Activate the keys that are inactive; without it, nothing is changed.")
@click.option(
    "--backfill-from",
    metavar="YYYY-MM",
    help="What a backfill since that month would do; with --apply, request it.",
)
@click.option("--yes", is_flag=True, help="Request the backfill without asking.")
@click.option(
    "--sagemaker-keys/--no-sagemaker-keys",
    default=None,
    help="Activate SageMaker's own keys too, or leave them out; by default they are only shown.",
)
@profile_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def activate(
    schema: Path | None,
    apply: bool,
    backfill_from: str | None,
    yes: bool,
    sagemaker_keys: bool | None,
    profile: str | None,
    form: str,
) -> None:
    """Show which keys of tags.yaml are active as cost allocation tags; with --apply, activate them.

    To be run in the management account. No key is ever deactivated.

    Exits with 0 where nothing is left to do; 1 where a key is inactive, a required one has not been seen on the bill
    yet, or a backfill was not requested; 2 where AWS cannot be asked.
    """
    from datetime import UTC, datetime

    from costtags.account.activation import activation, backfill_start
    from costtags.schema import load

    now = datetime.now(tz=UTC)
    try:
        start = None if backfill_from is None else backfill_start(backfill_from, now.date())
    except ValueError as error:
        raise click.UsageError(f"--backfill-from: {error}") from None
    if apply and start is not None and not yes and not sys.stdin.isatty():
        raise click.UsageError("before a backfill is requested, a person is asked, and there is none here: add --yes")
    loaded = load(schema_path(schema, Path.cwd()))

    from costtags.account.activate import activate_keys, plan_backfill, read_payer, request_backfill
    from costtags.account.activation_text import as_json, as_text, result_text, rules_text
    from costtags.account.clients import AwsFailed

    try:
        payer = read_payer(profile)
    except AwsFailed as error:
        fail(str(error))
    state = activation(loaded, shown(loaded.path), payer.account, payer.billed, sagemaker_keys)
    plan = failure = None
    if apply:
        state, failure = activate_keys(payer, state)
    if form == "text":
        print_text(as_text(state))
    if start is not None and failure is None:
        try:
            plan = plan_backfill(payer, state, start, now)
            click.echo(f"\n{rules_text(plan)}", nl=False, err=form != "text")
            if apply and plan.refusal is None and (yes or click.confirm("Request it?", err=True)):
                plan = request_backfill(payer, plan)
            click.echo(result_text(plan, applied=apply), nl=False, err=form != "text")
        except AwsFailed as error:
            failure = str(error)
    if form == "json":
        print_text(as_json(state, plan))
    if failure is not None:
        fail(failure)
    waits = apply and plan is not None and plan.requested is None
    sys.exit(BLOCKED if waits or state.remains else 0)
