"""An exported stack -> a report: what its state holds, judged in process by the check that the policy pack uses.

Judged are the *inputs* in the state, as the pack judges them before a deployment: a resource's own tags over its
provider's default tags, as it was deployed, hence without remediation. Left out is what is not there: resources that
Pulumi only read (``external``), that wait for their deletion (``delete``), or that are deleted and not made again yet
(``pendingReplacement``).

The environment of whoever judges says nothing of the one that the stack was deployed from, so TF_AWS_DEFAULT_TAGS_*
and TF_AWS_IGNORE_TAGS_* are not read here. What the provider reported of a resource does say it: a tag of tags.yaml
that stands in the output ``tagsAll``, and in neither the inputs nor the provider's default tags, was set by the
deployment's environment and counts.

Secrets of an export are encrypted: unknown, not wrong. ``pulumi stack export --show-secrets`` writes them as plain
text: judged then, and never shown.
"""

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costtags.catalog import TagProperty
from costtags.check import (
    NEWER_TYPE,
    PROVIDER_TYPES,
    Finding,
    check,
    check_ignored,
    check_propagation,
    is_newer,
    judged_property,
)
from costtags.documents.judge import JUDGED
from costtags.documents.judge import PROPERTIES as DOCUMENT_PROPERTIES
from costtags.documents.judge import judge as judge_document
from costtags.effective import (
    STACK_TYPE,
    UNKNOWN,
    EffectiveTags,
    ProviderTags,
    Secret,
    TagValue,
    bare,
    effective_tags,
    is_unknown,
    provider_tags,
    tag_text,
)
from costtags.exemptions import Exemption, Exemptions, rows
from costtags.gate.report import JudgedResource, Level, Report, ReportedFinding, order
from costtags.gate.signatures import OUTPUT, RESOURCE_REFERENCE, SECRET, SIGNATURE_KEY
from costtags.policyconfig import changed
from costtags.schema import Schema

if TYPE_CHECKING:
    from costtags.gate.state_places import Sites

# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go: all hold resources in the same form.
VERSIONS = (1, 2, 3, 4)
REDACTED = "[secret]"
"""What Pulumi writes for a secret that it may not show (BlindingCrypter in sdk/go/common/resource/config/crypt.go)."""
_EXPORT = "`pulumi stack export --file FILE` writes an exported stack"


class StateError(Exception):
    """A state cannot be judged; the message is for the user."""


@dataclass(frozen=True)
class State:
    """The resources of an exported stack that are there: deployed, and managed by it."""

    resources: Sequence[Mapping[str, Any]]
    providers: Mapping[str, Mapping[str, Any]]
    """The inputs of provider resources, by the references that resources have to them: URN::id."""
    project: str
    stack: str


# ---- reading


def read(data: bytes) -> State:
    """Read what `pulumi stack export` wrote, or a checkpoint of a backend in files. Raises StateError."""
    collects = gc.isenabled()
    gc.disable()  # JSON has no cycles, and looking for some takes half of the time
    try:
        document = _document(data)
        return _state(*_deployment(document))
    except RecursionError:
        raise StateError("is nested too deeply") from None
    finally:
        if collects:
            gc.freeze()
            gc.enable()


def _document(data: bytes) -> Any:
    if data.startswith(b"\x1f\x8b"):
        raise StateError("is compressed; give what it holds: gunzip -c FILE | costtags state -")
    try:
        # Windows' PowerShell writes UTF-16, and UTF-8 with a byte order mark.
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise StateError("is cut off: it ends within a character") from None
        raise StateError("is not UTF-8 text") from None
    if not text.strip():
        raise StateError(f"is empty; {_EXPORT}")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        in_text = error.msg.startswith("Unterminated string")
        if text.lstrip()[:1] in "{[" and (in_text or error.pos >= len(text.rstrip()) - len("false")):
            raise StateError(f"is cut off: its JSON ends in line {error.lineno} before it is complete") from None
        raise StateError(f"is not JSON (line {error.lineno}: {error.msg}); {_EXPORT}") from None
    except ValueError as error:  # a number of thousands of digits
        raise StateError(f"is not JSON that can be read: {error}") from None
    if "\\ud" in text or "\\uD" in text:
        document = _repaired(document)
    return document


