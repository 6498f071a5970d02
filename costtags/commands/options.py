"""The options that several commands have."""

import os
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
