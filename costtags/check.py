"""Schema + effective tags -> findings: the only place that judges a tag."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from costtags.catalog import TagProperty, is_known, studio_types, tag_property
from costtags.effective import (
    EffectiveTags,
    ProviderTags,
    TagValue,
    bare,
    effective_tags,
    ignored_keys,
    is_unknown,
    provider_tags,
)
from costtags.policies import POLICY_OF_CODE
from costtags.schema import Schema, Tag
from costtags.tagtext import MAX_TAGS, MAX_VALUE, bad_characters

# Studio's apps carry the tags of domain, profile and space and up to three of SageMaker's own, and their creation
# fails above 50: https://docs.aws.amazon.com/sagemaker/latest/dg/custom-tags.html
STUDIO_TAGS = 3

AWS_PROVIDER = "pulumi:providers:aws"
PROVIDER_TYPES = (AWS_PROVIDER, "pulumi:providers:aws-native")
PROPAGATING_TYPES = frozenset({"aws:sagemaker/domain:Domain", "aws-native:sagemaker:Domain"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one tag of one resource; never holds the tag's actual value, which may be a secret.

    ``tag`` is None for findings about the whole; ``fix`` holds the lines to paste, or what to do.
    """

    code: str
    tag: str | None
    message: str
    fix: str

    @property
    def policy(self) -> str:
        """The policy that reports it."""
        return POLICY_OF_CODE[self.code]


def judged_property(schema: Schema, type_: str) -> TagProperty | None:
    """Return where a Pulumi type has its tags, or None where the schema does not ask for any."""
    return tag_property(type_) if schema.enforced_on(type_) else None


def check(schema: Schema, effective: EffectiveTags, type_: str = "") -> list[Finding]:
    """Judge the tags of a resource: at most one finding a code and key, in the order of the schema."""
    findings = [
        *_check_known_tags(schema, effective),
        *_check_keys(schema, effective),
        *_check_unknown(effective),
    ]
    limit = MAX_TAGS - STUDIO_TAGS if type_ in studio_types() else MAX_TAGS
    count = len(effective.tags)
    if count > limit:
        why = f" (AWS allows {MAX_TAGS}; SageMaker adds {STUDIO_TAGS} of its own here)" if limit < MAX_TAGS else ""
        message = f"{count} tags, {count - limit} more than the {limit} that fit{why}"
        findings.append(Finding("too-many", None, message, f"remove {count - limit}"))
    return findings


def check_propagation(type_: str, inputs: Mapping[str, Any]) -> list[Finding]:
    """Judge whether a SageMaker domain hands its tags on to the apps and spaces that Studio launches."""
    if type_ not in PROPAGATING_TYPES:
        return []
    value, _ = bare(inputs.get("tagPropagation"))
    if value == "ENABLED":
        return []
    if is_unknown(value):
        message = "tagPropagation is known only at deployment"
        return [Finding("unknown-value", None, message, 'tag_propagation="ENABLED"')]
    message = "tagPropagation is not ENABLED: what Studio launches will carry no tags of the domain and its users"
    return [Finding("no-propagation", None, message, 'tag_propagation="ENABLED"')]


def check_ignored(schema: Schema, provider: ProviderTags, environment: Mapping[str, str]) -> list[Finding]:
    """Judge whether a provider ignores required keys: such a tag is set at creation and never mended after."""
    return [
        Finding(
            "ignored-key",
            key,
            f'the provider ignores tag "{key}" (ignoreTags): it can later be neither changed nor repaired',
            f'take "{key}" out of the provider\'s ignoreTags',
        )
        for key in ignored_keys([tag.key for tag in schema.required], provider, environment)
    ]


def _check_known_tags(schema: Schema, effective: EffectiveTags) -> Iterator[Finding]:
    misspelled = {schema.meant_key(key) for key in effective.tags}
    for tag in schema.tags.values():
        present = effective.tags.get(tag.key)
        if present is not None:
            yield from _check_value(tag, present, effective)
        elif tag.required and tag.key not in misspelled and not effective.unknown:
            yield Finding("missing", tag.key, f'tag "{tag.key}" is missing; {tag.allowed}', _line(tag, tag.example))


def _check_value(tag: Tag, present: TagValue, effective: EffectiveTags) -> Iterator[Finding]:
    if present.source != "resource" and "resource" in effective.unknown:
        return  # the resource's own tags, unknown as yet, may put another value over it
    if not present.known:
        message = f'tag "{tag.key}" is known only at deployment, where it will be judged; {tag.allowed}'
        yield Finding("unknown-value", tag.key, message, "")
        return
    value = present.value
    what = _fault(value)
    if what is None and value is not None:
        if tag.allows(value):
            return
        what = "has a value that is not allowed"
    meant = tag.meant_by(value) if value else None
    hint = f'; did you mean "{meant}"?' if meant else ""
    where = _origin(present)
    message = f'tag "{tag.key}"{where} {what}; {tag.allowed}{hint}'
    yield Finding("wrong-value", tag.key, message, _line(tag, meant or tag.example))


