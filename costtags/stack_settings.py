"""A stack's config -> Settings: where documents apply and to whom stands in Pulumi.<stack>.yaml."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from costtags.documents.document import DocumentError
from costtags.documents.settings import Settings, read
from costtags.effective import tag_text
from costtags.gate.project import mapping, stack_files

KEY = "guardrails"
EMAILS = "alertEmails"


def from_stack(folder: Path, stack: str | None) -> tuple[Settings, Path | None]:
    """Return the settings in a stack's config, and its file; without a name, of the only stack that has some.

    Raises DocumentError for what cannot be chosen or read, FileProblems for files that are no YAML.
    """
    project = next((path for path in (folder / "Pulumi.yaml", folder / "Pulumi.yml") if path.is_file()), None)
    data = mapping(project) if project else {}
    name = str(data.get("name"))
    files = stack_files(folder, data) if project else {}
    if stack is None:
        having = [one for one, file in files.items() if f"{name}:{KEY}" in _config(file)]
        if len(having) > 1:
            raise DocumentError([f"several stacks have {name}:{KEY}: name one with --stack ({', '.join(having)})"])
        if not having:
            return Settings(), None
        stack = having[0]
    if stack not in files:
        known = f"stacks here: {', '.join(sorted(files))}" if files else f"there is no Pulumi project in {folder}"
        raise DocumentError([f'no config of a stack "{stack}"; {known}'])
    config = {**_config(project), **_config(files[stack])} if project else {}
    settings = read(config.get(f"{name}:{KEY}", config.get(KEY, {})), f"{files[stack].name}: {name}:{KEY}")
    tags = _tags(config.get(f"{name}:tags", config.get("tags")))
    emails = config.get(f"{name}:{EMAILS}", config.get(EMAILS))
    told = [email for email in emails if isinstance(email, str)] if isinstance(emails, list) else []
    return replace(settings, tags=tags, emails=tuple(told)), files[stack]


def _config(file: Path) -> dict[str, Any]:
    """Return the config of a stack's file, or of Pulumi.yaml, which may declare a type and a default of each."""
    config = mapping(file).get("config")
    return {str(key): _value(entry) for key, entry in config.items()} if isinstance(config, dict) else {}


def _value(entry: Any) -> Any:
    if isinstance(entry, dict):
        return next((entry[key] for key in ("value", "default") if key in entry), entry)
    return entry


def _tags(tags: Any) -> Mapping[str, str]:
    """Return the stack's tags, as far as they are plain texts; what is wrong with the others a preview says."""
    if not isinstance(tags, dict):
        return {}
    texts = {str(key): tag_text(value) for key, value in tags.items()}
    return {key: text for key, text in texts.items() if text is not None}


def with_options(
    settings: Settings,
    break_glass: Sequence[str],
    deployers: Sequence[str],
    taggers: Sequence[str],
    include: Sequence[str],
    tags: Sequence[str],
    emails: Sequence[str],
    topic: str | None,
) -> Settings:
    """Add what the command line says; a tag replaces the stack's. Raises DocumentError with all that is wrong."""
    given = {"breakGlass": break_glass, "deployers": deployers, "taggers": taggers, "include": include}
    added = read({name: list(items) for name, items in given.items()}, "options")
    pairs = [pair.partition("=") for pair in tags]
    if wrong := [key for key, found, _ in pairs if not found]:
        raise DocumentError([f'--tag "{key}" is no KEY=VALUE' for key in wrong])
    return replace(
        settings,
        break_glass=(*settings.break_glass, *added.break_glass),
        deployers=(*settings.deployers, *added.deployers),
        taggers=(*settings.taggers, *added.taggers),
        include=(*settings.include, *added.include),
        tags={**settings.tags, **{key: value for key, _, value in pairs}},
        emails=(*settings.emails, *emails),
        topic=topic or settings.topic,
    )
