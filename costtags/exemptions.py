"""exemptions.yaml -> who is excused from what, why, until when."""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from costtags.glob import matcher
from costtags.policies import EXEMPTIBLE
from costtags.suggest import nearest
from costtags.yamlfile import Document, FileProblems, Location, Plain, as_date, quoted, scan

FILE_NAME = "exemptions.yaml"
NOTE = "An exemption lifts nothing that AWS itself enforces, such as a service control policy."


@dataclass(frozen=True)
class Exemption:
    """One entry: ``tags`` empty means every tag; it holds up to and including the day ``expires``."""

    resource: str
    policies: tuple[str, ...]
    tags: tuple[str, ...]
    owner: str
    reason: str
    expires: date
    line: int

    @cached_property
    def _matches(self) -> Callable[[str], bool]:
        return matcher([self.resource])

    def excuses(self, resource: str, policy: str, tag: str | None) -> bool:
        """Say whether a finding is excused; ``resource`` is a URN or an ARN, ``tag`` None for one about the whole."""
        return policy in self.policies and (not self.tags or tag in self.tags) and self._matches(resource)

    def covers(self, resource: str) -> bool:
        """Say whether the entry names this resource at all."""
        return self._matches(resource)


@dataclass(frozen=True)
class Exemptions:
    """The entries of exemptions.yaml in the order of the file, those still valid and those expired."""

    path: str
    valid: tuple[Exemption, ...] = ()
    expired: tuple[Exemption, ...] = ()

    def excusing(self, resource: str, policy: str, tag: str | None) -> Exemption | None:
        """Return the first valid entry that excuses a finding."""
        return next((entry for entry in self.valid if entry.excuses(resource, policy, tag)), None)


@dataclass(frozen=True, slots=True)
class Row:
    """What one entry of exemptions.yaml did: a line of the exemptions-in-use policy."""

    code: str
    message: str
    entry: Exemption


def rows(exemptions: Exemptions, excused: Mapping[Exemption, int], urns: Set[str]) -> list[Row]:
    """Say of each entry what it excused, that it expired, or that it excused nothing, in the order of the file.

    ``excused`` says how many findings each entry excused; ``urns`` are those of the whole stack.
    """
    made = [
        *(_valid_row(entry, excused.get(entry, 0), urns) for entry in exemptions.valid),
        *(_expired_row(entry) for entry in exemptions.expired),
    ]
    return sorted((row for row in made if row is not None), key=lambda row: row.entry.line)


def _valid_row(entry: Exemption, count: int, urns: Set[str]) -> Row | None:
    where = f"line {entry.line}: {entry.resource}"
    if count:
        what = f"{count} finding{'s' if count > 1 else ''} excused until {entry.expires}"
        return Row("exemption-used", f"{where}: {what}, by {entry.owner}: {entry.reason}", entry)
    if entry.resource.startswith("arn:"):
        return None  # for the audit of live accounts
    if any(map(entry.covers, urns)):
        return Row("exemption-unused", f"{where}: excuses nothing any more; remove it", entry)
    return Row("exemption-unused", f"{where}: matches no resource of this stack", entry)


def _expired_row(entry: Exemption) -> Row:
    message = f"line {entry.line}: {entry.resource}: expired on {entry.expires} and excuses nothing; ask {entry.owner}"
    return Row("exemption-expired", message, entry)


def beside(schema_path: Path) -> Path:
    """Return where the exemptions of a tags.yaml stand."""
    return schema_path.with_name(FILE_NAME)


def load(path: Path, today: date) -> Exemptions:
    """Read exemptions.yaml; a file that is not there excuses nothing. Raises FileProblems with every error."""
    if not path.exists():
        return Exemptions(str(path))
    entries = tuple(_entries(scan(path), today))
    return Exemptions(
        str(path),
        tuple(entry for entry in entries if entry.expires >= today),
        tuple(entry for entry in entries if entry.expires < today),
    )


