"""A workload account: a Studio domain with two users, a notebook, a model behind an endpoint, and their guardrails."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from costtags.components import (
    IamTagPolicies,
    SpendDigest,
    StudioTagDefaults,
    TagBudgets,
    TaggedDomain,
    TaggedEndpoint,
    TaggedNotebookInstance,
    TaggedUserProfile,
    stack_tags,
)

# Of a model in a VPC: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
IN_A_VPC = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def execution_role(
    name: str, policies: Sequence[str], actions: Sequence[str]
) -> tuple[aws.iam.Role, pulumi.Output[str]]:
    """Make a role that SageMaker may assume; return it, and its ARN for whatever needs the role's rights to be made.

    ``policies`` are names of AWS managed policies, ``actions`` what the role may do besides.
    """
    trust = {"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    # What the action of a budget attached is no part of this stack, and would keep the role from being deleted.
    role = aws.iam.Role(name, assume_role_policy=allow(trust), force_detach_policies=True, tags=stack_tags())
    rights: list[aws.iam.RolePolicy | aws.iam.RolePolicyAttachment] = [
        aws.iam.RolePolicy(name, role=role.name, policy=allow({"Action": list(actions), "Resource": "*"}))
    ]
    for policy in policies:
        arn = f"arn:aws:iam::aws:policy/{policy}"
        rights.append(aws.iam.RolePolicyAttachment(f"{name}-{policy}", role=role.name, policy_arn=arn))
    ready = pulumi.Output.all(role.arn, *(right.id for right in rights)).apply(lambda known: str(known[0]))
    return role, ready


def allow(statement: dict[str, Any]) -> str:
    """Return a policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def environment(config: pulumi.Config) -> dict[str, Any]:
    """Make the environment and what keeps it tagged and within its budgets; return the stack's outputs."""
    subnets = config.require_object("subnetIds")
    groups = config.require_object("securityGroupIds")
    account, emails = config.require("accountId"), config.require_object("alertEmails")
    # StudioTagDefaults lists the tags of domain and space, which AmazonSageMakerFullAccess does not allow.
    people, people_arn = execution_role("people", ["AmazonSageMakerFullAccess"], ["sagemaker:ListTags"])
    _, serving_arn = execution_role(
        "serving",
        ["AmazonEC2ContainerRegistryReadOnly", "AmazonS3ReadOnlyAccess", "CloudWatchAgentServerPolicy"],
        IN_A_VPC,
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
                "execution_role": people_arn,
                "security_groups": groups,
                **defaults.user_settings,
            },
        },
    )
    for user in ("alice", "bob"):
        TaggedUserProfile(user, {"domain_id": studio.domain_id, "user_profile_name": user})
    notebook = TaggedNotebookInstance(
        "exploration",
        {"instance_type": "ml.t3.medium", "role_arn": people_arn, "subnet_id": subnets[0], "security_groups": groups},
    )
    churn = TaggedEndpoint(
        "churn",
        {
            "model": {
                "execution_role_arn": serving_arn,
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
            "account_id": account,
            "emails": emails,
            "deny_policy_arn": policies.deny_policy_arn,
            "roles": [people.name],
        },
    )
    SpendDigest(
        "digest",
        {
            "account_id": account,
            "sender": config.require("digestSender"),
            "emails": emails,
            "topic_arn": budgets.topic_arn,
        },
    )
    return {
        "studioUrl": studio.url,
        "notebookUrl": notebook.url,
        "endpointName": churn.name,
        "alertsTopic": budgets.topic_arn,
    }
