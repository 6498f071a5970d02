"""The management account: policies, anomaly alerts, the whole bill as data, its dashboard and a digest of it."""

from typing import Any

import pulumi

from costtags.components import CostDashboard, CostExport, OrganizationTagPolicies, SpendAnomalies, SpendDigest


def organization(config: pulumi.Config) -> dict[str, Any]:
    """Roll out the organization's policies stage by stage, and watch its spend; return the stack's outputs."""
    guardrails, stages = config.require_object("guardrails"), config.require_object("stages")
    emails = config.require_object("alertEmails")
    account, costs = config.require("accountId"), config.require_object("costs")
    policies = OrganizationTagPolicies("costtags", {"guardrails": guardrails, "stages": stages})
    anomalies = SpendAnomalies("anomalies", {"emails": emails, "above_percent": 20})
    bill = CostExport(
        "bill",
        {"account_id": account, "granularity": costs.get("granularity"), "keep_days": costs.get("keepDays")},
    )
    dashboard = CostDashboard(
        "costs",
        {
            "account_id": account,
            "owners": costs.get("dashboardOwners"),
            "viewers": costs.get("dashboardViewers", []),
            "database": bill.database,
            "table": bill.table,
            "workgroup": bill.workgroup,
            "bucket": bill.bucket,
            "results_bucket": bill.results_bucket,
        },
    )
    # Of budgets, workload accounts tell; here it is the coverage of the whole organization.
    digest: Any = {"account_id": account, "sender": costs.get("digestSender"), "emails": emails, "budgets": []}
    SpendDigest("digest", {**digest, "frequency": "MONTHLY"})
    outputs = {"athenaWorkgroup": bill.workgroup, "billTable": pulumi.Output.concat(bill.database, ".", bill.table)}
    outputs |= {"billBucket": bill.bucket, "dashboard": dashboard.dashboard_arn}
    return {"policyIds": policies.policy_ids, "anomalyMonitors": anomalies.monitor_arns, **outputs}
