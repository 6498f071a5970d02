"""What the gate found, in the one form from which every format is written."""

import os
from collections.abc import Iterable, Mapping
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
    chain: tuple[str, ...] = ()
    """The components above the resource, outermost first, as `TaggedEndpoint churn`; not in the JSON."""


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
    folder: Path | None = None
    """What the findings' files are relative to, where that is not the project's folder."""
    project_folder: Path | None = None
    main_file: str = "Pulumi.yaml"
    """Where a code host shows what has no place of its own."""

    def shown_from(self, folder: Path, project: Path) -> "Report":
        """Return the report with paths as seen from a folder: the schema's, and those of a project that lies in it."""
        path = Path(self.schema).resolve()
        shown = replace(self, schema=_seen_from(folder, path), project_folder=project)
        if not project.is_relative_to(folder):
            return shown
        at = self.folder or project
        findings = tuple(
            finding if finding.file is None else replace(finding, file=_seen_from(folder, at / finding.file))
            for finding in self.findings
        )
        return replace(shown, findings=findings, folder=folder)

    def shown_from_repository(self) -> "Report":
        """Return the report with paths as a code host has them: from the top of the repository, where there is one."""
        project = self.project_folder or Path.cwd()
        top = next((folder for folder in (project, *project.parents) if (folder / ".git").exists()), None)
        top = top or self.folder or project
        report = self.shown_from(top, project)
        names = [name for name in ("Pulumi.yaml", "Pulumi.yml") if (project / name).is_file()]
        files = [_seen_from(top, project / name) for name in names]
        return replace(
            report,
            findings=tuple(f if _is_inside(f.file) else replace(f, file=None, line=None) for f in report.findings),
            main_file=next(filter(_is_inside, (*files, report.schema)), "Pulumi.yaml"),
        )

    @property
    def blocked(self) -> bool:
        """Whether a mandatory finding is among them."""
        return any(finding.level == "mandatory" for finding in self.findings)


def _seen_from(folder: Path, path: Path) -> str:
    path = Path(os.path.normpath(path))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _is_inside(file: str | None) -> bool:
    return file is not None and not Path(file).is_absolute() and ".." not in Path(file).parts


def most_severe_first(findings: Iterable[ReportedFinding]) -> list[ReportedFinding]:
    """Return findings by level, and as they were within each."""
    levels = ("mandatory", "advisory", "exempt")
    return sorted(findings, key=lambda finding: levels.index(finding.level))


def order(finding: ReportedFinding) -> tuple[str | int, ...]:
    """Return what findings are sorted by."""
    return (finding.urn, finding.policy, finding.line or 0, finding.code, finding.tag or "", finding.message)
