"""Who may do what around budgets: the policies of topic, key, function, queue and actions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi

from costtags.documents.document import Plain

# Who publishes to the topic, and what is known of the request besides the account:
# https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html and .../ad-SNS.html
_SOURCES: Mapping[str, str | None] = {
    "budgets.amazonaws.com": "arn:aws:budgets::{}:*",
    "costalerts.amazonaws.com": None,
}
_READS = {"ssm": "ssm:GetParameter", "secretsmanager": "secretsmanager:GetSecretValue"}
_ATTACHING = {
    "roles": ("role", ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]),
    "groups": ("group", ["iam:AttachGroupPolicy", "iam:DetachGroupPolicy"]),
    "users": ("user", ["iam:AttachUserPolicy", "iam:DetachUserPolicy"]),
}


def topic_policy(account: str, topic: pulumi.Input[str]) -> pulumi.Output[str]:
    """Let AWS Budgets and Cost Anomaly Detection publish, on behalf of this account only (no confused deputy)."""
    return _policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": _on_behalf_of(account, arn),
        }
        for service, arn in _SOURCES.items()
    )


def key_policy(account: str) -> pulumi.Output[str]:
    """Let those who publish encrypt: AWS's own key for SNS lets no other service, and cannot be changed.

    Without conditions: what a service does not send along fails them, and then alerts are dropped without a word. The
    key is the topic's alone, and the topic's policy says on whose behalf.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    return _policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": list(_SOURCES)},
                "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": "*",
            },
        ]
    )


def queue_policy(queue: pulumi.Input[str], topic: pulumi.Input[str]) -> pulumi.Output[str]:
    """Let the topic put into the queue what it could not deliver."""
    return _policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ]
    )


def trust(service: str, account: str | None = None, arn: str | None = None) -> pulumi.Output[str]:
    """Let a service assume a role, on behalf of an account where it says so."""
    statement: Plain = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return _policy([statement | ({"Condition": _on_behalf_of(account, arn)} if account else {})])


def function_policy(
    logs: pulumi.Input[str],
    queue: pulumi.Input[str],
    webhook: pulumi.Input[str] | None,
    webhook_key: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """Let the function write its log, put failures into the queue, and read the webhook's URL."""
    statements: list[Plain] = [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs, ":*")),
        _allow("sqs:SendMessage", queue),
    ]
    if webhook is not None:
        reads = pulumi.Output.from_input(webhook).apply(lambda arn: _READS[arn.split(":")[2]])
        statements.append(_allow(reads, webhook))
    if webhook_key is not None:
        statements.append(_allow("kms:Decrypt", webhook_key))
    return _policy(statements)


def attach_policy(
    account: str, policy: pulumi.Input[str], principals: Mapping[str, Sequence[pulumi.Input[str]]]
) -> list[Plain]:
    """Let a budget's action attach one policy to these principals, and take it off again."""
    return [
        _allow(actions, [pulumi.Output.concat(f"arn:aws:iam::{account}:{kind}/", name) for name in principals[names]])
        | {"Condition": {"ArnEquals": {"iam:PolicyARN": policy}}}
        for names, (kind, actions) in _ATTACHING.items()
        if principals[names]
    ]


def attach_scp(account: str, policy: pulumi.Input[str], targets: Sequence[pulumi.Input[str]]) -> Plain:
    """Let a budget's action attach one service control policy to these targets, and take it off again.

    ARNs of an organization hold its id, which nothing else here needs: a * stands for it.
    """
    arn = f"arn:aws:organizations::{account}"
    policy_arn = pulumi.Output.concat(f"{arn}:policy/*/service_control_policy/", policy)
    target_arns = [
        pulumi.Output.from_input(target).apply(
            lambda id_: f"{arn}:{'ou' if id_.startswith('ou-') else 'account'}/*/{id_}"
        )
        for target in targets
    ]
    return _allow(["organizations:AttachPolicy", "organizations:DetachPolicy"], [policy_arn, *target_arns])


def action_policy(statements: Iterable[Plain]) -> pulumi.Output[str]:
    """The policy of the role that runs the actions."""
    return _policy(statements)


def _on_behalf_of(account: str, arn: str | None) -> Plain:
    condition: Plain = {"StringEquals": {"aws:SourceAccount": account}}
    return condition | ({"ArnLike": {"aws:SourceArn": arn.format(account)}} if arn else {})


def _allow(actions: Any, resources: Any) -> Plain:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(statements: Iterable[Plain]) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