def _fault(value: str | None) -> str | None:
    """Say why AWS, or the bill, cannot do with a value, whatever the schema allows."""
    if value is None:
        return "has a value that is not text"
    if not value.strip():
        return "is empty"
    if len(value) > MAX_VALUE:
        return f"has a value of {len(value)} characters, more than the {MAX_VALUE} that AWS allows"
    if bad_characters(value):
        return "has a value with characters that AWS does not accept in tags"
    return None


def _check_keys(schema: Schema, effective: EffectiveTags) -> Iterator[Finding]:
    seen = set(effective.tags)
    for key, present in sorted(effective.tags.items()):
        if key in schema.tags:
            continue
        meant = schema.meant_key(key)
        where = _origin(present)
        if meant is None:
            if not schema.allows_other_key(key):
                allowed = ", ".join((*schema.tags, *(schema.other_keys or ())))
                message = f"tag {_quoted(key)}{where} is not one that may be used; allowed: {allowed}"
                yield Finding("unexpected-key", key, message, f"remove {_quoted(key)}")
        elif meant in seen:
            message = f'tag {_quoted(key)}{where} is a second spelling of "{meant}", which is there as well'
            yield Finding("wrong-case", key, message, f"remove {_quoted(key)}")
        else:
            seen.add(meant)
            message = f'tag {_quoted(key)}{where} must be spelled "{meant}"'
            yield Finding("wrong-case", key, message, f'rename {_quoted(key)} to "{meant}"')


def _check_unknown(effective: EffectiveTags) -> Iterator[Finding]:
    what = {"resource": "the tags", "provider": "the provider's default tags"}
    unknown = [what[source] for source in ("resource", "provider") if source in effective.unknown]
    if unknown:
        message = f"{' and '.join(unknown)} are known only at deployment: what is missing cannot be said yet"
        yield Finding("unknown-value", None, message, "")


_ORIGINS = {"provider": " (from the provider's default tags)", "environment": " (from TF_AWS_DEFAULT_TAGS_)"}


def _origin(present: TagValue) -> str:
    return _ORIGINS.get(present.source, "")


def _quoted(text: str) -> str:
    # A key is untrusted: JSON's escapes keep quotes, line ends and control characters from acting.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _line(tag: Tag, value: str) -> str:
    others = ", ".join(other for other in (tag.values or ())[:12] if other != value)
    comment = f"  # or {others}" if others else ""
    if value == "...":
        comment = f"  # one of {others}" if others else ""
        comment = f"  # what matches {tag.pattern}" if tag.pattern is not None else comment
    return f'"{tag.key}": "{value}",{comment}'


def grouped(findings: Iterable[Finding]) -> str:
    """Write the findings of one policy on one resource as one text: the reasons, then the lines to paste."""
    findings = list(findings)
    reasons = [finding.message for finding in findings]
    lines = [f"  {reason}" for reason in reasons] if len(reasons) > 1 else reasons
    fixes = list(dict.fromkeys(f"    {finding.fix}" for finding in findings if finding.fix))
    return "\n".join([*lines, *(["fix:"] if fixes else []), *fixes])


NEWER_TYPE = Finding(
    "unknown-type",
    None,
    "this type is newer than costtags' table of types that can carry tags: its tags are not judged",
    "upgrade costtags",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A resource as the check needs it: plain data in which unknown values are UNKNOWN and secrets ``Secret``."""

    type: str
    inputs: Mapping[str, Any]
    provider: Mapping[str, Any]


def judge(schema: Schema, place: Place, environment: Mapping[str, str]) -> list[Finding]:
    """Judge one resource or provider of a Pulumi program: every finding, of every policy."""
    if place.type in PROVIDER_TYPES:
        variables = environment if place.type == AWS_PROVIDER else {}
        return check_ignored(schema, provider_tags(place.inputs), variables)
    shape = judged_property(schema, place.type)
    if shape is None:
        return [NEWER_TYPE] if is_newer(schema, place.type) else []
    effective = effective_tags(place.type, shape, place.inputs, provider_tags(place.provider), environment)
    return [*check(schema, effective, place.type), *check_propagation(place.type, place.inputs)]


def missing_defaults(schema: Schema, place: Place, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the absent tags that have a default: what a remediation may add, and nothing else.

    A key that is there in any spelling, known or not, is not absent; where a map of tags is unknown, nothing is.
    """
    shape = judged_property(schema, place.type)
    if shape is None:
        return {}
    effective = effective_tags(place.type, shape, place.inputs, provider_tags(place.provider), environment)
    if effective.unknown:
        return {}
    present = {schema.meant_key(key) or key for key in effective.tags}
    return {tag.key: tag.default for tag in schema.tags.values() if tag.default is not None and tag.key not in present}


def concerns(schema: Schema, type_: str) -> bool:
    """Say whether anything is judged of a Pulumi type: for all others ``judge`` finds nothing."""
    return type_ in PROVIDER_TYPES or judged_property(schema, type_) is not None or is_newer(schema, type_)


def is_newer(schema: Schema, type_: str) -> bool:
    """Say whether the schema is enforced on a type of the AWS providers that the table of types does not know."""
    return type_.startswith(("aws:", "aws-native:")) and schema.enforced_on(type_) and not is_known(type_)
