"""A workload account: a Studio domain with two users, a notebook, a model behind an endpoint, and their guardrails."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from costtags.components import (
    IamTagPolicies,
    StudioTagDefaults,
    TagBudgets,
    TaggedDomain,
    TaggedEndpoint,
    TaggedNotebookInstance,
    TaggedUserProfile,
    stack_tags,
)


def execution_role(name: str, *policies: str) -> aws.iam.Role:
    """Make a role that SageMaker may assume, with the AWS managed policies of these names."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws.iam.Role(name, assume_role_policy=document, tags=stack_tags())
    for policy in policies:
        arn = f"arn:aws:iam::aws:policy/{policy}"
        aws.iam.RolePolicyAttachment(f"{name}-{policy}", role=role.name, policy_arn=arn)
    return role


def environment(config: pulumi.Config) -> dict[str, Any]:
    """Make the environment and what keeps it tagged and within its budgets; return the stack's outputs."""
    subnets = config.require_object("subnetIds")
    groups = config.require_object("securityGroupIds")
    people = execution_role("people", "AmazonSageMakerFullAccess")
    serving = execution_role(
        "serving", "AmazonEC2ContainerRegistryReadOnly", "AmazonS3ReadOnlyAccess", "CloudWatchAgentServerPolicy"
    )
    defaults = StudioTagDefaults("defaults", {})
    studio = TaggedDomain(
        "studio",
        {
            "domain_name": f"studio-{pulumi.get_stack()}",
            "auth_mode": "IAM",
            "vpc_id": config.require("vpcId"),
            "subnet_ids": subnets,
            "default_user_settings": {
                "execution_role": people.arn,
                "security_groups": groups,
                **defaults.user_settings,
            },
        },
    )
    for user in ("alice", "bob"):
        TaggedUserProfile(user, {"domain_id": studio.domain_id, "user_profile_name": user})
    notebook = TaggedNotebookInstance(
        "exploration",
        {"instance_type": "ml.t3.medium", "role_arn": people.arn, "subnet_id": subnets[0], "security_groups": groups},
    )
    churn = TaggedEndpoint(
        "churn",
        {
            "model": {
                "execution_role_arn": serving.arn,
                "primary_container": {
                    "image": config.require("image"),
                    "model_data_url": config.require("modelDataUrl"),
                },
                "vpc_config": {"subnets": subnets, "security_group_ids": groups},
            },
            "config": {"production_variants": [{"instance_type": "ml.m5.large", "initial_instance_count": 2}]},
        },
    )
    # What people do themselves in Studio and notebooks, no preview sees.
    policies = IamTagPolicies("guardrails", {"roles": {"people": people.name}})
    budgets = TagBudgets(
        "budgets",
        {
            "account_id": config.require("accountId"),
            "emails": config.require_object("alertEmails"),
            "deny_policy_arn": policies.deny_policy_arn,
            "roles": [people.name],
        },
    )
    return {
        "studioUrl": studio.url,
        "notebookUrl": notebook.url,
        "endpointName": churn.name,
        "alertsTopic": budgets.topic_arn,
    }
