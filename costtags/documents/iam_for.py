"""tags.yaml and the catalogue -> the least that a role must be allowed for a command: iam-for-audit ...

What each command asks of AWS stands here as a table; tests/test_iam_for.py compares it with the calls that the commands
make. IAM names an action as the API names the operation, except where the table says otherwise:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from costtags.catalog import SageMakerType, sagemaker_types
from costtags.documents.document import Draft, Piece, Plain
from costtags.documents.scope import governed
from costtags.documents.settings import Settings
from costtags.schema import Schema

ROLES = "costtags-*"
"""The roles that `--role` may name, as iam-for-accounts allows."""

Rows = list[SageMakerType]


@dataclass(frozen=True)
class Grant:
    """One statement: the actions that a command calls, on what, and what for."""

    sid: str
    actions: tuple[str, ...] | Callable[[Rows], list[str]]
    why: str
    on: tuple[str, ...] | Callable[[Rows], list[str]] = ("*",)
    """Resources: ARNs without their partition, or "*" where IAM knows no others."""


@dataclass(frozen=True)
class Permissions:
    """What a command is allowed: its statements, and what cannot be said without knowing more."""

    description: str
    grants: tuple[Grant, ...]
    left_out: tuple[str, ...] = ()


# IAM's data has no ARNs of these yet; botocore's model has.
_ARNS_BEYOND_IAM = {"cluster-extension": "extension", "inference-router": "inference-router"}
# Words of a method's name that the API writes in capitals.
_CAPITALS = {"ai": "AI", "ml": "ML"}


def _operation(method: str) -> str:
    """Return the API's name of a method of the catalogue: ListAutoMLJobs of list_auto_ml_jobs."""
    return "".join(_CAPITALS.get(word, word.capitalize()) for word in method.split("_"))


def _listed(rows: Rows) -> list[str]:
    """Return the actions that list types, and those in whose items others are listed."""
    parents = {source for row in rows if row.list_call for source in row.list_call.each.values()}
    wanted = {row.name for row in rows} | parents
    return _calls(row.list_call.call for row in sagemaker_types() if row.name in wanted and row.list_call)


def _described_for_arns(rows: Rows) -> list[str]:
    """Return the actions that describe domains, for what they hand on, and what has no ARN in its list."""
    return _calls(row.describe_call.call for row in _without_arns(rows) if row.describe_call)


def _without_arns(rows: Rows) -> Rows:
    return [row for row in rows if row.name == "domain" or (row.list_call is not None and row.list_call.arn is None)]


def _described(rows: Rows) -> list[str]:
    return _calls(row.describe_call.call for row in rows if row.describe_call)


def _read_each(rows: Rows) -> list[str]:
    # A cluster extension is described by its cluster too, which its ARN does not say.
    return [*_described([row for row in rows if row.name != "cluster-extension"]), "sagemaker:ListTags"]


def _calls(methods: Iterable[str]) -> list[str]:
    return sorted({f"sagemaker:{_operation(method)}" for method in methods})


def _arns(rows: Rows) -> list[str]:
    return sorted({arn for row in rows if (arn := _arn(row))})


def _arn(row: SageMakerType) -> str:
    """Return the ARNs of a type, without their partition: sagemaker:*:*:model/*."""
    if row.arn is None:
        return f"sagemaker:*:*:{_ARNS_BEYOND_IAM[row.name]}/*"
    return re.sub(r"\$\{\w+\}", "*", row.arn.partition("${Partition}:")[2])


def _arns_without(rows: Rows) -> list[str]:
    return _arns(_without_arns(rows))


def _arns_taggable(rows: Rows) -> list[str]:
    return _arns([row for row in rows if row.taggable_later])


_FIND = (
    Grant("FindRegions", ("account:ListRegions",), "To find the regions that are enabled: for --region all."),
    Grant("List", _listed, "To list what exists, page by page. SageMaker lists whole regions only."),
    Grant(
        "ReadManyTags", ("tag:GetResources",), "To read the tags of what has some, a hundred resources a call.",
    ),
    Grant("ReadTags", ("sagemaker:ListTags",), "To read the tags of the rest, one by one.", _arns),
)  # fmt: skip

