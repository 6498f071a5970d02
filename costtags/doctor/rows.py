"""What the checks say: a row for each thing looked at, with how it stands, why, and what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.documents.document import DocumentError

OK = "ok"
NOT_USED = "not used"
"""Nothing asks for it here, so its absence is no problem."""
PENDING = "pending"
"""In place, but AWS or a person has still to act."""
CANNOT_TELL = "cannot tell"
PROBLEM = "problem"
STATUSES = (OK, NOT_USED, PENDING, CANNOT_TELL, PROBLEM)


@dataclass(frozen=True, order=True)
class Row:
    """One thing that was looked at; ``where`` is an ARN or an id, ``why`` what was found, ``fix`` what to do next."""

    check: str
    what: str
    where: str
    status: str
    why: str
    fix: str = ""

    @property
    def remains(self) -> bool:
        """Whether there is something to do: what could not be looked at is not known to be right."""
        return self.status in (PENDING, CANNOT_TELL, PROBLEM)


def guarded(rows: Iterator[Row], check: str, what: str, where: str = "") -> Iterator[Row]:
    """Yield rows; where AWS denies or fails a call on the way, one more that says so in place of the rest.

    So it is where the document to compare with cannot be rendered.
    """
    try:
        yield from rows
    except (*AWS_ERRORS, AwsFailed) as error:
        yield unknown(error, check, what, where)
    except DocumentError as error:
        yield Row(check, what, where, CANNOT_TELL, "; ".join(error.messages), "complete the stack's config")


# Codes of errors that say how things stand -> status, in words, what to do.
_MEANINGS = {
    "AWSOrganizationsNotInUseException": (
        NOT_USED,
        "this account is in no organization",
        "",
    ),
    "EffectivePolicyNotFoundException": (NOT_USED, "no tag policy applies", ""),
    "TargetNotFoundException": (
        PROBLEM,
        "there is no such root, OU or account in this organization",
        "correct its id in the stack's config",
    ),
}


def unknown(error: Exception, check: str, what: str, where: str = "") -> Row:
    """Return the row for an error of AWS: what the error says of the matter, or that it cannot be told, and why."""
    code = clients.code(error)
    if code in _MEANINGS:
        status, why, fix = _MEANINGS[code]
        return Row(check, what, where, status, f"{why} ({code})", fix)
    why = str(error) if isinstance(error, AwsFailed) else clients.explained(error)
    return Row(check, what, where, CANNOT_TELL, why, _fix(error, code))


def _fix(error: Exception, code: str) -> str:
    if code not in clients.DENIED:
        return "" if isinstance(error, AwsFailed) else "run it again"
    operation = getattr(error, "operation_name", "")
    if operation in _MANAGEMENT_ONLY:
        return (
            f"run it in the management account, or as its delegated administrator, and allow organizations:{operation}"
        )
    # IAM's action may have another name: budgets:ViewBudget of DescribeBudgets.
    return f"allow {operation} to the caller, as `costtags render iam-for-doctor` does"


_MANAGEMENT_ONLY = frozenset(
    {
        "DescribePolicy",
        "DescribeResourcePolicy",
        "ListAWSServiceAccessForOrganization",
        "ListAccountsForParent",
        "ListAccountsWithInvalidEffectivePolicy",
        "ListDelegatedAdministrators",
        "ListEffectivePolicyValidationErrors",
        "ListParents",
        "ListPolicies",
        "ListPoliciesForTarget",
        "ListRoots",
        "ListTargetsForPolicy",
    }
)
