"""An event of CloudTrail -> the call that it records: who, what, where, with which tags, as far as the event shows.

The fields: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

SOURCE = "sagemaker.amazonaws.com"

SERVICE, SERVICE_LINKED, ROLE, USER, ROOT, FEDERATED, OTHER = (
    *("service", "service-linked role", "role", "user", "root", "federated user", "other"),
)

NO_PARAMETERS = "the event has no request parameters: CloudTrail leaves out what is too large"
CUT_OFF = "the event's request parameters are cut off"
HIDDEN = "the event hides the tags"


@dataclass(frozen=True, slots=True)
class Call:
    """One call to SageMaker; of its parameters only the tags are kept."""

    id: str
    time: str
    """When, as 2026-11-20T10:00:00Z."""
    action: str
    region: str
    account: str
    """The caller's, whose policies decide."""
    owner: str
    """The account that was called: almost always the caller's."""
    kind: str
    principal: str
    """The ARN as aws:PrincipalArn has it; for want of one, the name that the event has."""
    exact: bool
    """Whether the principal is that ARN."""
    session: str
    invoked_by: str
    """The AWS service that made the call on the principal's behalf."""
    error: str
    tags: tuple[tuple[str, str | None], ...]
    """A value that the event hides is None. DeleteTags has the keys to remove, with empty values."""
    untold: str
    """Why the tags are not known; "" where they are."""
    resource: str
    """The ARN of the resource that is tagged; "" for other actions."""


class NoEvent(ValueError):
    """What was read is no event of CloudTrail."""


def read(event: Any) -> Call | None:
    """Read an event; None where it is no call to SageMaker's API. Raises NoEvent."""
    if not isinstance(event, Mapping):
        raise NoEvent("no JSON object")
    fields = _lower(event)
    source, action = fields.get("eventsource"), fields.get("eventname")
    if not isinstance(source, str) or not isinstance(action, str):
        raise NoEvent("no eventSource and eventName, as every event of CloudTrail has")
    if source != SOURCE or fields.get("eventtype", "AwsApiCall") != "AwsApiCall":
        return None
    time = str(fields.get("eventtime") or "")
    if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", time):
        raise NoEvent("no eventTime such as 2026-11-20T10:00:00Z")
    identity = _lower(_decoded(fields.get("useridentity")))
    owner = str(fields.get("recipientaccountid") or identity.get("accountid") or "")
    kind, principal, exact, session = _principal(identity)
    tags, untold, resource = _tags(action, _decoded(fields.get("requestparameters")))
    return Call(
        id=str(fields.get("eventid") or ""),
        time=f"{time[:10]}T{time[11:19]}Z",
        action=action,
        region=str(fields.get("awsregion") or ""),
        account=str(identity.get("accountid") or owner),
        owner=owner,
        kind=kind,
        principal=principal,
        exact=exact,
        session=session,
        invoked_by=str(identity.get("invokedby") or ""),
        error=str(fields.get("errorcode") or ""),
        tags=tags,
        untold=untold,
        resource=resource,
    )


def _lower(value: Any) -> dict[str, Any]:
    """Return an object with its names in lower case: log files, CloudTrail Lake and Athena differ in nothing else."""
    return {str(name).lower(): item for name, item in value.items()} if isinstance(value, Mapping) else {}


def _decoded(value: Any) -> Any:
    """Return what a text of JSON holds: Athena and CloudTrail Lake give objects so."""
    if isinstance(value, str) and value.strip() in ("", "null"):
        return None
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _principal(identity: Mapping[str, Any]) -> tuple[str, str, bool, str]:
    """Return the kind of a caller, its ARN or name, whether that is its aws:PrincipalArn, and its session's name."""
    type_, arn = str(identity.get("type") or ""), str(identity.get("arn") or "")
    issuer = _lower(_lower(_decoded(identity.get("sessioncontext"))).get("sessionissuer"))
    role = str(issuer.get("arn") or "")
    if type_ == "AWSService" or (not arn and not role and identity.get("invokedby") and not type_):
        return SERVICE, str(identity.get("invokedby") or "AWS"), False, ""
    session = re.fullmatch(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/(.*)", arn)
    if type_ == "AssumedRole" or session:
        name = session[4] if session else str(identity.get("principalid") or "").partition(":")[2]
        # Without the issuer the path of the role is not known, and may be one of those that a policy names.
        shown = role or (
            f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn or "(unknown role)"
        )
        return SERVICE_LINKED if ":role/aws-service-role/" in shown else ROLE, shown, bool(role), name
    kind = {"IAMUser": USER, "Root": ROOT, "FederatedUser": FEDERATED}.get(type_, OTHER)
    named = arn or str(identity.get("username") or identity.get("principalid") or identity.get("accountid") or "")
    return kind, named or f"({type_ or 'unknown caller'})", bool(arn) and kind != OTHER, ""


@cache
def with_tags() -> frozenset[str]:
    """The actions whose requests may carry tags, in lower case."""
    from costtags.documents.judge import ACTIONS

    return frozenset(name.lower() for name in json.loads(ACTIONS.read_bytes())["with_tags"])


def _tags(action: str, parameters: Any) -> tuple[tuple[tuple[str, str | None], ...], str, str]:
    """Return the tags in a call's parameters, why they are not known, and the ARN of what is tagged."""
    deletes = action.lower() == "deletetags"
    if not deletes and action.lower() not in with_tags():
        return (), "", ""  # whatever the parameters are
    if not isinstance(parameters, Mapping):
        return (), NO_PARAMETERS if parameters is None else CUT_OFF, ""
    fields = _lower(parameters)
    resource = str(fields.get("resourcearn") or "") if action.lower() in ("addtags", "deletetags") else ""
    if fields.get("omitted") or fields.get("truncated"):
        return (), CUT_OFF, resource
    given = _decoded(fields.get("tagkeys" if deletes else "tags"))
    if given is None:
        return (), "", resource
    if isinstance(given, Mapping):  # a map of tags, as some services have it
        given = [{"key": key, "value": value} for key, value in given.items()]
    if not isinstance(given, list):
        return (), HIDDEN, resource
    if deletes:
        return tuple((str(key), "") for key in given), "", resource
    tags = []
    for entry in map(_lower, given):
        key, value = entry.get("key", entry.get("tagkey")), entry.get("value", entry.get("tagvalue"))
        if not isinstance(key, str):
            return (), HIDDEN, resource
        tags.append((key, value if isinstance(value, str) and not _is_hidden(value) else None))
    return tuple(tags), "", resource


def _is_hidden(value: str) -> bool:
    return value.startswith("HIDDEN_DUE_TO_") or value in ("***", "****", "REDACTED", "***REDACTED***")