PERMISSIONS = {
    "audit": Permissions(
        "to find what is untagged, and what hands no tags on; reads only",
        (
            *_FIND,
            Grant(
                "Describe",
                _described_for_arns,
                "To learn the ARNs that lists leave out, and whether domains hand tags on.",
                _arns_without,
            ),
        ),
    ),
    "audit-config": Permissions(
        "for audit --source config, instead of iam-for-audit; reads only",
        (
            Grant(
                "Query",
                ("config:SelectAggregateResourceConfig", "config:SelectResourceConfig"),
                "To ask AWS Config for resources and their tags.",
            ),
        ),
    ),
    "repair": Permissions(
        "to plan, to write and to take back tags",
        (
            *_FIND[:-1],
            Grant(
                "ReadEach",
                _read_each,
                "To read the tags of the rest one by one, ARNs, and the execution roles and parents that rules name.",
                _arns,
            ),
            Grant(
                "WriteManyTags",
                ("tag:TagResources", "tag:UntagResources"),
                "To write tags and to take them back, twenty resources a call. AWS asks for the actions of the next "
                "statement besides.",
            ),
            Grant(
                "WriteTags", ("sagemaker:AddTags", "sagemaker:DeleteTags"), "To write tags, to take them back, and to "
                "remove wrong spellings.", _arns_taggable,
            ),
        ),
        (
            "Which keys may be written is not limited: what undo restores may have had any. A plan is reviewed, and "
            "tags.yaml judges it once more before anything is written.",
            "repair plan writes nothing: whoever only plans needs no statement from WriteManyTags on.",
        ),
    ),
    "repair-restart-apps": Permissions(
        "for repair --restart-apps, besides iam-for-repair: deletes Studio apps",
        (
            Grant(
                "DeleteApps",
                ("sagemaker:DeleteApp",),
                "To end apps, which take new tags when they start again. Unsaved work in them is lost.",
                ("sagemaker:*:*:app/*/*/*/*",),
            ),
        ),
    ),
    "accounts": Permissions(
        f"for --account and --role, in the caller's account: to take roles named {ROLES}",
        (
            Grant("FindAccounts", ("organizations:ListAccounts",), "To find the accounts: for --account organization."),
            Grant(
                "TakeRoles",
                ("sts:AssumeRole",),
                f"To take the role of --role in each account. Roles of other names than {ROLES} need it changed.",
                (f"iam::*:role/{ROLES}",),
            ),
        ),
        (
            "Each of these roles must trust the caller, and has the policy of the command: iam-for-audit ...",
        ),
    ),
    "athena": Permissions(
        "for what reads by Athena: audit --costs athena, impact --athena; reads only",
        (
            Grant(
                "Query",
                (
                    "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetTableMetadata",
                    "athena:StartQueryExecution", "athena:StopQueryExecution",
                ),
                "To run queries, to read their results, and to stop them.",
            ),
            Grant(
                "ReadTables",
                ("glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"),
                "For Athena, which reads the tables' definitions with the caller's permissions.",
            ),
        ),
        (
            "The buckets, whose names only you know: allow s3:GetObject, s3:ListBucket and s3:GetBucketLocation on "
            "those of the bill or the trail and of the workgroup's results, and s3:PutObject on the latter.",
        ),
    ),
    "impact": Permissions(
        "to see in CloudTrail who would have been denied; reads only",
        (
            Grant("FindRegions", ("account:ListRegions",), "To find the regions that are enabled: for --region all."),
            Grant("ReadEvents", ("cloudtrail:LookupEvents",), "To read the events of the last 90 days."),
            Grant(
                "FindManagementAccount", ("organizations:DescribeOrganization",),
                "To learn which account is the management account, which no service control policy reaches.",
            ),
        ),
    ),
    "doctor": Permissions(
        "to compare what is in place with tags.yaml; reads only",
        (
            Grant(
                "ReadOrganization",
                (
                    "organizations:DescribeEffectivePolicy", "organizations:DescribeOrganization",
                    "organizations:DescribePolicy", "organizations:ListAWSServiceAccessForOrganization",
                    "organizations:ListAccountsForParent", "organizations:ListAccountsWithInvalidEffectivePolicy",
                    "organizations:ListDelegatedAdministrators",
                    "organizations:ListEffectivePolicyValidationErrors", "organizations:ListParents",
                    "organizations:ListPolicies", "organizations:ListPoliciesForTarget", "organizations:ListRoots",
                    "organizations:ListTargetsForPolicy",
                ),
                "To read the organization's settings, its policies and where they are attached.",
            ),
            Grant(
                "ReadPolicies",
                ("iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicies"),
                "To read the account's policies and where they are attached.",
            ),
            # The actions that describe budgets, their alerts and whom these tell have one name in IAM.
            Grant(
                "ReadBudgets",
                ("budgets:DescribeBudgetActionsForAccount", "budgets:ViewBudget"),
                "To read budgets with their alerts and actions.",
            ),
            Grant("ReadKeys", ("ce:ListCostAllocationTags",), "To read which keys are active for cost reports."),
            Grant(
                "ReadExports",
                ("bcm-data-exports:GetExport", "bcm-data-exports:ListExports", "cur:DescribeReportDefinitions"),
                "To read whether a cost export names resources.",
            ),
            Grant("ListDomains", ("sagemaker:ListDomains",), "To list Studio's domains."),
            Grant(
                "ReadDomains",
                ("sagemaker:DescribeDomain", "sagemaker:ListTags"),
                "To read the tags of domains, and whether they hand them on.",
                ("sagemaker:*:*:domain/*",),
            ),
            Grant(
                "AskValidators",
                ("access-analyzer:ValidatePolicy", "iam:SimulateCustomPolicy"),
                "For --validators: to let AWS judge the documents of tags.yaml.",
            ),
        ),
    ),
    "activate": Permissions(
        "to activate the keys of tags.yaml for cost reports",
        (
            Grant(
                "ReadKeys",
                ("ce:ListCostAllocationTagBackfillHistory", "ce:ListCostAllocationTags"),
                "To read which keys are active, and earlier backfills.",
            ),
            Grant(
                "ActivateKeys",
                ("ce:StartCostAllocationTagBackfill", "ce:UpdateCostAllocationTagsStatus"),
                "For --apply, and for --backfill-from with it.",
            ),
        ),
        ("Keys are activated in the management account, or in one that is in no organization.",),
    ),
    "init": Permissions(
        "to draft tags.yaml from an account; reads only",
        (
            Grant("ReadManyTags", ("tag:GetResources",), "To read the tags in use."),
            Grant(
                "ReadTagPolicy", ("organizations:DescribeEffectivePolicy",), "To read the tag policy that applies.",
            ),
        ),
    ),
}  # fmt: skip


