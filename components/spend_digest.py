"""One mail about all budgets and about how much of the spend carries its tags, every day, week or month."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pulumi
from pulumi_aws import cloudwatch, dynamodb, iam, lambda_, scheduler, sqs

from costtags.components import cost_policies as policies
from costtags.components.arguments import check_arguments, users_line
from costtags.components.budget_policies import trust
from costtags.components.context import Tags, context, stack_tags
from costtags.components.tags import overlay
from costtags.schema import Schema
from costtags.yamlfile import quoted

TOKEN = "costtags:index:SpendDigest"
HANDLER = Path(__file__).parent / "spend_digest_lambda" / "handler.py"

# SES takes 50 addresses in a message, as AWS Budgets does in a report.
MAX_EMAILS = 50
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_SERVICES = ("Amazon SageMaker",)
_ADDRESS = r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+"
# How often -> when, in EventBridge Scheduler's words.
_SCHEDULES = {
    "DAILY": "cron(0 {hour} * * ? *)",
    "WEEKLY": "cron(0 {hour} ? * {weekday} *)",
    "MONTHLY": "cron(0 {hour} {day} * ? *)",
}
_NUMBERS = {"hour": (0, 23), "day": (1, 28)}
# What only one frequency has a use for.
_ONLY = {"weekday": "WEEKLY", "day": "MONTHLY"}
_HALF_A_DAY = 12 * 3600


class SpendDigestArgs(TypedDict):
    """Who is told, when, and of which budgets."""

    account_id: str
    """The account's id, twelve digits: whose budgets and costs they are."""
    sender: str
    """The address it comes from. SES must have verified it, or its domain, in the function's region."""
    emails: Sequence[str]
    """Whom it goes to: at most 50 addresses, which see each other."""
    frequency: NotRequired[str]
    """WEEKLY, unless DAILY or MONTHLY is given."""
    weekday: NotRequired[str]
    """For WEEKLY: MON unless TUE, WED, THU, FRI, SAT or SUN is given."""
    day: NotRequired[int]
    """For MONTHLY: the day of the month, 1 to 28; the 3rd unless given, when the month before is nearly complete."""
    hour: NotRequired[int]
    """The hour of the day, 0 to 23: 7 unless given."""
    timezone: NotRequired[str]
    """Where it is that hour, such as Europe/Berlin: UTC unless given."""
    budgets: NotRequired[Sequence[str]]
    """Names of budgets, or beginnings of names followed by *; those of tags.yaml unless given; may be none."""
    services: NotRequired[Sequence[str]]
    """The services whose coverage is told, as Cost Explorer calls them: Amazon SageMaker unless given."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """An SNS topic that is told when a digest could not be sent, such as that of TagBudgets."""
    log_retention_days: NotRequired[int]
    """How long the function's log is kept: 90 days unless given."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of all that is created, over those of the stack."""


