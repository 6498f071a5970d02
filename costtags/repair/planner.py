"""An audit, rules and tags.yaml -> what to write on each resource, where each value comes from, and what stays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from costtags.account.audit import Audit, AuditedResource
from costtags.check import Finding, check
from costtags.effective import EffectiveTags, TagValue
from costtags.repair.facts import bare_type, catalogue, parse_arn
from costtags.repair.owners import Owners, signs
from costtags.repair.plan import Entry, Left, Options, Proposed
from costtags.repair.relatives import NotKnown, Relatives
from costtags.repair.resource import Resource, users_tags
from costtags.repair.rules import ASKED, PLAIN, Rule
from costtags.schema import Schema, Tag
from costtags.suggest import folded
from costtags.tagtext import MAX_TAGS, value_problems


def resources_of(audit: Audit) -> tuple[list[Resource], list[Left]]:
    """Return the resources of an audit that can be repaired, and what cannot be, with the reason."""
    taken: list[Resource] = []
    left: list[Left] = []
    for one in audit.resources:
        type_ = bare_type(one.type)
        place = parse_arn(one.arn)
        if place is None or type_ not in catalogue():
            left.append(Left(one.arn, None, f"{one.type} with this ARN is nothing of SageMaker that costtags knows"))
        else:
            taken.append(_resource(one, type_, place.account, place.region))
    return sorted(taken, key=lambda resource: resource.arn), left


def _resource(one: AuditedResource, type_: str, account: str, region: str) -> Resource:
    excused = frozenset(finding.tag for finding in one.findings if finding.level == "exempt")
    codes = tuple(sorted({finding.code for finding in one.findings if finding.level != "exempt"}))
    return Resource(one.arn, type_, one.name, account, region, one.tags, excused, codes)


@dataclass
class _Draft:
    """What is found for one resource."""

    set: dict[str, Proposed] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Planner:
    """Finds for each resource what to write. Where AWS must be asked, the relatives ask it, reading only."""

    def __init__(
        self,
        schema: Schema,
        shown: str,
        resources: Sequence[Resource],
        relatives: Relatives,
        rules: Sequence[Rule],
        options: Options,
        owners: Owners,
    ) -> None:
        self._schema = schema
        self._shown = shown
        self._resources = resources
        self._relatives = relatives
        self._rules = rules
        self._options = options
        self._owners = owners
        self._drafts: dict[str, _Draft] = {}
        self._open: set[str] = set()

    def entries(self) -> Iterator[tuple[Entry | None, list[Left]]]:
        """Yield what to write on each resource, and what stays as it is."""
        for resource in self._resources:
            draft = self._draft(resource)
            refused = self._refusal(resource, draft) if draft.set or draft.remove or draft.left else None
            if refused is not None:  # one reason for all of it is enough
                yield None, [Left(resource.arn, None, refused)]
            else:
                yield self._entry(resource, draft) if draft.set or draft.remove else None, draft.left

    def _entry(self, resource: Resource, draft: _Draft) -> Entry:
        values = {key: proposed.value for key, proposed in draft.set.items()}
        owner = self._owners.of(resource.arn, values)
        warned = [] if owner is not None else list(signs(resource.tags))
        return Entry(
            arn=resource.arn,
            type=resource.type,
            name=resource.name,
            now=dict(sorted(users_tags(resource.tags).items())),
            set=dict(sorted(draft.set.items())),
            remove=tuple(sorted(draft.remove)),
            owner=owner,
            notes=(*draft.notes, *warned),
        )

    def _refusal(self, resource: Resource, draft: _Draft) -> str | None:
        """Say why AWS would not take the tags, or why they would be of no use."""
        if not catalogue()[resource.type].taggable_later:
            return (
                f"AWS takes no tags on a {resource.type} after its creation (by IAM's data): create it anew with tags"
            )
        count = len(users_tags(resource.tags).keys() | draft.set.keys())
        if count > MAX_TAGS:
            return f"it would have {count} tags, and AWS allows {MAX_TAGS}: remove {count - MAX_TAGS} first"
        if self._options.finished_jobs:
            return None
        try:
            status = self._relatives.ended(resource)
        except NotKnown as error:
            return f"whether the job has ended cannot be said ({error}); --finished-jobs tags it all the same"
        if status is not None:
            return (
                f"the job has ended ({status}): what it cost is billed, and tags change that no more; "
                "--finished-jobs tags it all the same"
            )
        return None

    # ---- one resource

    def _draft(self, resource: Resource) -> _Draft:
        if resource.arn not in self._drafts:
            self._open.add(resource.arn)
            self._drafts[resource.arn] = self._drafted(resource)
            self._open.discard(resource.arn)
        return self._drafts[resource.arn]

    def _drafted(self, resource: Resource) -> _Draft:
        draft = _Draft()
        wrong = {finding.tag for finding in self._findings(resource) if finding.code == "wrong-value"}
        for tag in self._schema.tags.values():
            if tag.key in resource.excused:
                continue
            spelled = sorted(key for key in resource.tags if self._schema.meant_key(key) == tag.key)
            if tag.key not in resource.tags and spelled and resource.excused.issuperset(spelled):
                continue  # the misspelt key stands for it, and is excused
            if tag.key not in resource.tags or tag.key in wrong:
                self._find(resource, tag, spelled, draft)
            right = tag.key in draft.set or (tag.key in resource.tags and tag.key not in wrong)
            for key in spelled if right else ():
                if key in resource.excused:
                    continue
                if self._options.remove_misspelt:
                    draft.remove.append(key)
                else:
                    draft.notes.append(
                        f'the misspelt key "{key}" stays beside "{tag.key}"; plan with --remove-misspelt to remove it'
                    )
        draft.left += self._elsewhere(resource)
        return draft

    def _findings(self, resource: Resource) -> list[Finding]:
        tags = {key: TagValue(value, "resource") for key, value in users_tags(resource.tags).items()}
        return check(self._schema, EffectiveTags(tags))

    def _elsewhere(self, resource: Resource) -> Iterator[Left]:
        """Yield the findings that tags cannot mend, or that costtags does not."""
        for finding in self._findings(resource):
            if finding.tag in resource.excused or finding.code not in _NOT_OURS:
                continue
            yield Left(resource.arn, finding.tag, _NOT_OURS[finding.code])
        if "no-propagation" in resource.findings:
            yield Left(resource.arn, None, _NO_PROPAGATION)

    def _find(self, resource: Resource, tag: Tag, spelled: Sequence[str], draft: _Draft) -> None:
        """Find a value for a key that is absent or wrong: what the resource itself says comes before any rule."""
        was = resource.tags.get(tag.key)
        try:
            found = self._own(resource, tag, spelled) or self._ruled(resource, tag)
        except NotKnown as error:
            draft.left.append(Left(resource.arn, tag.key, str(error)))
            return
        if found is None and self._options.defaults and tag.default is not None and was is None:
            found = tag.default, f"the default, {self._tag_at(tag)}"
        if found is not None:
            draft.set[tag.key] = Proposed(found[0], was, found[1])
        elif tag.required or was is not None or spelled:
            draft.left.append(Left(resource.arn, tag.key, self._why(resource, tag, spelled)))

    def _why(self, resource: Resource, tag: Tag, spelled: Sequence[str]) -> str:
        said = [f'"{resource.tags[key]}" of {key}' for key in (*spelled, tag.key) if key in resource.tags]
        unclear = f"what {' and '.join(said)} means is not certain, and " if said else ""
        default = f' (it has a default, "{tag.default}": plan with --defaults)' if tag.default is not None else ""
        return f"{unclear}no rule gives {tag.key} a value{default}; {tag.allowed}"

    # ---- what the resource itself says

    def _own(self, resource: Resource, tag: Tag, spelled: Sequence[str]) -> tuple[str, str] | None:
        was = resource.tags.get(tag.key)
        if was is not None and (meant := certain(tag, was)) is not None:
            return meant, f"{_meaning(tag, was)}, {self._tag_at(tag)}"
        found: dict[str, str] = {}
        for key in spelled:
            value = resource.tags[key]
            meant = certain(tag, value)
            if meant is not None:
                how = "" if meant == value else f", {_meaning(tag, value)}"
                found.setdefault(meant, f'its key "{key}", a spelling of {tag.key}{how}, {self._tag_at(tag)}')
        if len(found) > 1:
            given = " and ".join(sorted(found))
            raise NotKnown(f"its keys {', '.join(spelled)} contradict each other: they say {given}")
        return next(iter(found.items()), None)

    def _tag_at(self, tag: Tag) -> str:
        return f"{self._shown}:{tag.line}"

    # ---- what rules say

    def _ruled(self, resource: Resource, tag: Tag) -> tuple[str, str] | None:
        for rule in self._rules:
            if not rule.concerns(tag.key) or not self._matches(rule, resource):
                continue
            if tag.key in rule.values:
                return rule.values[tag.key], rule.value_at[tag.key]
            inherited = self._inherited(rule, resource, tag)
            if inherited is not None:
                return inherited
        return None

    def _matches(self, rule: Rule, resource: Resource) -> bool:
        """Say whether a rule is about a resource. Raises NotKnown where AWS must be asked, and does not say."""
        plain = all(test(str(getattr(resource, name))) for name, test in rule.tests.items() if name in PLAIN)
        if not plain or not all(key in resource.tags and test(resource.tags[key]) for key, test in rule.tags.items()):
            return False
        for name in ASKED:
            test = rule.tests.get(name)
            if test is None:
                continue
            try:
                if not any(map(test, self._said(resource, name))):
                    return False
            except NotKnown as error:
                raise NotKnown(f"{rule.at} asks for its {name}, which cannot be read: {error}") from None
        return True

    def _said(self, resource: Resource, name: str) -> list[str]:
        """Return what a rule's pattern for ``name`` is held against."""
        if name == "role":
            role = self._relatives.role(resource)
            return [role] if role else []
        if name == "parent":
            return [arn for kind in PARENT_KINDS for arn in self._relatives.parents(resource, kind)]
        if resource.type == {"domain": "domain", "profile": "user-profile", "space": "space"}[name]:
            return self._relatives.own_names(resource)
        return self._relatives.names(resource, name)

    def _inherited(self, rule: Rule, resource: Resource, tag: Tag) -> tuple[str, str] | None:
        for kind in rule.inherit:
            try:
                parents = self._relatives.parents(resource, kind)
                values = {arn: self._value_of(arn, tag) for arn in parents}
            except NotKnown as error:
                raise NotKnown(f"{rule.at} inherits from its {kind}, which cannot be read: {error}") from None
            given = sorted({value for value in values.values() if value is not None})
            if len(given) > 1:
                raise NotKnown(f"{rule.at} inherits from its {kind}, and there are several: they say {_and(given)}")
            if given:
                arn = min(arn for arn, value in values.items() if value is not None)
                return given[0], f"{rule.at}, inherited from {arn}"
        return None

    def _value_of(self, arn: str, tag: Tag) -> str | None:
        """Return the right value that a parent has, or gets by this plan."""
        parent = self._relatives.by_arn.get(arn)
        if parent is not None and arn not in self._open:
            proposed = self._draft(parent).set.get(tag.key)
            if proposed is not None:
                return proposed.value
        value = self._relatives.tags(arn).get(tag.key)
        return None if value is None else certain(tag, value)


