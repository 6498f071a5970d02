"""The steps of `costtags repair plan`: an audit, rules, exported stacks and tags.yaml -> a plan."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from costtags.account.audit import Audit
from costtags.account.places import Access
from costtags.gate.state import State
from costtags.repair import apps
from costtags.repair.owners import Owners
from costtags.repair.plan import Entry, Options, Plan
from costtags.repair.plan_file import sha256
from costtags.repair.planner import Planner, resources_of
from costtags.repair.relatives import Relatives
from costtags.repair.resource import Resource
from costtags.repair.rules import Rule
from costtags.schema import Schema

_STUDIO = ("domain", "space", "user-profile")


def make(
    audit: Audit,
    schema: Schema,
    shown: str,
    rules: Sequence[Rule],
    options: Options,
    states: Sequence[State],
    project_folder: Path,
    access: Callable[[], Access],
    *,
    restart_apps: bool,
    progress: Callable[[str], None],
) -> Plan:
    """Return the plan. ``access`` is called only where AWS must be asked, and then only reading calls are made."""
    resources, left = resources_of(audit)
    relatives = Relatives(resources, access)
    if not options.finished_jobs:
        progress("asking which jobs have ended")
        relatives.ask_for_jobs(one for one in resources if one.findings)
    planner = Planner(schema, shown, resources, relatives, rules, options, Owners(states, project_folder))
    entries: list[Entry] = []
    for number, (entry, stays) in enumerate(planner.entries(), start=1):
        progress(f"planning {number} of {len(resources)} resources")
        left += stays
        entries += [entry] if entry is not None else []
    restarts, unclear = apps.concerned(resources, entries, relatives) if restart_apps else ([], [])
    return Plan(
        made_by=f"costtags {version('costtags')}",
        tags_yaml=shown,
        sha256=sha256(Path(schema.path).read_bytes()),
        places=tuple(sorted({f"{one.account} {one.region}" for one in resources})),
        entries=tuple(entries),
        restart=tuple(restarts),
        left=tuple(sorted([*left, *unclear], key=lambda one: (one.arn, one.key or "", one.why))),
        notes=tuple(_notes(audit, resources, entries, restart_apps=restart_apps)),
    )


def _notes(audit: Audit, resources: Sequence[Resource], entries: Sequence[Entry], *, restart_apps: bool) -> list[str]:
    notes = []
    if audit.unreachable:
        notes.append(f"{len(audit.unreachable)} could not be read by the audit and may need repair too")
    if not restart_apps and any(entry.type in _STUDIO for entry in entries):
        running = sum(one.type == "app" for one in resources)
        seen = f" ({running} were seen)" if running else ""
        notes.append(
            f"running apps of Studio{seen} hand on the new tags of domain, profile and space only after a "
            "restart; plan with --restart-apps to list them"
        )
    return notes