def _repaired(document: Any) -> Any:
    """Replace halves of surrogate pairs, which no output could hold, as Pulumi does."""
    text = json.dumps(document, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _deployment(document: Any) -> tuple[Any, str]:
    """Return the deployment in an export or a checkpoint, and the stack that a checkpoint names."""
    if not isinstance(document, dict) or not ("deployment" in document or "checkpoint" in document):
        raise StateError(f'is no exported stack (no "deployment"); {_EXPORT}')
    version = document.get("version")
    if type(version) is not int or version < VERSIONS[0]:
        raise StateError(f'is no exported stack ("version" is {json.dumps(version)[:40]}); {_EXPORT}')
    if version > VERSIONS[-1]:
        raise StateError(f"has the format {version}, and this costtags reads {VERSIONS[-1]} at most: upgrade costtags")
    if "deployment" in document:
        return document["deployment"], ""
    checkpoint = document["checkpoint"]
    if not isinstance(checkpoint, dict):
        raise StateError('is no checkpoint: "checkpoint" is no object')
    return checkpoint.get("latest"), str(checkpoint.get("stack") or "")


def _state(deployment: Any, named: str) -> State:
    if deployment is not None and not isinstance(deployment, dict):
        raise StateError('is no exported stack: "deployment" is no object')
    listed = (deployment or {}).get("resources")
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        raise StateError('is no exported stack: "resources" is no list')
    there: list[Mapping[str, Any]] = []
    providers: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(listed):
        _check_row(number, row)
        if row["type"].startswith("pulumi:providers:"):
            providers[f"{row['urn']}::{row.get('id', '')}"] = row.get("inputs") or {}
        if not (row.get("external") or row.get("delete") or row.get("pendingReplacement")):
            there.append(row)
    root = next((row for row in listed if row["type"] == STACK_TYPE), listed[0] if listed else None)
    if root is None:
        return State((), {}, "unknown", named.rpartition("/")[2] or "unknown")
    head, project, _ = root["urn"].split("::", 2)
    return State(there, providers, project, head.removeprefix(_URN))


_URN = "urn:pulumi:"
_OBJECTS = ("inputs", "outputs")


def _check_row(number: int, row: Any) -> None:
    """Refuse a resource that Pulumi could not have written: what it means could only be guessed."""
    if not isinstance(row, dict):
        raise StateError(f"is damaged: resource {number + 1} is no object")
    urn, type_ = row.get("urn"), row.get("type")
    if not isinstance(urn, str) or not urn.startswith(_URN) or urn.count("::") < 3:
        raise StateError(f'is damaged: resource {number + 1} has no URN ("urn")')
    if not isinstance(type_, str):
        raise StateError(f'is damaged: {urn} has no type ("type")')
    for name in _OBJECTS:
        if not isinstance(row.get(name), dict | None):
            raise StateError(f'is damaged: "{name}" of {urn} is no object')


# ---- judging


def judge(
    state: State, schema: Schema, exemptions: Exemptions, levels: Mapping[str, str], project_folder: Path
) -> Report:
    """Judge a state. ``levels`` are those of the policies; files are named as seen from the project's folder."""
    try:
        return _Judge(state, schema, exemptions, levels, project_folder).report()
    except RecursionError:
        raise StateError("is nested too deeply") from None


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is judged of a type."""

    shape: TagProperty | None
    names: tuple[str, ...]
    """The inputs that are read."""
    provider: bool = False
    document: bool = False
    newer: bool = False


class _Judge:
    def __init__(
        self,
        state: State,
        schema: Schema,
        exemptions: Exemptions,
        levels: Mapping[str, str],
        project_folder: Path,
    ) -> None:
        self._state = state
        self._schema = schema
        self._exemptions = exemptions
        self._levels = levels
        self._project_folder = project_folder
        self._kinds: dict[str, _Kind | None] = {}
        self._providers: dict[str, ProviderTags] = {}
        self._verdicts: dict[object, list[Finding]] = {}
        self._judged: list[JudgedResource] = []
        self._findings: list[ReportedFinding] = []
        self._excused: dict[Exemption, set[tuple[str, str, str | None]]] = {}
        self._others = self._documents = 0

    def report(self) -> Report:
        """Judge every resource, then the exemptions."""
        for row in self._state.resources:
            type_ = row["type"]
            kind = self._kinds[type_] if type_ in self._kinds else self._learn(type_)
            if kind is not None:
                self._documents += kind.document
                for finding in self._found(kind, row):
                    self._add(finding, row)
            if type_.startswith(_AWS) and (kind is None or not (kind.shape or kind.document)):
                self._others += 1
        self._add_exemptions()
        return Report(
            engine="state",
            project=self._state.project,
            stack=self._state.stack,
            schema=self._schema.path,
            resources=tuple(sorted(self._judged, key=lambda resource: resource.urn)),
            findings=tuple(sorted(self._findings, key=order)),
            levels=changed(self._levels),
            others=self._others,
            documents=self._documents,
        )

    def _learn(self, type_: str) -> _Kind | None:
        shape = judged_property(self._schema, type_)
        provider, document = type_ in PROVIDER_TYPES, type_ in JUDGED
        newer = shape is None and is_newer(self._schema, type_)
        kind = None
        if shape or provider or document or newer:
            names = [*((shape.property, "tagPropagation") if shape else ()), *(DOCUMENT_PROPERTIES if document else ())]
            kind = _Kind(shape, tuple(names), provider, document, newer)
        self._kinds[type_] = kind
        return kind

    def _found(self, kind: _Kind, row: Mapping[str, Any]) -> Iterator[Finding]:
        inputs = row.get("inputs") or {}
        if kind.provider:
            yield from check_ignored(self._schema, provider_tags(_plain_members(inputs, _PROVIDER)), {})
            return
        plain = _plain_members(inputs, kind.names)
        if kind.shape is not None:
            effective = self._effective(kind.shape, row, plain)
            self._judged.append(JudgedResource(row["urn"], row["type"], dict(sorted(effective.tags.items()))))
            yield from self._check(effective, row["type"])
            yield from check_propagation(row["type"], plain)
        elif kind.newer:
            yield NEWER_TYPE
        if kind.document:
            yield from judge_document(self._schema, row["type"], plain)

    def _check(self, effective: EffectiveTags, type_: str) -> list[Finding]:
        """Judge tags, once for all resources that differ in nothing that matters: of other keys, no value does."""
        named = self._schema.tags
        told = tuple([(key, tag if key in named else tag.source) for key, tag in effective.tags.items()])
        case = (type_, effective.unknown, told)
        found = self._verdicts.get(case)
        if found is None:
            found = self._verdicts[case] = check(self._schema, effective, type_)
        return found

    def _effective(self, shape: TagProperty, row: Mapping[str, Any], plain: Mapping[str, Any]) -> EffectiveTags:
        provider = self._provider(row.get("provider"))
        if row["type"].startswith(_NATIVE) and is_unknown(bare(provider.default_tags)[0]):
            # They are in the inputs all the same, and in plain text: which of those are secret cannot be told.
            effective = effective_tags(row["type"], shape, plain)
            return replace(effective, tags={key: replace(tag, secret=True) for key, tag in effective.tags.items()})
        effective = effective_tags(row["type"], shape, plain, provider)
        reported = (row.get("outputs") or {}).get("tagsAll")
        if not reported or effective.unknown or not shape.default_tags:
            return effective
        values, secret = bare(_plain(reported))
        if not isinstance(values, Mapping):
            return effective
        more = {
            key: _reported(values[key], secret=secret)
            for key in self._schema.tags
            if key not in effective.tags and values.get(key) is not None
        }
        return EffectiveTags({**effective.tags, **more}) if more else effective

    def _provider(self, reference: Any) -> ProviderTags:
        if not isinstance(reference, str) or reference not in self._state.providers:
            return ProviderTags()
        if reference not in self._providers:
            inputs = self._state.providers[reference]
            self._providers[reference] = provider_tags(_plain_members(inputs, _PROVIDER))
        return self._providers[reference]

    def _add(self, finding: Finding, row: Mapping[str, Any]) -> None:
        policy, urn = finding.policy, row["urn"]
        if self._levels[policy] == "disabled":
            return
        exemption = self._exemptions.excusing(urn, policy, finding.tag)
        if exemption is not None:
            self._excused.setdefault(exemption, set()).add((urn, policy, finding.tag))
        level = self._level(policy) if exemption is None else "exempt"
        site = self._sites.of(urn, finding)
        file, line = site.line
        self._findings.append(
            ReportedFinding(
                urn=urn,
                type=row["type"],
                policy=policy,
                level=level,
                code=finding.code,
                tag=finding.tag,
                message=finding.message,
                fix=finding.fix,
                file=file,
                line=line,
                chain=site.chain,
            )
        )

    @cached_property
    def _sites(self) -> "Sites":
        from costtags.gate.state_places import Sites  # as slow to import as all the rest: only where there are findings

        return Sites(self._state.resources, self._project_folder)

    def _level(self, policy: str) -> Level:
        return "advisory" if self._levels[policy] == "advisory" else "mandatory"

    def _add_exemptions(self) -> None:
        policy = "exemptions-in-use"
        if self._levels[policy] == "disabled":
            return
        urns = {row["urn"] for row in self._state.resources}
        counts = {entry: len(found) for entry, found in self._excused.items()}
        stack = next((row["urn"] for row in self._state.resources if row["type"] == STACK_TYPE), "")
        path = Path(self._exemptions.path)
        shown = path.relative_to(self._project_folder) if path.is_relative_to(self._project_folder) else path
        for row in rows(self._exemptions, counts, urns):
            self._findings.append(
                ReportedFinding(
                    urn=stack,
                    type=STACK_TYPE,
                    policy=policy,
                    level=self._level(policy),
                    code=row.code,
                    tag=None,
                    message=row.message,
                    fix="",
                    file=shown.as_posix(),
                    line=row.entry.line,
                )
            )


_NATIVE = "aws-native:"
_AWS = ("aws:", _NATIVE)
_PROVIDER = ("defaultTags", "ignoreTags")


def _reported(value: Any, *, secret: bool) -> TagValue:
    content, secret_value = bare(value)
    known = not is_unknown(content)
    return TagValue(tag_text(content) if known else None, "environment", known, secret or secret_value)


# ---- values


def _plain_members(inputs: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(inputs[name]) for name in names if name in inputs}


def _plain(value: Any) -> Any:
    """Return a value of a state as the check reads it: secrets as ``Secret``, what is not readable as UNKNOWN."""
    if isinstance(value, str):
        return value if value != REDACTED else UNKNOWN
    if isinstance(value, dict):
        if SIGNATURE_KEY in value:
            return _special(value)
        return {
            key: item if type(item) is str and item != REDACTED else _plain(item)
            for key, item in value.items()
            # The Terraform bridge notes in a map which of its values it filled in; no tag's value is a list.
            if key != "__defaults" or not isinstance(item, list)
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _special(value: Mapping[str, Any]) -> Any:
    signature = value[SIGNATURE_KEY]
    if signature == SECRET:
        return Secret(_plain(_decrypted(value.get("plaintext"))))
    if signature == OUTPUT:
        inner = _plain(value["value"]) if "value" in value else UNKNOWN
        return Secret(inner) if value.get("secret") else inner
    if signature == RESOURCE_REFERENCE:
        named = value.get("id") or value.get("urn")
        return named if isinstance(named, str) else UNKNOWN
    return UNKNOWN  # an asset, or what a newer Pulumi has


def _decrypted(plaintext: Any) -> Any:
    """Return the value of a secret, which stands in an export as JSON text unless it is encrypted."""
    if not isinstance(plaintext, str):
        return UNKNOWN
    try:
        return json.loads(plaintext)
    except ValueError:
        return UNKNOWN
