"""tags.yaml -> service control policies: the statements of IAM policies, with the principals that they must except."""

from collections.abc import Iterator
from dataclasses import replace

from costtags.documents import iam
from costtags.documents.document import DocumentError, Draft
from costtags.documents.settings import Settings
from costtags.schema import Schema

NOT_REACHED = "The management account and AWS's service-linked roles: service control policies do not reach them."


def require_tags(schema: Schema, settings: Settings) -> Draft:
    """As iam-require-tags, for whole accounts. Raises DocumentError without a break-glass principal."""
    return _scp("scp-require-tags", iam.require_tags(schema, settings), settings, ("breakGlass",))


def protect_tags(schema: Schema, settings: Settings) -> Draft:
    """As iam-protect-tags, for whole accounts. Raises DocumentError where whoever repairs or deploys is not known."""
    needed = ("breakGlass", "deployers", "taggers")
    return _scp("scp-protect-tags", iam.protect_tags(schema, settings), settings, needed)


def deny_new_spend(schema: Schema, settings: Settings) -> Draft:
    """As iam-deny-new-spend, for whole accounts. Raises DocumentError without a break-glass principal."""
    return _scp("scp-deny-new-spend", iam.deny_new_spend(schema, settings), settings, ("breakGlass",))


def _scp(name: str, draft: Draft, settings: Settings, needed: tuple[str, ...]) -> Draft:
    if problems := list(_unnamed(name, settings, needed)):
        raise DocumentError(problems)
    return replace(draft, left_out=(*draft.left_out, NOT_REACHED))


# What each list of principals is for -> what happens where it is empty.
_WITHOUT = {
    "breakGlass": ("break_glass", "nobody could act if it stopped the wrong ones"),
    "deployers": ("deployers", "deployments could not change a tag any more"),
    "taggers": ("taggers", "wrong tags could not be repaired any more"),
}


def _unnamed(name: str, settings: Settings, needed: tuple[str, ...]) -> Iterator[str]:
    for setting in needed:
        attribute, what = _WITHOUT[setting]
        if not getattr(settings, attribute):
            yield (
                f"{name}: no {setting} principal is excepted: {what}. Name one, such as arn:aws:iam::*:role/NAME, "
                f'under "{setting}" of the stack\'s guardrails config'
            )
