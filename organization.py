"""The management account: service control policies, tag policies and anomaly alerts for the whole organization."""

from typing import Any

import pulumi

from costtags.components import OrganizationTagPolicies, SpendAnomalies


def organization(config: pulumi.Config) -> dict[str, Any]:
    """Roll out the organization's policies stage by stage, and watch its spend; return the stack's outputs."""
    guardrails, stages = config.require_object("guardrails"), config.require_object("stages")
    emails = config.require_object("alertEmails")
    policies = OrganizationTagPolicies("costtags", {"guardrails": guardrails, "stages": stages})
    anomalies = SpendAnomalies("anomalies", {"emails": emails, "above_percent": 20})
    return {"policyIds": policies.policy_ids, "anomalyMonitors": anomalies.monitor_arns}
