"""Bills in files -> what each resource cost in a month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from costtags.costs.bill import SAGEMAKER, quoted
from costtags.costs.files import BillError
from costtags.costs.layout import WrongLayout
from costtags.costs.local import LocalBill, Month, open_bill


@dataclass(frozen=True)
class ResourceSpend:
    """What SageMaker's resources cost in a month: amortised, before tax, in one currency.

    ``amounts`` are by resource id as the bill has it (mostly ARNs), ``without_id`` is what the bill gives no resource
    for; together they are ``total``. ``complete`` is False where the bill does not reach the month's end.
    """

    month: str
    currency: str
    amounts: Mapping[str, Decimal]
    total: Decimal
    without_id: Decimal
    complete: bool
    notes: tuple[str, ...] = ()
    """What must be known of the files."""


def spend_by_resource(paths: Sequence[Path], month: str | None = None, *, currency: str | None = None) -> ResourceSpend:
    """Read bill files and add up each resource's SageMaker cost of a month; without one, of the last full month there.

    Raises BillError for files that cannot be read, bills without resource ids, and a month that is not in them.
    """
    with open_bill(paths) as bill:
        try:
            bill.layout.needs("line_item_resource_id")
        except WrongLayout as error:
            raise BillError(f"costs by resource: {error}") from None
        unit = bill.currency(currency)
        chosen = _month(bill, unit, month)
        rows = bill.query(
            f"WITH {bill.bill((), (chosen.month, chosen.month))}\n"
            "SELECT resource_id, COALESCE(SUM(amortised), 0) AS amount FROM bill "
            f"WHERE part = '{SAGEMAKER}' AND currency = {quoted(unit)} GROUP BY resource_id"
        ).rows
        complete = chosen.complete or chosen.month != bill.months[-1].month
    amounts = {resource: amount for resource, amount in sorted(rows, key=str) if resource is not None}
    without_id = sum((amount for resource, amount in rows if resource is None), Decimal())
    total = sum(amounts.values(), without_id)
    return ResourceSpend(chosen.month, unit, amounts, total, without_id, complete, bill.notes)


def _month(bill: LocalBill, currency: str, wanted: str | None) -> Month:
    months = [month for month in bill.months if month.currency == currency]
    if wanted is not None:
        found = next((month for month in months if month.month == wanted), None)
        if found is None:
            raise BillError(f"no line of {wanted} in the bill; its months: {', '.join(m.month for m in months)}")
        return found
    full = [month for month in months if month.complete or month.month != months[-1].month]
    return full[-1] if full else months[-1]