def permissions(command: str) -> Callable[[Schema, Settings], Draft]:
    """Return what makes the policy for a command: statements that allow, for a schema and its principals' partition."""

    def build(schema: Schema, settings: Settings) -> Draft:
        rows = governed(schema)
        partition = _partition(settings)
        table = PERMISSIONS[command]
        pieces = tuple(_piece(grant, rows, partition) for grant in table.grants)
        return Draft(pieces, (*table.left_out, *_newer_than_iam(pieces)))

    return build


def _piece(grant: Grant, rows: Rows, partition: str) -> Piece:
    actions = grant.actions if isinstance(grant.actions, tuple) else grant.actions(rows)
    on = grant.on if isinstance(grant.on, tuple) else grant.on(rows)
    arns = [one if one == "*" else f"arn:{partition}:{one}" for one in on]
    return _statement(grant.sid, list(actions), arns, grant.why)


def _statement(sid: str, actions: list[str], on: list[str], why: str) -> Piece:
    body: Plain = {"Sid": sid, "Effect": "Allow", "Action": _short(actions), "Resource": _short(on)}

    def halves() -> tuple[Piece, Piece] | None:
        middle = len(on) // 2
        if not middle:
            return None
        return (
            _statement(f"First{sid}", actions, on[:middle], why),
            _statement(f"Second{sid}", actions, on[middle:], why),
        )

    return Piece(sid, body, why, halves)


def _short(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items


def _partition(settings: Settings) -> str:
    """Return the partition that the named principals are in: they live where the policies do."""
    named = {arn.split(":")[1] for arn in (*settings.break_glass, *settings.deployers, *settings.taggers)} - {"*"}
    return min(named) if len(named) == 1 else "aws"


def _newer_than_iam(pieces: Iterable[Piece]) -> list[str]:
    """Say which actions IAM's data does not know."""
    rows = [row for row in sagemaker_types() if row.name in _ARNS_BEYOND_IAM]
    newer = set(_described(rows)) | {f"sagemaker:{_operation(row.list_call.call)}" for row in rows if row.list_call}
    used = sorted(newer & {action for piece in pieces for action in _list_of(piece.body["Action"])})
    if not used:
        return []
    return [
        f"{', '.join(used)}: IAM's published data does not know these actions yet. Where IAM denies them all the same, "
        "the command says what it could not read."
    ]


def _list_of(items: str | list[str]) -> list[str]:
    return [items] if isinstance(items, str) else items
