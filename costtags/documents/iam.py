"""tags.yaml -> the statements of IAM policies; service control policies are made of the same ones.

The semantics that they rely on: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
"""

from collections import defaultdict
from collections.abc import Iterator

from costtags.catalog import sagemaker_types
from costtags.documents.document import DocumentError, Draft, Piece
from costtags.documents.scope import guarded, resources
from costtags.documents.settings import Settings
from costtags.documents.statements import (
    KEYS,
    ON_CREATION,
    Condition,
    deny,
    request_tag,
    resource_tag,
    sagemaker,
    sids,
)
from costtags.schema import Schema, Tag
from costtags.spellings import variants
from costtags.suggest import nearest

ADD_TAGS = "sagemaker:AddTags"

# Keys that AWS services set by themselves: Step Functions marks the jobs that it starts
# (https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html), SageMaker Unified Studio its projects'
# (https://docs.aws.amazon.com/sagemaker-unified-studio/latest/adminguide/project-resource-tags.html).
SERVICE_KEYS = ("sagemaker:*", "aws:*", "MANAGED_BY_AWS", "AmazonDataZone*", "ManagedByAmazonSageMakerResource")


def require_tags(schema: Schema, settings: Settings) -> Draft:
    """Deny creation without a required tag; deny wrong values, wrong spellings and, where the schema says so, others.

    Values and spellings are denied in AddTags too, but not in the AddTags that accompanies the creation of what is
    not guarded: SageMaker itself hands tags on to apps and jobs.
    """
    actions = sagemaker(guarded(schema, settings))
    return Draft(
        (
            *_required(schema, actions, settings.break_glass),
            *_values(schema, actions, settings.break_glass),
            *_spelling(schema, actions, settings.break_glass),
        ),
        tuple(_not_required(schema, settings)),
        (f"Creating means {', '.join(guarded(schema, settings))}.",),
    )


def _required(schema: Schema, actions: list[str], excepted: tuple[str, ...]) -> Iterator[Piece]:
    names = sids("Require", (tag.key for tag in schema.required))
    for tag in schema.required:
        # True where no key of the request equals it exactly, and where the request has no tags; one key a statement,
        # since with two it would mean "neither". Null on aws:RequestTag would take Cost-Center for cost-center.
        condition = {"ForAllValues:StringNotEquals": {KEYS: tag.key}}
        stops = f'Stops whoever creates without the tag "{tag.key}", spelled exactly so.'
        yield deny(names[tag.key], actions, condition, excepted, stops)


def _values(schema: Schema, actions: list[str], excepted: tuple[str, ...]) -> Iterator[Piece]:
    names = sids("Values", schema.tags)
    for tag in schema.tags.values():
        # StringNotLike is true of a missing key as well; that is the business of the statements above.
        allowed = list(tag.values) if tag.values is not None else ["?*"]
        condition: Condition = {
            "StringNotLike": {request_tag(tag.key): allowed[0] if len(allowed) == 1 else allowed},
            "Null": {request_tag(tag.key): "false", ON_CREATION: "true"},
        }
        what = f"a value that is not one of {len(allowed)}" if tag.values is not None else "an empty value"
        stops = f'Stops whoever creates, or tags later, with {what} for "{tag.key}".'
        yield deny(names[tag.key], [*actions, ADD_TAGS], condition, excepted, stops, on=resources(schema))


