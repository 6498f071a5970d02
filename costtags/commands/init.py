"""costtags init."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from costtags.commands.options import profile_option
from costtags.commands.output import fail, print_text, progress_line, say

if TYPE_CHECKING:
    from costtags.adopt.draft import Draft


@click.command()
@click.option(
    "--from-tag-policy", "policy", metavar="FILE|-|live",
    help="A tag policy as JSON, or what describe-policy or describe-effective-policy printed; live asks AWS.",
)  # fmt: skip
@click.option("--from-state", "state", metavar="FILE|-", help="What `pulumi stack export` printed.")
@click.option("--from-account", "account", is_flag=True, help="The tags in use in the AWS account.")
@click.option(
    "--region", "regions", multiple=True, metavar="REGION",
    help="A region to look into, for --from-account; repeatable; else the configured one.",
)  # fmt: skip
@click.option("--all-services", is_flag=True, help="Every service's resources, not only SageMaker's (--from-account).")
@profile_option
@click.option("--out", default="tags.yaml", show_default=True, metavar="FILE|-", help="What to write; - prints it.")
def init(
    policy: str | None, state: str | None, account: bool, regions: tuple[str, ...], all_services: bool,
    profile: str | None, out: str,
) -> None:  # fmt: skip
    """Write a first tags.yaml: the example, or a draft made from a tag policy, a stack, or the tags in use.

    It overwrites nothing. What the draft could not take is said in its comments and on stderr.
    """
    if sum((policy is not None, state is not None, account)) > 1:
        raise click.UsageError("give one of --from-tag-policy, --from-state and --from-account")
    if (regions or all_services) and not account:
        raise click.UsageError("--region and --all-services go with --from-account")
    if profile is not None and not account and policy != "live":
        raise click.UsageError("--profile goes with --from-account and --from-tag-policy live")
    from costtags.adopt import draft, example, files

    to = None if out == files.STANDARD else Path(out)
    schema_beside = to is not None and to.with_name("tags.schema.json").is_file()
    try:
        if to is not None:
            files.refuse_existing(to)
        made = _draft(policy, state, (regions, all_services) if account else None, profile)
        if made is None:
            text = example.text(schema_beside=schema_beside)
        else:
            text = draft.text(made, schema_beside=schema_beside)
        if to is None:
            print_text(text)
        else:
            files.write_new(to, text)
    except draft.CannotDraft as error:
        fail(str(error))
        return
    first, *rest = made.summary if made is not None else ["the example"]
    for line in [f"{'made' if to is None else f'{to} written'}: {first}", *rest]:
        say(line)
    if to is not None:
        say("next: edit it, then run costtags check")


def _draft(
    policy: str | None, state: str | None, account: tuple[tuple[str, ...], bool] | None, profile: str | None
) -> "Draft | None":
    from costtags.adopt import files

    if policy == "live":
        from costtags.adopt import account as aws
        from costtags.adopt import tag_policy

        source = "the tag policy in effect in this account"
        return tag_policy.drafted(aws.effective_tag_policy(profile), source, source)
    if policy is not None:
        from costtags.adopt import tag_policy

        shown, name = files.shown_name(policy), files.quoted_name(policy)
        return tag_policy.drafted(files.read_json(policy, tag_policy.MOST), f"the tag policy {name}", shown)
    if state is not None:
        from costtags.adopt import state as stack

        shown, name = files.shown_name(state), files.quoted_name(state)
        return stack.drafted(files.read_json(state, stack.MOST), f"the exported stack {name}", shown)
    if account is not None:
        from costtags.adopt import account as aws

        with progress_line() as progress:
            return aws.drafted(profile, account[0], all_services=account[1], progress=progress)
    return None