_TEXTS = ("resource", "owner", "reason", "expires")
_LISTS = ("policies", "tags")
_FIELDS = (*_TEXTS[:1], *_LISTS, *_TEXTS[1:])


def _entries(document: Document, today: date) -> list[Exemption]:
    data = document.data
    empty = data is None or (isinstance(data, Plain) and data.kind == "nothing")
    if not empty and not isinstance(data, list):
        what = 'must hold a list of entries, each beginning with "- resource:"'
        raise FileProblems([*document.faults, document.problem((), what)])
    entries = [] if empty else data
    problems = document.faults + [
        document.problem(at, message)
        for i, entry in enumerate(entries)
        for at, message in _entry_problems((i,), entry, today)
        if not document.is_hidden(at)
    ]
    if problems:
        raise FileProblems(problems)
    return [_entry(entry, document.line((i,))) for i, entry in enumerate(entries)]


def _entry(entry: dict[str, Any], line: int) -> Exemption:
    expires = as_date(entry["expires"])
    assert expires is not None  # checked before
    return Exemption(
        resource=str(entry["resource"]),
        policies=tuple(entry["policies"]),
        tags=tuple(entry.get("tags", ())),
        owner=str(entry["owner"]),
        reason=str(entry["reason"]),
        expires=expires,
        line=line,
    )


def _entry_problems(at: Location, entry: Any, today: date) -> Iterator[tuple[Location, str]]:
    if not isinstance(entry, dict):
        yield at, f"an exemption holds entries: {', '.join(_FIELDS)}"
        return
    for name in entry:
        if name not in _FIELDS:
            near = nearest(name, _FIELDS)
            hint = f'did you mean "{near}"? ' if near else ""
            yield (*at, name), f"unknown key {quoted(name)}; {hint}allowed here: {', '.join(_FIELDS)}"
    for name in _TEXTS:
        value = entry.get(name)
        if name not in entry or (isinstance(value, Plain) and value.kind == "nothing"):
            yield at, f'"{name}" is missing'
        elif not isinstance(value, str) or not value.strip():
            yield (*at, name), f'"{name}" must be text'
    resource = entry.get("resource")
    if isinstance(resource, str) and resource.strip() and not resource.startswith(("urn:pulumi:", "arn:")):
        yield (
            (*at, "resource"),
            (
                f'{quoted(resource)} is no URN and no ARN: it begins with "urn:pulumi:" or "arn:", * is any text; '
                "`costtags preview --format json` prints URNs"
            ),
        )
    yield from _list_problems(at, entry)
    if isinstance(entry.get("expires"), str) and entry["expires"]:
        yield from (((*at, "expires"), message) for message in _date_problems(entry["expires"], today))


def _list_problems(at: Location, entry: dict[str, Any]) -> Iterator[tuple[Location, str]]:
    if "policies" not in entry:
        yield at, f'"policies" is missing; allowed: {", ".join(EXEMPTIBLE)}'
    for name in _LISTS:
        if name not in entry:
            continue
        value = entry[name]
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            yield (*at, name), f'"{name}" must be a list of names'
            continue
        for i, item in enumerate(value if name == "policies" else ()):
            if item not in EXEMPTIBLE:
                near = nearest(item, EXEMPTIBLE)
                hint = f'; did you mean "{near}"?' if near else ""
                yield (
                    (*at, name, i),
                    f"{quoted(item)} is no policy that can be exempted{hint or ';'} allowed: {', '.join(EXEMPTIBLE)}",
                )


def _date_problems(text: str, today: date) -> Iterator[str]:
    expires = as_date(text)
    if expires is None:
        yield f'"expires" must be a date such as {_in_a_year(today)}, not {quoted(text)}'
    elif expires > _in_a_year(today):
        yield f'"expires" is {expires}, more than a year ahead: the latest is {_in_a_year(today)}'


def _in_a_year(today: date) -> date:
    try:
        return today.replace(year=today.year + 1)
    except ValueError:  # 29 February
        return today.replace(year=today.year + 1, day=28)
