"""Pulumi components for SageMaker that cannot be created without their cost tags, and for what guards those tags."""

from costtags.components.context import stack_tags
from costtags.components.cost_dashboard import CostDashboard, CostDashboardArgs
from costtags.components.cost_export import CostExport, CostExportArgs
from costtags.components.domain import TaggedDomain, TaggedDomainArgs
from costtags.components.endpoint import (
    TaggedEndpoint,
    TaggedEndpointArgs,
    TaggedEndpointConfigArgs,
    TaggedEndpointEndpointArgs,
    TaggedEndpointModelArgs,
)
from costtags.components.iam_tag_policies import IamTagPolicies, IamTagPoliciesArgs
from costtags.components.notebook_instance import TaggedNotebookInstance, TaggedNotebookInstanceArgs
from costtags.components.organization_tag_policies import OrganizationTagPolicies, OrganizationTagPoliciesArgs
from costtags.components.pipeline import TaggedPipeline, TaggedPipelineArgs
from costtags.components.space import TaggedSpace, TaggedSpaceArgs
from costtags.components.spend_anomalies import SpendAnomalies, SpendAnomaliesArgs
from costtags.components.spend_digest import SpendDigest, SpendDigestArgs
from costtags.components.studio_tag_defaults import StudioTagDefaults, StudioTagDefaultsArgs
from costtags.components.tag_budgets import TagBudgets, TagBudgetsArgs, TagBudgetsTargets
from costtags.components.tags import TagError
from costtags.components.user_profile import TaggedUserProfile, TaggedUserProfileArgs
from costtags.components.workteam import TaggedWorkteam, TaggedWorkteamArgs

__all__ = [
    "CostDashboard",
    "CostDashboardArgs",
    "CostExport",
    "CostExportArgs",
    "IamTagPolicies",
    "IamTagPoliciesArgs",
    "OrganizationTagPolicies",
    "OrganizationTagPoliciesArgs",
    "SpendAnomalies",
    "SpendAnomaliesArgs",
    "SpendDigest",
    "SpendDigestArgs",
    "StudioTagDefaults",
    "StudioTagDefaultsArgs",
    "TagBudgets",
    "TagBudgetsArgs",
    "TagBudgetsTargets",
    "TagError",
    "TaggedDomain",
    "TaggedDomainArgs",
    "TaggedEndpoint",
    "TaggedEndpointArgs",
    "TaggedEndpointConfigArgs",
    "TaggedEndpointEndpointArgs",
    "TaggedEndpointModelArgs",
    "TaggedNotebookInstance",
    "TaggedNotebookInstanceArgs",
    "TaggedPipeline",
    "TaggedPipelineArgs",
    "TaggedSpace",
    "TaggedSpaceArgs",
    "TaggedUserProfile",
    "TaggedUserProfileArgs",
    "TaggedWorkteam",
    "TaggedWorkteamArgs",
    "stack_tags",
]
