"""The budgets of tags.yaml in AWS Budgets: their alerts to people and a chat, their actions on who may spend."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import budgets as aws_budgets
from pulumi_aws import cloudwatch, iam, kms, lambda_, sns, sqs

from costtags.components import budget_policies as policies
from costtags.components.arguments import check_arguments, users_line
from costtags.components.budget_inputs import (
    TOPIC,
    action_inputs,
    budget_inputs,
    definition,
    emails_of,
    problems,
    statements,
    subscriber,
)
from costtags.components.context import Tags, context, stack_tags
from costtags.components.tags import overlay
from costtags.documents.budgets import MAX_EMAILS, budgets, subscribers
from costtags.documents.settings import Settings
from costtags.schema import Schema

TOKEN = "costtags:index:TagBudgets"
HANDLER = Path(__file__).parent / "budget_alerts" / "handler.py"


class TagBudgetsTargets(TypedDict):
    """Whom the action of one budget stops, in place of what the component's arguments say for all."""

    roles: NotRequired[Sequence[pulumi.Input[str]]]
    """Names of roles."""
    groups: NotRequired[Sequence[pulumi.Input[str]]]
    """Names of groups."""
    users: NotRequired[Sequence[pulumi.Input[str]]]
    """Names of users."""
    targets: NotRequired[Sequence[pulumi.Input[str]]]
    """Ids of accounts and organizational units."""


class TagBudgetsArgs(TypedDict):
    """Whom the budgets of tags.yaml tell, and whom their actions stop."""

    account_id: str
    """The account's id, twelve digits: what other accounts do cannot use the topic or the roles."""
    emails: NotRequired[Sequence[str]]
    """Addresses to tell: ten by AWS Budgets itself, more by the topic, where each must confirm first."""
    encrypt: NotRequired[bool]
    """Whether the topic is encrypted by a key of its own ($1 a month), as it is unless this is False."""
    webhook: NotRequired[pulumi.Input[str]]
    """The ARN of an SSM parameter or a secret with the URL of a chat's webhook: Slack, Teams and the like."""
    webhook_key_arn: NotRequired[pulumi.Input[str]]
    """The KMS key of that parameter or secret, where it is not AWS's own."""
    log_retention_days: NotRequired[int]
    """How long the function's log is kept: 90 days unless given."""
    deny_policy_arn: NotRequired[pulumi.Input[str] | None]
    """For the action deny-new-spend: the policy iam-deny-new-spend (IamTagPolicies makes it)."""
    roles: NotRequired[Sequence[pulumi.Input[str]]]
    """For the action deny-new-spend: names of the roles that get the policy."""
    groups: NotRequired[Sequence[pulumi.Input[str]]]
    """For the action deny-new-spend: names of groups."""
    users: NotRequired[Sequence[pulumi.Input[str]]]
    """For the action deny-new-spend: names of users."""
    scp_id: NotRequired[pulumi.Input[str] | None]
    """For the action scp-deny-new-spend: the id of that policy, p-...; works in the management account only."""
    targets: NotRequired[Sequence[pulumi.Input[str]]]
    """For the action scp-deny-new-spend: ids of the accounts and organizational units that get the policy."""
    per_budget: NotRequired[Mapping[str, TagBudgetsTargets]]
    """By the name of a budget: whom its own action stops."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of all that is created, over those of the stack."""


