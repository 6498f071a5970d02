"""The table of checks, and the one function that runs them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from costtags.account.places import Access
from costtags.doctor import (
    account_policies,
    budgets,
    domains,
    effective_policy,
    exports,
    keys,
    organization,
    organization_policies,
    validators,
)
from costtags.doctor.rows import Row, guarded
from costtags.doctor.wanted import Wanted


@dataclass(frozen=True)
class Check:
    """One group of checks: what it looks at, and the function that does."""

    name: str
    what: str
    run: Callable[[Access, Wanted], Iterator[Row]]


CHECKS = (
    Check(organization.CHECK, "policy types, trusted access", organization.check),
    Check(organization.ROOM, "free policy slots", organization.check_room),
    Check(organization_policies.CHECK, "SCPs and tag policies", organization_policies.check),
    Check(effective_policy.CHECK, "the tag policy in force", effective_policy.check),
    Check(account_policies.CHECK, "managed policies", account_policies.check),
    Check(budgets.CHECK, "budgets", budgets.check),
    Check(keys.CHECK, "cost allocation tags", keys.check),
    Check(domains.CHECK, "SageMaker domains", domains.check),
    Check(exports.CHECK, "cost and usage exports", exports.check),
    Check(validators.CHECK, "AWS's validators", validators.check),
)


def run(access: Access, wanted: Wanted, names: Sequence[str], progress: Callable[[str], None]) -> list[Row]:
    """Run checks; what AWS denies or fails becomes a row, and the others go on. Rows in the order of the table."""
    made: list[Row] = []
    for check in CHECKS:
        if check.name in names:
            progress(f"{check.what} ...")
            made += sorted(set(guarded(check.run(access, wanted), check.name, check.what, access.account)))
    return made