def _spelling(schema: Schema, actions: list[str], excepted: tuple[str, ...]) -> Iterator[Piece]:
    direct = {"Null": {ON_CREATION: "true"}}
    on = resources(schema)
    if schema.other_keys is not None:
        keys = [*schema.tags, *schema.other_keys, *SERVICE_KEYS]
        stops = "Stops whoever uses a tag key that tags.yaml does not allow (other_keys), wrong spellings among them."
        condition: Condition = {"ForAnyValue:StringNotLike": {KEYS: keys}, **direct}
        yield deny("OnlyTheseKeys", [*actions, ADD_TAGS], condition, excepted, stops, on=on)
        return
    names = sids("CaseOf", schema.tags)
    for tag in schema.tags.values():
        condition = {
            "ForAnyValue:StringEqualsIgnoreCase": {KEYS: tag.key},
            "ForAllValues:StringNotEquals": {KEYS: tag.key},
            **direct,
        }
        # A creation without the required key, exactly spelled, is denied above.
        where = [ADD_TAGS] if tag.required else [*actions, ADD_TAGS]
        stops = f'Stops whoever writes "{tag.key}" in another case: the bill would count it as another tag.'
        yield deny(names[tag.key], where, condition, excepted, stops, on=on)
    wrong = sorted({spelling for tag in schema.tags.values() for spelling in _misspelt(schema, tag)})
    if wrong:
        by = "ForAnyValue:StringEquals"
        stops = f"Stops whoever uses one of {len(wrong)} wrong spellings of the keys, also beside the right one."
        yield deny("Misspelt", [*actions, ADD_TAGS], {by: {KEYS: wrong}, **direct}, excepted, stops, on=on, by=by)


def _misspelt(schema: Schema, tag: Tag) -> list[str]:
    return [spelling for spelling in (*tag.misspellings, *variants(tag.key)) if schema.meant_key(spelling) == tag.key]


def _not_required(schema: Schema, settings: Settings) -> Iterator[str]:
    guards = set(guarded(schema, settings))
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in sagemaker_types():
        for action in row.create:
            if action not in guards:
                reasons[row.deny_untagged, row.reason].append(action)
    for (verdict, reason), actions in sorted(reasons.items()):
        how = "never guarded" if verdict == "never" else "not guarded unless included"
        yield f"{', '.join(sorted(actions))}: {how}. {reason}"
    for tag in schema.tags.values():
        if tag.pattern is not None:
            yield f'The pattern of "{tag.key}" cannot be said in IAM: any value passes but the empty one.'
    if schema.other_keys is None:
        yield (
            "A key in an unusual spelling (cOsT-cEnTeR) passes where the right one stands beside it: IAM cannot say "
            '"equal but for case, and not equal" of one key.'
        )
    else:
        yield f"Keys that AWS services set themselves pass besides those of tags.yaml: {', '.join(SERVICE_KEYS)}."
    yield "Actions that take no tags (StartNotebookInstance, StartPipelineExecution, CreatePresignedDomainUrl ...)."
    yield "AddTags that accompanies a creation: the creation itself is judged. AddTags may lack any tag."


def protect_tags(schema: Schema, settings: Settings) -> Draft:
    """Deny removing the schema's tags, and changing the value of one that a resource has.

    Tags given on creation, the first value of a key and the same value again pass, whether or not AWS shows the
    resource's tags in the AddTags that accompanies a creation.
    """
    excepted = tuple(dict.fromkeys((*settings.break_glass, *settings.deployers, *settings.taggers)))
    change = [ADD_TAGS, *sagemaker(sorted(action for row in sagemaker_types() for action in row.retag))]
    remove = "ForAnyValue:StringEqualsIgnoreCase"
    on = resources(schema)
    pieces = [
        deny(
            "RemoveTags",
            ["sagemaker:DeleteTags"],
            {remove: {KEYS: list(schema.tags) if len(schema.tags) > 1 else next(iter(schema.tags))}},
            excepted,
            f"Stops whoever removes {_listed(schema)}, in any case.",
            on=on,
            by=remove,
        )
    ]
    names = sids("Change", schema.tags)
    for key in schema.tags:
        condition = {
            "Null": {request_tag(key): "false", resource_tag(key): "false", ON_CREATION: "true"},
            "StringNotEquals": {request_tag(key): f"${{{resource_tag(key)}}}"},
        }
        stops = f'Stops whoever gives "{key}" another value than the resource has; the same value again passes.'
        pieces.append(deny(names[key], change, condition, excepted, stops, on=on))
    return Draft(tuple(pieces), tuple(_not_protected()))


def _listed(schema: Schema) -> str:
    return ", ".join(f'"{key}"' for key in schema.tags)


