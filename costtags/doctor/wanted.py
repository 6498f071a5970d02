"""tags.yaml and a stack's config -> what should be in place: the documents, their names, the targets of each stage."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costtags.documents.document import DocumentError
from costtags.documents.settings import Settings
from costtags.documents.stages import STAGES, TARGET
from costtags.documents.table import render
from costtags.exemptions import Exemptions
from costtags.gate.project import mapping
from costtags.schema import Schema

SCP, TAG_POLICY = "SERVICE_CONTROL_POLICY", "TAG_POLICY"
# Of a root, OU or account: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
SLOTS = {SCP: 10, TAG_POLICY: 10}
KINDS = {SCP: "SCP", TAG_POLICY: "tag policy"}


def kind_of(document: str) -> str:
    """Return the type of policy that a document is to Organizations."""
    return TAG_POLICY if document.startswith("tag-policy") else SCP


@dataclass(frozen=True)
class Wanted:
    """What should be in place, by tags.yaml and the config of a stack, which may be none."""

    schema: Schema
    settings: Settings
    exemptions: Exemptions
    regions: tuple[str, ...]
    stages: Mapping[str, Sequence[str]]
    profile: str | None = None

    @property
    def stage_of(self) -> dict[str, str]:
        """Target -> its stage."""
        return {target: stage for stage, targets in self.stages.items() for target in targets}

    @property
    def documents(self) -> list[str]:
        """The names of the documents that the stages in use need."""
        return list(dict.fromkeys(name for stage in STAGES if self.stages.get(stage) for name in STAGES[stage]))

    def parts(self, document: str) -> tuple[dict[str, Any], ...]:
        """Return the policies of a document. Raises DocumentError."""
        return render([document], self.schema, self.settings)[0].parts


def stages_of(file: Path | None) -> dict[str, list[str]]:
    """Read ``stages`` from a stack's config. Raises DocumentError with everything that is wrong."""
    if file is None:
        return {}
    name = mapping(next(path for path in (file.parent / "Pulumi.yaml", file.parent / "Pulumi.yml") if path.is_file()))
    config = mapping(file).get("config")
    given = config.get(f"{name.get('name')}:stages", config.get("stages")) if isinstance(config, dict) else None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise DocumentError([f"{file.name}: stages must be a map of {', '.join(STAGES)} to lists of targets"])
    problems = [f'{file.name}: stages: there is no "{stage}"' for stage in given if stage not in STAGES]
    problems += [
        f"{file.name}: stages: {stage} must be a list of ids of roots, OUs and accounts"
        for stage, targets in given.items()
        if not isinstance(targets, list) or not all(isinstance(one, str) and TARGET.fullmatch(one) for one in targets)
    ]
    if problems:
        raise DocumentError(problems)
    return {str(stage): list(map(str, targets)) for stage, targets in given.items()}


_NUMBERED = r"(?:-\d{1,2})?"
_COMPILED = "; compiled from tags.yaml"


def owner(name: str, description: str | None, documents: Sequence[str]) -> tuple[str, str] | None:
    """Return whose policy this is by its name, the prefix and the document; None for one that is not ours.

    Our components prefix the document's name, and Pulumi adds seven digits to names that it makes up. A prefixed
    ``tag-policy`` may be anyone's, so there the component's description counts too, where AWS tells it.
    """
    for document in sorted(documents, key=len, reverse=True):
        match = re.fullmatch(rf"(?:(.*)-)?{document}{_NUMBERED}(?:-[0-9a-f]{{7}})?", name)
        if match is None:
            continue
        prefix = match[1] or ""
        if prefix and document.startswith("tag-policy") and _COMPILED not in (description or ""):
            return None
        return prefix, document
    return None
