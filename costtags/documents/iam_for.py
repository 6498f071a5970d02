"""The table of permissions and the catalogue -> the policy that a role needs for a command: iam-for-audit ..."""

from collections.abc import Callable, Iterable

from costtags.documents import iam_actions
from costtags.documents.document import Draft, Piece, Plain
from costtags.documents.iam_actions import Rows
from costtags.documents.permissions import PERMISSIONS, Grant
from costtags.documents.scope import governed
from costtags.documents.settings import Settings
from costtags.schema import Schema


def permissions(command: str) -> Callable[[Schema, Settings], Draft]:
    """Return what makes the policy for a command: statements that allow, for a schema and its principals' partition."""

    def build(schema: Schema, settings: Settings) -> Draft:
        rows = governed(schema)
        partition = _partition(settings)
        table = PERMISSIONS[command]
        pieces = tuple(_piece(grant, rows, partition) for grant in table.grants)
        return Draft(pieces, (*table.left_out, *_newer_than_iam(pieces)))

    return build


def _piece(grant: Grant, rows: Rows, partition: str) -> Piece:
    actions = grant.actions if isinstance(grant.actions, tuple) else grant.actions(rows)
    on = grant.on if isinstance(grant.on, tuple) else grant.on(rows)
    arns = [one if one == "*" else f"arn:{partition}:{one}" for one in on]
    return _statement(grant.sid, list(actions), arns, grant.why)


def _statement(sid: str, actions: list[str], on: list[str], why: str) -> Piece:
    body: Plain = {"Sid": sid, "Effect": "Allow", "Action": _short(actions), "Resource": _short(on)}

    def halves() -> tuple[Piece, Piece] | None:
        middle = len(on) // 2
        if not middle:
            return None
        return (
            _statement(f"First{sid}", actions, on[:middle], why),
            _statement(f"Second{sid}", actions, on[middle:], why),
        )

    return Piece(sid, body, why, halves)


def _short(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items


def _partition(settings: Settings) -> str:
    """Return the partition that the named principals are in: they live where the policies do."""
    named = {arn.split(":")[1] for arn in (*settings.break_glass, *settings.deployers, *settings.taggers)} - {"*"}
    return min(named) if len(named) == 1 else "aws"


def _newer_than_iam(pieces: Iterable[Piece]) -> list[str]:
    """Say which actions IAM's data does not know."""
    actions = {action for piece in pieces for action in _list_of(piece.body["Action"])}
    used = sorted(iam_actions.newer_than_iam() & actions)
    if not used:
        return []
    return [
        f"{', '.join(used)}: IAM's published data does not know these actions yet. Where IAM denies them all the same, "
        "the command says what it could not read."
    ]


def _list_of(items: str | list[str]) -> list[str]:
    return [items] if isinstance(items, str) else items