class TagBudgets(pulumi.ComponentResource):
    """The budgets of tags.yaml, with their alerts and actions.

    Creates:
        - aws.budgets.Budget, "NAME-BUDGET" for each budget of tags.yaml
        - aws.budgets.BudgetAction for each action, and one aws.iam.Role that may attach just these policies to just
          these principals or targets
        - aws.sns.Topic that AWS Budgets and Cost Anomaly Detection of this account may publish to, with its key
        - aws.lambda.Function behind the topic, with role and log group: logs each alert, and posts it to ``webhook``
        - aws.sqs.Queue for what the function could not handle

    All carry the stack's tags. A budget that filters by a tag sees nothing before that tag is activated as a cost
    allocation tag. Budgets are updated about three times a day: they tell and stop late, not at the limit.
    """

    topic_arn: pulumi.Output[str]
    """The topic, for SpendAnomalies and others that want to be told."""
    dead_letters_url: pulumi.Output[str]
    """The queue of alerts that were not posted."""
    budget_names: pulumi.Output[Sequence[str]]
    """The budgets' names."""
    action_ids: pulumi.Output[Mapping[str, str]]
    """The actions' ids, by the name of the budget."""

    def __init__(self, name: str, args: TagBudgetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, TagBudgetsArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        schema = context().schema
        if said := list(problems(given, schema)):
            title = f'{users_line()}{TOKEN.rsplit(":", 1)[1]} "{name}" cannot be made:'
            raise pulumi.RunError("\n  ".join([title, *said]))
        super().__init__(TOKEN, name, {"account_id": given["account_id"], "emails": given.get("emails", [])}, opts)

        tags = overlay(stack_tags(), given.get("tags"))
        topic_policy = self._make_topic(name, given, tags)
        self._make_function(name, given, tags)
        self._make_budgets(name, given, tags, schema, topic_policy)
        self.topic_arn = self.topic.arn
        self.dead_letters_url = self.dead_letters.url
        names: Any = [budget.name for budget in self.budgets.values()]
        ids: Any = {key: action.action_id for key, action in self.actions.items()}
        self.budget_names = pulumi.Output.from_input(names)
        self.action_ids = pulumi.Output.from_input(ids)
        self.register_outputs(
            {
                "topic_arn": self.topic_arn,
                "dead_letters_url": self.dead_letters_url,
                "budget_names": self.budget_names,
                "action_ids": self.action_ids,
            }
        )

    def _make_topic(self, name: str, given: Mapping[str, Any], tags: Tags) -> sns.TopicPolicy:
        """Make the topic, with its key unless that is not wanted, and the addresses that Budgets cannot tell."""
        child = pulumi.ResourceOptions(parent=self)
        key = None
        if given.get("encrypt", True):
            key = kms.Key(
                name,
                description="Encrypts the alerts of budgets",
                policy=policies.key_policy(given["account_id"]),
                enable_key_rotation=True,
                tags=tags,
                opts=child,
            )
        self.topic = sns.Topic(name, kms_master_key_id=key.arn if key else None, tags=tags, opts=child)
        for email in emails_of(given)[MAX_EMAILS:]:
            sns.TopicSubscription(f"{name}-{email}", topic=self.topic.arn, protocol="email", endpoint=email, opts=child)
        document = policies.topic_policy(given["account_id"], self.topic.arn)
        return sns.TopicPolicy(name, arn=self.topic.arn, policy=document, opts=child)

    def _make_function(self, name: str, given: Mapping[str, Any], tags: Tags) -> None:
        """Make the function behind the topic, and all that it needs."""
        child = pulumi.ResourceOptions(parent=self)
        webhook, key = given.get("webhook"), given.get("webhook_key_arn")
        self.dead_letters = sqs.Queue(
            f"{name}-dead-letters",
            message_retention_seconds=14 * 24 * 3600,  # the most there is
            sqs_managed_sse_enabled=True,
            tags=tags,
            opts=child,
        )
        document = policies.queue_policy(self.dead_letters.arn, self.topic.arn)
        accepts = sqs.QueuePolicy(f"{name}-dead-letters", queue_url=self.dead_letters.url, policy=document, opts=child)
        self.log_group = cloudwatch.LogGroup(
            f"{name}-alerts", retention_in_days=given.get("log_retention_days", 90), tags=tags, opts=child
        )
        role = iam.Role(
            f"{name}-alerts", assume_role_policy=policies.trust("lambda.amazonaws.com"), tags=tags, opts=child
        )
        allowed = iam.RolePolicy(
            f"{name}-alerts",
            role=role.name,
            policy=policies.function_policy(self.log_group.arn, self.dead_letters.arn, webhook, key),
            opts=child,
        )
        self.function = lambda_.Function(
            f"{name}-alerts",
            description="Logs the alerts of budgets and posts them to a chat",
            runtime="python3.13",
            architectures=["arm64"],
            handler="handler.handler",
            code=pulumi.AssetArchive({HANDLER.name: pulumi.FileAsset(str(HANDLER))}),
            timeout=30,
            role=role.arn,
            environment={"variables": {} if webhook is None else {"WEBHOOK_ARN": webhook}},
            logging_config={"log_format": "Text", "log_group": self.log_group.name},
            # SNS hands over and is done: what the function fails at three times comes here ...
            dead_letter_config={"target_arn": self.dead_letters.arn},
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        permission = lambda_.Permission(
            f"{name}-alerts",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="sns.amazonaws.com",
            source_arn=self.topic.arn,
            opts=child,
        )
        sns.TopicSubscription(
            f"{name}-alerts",
            topic=self.topic.arn,
            protocol="lambda",
            endpoint=self.function.arn,
            # ... and here what SNS could not hand over.
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": self.dead_letters.arn}),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission, accepts]),
        )

    def _make_budgets(
        self, name: str, given: Mapping[str, Any], tags: Tags, schema: Schema, topic_policy: sns.TopicPolicy
    ) -> None:
        """Make the budgets and their actions."""
        account = given["account_id"]
        settings = Settings(emails=emails_of(given), topic=TOPIC)
        # AWS Budgets refuses a topic that it may not publish to.
        child = pulumi.ResourceOptions(parent=self, depends_on=[topic_policy])
        self.budgets: dict[str, aws_budgets.Budget] = {
            piece.name: aws_budgets.Budget(
                f"{name}-{piece.name}",
                account_id=account,
                tags=tags,
                **budget_inputs(piece.body, self.topic.arn),
                opts=child,
            )
            for piece in budgets(schema, settings).pieces
        }
        self.actions: dict[str, aws_budgets.BudgetAction] = {}
        acting = [(budget, budget.action) for budget in schema.budgets if budget.action is not None]
        if not acting:
            return
        role = iam.Role(
            f"{name}-actions",
            assume_role_policy=policies.trust("budgets.amazonaws.com", account, "arn:aws:budgets::{}:budget/*"),
            tags=tags,
            opts=child,
        )
        allowed = iam.RolePolicy(
            f"{name}-actions",
            role=role.name,
            policy=policies.action_policy(statements(given, [(budget.name, action) for budget, action in acting])),
            opts=child,
        )
        told = [subscriber(one, self.topic.arn) for one in subscribers(settings)]
        for budget, action in acting:
            self.actions[budget.name] = aws_budgets.BudgetAction(
                f"{name}-{budget.name}",
                account_id=account,
                budget_name=self.budgets[budget.name].name,
                execution_role_arn=role.arn,
                subscribers=told,
                definition=definition(given, budget.name, action),
                **action_inputs(action),
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
            )
