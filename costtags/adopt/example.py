"""The example, commented for editing."""

from pathlib import Path

from costtags.adopt.draft import EDITORS, SCHEMA_LINE


def text(*, schema_beside: bool) -> str:
    """Return the shipped example; ``schema_beside`` says whether tags.schema.json stands beside the file."""
    made = Path(__file__).with_name("example.yaml").read_text(encoding="utf-8")
    if not schema_beside:
        return made
    return SCHEMA_LINE + "\n" + made.replace("\n".join(EDITORS) + "\n", "")
