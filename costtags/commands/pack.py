"""costtags pack."""

import click


@click.command()
def pack() -> None:
    """Print the installed policy pack's folder, for `pulumi preview --policy-pack`."""
    from costtags.gate.pack import folder_for_pulumi

    click.echo(folder_for_pulumi())
