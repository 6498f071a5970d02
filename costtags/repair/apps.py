"""Studio's running apps: which of them hand on old tags until they are started anew, and their restart.

A restart is a deletion: Studio makes the app anew, with the tags of that time, when its user opens it again. Files on
the volume stay; running kernels, unsaved work and what was installed outside of the volume are lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.account.failures import is_missing
from costtags.repair.apply import Row
from costtags.repair.facts import parse_arn
from costtags.repair.journal import DONE, NOT_DONE, Write
from costtags.repair.plan import Entry, Left, Restart
from costtags.repair.relatives import NotKnown, Relatives
from costtags.repair.resource import Resource
from costtags.repair.write import Writer

RUNNING = "InService"
_OVER = frozenset({"Deleted", "Deleting", "Failed"})
_SOURCES = ("space", "profile", "domain")


def concerned(
    resources: Iterable[Resource], entries: Sequence[Entry], relatives: Relatives
) -> tuple[list[Restart], list[Left]]:
    """Return the running apps below what the plan tags, and those of which that cannot be said.

    An app hands on the tags of its domain, profile and space as they were when it was started:
    https://docs.aws.amazon.com/sagemaker/latest/dg/custom-tags.html
    """
    tagged = {entry.arn for entry in entries}
    restarts: list[Restart] = []
    unclear: list[Left] = []
    for app in resources:
        if app.type != "app":
            continue
        try:
            because = {arn for kind in _SOURCES for arn in relatives.parents(app, kind) if arn in tagged}
            if not because:
                continue
            answer = relatives.describe(app)
        except NotKnown as error:
            unclear.append(Left(app.arn, None, f"whether it must be restarted cannot be said: {error}"))
            continue
        if answer.get("Status") == RUNNING:
            restarts.append(_restart(app, answer, because))
    return sorted(restarts, key=lambda one: one.arn), unclear


def _restart(app: Resource, answer: Mapping[str, Any], because: Iterable[str]) -> Restart:
    return Restart(
        arn=app.arn,
        domain=str(answer["DomainId"]),
        profile=answer.get("UserProfileName"),
        space=answer.get("SpaceName"),
        app_type=str(answer["AppType"]),
        app_name=str(answer["AppName"]),
        since=_time(answer.get("CreationTime")),
        last_activity=_time(answer.get("LastUserActivityTimestamp")),
        because=tuple(sorted(because)),
    )


def _time(value: Any) -> str | None:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else None


def restart(
    restarts: Sequence[Restart],
    undone: Mapping[str, str],
    writer: Writer,
    idle: timedelta,
    now: datetime,
    *,
    force: bool,
) -> list[Row]:
    """Delete the apps that are idle, each after a fresh look, each in the journal first.

    ``undone`` are the resources whose new tags are not there, and why: their apps are left running.
    """
    rows = []
    journal = writer.journal
    done = {write.arn for write in journal.done() if write.verb == "restart"}
    open_ = {one.write.arn for one in journal.in_flight() if one.write.verb == "restart"}
    for one in restarts:
        if one.arn in done:
            rows.append(Row(one.arn, "before"))
            continue
        missing = [arn for arn in one.because if arn in undone]
        if missing:
            rows.append(Row(one.arn, "left", f"{missing[0]} does not have its new tags: {undone[missing[0]]}"))
            continue
        try:
            rows.append(_deleted(one, writer, idle, now, force=force, begun=one.arn in open_))
        except AWS_ERRORS as error:
            rows.append(Row(one.arn, "failed", clients.explained(error)))
        except AwsFailed as error:
            rows.append(Row(one.arn, "failed", str(error)))
    return rows


def _deleted(one: Restart, writer: Writer, idle: timedelta, now: datetime, *, force: bool, begun: bool) -> Row:
    place = parse_arn(one.arn)
    assert place is not None  # by the plan's reader
    client = writer.access.client(place.account, "sagemaker", place.region)
    journal = writer.journal
    whose = {"SpaceName": one.space} if one.space is not None else {"UserProfileName": one.profile}
    app = {"DomainId": one.domain, **whose, "AppType": one.app_type, "AppName": one.app_name}
    answer = _described(client, app)
    status = str(answer["Status"])
    if begun:
        over = status in _OVER or _anew(one, answer)
        journal.conclude([(one.arn, "restart", DONE if over else NOT_DONE, "looked up after an interruption")])
        if over:
            return Row(one.arn, "before")
    if status in _OVER:
        return Row(one.arn, "gone", "it does not run any more")
    if status != RUNNING:
        return Row(one.arn, "left", f"it is {status}: run it again later")
    if _anew(one, answer):
        return Row(one.arn, "already", "it was started anew since the plan was made")
    if not force and (why := busy(answer, idle, now)) is not None:
        return Row(one.arn, "left", why)
    journal.intend([(Write(one.arn, "restart", {}, {}), {})])
    try:
        writer.writing(place.account, "sagemaker", place.region).delete_app(**app)
    except AWS_ERRORS as error:
        if is_missing(error):
            journal.conclude([(one.arn, "restart", DONE, "")])
            return Row(one.arn, "gone", "it does not run any more")
        if clients.code(error):
            journal.conclude([(one.arn, "restart", NOT_DONE, clients.explained(error))])
            raise
        if _described(client, app)["Status"] not in _OVER:
            raise  # it may still arrive: it stays open in the journal, and the next run looks it up
    journal.conclude([(one.arn, "restart", DONE, "")])
    return Row(one.arn, "written")


def _described(client: Any, app: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = client.describe_app(**app)
        return answer
    except AWS_ERRORS as error:
        if not is_missing(error):
            raise
        return {"Status": "Deleted"}


def _anew(one: Restart, answer: Mapping[str, Any]) -> bool:
    return one.since is not None and _time(answer.get("CreationTime")) != one.since


def busy(answer: Mapping[str, Any], idle: timedelta, now: datetime) -> str | None:
    """Say why an app must be taken for one in use; None for an idle one.

    SageMaker's health checks set the time of the last activity too (its API reference of DescribeApp says so), so a
    recent time is no proof of a user; an old one is proof of none.
    """
    last = answer.get("LastUserActivityTimestamp")
    minutes = int(idle.total_seconds() // 60)
    if not isinstance(last, datetime):
        return "when it was last used is not known; --force-restart restarts it all the same"
    if now - last >= idle:
        return None
    checked = answer.get("LastHealthCheckTimestamp")
    doubt = " or checked by SageMaker, which AWS does not tell apart," if last == checked else ""
    return (
        f"it was used{doubt} less than {minutes} minutes ago ({_time(last)}); --force-restart restarts it all the same"
    )