def _not_protected() -> Iterator[str]:
    yield (
        "Condition keys ignore case: adding the right key beside a wrongly spelled one of another value counts as a "
        "change, and removing a wrongly spelled key as a removal; deployers and taggers may do both."
    )
    yield "UpdatePartnerApp changes tags and has no condition keys for them in IAM's data."
    yield "Deleting the resource, and creating it again with other tags."
    yield "Changes on MLflow tracking servers and human loops: IAM is not shown their tags (aws:ResourceTag)."


def abac(schema: Schema, settings: Settings) -> Draft:
    """Deny any value of a tag but the principal's own, and changing what tags a principal has."""
    keys = settings.abac_keys if settings.abac_keys is not None else tuple(tag.key for tag in schema.required)
    unknown = [key for key in keys if key not in schema.tags]
    if unknown or not keys:
        said = [
            f'iam-abac: abacKeys names "{key}", which is no tag of {schema.path}{_near(key, schema)}' for key in unknown
        ]
        raise DocumentError(
            said or [f"iam-abac: no key to judge by: {schema.path} requires none, and abacKeys names none"]
        )
    actions = [*sagemaker(guarded(schema, settings)), ADD_TAGS]
    pieces = []
    for key, sid in sids("Own", keys).items():
        condition = {
            # A principal without the tag has no value: StringNotEquals is then true, and the request denied.
            "StringNotEquals": {request_tag(key): f"${{aws:PrincipalTag/{key}}}"},
            "Null": {request_tag(key): "false", ON_CREATION: "true"},
        }
        stops = f'Stops whoever uses a "{key}" other than their own, and whoever has none of their own.'
        pieces.append(deny(sid, actions, condition, settings.break_glass, stops, on=resources(schema)))
    excepted = tuple(dict.fromkeys((*settings.break_glass, *settings.deployers)))
    own = "ForAnyValue:StringEqualsIgnoreCase"
    pieces.append(
        deny(
            "KeepOwnTags",
            ["iam:TagRole", "iam:TagUser", "iam:UntagRole", "iam:UntagUser", "sts:TagSession"],
            {own: {KEYS: list(keys) if len(keys) > 1 else keys[0]}},
            excepted,
            "Stops whoever changes what these tags say of a principal, by a session's tags too.",
            by=own,
        )
    )
    left_out = (
        "A request without the tag passes: iam-require-tags stops it.",
        "Changing the tags of somebody else's resource: iam-protect-tags stops it.",
        "Creating roles or users with such tags (iam:CreateRole): whoever may create roles may do more than that.",
        "Studio users who share one execution role have one value: give each a role, or tag their sessions.",
    )
    return Draft(tuple(pieces), left_out, (f"Creating means {', '.join(guarded(schema, settings))}.",))


def _near(key: str, schema: Schema) -> str:
    near = nearest(key, schema.tags)
    return f'; did you mean "{near}"?' if near else ""


def deny_new_spend(_schema: Schema, settings: Settings) -> Draft:
    """Deny creating, starting and growing what costs money; reading, stopping and deleting stay allowed."""
    rows = [row for row in sagemaker_types() if row.request_tag]
    create = sorted({action for row in rows if row.billable for action in row.create})
    grow = sorted({action for row in rows for action in row.spend})
    pieces = (
        deny("NoNewSpend", sagemaker(create), {}, settings.break_glass, "Stops whoever creates what costs money."),
        deny(
            "NoMoreSpend",
            sagemaker(grow),
            {},
            settings.break_glass,
            "Stops whoever starts or changes what then costs more; AWS cannot tell growing from shrinking.",
        ),
    )
    left_out = (
        "Everything that reads, lists, describes, stops or deletes, and tags.",
        "Invoking an endpoint that runs, though a serverless one costs by the call: applications would break.",
        "What runs already goes on, and costs on, until somebody stops it.",
        "AWS's service-linked roles: automatic scaling goes on within its limits.",
    )
    terms = (f"What costs money to create: {', '.join(create)}.", f"What then costs more: {', '.join(grow)}.")
    return Draft(pieces, left_out, terms)
