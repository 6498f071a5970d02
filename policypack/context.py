"""Which tags.yaml and exemptions.yaml the pack judges by, and for which project."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from costtags import exemptions, schema, variables
from costtags.exemptions import Exemptions
from costtags.schema import Schema
from costtags.yamlfile import FileProblems, Problem


@dataclass(frozen=True)
class Context:
    """What the pack judges by; ``project`` is the only project it may judge, or None for any."""

    schema: Schema
    exemptions: Exemptions
    project: str | None


def load(pack_folder: Path, variable: str | None) -> Context:
    """Find and read the files: those named by COSTTAGS_SCHEMA, else those beside the pack's own folder.

    Raises FileProblems: a pack that does not know by what to judge must not pass anything.
    """
    today = datetime.now(tz=UTC).date()
    path = Path(variable) if variable else pack_folder.parent / schema.FILE_NAME
    if variable and not path.is_absolute():
        # The engine starts the pack in the pack's own folder, so a relative path would be looked for there.
        raise FileProblems([Problem(variables.SCHEMA, 1, f'"{variable}" must be an absolute path')])
    project = None if variable else _project(pack_folder.parent)
    return Context(schema.load(path), exemptions.load(exemptions.beside(path), today), project)


def _project(folder: Path) -> str:
    """Return the name of the Pulumi project in a folder, the one that the tags.yaml beside it is for."""
    for name in ("Pulumi.yaml", "Pulumi.yml"):
        if (folder / name).is_file():
            return _project_name(folder / name)
    reason = (
        f"the pack stands in no Pulumi project, so it cannot know whose tags to judge: "
        f"set {variables.SCHEMA} to the absolute path of your tags.yaml"
    )
    raise FileProblems([Problem(str(folder), 1, reason)])


def _project_name(path: Path) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise FileProblems([Problem(str(path), 1, f"cannot be read: {error}")]) from None
    name = data.get("name") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise FileProblems([Problem(str(path), 1, '"name" is missing')])
    return name


def from_environment() -> Context:
    """Load the context of this process: the engine's working directory is the pack's folder."""
    return load(Path.cwd(), os.environ.get(variables.SCHEMA))