PARENT_KINDS = (
    "space",
    "profile",
    "domain",
    "pipeline",
    "endpoint",
    "endpoint-config",
    "model",
    "model-package-group",
    "tuning-job",
    "automl-job",
    "labeling-job",
    "training-job",
    "monitoring-schedule",
    "experiment",
    "hub",
    "device-fleet",
)
_NOT_OURS = {
    "unexpected-key": "tags.yaml does not allow the key, and costtags removes only misspelt ones: remove it by hand "
    "if no one needs it (aws sagemaker delete-tags)",
    "too-many": "it has too many tags: remove some by hand (aws sagemaker delete-tags)",
}
_NO_PROPAGATION = (
    'the domain does not hand on its tags: set tag_propagation="ENABLED" in the program that makes it '
    "(aws sagemaker update-domain --tag-propagation ENABLED); tags cannot mend it"
)


def certain(tag: Tag, value: str) -> str | None:
    """Return the allowed value that a value certainly means; None where that would be a guess.

    Certain is the value itself, one that tags.yaml lists as an alias, and one that differs from exactly one allowed
    value, or alias, only in case and separators.
    """
    if tag.allows(value):
        return value if not any(value_problems(value)) else None
    if (listed := tag.meaning.get(value)) is not None:
        return listed
    loose = {right for right in tag.exact_values if folded(right) == folded(value)}
    loose |= {right for wrong, right in tag.meaning.items() if folded(wrong) == folded(value)}
    return next(iter(loose)) if len(loose) == 1 else None


def _meaning(tag: Tag, value: str) -> str:
    return f'"{value}" is an alias' if value in tag.meaning else f'"{value}" in other letters'


def _and(values: Iterable[str]) -> str:
    return " and ".join(values)
