"""Whether the keys of tags.yaml are active as cost allocation tags."""

from collections.abc import Iterator

from costtags.account.activate import read_payer
from costtags.account.activation import INACTIVE, NOT_SEEN, KeyState, activation
from costtags.account.places import Access
from costtags.doctor.rows import NOT_USED, OK, PENDING, PROBLEM, Row
from costtags.doctor.wanted import Wanted

CHECK = "activated-keys"


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield for each key of tags.yaml whether the bill shows it. Raises AwsFailed in a member account."""
    payer = read_payer(wanted.profile)
    state = activation(wanted.schema, wanted.schema.path, payer.account, payer.billed, sagemaker=False)
    for key in state.keys:
        yield _row(access.account, key)
    for wrong in state.misspelt:
        if wrong.billed.active:
            why = f'active, and means "{wrong.means}": its cost is reported apart'
            fix = "correct it where it is used (costtags audit); cost categories bring both together (costtags render)"
            yield Row(CHECK, f'key "{wrong.billed.key}"', access.account, PROBLEM, why, fix)


def _row(account: str, key: KeyState) -> Row:
    what = f'key "{key.key}"'
    if key.state == INACTIVE:
        return Row(CHECK, what, account, PROBLEM, "inactive: cost reports do not show it", "costtags activate --apply")
    if key.state != NOT_SEEN:
        return Row(CHECK, what, account, OK, "active")
    if not key.required:
        return Row(CHECK, what, account, NOT_USED, "not on the bill yet, and not required")
    why = "not on the bill yet: AWS shows a key up to 24 hours after something that costs carries it"
    return Row(CHECK, what, account, PENDING, why, "costtags activate --apply, once it is there")
