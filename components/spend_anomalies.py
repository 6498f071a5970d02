"""Cost Anomaly Detection by tag: who suddenly spends more than usual, for every value of a tag of tags.yaml."""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudformation, costexplorer

from costtags.components.arguments import check_arguments, users_line
from costtags.components.context import context, stack_tags
from costtags.components.tags import overlay
from costtags.documents.document import Plain
from costtags.schema import Schema
from costtags.suggest import nearest
from costtags.yamlfile import quoted

TOKEN = "costtags:index:SpendAnomalies"

_ABOVE = 100
_MAX_ABOVE = 10_000_000_000
_FREQUENCIES = ("DAILY", "WEEKLY")


class SpendAnomaliesArgs(TypedDict):
    """Which tags are watched, and who is told of what."""

    keys: NotRequired[Sequence[str]]
    """Keys of tags.yaml, each watched by a monitor of its own; the first required one unless given."""
    emails: NotRequired[Sequence[str]]
    """Addresses that get a summary."""
    frequency: NotRequired[str]
    """How often they get it: DAILY, unless WEEKLY is given."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """An SNS topic that is told at once, such as that of TagBudgets; costalerts.amazonaws.com must be let publish."""
    above: NotRequired[float]
    """How much an anomaly must cost above what was expected, in USD: 100 unless given."""
    above_percent: NotRequired[float]
    """How much above what was expected it must be in percent besides; any unless given."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of all that is created, over those of the stack."""


class SpendAnomalies(pulumi.ComponentResource):
    """Monitors that learn what each value of a tag usually costs, and subscriptions that tell of what is unusual.

    Creates:
        - aws.cloudformation.Stack, "NAME-KEY" for each key: it holds one AWS::CE::AnomalyMonitor, see below
        - aws.costexplorer.AnomalySubscription, "NAME-summary" for ``emails`` and "NAME-immediate" for ``topic_arn``

    A key must be activated as a cost allocation tag first, and a monitor needs about ten days of spend to learn from.
    It watches up to 5,000 values, also those that come later. Only the account that pays sees cost allocation tags.

    The monitors are made by CloudFormation because the AWS provider cannot make them: it takes either a dimension or
    a specification, and a monitor by tag needs both
    (https://github.com/hashicorp/terraform-provider-aws/issues/48492).
    """

    monitor_arns: pulumi.Output[Mapping[str, str]]
    """The monitors' ARNs, by key."""
    subscription_arns: pulumi.Output[Sequence[str]]
    """The subscriptions' ARNs."""

    def __init__(self, name: str, args: SpendAnomaliesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, SpendAnomaliesArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        schema = context().schema
        if said := list(_problems(given, schema)):
            title = f'{users_line()}{TOKEN.rsplit(":", 1)[1]} "{name}" cannot be made:'
            raise pulumi.RunError("\n  ".join([title, *said]))
        keys = _keys(given, schema)
        super().__init__(TOKEN, name, {"keys": keys}, opts)

        tags = overlay(stack_tags(), given.get("tags"))
        child = pulumi.ResourceOptions(parent=self)
        self.monitors: dict[str, cloudformation.Stack] = {
            key: cloudformation.Stack(
                f"{name}-{_words(key)}", template_body=json.dumps(template(name, key)), tags=tags, opts=child
            )
            for key in keys
        }
        arns: Any = {key: stack.outputs.apply(lambda outputs: outputs["Arn"]) for key, stack in self.monitors.items()}
        self.subscriptions = [
            costexplorer.AnomalySubscription(
                f"{name}-{kind}",
                frequency=frequency,
                monitor_arn_lists=list(arns.values()),
                subscribers=told,
                threshold_expression=_threshold(given),
                tags=tags,
                opts=child,
            )
            for kind, frequency, told in _subscriptions(given)
        ]
        made: Any = [subscription.arn for subscription in self.subscriptions]
        self.monitor_arns = pulumi.Output.from_input(arns)
        self.subscription_arns = pulumi.Output.from_input(made)
        self.register_outputs({"monitor_arns": self.monitor_arns, "subscription_arns": self.subscription_arns})


def template(name: str, key: str) -> Plain:
    """Return the CloudFormation template of the monitor that watches every value of a tag."""
    monitor = {
        "Type": "AWS::CE::AnomalyMonitor",
        "Properties": {
            "MonitorName": f"{name}-{key}",
            "MonitorType": "DIMENSIONAL",
            "MonitorDimension": "TAG",
            "MonitorSpecification": json.dumps({"Tags": {"Key": key}}),
            # No ResourceTags: changing them replaces the monitor, which then learns anew. The stack has them.
        },
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Watches the spend of each value of the tag {key}; made by costtags",
        "Resources": {"Monitor": monitor},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Monitor", "MonitorArn"]}}},
    }


def _words(key: str) -> str:
    """Return a key as a part of the name of a CloudFormation stack, which takes letters, digits and hyphens."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in key)


def _subscriptions(given: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the subscriptions: AWS tells addresses in summaries only, and topics at once only."""
    if emails := given.get("emails"):
        yield "summary", given.get("frequency", "DAILY"), [{"type": "EMAIL", "address": email} for email in emails]
    if (topic := given.get("topic_arn")) is not None:
        yield "immediate", "IMMEDIATE", [{"type": "SNS", "address": topic}]


def _threshold(given: Mapping[str, Any]) -> Any:
    limits = {"ABSOLUTE": given.get("above", _ABOVE), "PERCENTAGE": given.get("above_percent")}
    tests: list[Any] = [
        {
            "dimension": {
                "key": f"ANOMALY_TOTAL_IMPACT_{kind}",
                "match_options": ["GREATER_THAN_OR_EQUAL"],
                "values": [f"{Decimal(str(limit)):f}"],
            }
        }
        for kind, limit in limits.items()
        if limit is not None
    ]
    return tests[0] if len(tests) == 1 else {"ands": tests}


def _keys(given: Mapping[str, Any], schema: Schema) -> list[str]:
    """Return the keys to watch: those given, else the first required one that has values, or just the first."""
    first = sorted(schema.required or schema.tags.values(), key=lambda tag: tag.values is None)[0]
    return list(dict.fromkeys(given.get("keys") or [first.key]))


def _problems(given: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    for name in ("keys", "emails"):
        if isinstance(given.get(name), str):
            yield f'"{name}" must be a list'
            return
    for key in given.get("keys", ()):
        if key not in schema.tags:
            near = schema.meant_key(key) or nearest(key, schema.tags)
            hint = f'; did you mean "{near}"?' if near else ""
            yield f'{quoted(key)} of "keys" is no tag of {schema.path}{hint}'
    yield from (f"{quoted(email)} is no e-mail address" for email in given.get("emails", ()) if "@" not in email)
    if not given.get("emails") and given.get("topic_arn") is None:
        yield 'nobody to tell: name addresses in "emails", a topic in "topic_arn", or both'
    if given.get("frequency", "DAILY") not in _FREQUENCIES:
        yield f'"frequency" must be {" or ".join(_FREQUENCIES)}; a topic is told at once in any case'
    elif "frequency" in given and not given.get("emails"):
        yield '"frequency" is for "emails", and none is named; a topic is told at once'
    for name in ("above", "above_percent"):
        limit = given.get(name, _ABOVE)
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= _MAX_ABOVE:
            yield f'"{name}" must be a number from 0 to {_MAX_ABOVE:,}'