class SpendDigest(pulumi.ComponentResource):
    """A mail about all budgets together, and about the share of the spend that carries each required tag.

    Creates:
        - aws.scheduler.Schedule "NAME", with the aws.iam.Role by which it calls the function
        - aws.lambda.Function "NAME", with role and log group: reads budgets and Cost Explorer, mails by SES
        - aws.dynamodb.Table "NAME": what was sent, so that nothing is sent twice
        - aws.sqs.Queue "NAME-dead-letters" for what could not be sent; ``topic_arn`` is told of it

    All that can carry tags carries the stack's. AWS's own budget reports have no API, so no stack can make them. A
    digest asks Cost Explorer once for each required tag, at $0.01 a request, and says so. What the function may not
    read is named in the mail, which goes out all the same. An account whose SES is in the sandbox reaches verified
    addresses only.
    """

    function_name: pulumi.Output[str]
    """The function's name: `aws lambda invoke` with {} sends a digest at once."""
    schedule_arn: pulumi.Output[str]
    """The schedule's ARN."""
    dead_letters_url: pulumi.Output[str]
    """The queue of digests that were not sent."""

    def __init__(self, name: str, args: SpendDigestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, SpendDigestArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        schema = context().schema
        if said := list(_problems(given, schema)):
            title = f'{users_line()}{TOKEN.rsplit(":", 1)[1]} "{name}" cannot be made:'
            raise pulumi.RunError("\n  ".join([title, *said]))
        super().__init__(TOKEN, name, {"account_id": given["account_id"], "emails": given["emails"]}, opts)

        tags = overlay(stack_tags(), given.get("tags"))
        self.dead_letters = sqs.Queue(
            f"{name}-dead-letters",
            message_retention_seconds=14 * 24 * 3600,  # the most there is
            sqs_managed_sse_enabled=True,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.function = self._make_function(name, given, tags, configuration(given, schema))
        self.schedule = self._make_schedule(name, given, tags)
        self.function_name, self.schedule_arn = self.function.name, self.schedule.arn
        self.dead_letters_url = self.dead_letters.url
        outputs = ("function_name", "schedule_arn", "dead_letters_url")
        self.register_outputs({key: getattr(self, key) for key in outputs})

    def _make_function(
        self, name: str, given: Mapping[str, Any], tags: Tags, config: Mapping[str, Any]
    ) -> lambda_.Function:
        """Make the function and all that it needs."""
        child = pulumi.ResourceOptions(parent=self)
        topic = given.get("topic_arn")
        log_group = cloudwatch.LogGroup(
            name, retention_in_days=given.get("log_retention_days", 90), tags=tags, opts=child
        )
        sent = dynamodb.Table(
            name,
            attributes=[{"name": "scheduled", "type": "S"}],
            hash_key="scheduled",
            billing_mode="PAY_PER_REQUEST",
            ttl={"attribute_name": "expires", "enabled": True},
            tags=tags,
            opts=child,
        )
        role = iam.Role(name, assume_role_policy=trust("lambda.amazonaws.com"), tags=tags, opts=child)
        document = policies.digest_policy(
            given["account_id"], given["sender"], log_group.arn, self.dead_letters.arn, sent.arn, topic
        )
        allowed = iam.RolePolicy(name, role=role.name, policy=document, opts=child)
        function = lambda_.Function(
            name,
            description="Mails a digest of budgets and tag coverage",
            runtime="python3.13",
            architectures=["arm64"],
            handler="handler.handler",
            code=pulumi.AssetArchive(
                {
                    HANDLER.name: pulumi.FileAsset(str(HANDLER)),
                    "config.json": pulumi.StringAsset(json.dumps(config, indent=1, sort_keys=True)),
                }
            ),
            timeout=300,
            memory_size=256,
            role=role.arn,
            environment={"variables": {"TABLE": sent.name}},
            logging_config={"log_format": "Text", "log_group": log_group.name},
            dead_letter_config={"target_arn": self.dead_letters.arn},
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        told: Any = {"on_failure": {"destination": topic}} if topic is not None else None
        lambda_.FunctionEventInvokeConfig(
            name,
            function_name=function.name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=6 * 3600,  # the most there is
            destination_config=told,
            opts=child,
        )
        return function

    def _make_schedule(self, name: str, given: Mapping[str, Any], tags: Tags) -> scheduler.Schedule:
        child = pulumi.ResourceOptions(parent=self)
        account = given["account_id"]
        role = iam.Role(
            f"{name}-schedule",
            assume_role_policy=trust("scheduler.amazonaws.com", account, "arn:aws:scheduler:*:{}:schedule-group/*"),
            tags=tags,
            opts=child,
        )
        document = policies.invoke_policy(self.function.arn, self.dead_letters.arn)
        allowed = iam.RolePolicy(f"{name}-schedule", role=role.name, policy=document, opts=child)
        return scheduler.Schedule(
            name,
            description="Mails a digest of budgets and tag coverage",
            schedule_expression=expression(given),
            schedule_expression_timezone=given.get("timezone", "UTC"),
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": self.function.arn,
                "role_arn": role.arn,
                # The scheduler puts in the time: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
                "input": json.dumps({"scheduled": "<aws.scheduler.scheduled-time>"}),
                "retry_policy": {"maximum_retry_attempts": 10, "maximum_event_age_in_seconds": _HALF_A_DAY},
                "dead_letter_config": {"arn": self.dead_letters.arn},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )


def expression(given: Mapping[str, Any]) -> str:
    """Return when it is sent, as EventBridge Scheduler writes it."""
    when = {"hour": given.get("hour", 7), "weekday": given.get("weekday", _WEEKDAYS[0]), "day": given.get("day", 3)}
    return _SCHEDULES[given.get("frequency", "WEEKLY")].format(**when)


def configuration(given: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Return what the function reads beside itself: an environment is too small for 50 addresses."""
    return {
        "account": given["account_id"],
        "sender": given["sender"],
        "emails": list(dict.fromkeys(given["emails"])),
        "budgets": _budgets(given, schema),
        "keys": [tag.key for tag in schema.required],
        "services": list(given.get("services", _SERVICES)),
    }


def _budgets(given: Mapping[str, Any], schema: Schema) -> list[str]:
    return list(dict.fromkeys(given.get("budgets", [budget.name for budget in schema.budgets])))


def _problems(given: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    """Yield all that is wrong with the arguments."""
    if not re.fullmatch(r"\d{12}", str(given["account_id"])):
        yield f'"account_id" must be the twelve digits of an account, not {quoted(str(given["account_id"]))}'
    if not re.fullmatch(_ADDRESS, str(given["sender"])):
        yield f'"sender": {quoted(str(given["sender"]))} is no e-mail address'
    lists = [key for key in ("emails", "budgets", "services") if key in given]
    if wrong := [key for key in lists if not isinstance(given[key], list | tuple)]:
        yield from (f'"{key}" must be a list' for key in wrong)
        return
    yield from _email_problems(list(dict.fromkeys(given["emails"])))
    frequency = given.get("frequency", "WEEKLY")
    if frequency not in _SCHEDULES:
        yield f'"frequency" must be {", ".join(_SCHEDULES)}, not {quoted(str(frequency))}'
    yield from (
        f'"{key}" is for {only}, and "frequency" is {frequency}'
        for key, only in _ONLY.items()
        if key in given and frequency in _SCHEDULES and frequency != only
    )
    if given.get("weekday", "MON") not in _WEEKDAYS:
        yield f'"weekday" must be {", ".join(_WEEKDAYS)}, not {quoted(str(given["weekday"]))}'
    for key, (least, most) in _NUMBERS.items():
        number = given.get(key, least)
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            yield f'"{key}" must be a whole number from {least} to {most}'
    if not _is_zone(given.get("timezone", "UTC")):
        yield f'"timezone": {quoted(str(given["timezone"]))} is none, such as Europe/Berlin'
    if not given.get("services", _SERVICES):
        yield '"services" names none'
    if not _budgets(given, schema) and not schema.required:
        yield f"there is nothing to tell: {schema.path} has no required tags, and no budgets are named"


def _email_problems(emails: Sequence[Any]) -> Iterator[str]:
    if not emails:
        yield '"emails" names nobody'
    if len(emails) > MAX_EMAILS:
        yield f'"emails" has {len(emails)} addresses; a mail goes to {MAX_EMAILS}: name a mailing list'
    yield from (
        f"{quoted(str(email))} is no e-mail address" for email in emails if not re.fullmatch(_ADDRESS, str(email))
    )


def _is_zone(name: Any) -> bool:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
