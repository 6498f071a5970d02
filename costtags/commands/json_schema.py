"""costtags json-schema."""

import json

import click


@click.command(name="json-schema", hidden=True)
def json_schema() -> None:
    """Print the JSON Schema of tags.yaml: the source of tags.schema.json."""
    from costtags.model import json_schema as made

    click.echo(json.dumps(made(), indent=2, ensure_ascii=False))
