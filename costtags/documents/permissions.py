"""The least that a role must be allowed for each command, as a table of facts; costtags.documents.iam_for renders it.

tests/test_iam_for.py compares it with the calls that the commands make. IAM's action has another name than the API's
operation where the table says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

from costtags.documents import iam_actions
from costtags.documents.iam_actions import Rows

ROLES = "costtags-*"
"""The roles that `--role` may name, as iam-for-accounts allows."""


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


_REGIONS = Grant("FindRegions", ("account:ListRegions",), "To find the regions that are enabled: for --region all.")
_FIND = (
    _REGIONS,
    Grant("List", iam_actions.listed, "To list what exists, page by page. SageMaker lists whole regions only."),
    Grant(
        "ReadManyTags", ("tag:GetResources",), "To read the tags of what has some, a hundred resources a call.",
    ),
    Grant("ReadTags", ("sagemaker:ListTags",), "To read the tags of the rest, one by one.", iam_actions.arns),
)  # fmt: skip

PERMISSIONS = {
    "audit": Permissions(
        "to find what is untagged, and what hands no tags on; reads only",
        (
            *_FIND,
            Grant(
                "Describe",
                iam_actions.described_for_arns,
                "To learn the ARNs that lists leave out, and whether domains hand tags on.",
                iam_actions.arns_described,
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
                iam_actions.read_each,
                "To read the tags of the rest one by one, ARNs, and the execution roles and parents that rules name.",
                iam_actions.arns,
            ),
            Grant(
                "WriteManyTags",
                ("tag:TagResources", "tag:UntagResources"),
                "To write tags and to take them back, twenty resources a call. AWS asks for the actions of the next "
                "statement besides.",
            ),
            Grant(
                "WriteTags", ("sagemaker:AddTags", "sagemaker:DeleteTags"), "To write tags, to take them back, and to "
                "remove wrong spellings.", iam_actions.arns_taggable,
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
        "for what reads by Athena: audit --costs athena, impact, query and report with --athena; reads only",
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
    "report": Permissions(
        "for report --explorer, of which each request costs 0.01 USD; reads only",
        (Grant("ReadCosts", ("ce:GetCostAndUsage",), "To read costs by month, usage type and tag."),),
        ("Cost Explorer shows a member account its own costs only, and none where the management account closed it.",),
    ),
    "impact": Permissions(
        "to see in CloudTrail who would have been denied; reads only",
        (
            _REGIONS,
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
            _REGIONS,
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
