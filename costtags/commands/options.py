"""The options that several commands have."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from costtags import variables

Option = Callable[[Callable[..., None]], Callable[..., None]]

schema_option = click.option(
    "--schema",
    type=click.Path(path_type=Path),
    help=f"The tags.yaml to judge by; else ${variables.SCHEMA}, else the nearest one upwards.",
)


def schema_path(explicit: Path | None, start: Path) -> Path:
    """Return which tags.yaml counts. Raises a usage error where there is none."""
    from costtags.schema import find

    named = explicit or (Path(os.environ[variables.SCHEMA]) if os.environ.get(variables.SCHEMA) else None)
    found = named or find(start)
    if found is None:
        raise click.UsageError(f"no tags.yaml in {start.resolve()} or above it; name one with --schema")
    return found


policy_config_option = click.option(
    "--policy-config",
    type=click.Path(path_type=Path),
    help='JSON with levels of policies: {"tag-values": "advisory"}.',
)


profile_option = click.option("--profile", metavar="NAME", help="The AWS profile; else the usual AWS settings.")


role_option = click.option(
    "--role", metavar="NAME|ARN", help="The role to assume in each account: a name, or an ARN with {account} in it."
)


def together(*options: Option) -> Option:
    """Return what adds these options to a command, in the order in which its help shows them."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


place_options = together(
    click.option(
        "--account", "accounts", multiple=True, metavar="ID",
        help='An account, repeatable; "organization" is every active one; by default the caller\'s.',
    ),
    click.option(
        "--region", "regions", multiple=True, metavar="REGION",
        help='A region, repeatable; "all" is every one that is enabled; by default the configured one.',
    ),
    role_option,
    profile_option,
)  # fmt: skip
"""Where to look."""


@dataclass(frozen=True)
class Sought:
    """Which resources to audit, and as whom, as the options say it."""

    profile: str | None
    role: str | None
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    types: tuple[str, ...]
    skipped: tuple[str, ...]
    since: str


def audit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which resources to audit: the command gets them as ``sought``, a ``Sought``."""

    @wraps(command)
    def gathered(**given: Any) -> None:
        command(sought=Sought(**{one.name: given.pop(one.name) for one in fields(Sought)}), **given)

    return together(
        place_options,
        click.option(
            "--type", "types", multiple=True, metavar="TYPE", help="Only this type, such as endpoint; repeatable."
        ),
        click.option("--skip-type", "skipped", multiple=True, metavar="TYPE", help="Leave this type out; repeatable."),
        click.option(
            "--since", default="30d", show_default=True, metavar="30d|DATE|0",
            help="How old a job may be, and what jobs leave behind (experiments, artifacts ...); 0 leaves them out.",
        ),
    )(gathered)  # fmt: skip


guardrail_options = together(
    click.option(
        "--stack", metavar="NAME",
        help="The stack whose config names principals and tags; not needed where only one does.",
    ),
    schema_option,
    click.option("--break-glass", multiple=True, metavar="ARN", help="A principal that nothing stops."),
    click.option("--deployer", multiple=True, metavar="ARN", help="A principal that deploys, and so may change tags."),
    click.option("--tagger", multiple=True, metavar="ARN", help="A principal that repairs tags."),
    click.option(
        "--include", multiple=True, metavar="ACTION",
        help="Guard this creating action too (see costtags render --explain).",
    ),
)  # fmt: skip
"""What documents are compiled from: tags.yaml, and whom they spare."""
