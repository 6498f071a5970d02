"""costtags render."""

from pathlib import Path

import click

from costtags.commands.options import guardrail_options, schema_path
from costtags.commands.output import fail, say, shown


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="List the documents, with their sizes.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write NAME.json, or NAME-1.json ... where split."
)
@click.option("--explain", metavar="NAME", help="Say of each statement whom it stops and why, and what is left out.")
@click.option("--pretty", is_flag=True, help="Indented: for reading; AWS counts the white space of some.")
@guardrail_options
@click.option("--tag", multiple=True, metavar="KEY=VALUE", help="A default tag, for sdk-config.")
@click.option("--email", multiple=True, metavar="ADDRESS", help="Whom budgets tell.")
@click.option("--topic", metavar="ARN", help="The SNS topic that budgets tell.")
def render(
    names: tuple[str, ...], listed: bool, out: Path | None, explain: str | None, pretty: bool, stack: str | None,
    schema: Path | None, break_glass: tuple[str, ...], deployer: tuple[str, ...], tagger: tuple[str, ...],
    include: tuple[str, ...], tag: tuple[str, ...], email: tuple[str, ...], topic: str | None,
) -> None:  # fmt: skip
    """Compile tags.yaml into the documents that AWS enforces: all of them, or those of these names.

    iam-for-COMMAND is the least that a role must be allowed for a command of costtags, athena-queries are the queries
    of costtags query by name; these are rendered by name only.
    Principals and tags come from the config of a stack beside tags.yaml and from the options.
    """
    from costtags.documents import show
    from costtags.documents.document import DocumentError
    from costtags.documents.table import BY_NAME, PERMISSIONS, QUERIES
    from costtags.documents.table import render as documents
    from costtags.schema import load
    from costtags.stack_settings import from_stack, with_options
    from costtags.suggest import nearest

    known = {**BY_NAME, **PERMISSIONS, **QUERIES}
    wanted = (*names, *([explain] if explain else []))
    for name in wanted:
        if name not in known:
            near = nearest(name, known)
            hint = f'did you mean "{near}"?' if near else f"there are: {', '.join(known)}"
            raise click.UsageError(f'no document "{name}"; {hint}')
    path = schema_path(schema, Path.cwd())
    loaded = load(path)
    try:
        settings, file = from_stack(path.resolve().parent, stack)
        settings = with_options(settings, break_glass, deployer, tagger, include, tag, email, topic)
        if file is not None:
            say(f"principals and tags from {shown(str(file))}")
        if listed:
            click.echo(show.listed([*BY_NAME.values(), *PERMISSIONS.values()], loaded, settings), nl=False)
            return
        made = documents(wanted or BY_NAME, loaded, settings)
    except DocumentError as error:
        fail("\n".join(error.messages))
        return
    if explain:
        click.echo(show.explained(known[explain], made[-1]), nl=False)
    elif out is not None:
        for change in show.write(made, out, pretty=pretty):
            click.echo(change)
    elif len(made) == 1:
        click.echo("\n".join(show.text(part, pretty=pretty) for part in made[0].parts))
    else:
        raise click.UsageError("several documents: name one, or a folder for them with --out (--list lists them)")
