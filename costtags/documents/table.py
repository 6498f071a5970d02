"""The table of documents, and the one function that renders them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from costtags.documents import (
    budgets,
    cost_categories,
    iam,
    iam_for,
    limits,
    permissions,
    scp,
    sdk_config,
    statements,
    tag_policy,
)
from costtags.documents.document import Document, DocumentError, Draft, Piece, Plain, Quota, assembled
from costtags.documents.settings import Settings
from costtags.schema import Schema

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY = Quota(limits.MANAGED_POLICY, 10, "a managed policy", "a role takes at most 10 of them")
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
TAG_POLICY = Quota(limits.TAG_POLICY, 10, "a tag policy", "a target takes at most 10 of them")

SCP = "a service control policy"
ONE = "the action of a budget attaches one"


def _scp_quota(settings: Settings) -> Quota:
    slots = settings.scp_slots
    return Quota(settings.scp_size, slots, SCP, f"a target has room for {slots} of them (scpSlots)")


@dataclass(frozen=True)
class Row:
    """One document: its name, what it is for, and how it is made."""

    name: str
    description: str
    build: Callable[[Schema, Settings], Draft]
    wrap: Callable[[Sequence[Piece]], Plain] = statements.wrap_policy
    quota: Callable[[Settings], Quota] | None = None


def _managed(_: Settings) -> Quota:
    return MANAGED_POLICY


# The action of a budget attaches one policy, so these are never split.
def _one_managed(_: Settings) -> Quota:
    return Quota(MANAGED_POLICY.size, 1, MANAGED_POLICY.what, ONE)


def _one_scp(settings: Settings) -> Quota:
    return Quota(settings.scp_size, 1, SCP, ONE)


def _tag_policy(_: Settings) -> Quota:
    return TAG_POLICY


DOCUMENTS = (
    Row(
        "iam-require-tags", "IAM: no creation without required tags, no wrong values", iam.require_tags, quota=_managed
    ),
    Row("iam-protect-tags", "IAM: no removal or change of the schema's tags", iam.protect_tags, quota=_managed),
    Row("iam-abac", "IAM: only the tag values that the principal itself has", iam.abac, quota=_managed),
    Row(
        "iam-deny-new-spend",
        "IAM: for budget actions: nothing new that costs money",
        iam.deny_new_spend,
        quota=_one_managed,
    ),
    Row("scp-require-tags", "SCP: as iam-require-tags, for whole accounts", scp.require_tags, quota=_scp_quota),
    Row("scp-protect-tags", "SCP: as iam-protect-tags, for whole accounts", scp.protect_tags, quota=_scp_quota),
    Row("scp-deny-new-spend", "SCP: as iam-deny-new-spend, for whole accounts", scp.deny_new_spend, quota=_one_scp),
    Row(
        "tag-policy",
        "tag policy: keys, values, what is enforced and what is reported",
        tag_policy.tag_policy,
        tag_policy.wrap_tag_policy,
        _tag_policy,
    ),
    Row(
        "tag-policy-report",
        "tag policy: the same, enforcing nothing: for the first stage of a rollout",
        tag_policy.tag_policy_report,
        tag_policy.wrap_tag_policy,
        _tag_policy,
    ),
    Row("sdk-config", "SageMaker Python SDK: default tags", sdk_config.sdk_config, sdk_config.wrap_sdk_config),
    Row(
        "cost-categories",
        "Cost Explorer: aliases and misspelt keys under the right value",
        cost_categories.cost_categories,
        cost_categories.wrap_cost_categories,
    ),
    Row("budgets", "AWS Budgets: the budgets, with their alerts", budgets.budgets, budgets.wrap_budgets),
)

BY_NAME = {row.name: row for row in DOCUMENTS}

# Apart, since these guard nothing: the stacks attach the documents above, and rendering all means those.
PERMISSIONS = {
    f"iam-for-{command}": Row(
        f"iam-for-{command}", f"IAM: {one.description}", iam_for.permissions(command), quota=_managed
    )
    for command, one in permissions.PERMISSIONS.items()
}


def _queries(schema: Schema, _: Settings) -> Draft:
    from costtags.costs.named import named_queries

    saved = named_queries(schema, *EXAMPLE_TABLE)
    where = f"for {'.'.join(EXAMPLE_TABLE)}, the table of the example; costtags query --sql --table writes for another"
    pieces = [Piece(name, {name: text}, text.splitlines()[0].removeprefix("-- ")) for name, text in saved.items()]
    return Draft(tuple(pieces), terms=(where,))


def _wrap_queries(pieces: Sequence[Piece]) -> Plain:
    return {name: text for piece in pieces for name, text in piece.body.items()}


EXAMPLE_TABLE = ("bill", "cost_and_usage")
# Apart as well: SQL, which nothing enforces, and what CostExport takes as `queries`. It is not listed: it has no limit.
QUERIES = {
    "athena-queries": Row(
        "athena-queries", "Athena: the queries of costtags query, to be saved", _queries, _wrap_queries
    )
}


def render(names: Iterable[str], schema: Schema, settings: Settings) -> list[Document]:
    """Make the documents of these names. Raises DocumentError with the reasons of all that cannot be made."""
    made: list[Document] = []
    problems: list[str] = []
    for name in names:
        row = (BY_NAME | PERMISSIONS | QUERIES)[name]
        try:
            made.append(
                assembled(name, row.build(schema, settings), row.wrap, row.quota(settings) if row.quota else None)
            )
        except DocumentError as error:
            problems += error.messages
    if problems:
        raise DocumentError(problems)
    return made
