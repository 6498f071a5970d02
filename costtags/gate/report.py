"""What the gate found, in the one form from which every format is written."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from costtags.effective import TagValue

Level = Literal["mandatory", "advisory", "exempt"]


@dataclass(frozen=True, slots=True)
class JudgedResource:
    """A resource that the schema is enforced on, with the tags it would be created with."""

    urn: str
    type: str
    tags: Mapping[str, TagValue]


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """A finding with its place and its level under the policy configuration."""

    urn: str
    type: str
    policy: str
    level: Level
    code: str
    tag: str | None
    message: str
    fix: str
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on a program or a state; resources and findings are sorted."""

    engine: Literal["embedded", "pulumi", "state"]
    project: str
    stack: str
    schema: str
    resources: tuple[JudgedResource, ...]
    findings: tuple[ReportedFinding, ...]
    placeholders: tuple[str, ...] = ()
    unused_answers: tuple[str, ...] = ()
    levels: tuple[tuple[str, str], ...] = ()
    """The policies whose level is not the default one, and that level."""
    others: int = 0
    """How many AWS resources are not judged: the schema is not enforced on them."""
    documents: int = 0
    """How many resources hold a policy or a budget, which is judged."""

    def shown_from(self, folder: Path, project: Path) -> "Report":
        """Return the report with paths as seen from a folder: the schema's, and those of a project that lies in it."""
        path = Path(self.schema).resolve()
        shown = _seen_from(folder, path)
        if not project.is_relative_to(folder):
            return replace(self, schema=shown)
        findings = tuple(
            finding if finding.file is None else replace(finding, file=_seen_from(folder, project / finding.file))
            for finding in self.findings
        )
        return replace(self, schema=shown, findings=findings)

    @property
    def blocked(self) -> bool:
        """Whether a mandatory finding is among them."""
        return any(finding.level == "mandatory" for finding in self.findings)


def _seen_from(folder: Path, path: Path) -> str:
    path = Path(os.path.normpath(path))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def order(finding: ReportedFinding) -> tuple[str | int, ...]:
    """Return what findings are sorted by."""
    return (finding.urn, finding.policy, finding.line or 0, finding.code, finding.tag or "", finding.message)
