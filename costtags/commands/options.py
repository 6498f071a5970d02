"""The options that several commands have."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from costtags import variables

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


profile_option = click.option("--profile", help="The AWS profile; else the usual AWS settings.")


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where to look."""
    for option in (
        profile_option,
        click.option("--role", help="The role to assume in each account: a name, or an ARN with {account} in it."),
        click.option(
            "--region", "regions", multiple=True, metavar="REGION",
            help='A region, repeatable; "all" is every one that is enabled; by default the configured one.',
        ),
        click.option(
            "--account", "accounts", multiple=True, metavar="ID",
            help='An account, repeatable; "organization" is every active one; by default the caller\'s.',
        ),
    ):  # fmt: skip
        command = option(command)
    return command
