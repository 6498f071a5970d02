"""What each resource cost in the last full month, for an audit: from bill files, or from a table of Athena."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.account.places import Access


@dataclass(frozen=True)
class Spend:
    """SageMaker's spend of a month by resource id, in one currency."""

    month: str
    complete: bool
    currency: str
    amounts: Mapping[str, Decimal]
    without_id: Decimal
    notes: tuple[str, ...] = ()
    """What must be known of the bill."""


def from_files(paths: Sequence[Path]) -> Spend:
    """Read bill files. Raises AwsFailed with what is wrong with them."""
    from costtags.costs.files import BillError
    from costtags.costs.resources import spend_by_resource

    try:
        spend = spend_by_resource(paths)
    except BillError as error:
        raise AwsFailed(f"--costs: {error}") from None
    return Spend(spend.month, spend.complete, spend.currency, spend.amounts, spend.without_id, spend.notes)


def from_athena(access: Access, workgroup: str, table: str, today: date, progress: Callable[[str], None]) -> Spend:
    """Ask a bill's table on Athena, in the caller's account and region, for the month before this one.

    Raises AwsFailed.
    """
    from costtags.costs import athena
    from costtags.costs.athena_bill import AthenaBill
    from costtags.costs.bill import SAGEMAKER, bill_sql
    from costtags.costs.layout import WrongLayout
    from costtags.costs.query import QueryError

    month = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    try:
        asked = AthenaBill(access.client(access.account, "athena"), workgroup, table, progress)
        source = asked.source()
        source.layout.needs("line_item_resource_id")
        bill = bill_sql(source.layout, source.table, (), months=(month, month), partition=source.partition)
        sql = (
            f"WITH {bill}\nSELECT resource_id, currency, CAST(SUM(amortised) AS VARCHAR) AS amount FROM bill "
            f"WHERE part = '{SAGEMAKER}' GROUP BY 1, 2"
        )
        rows = source.run(sql).rows
    except (QueryError, athena.QueryFailed, WrongLayout) as error:
        raise AwsFailed(f"--costs athena: {error}") from None
    except AWS_ERRORS as error:
        raise AwsFailed(f"--costs athena: {clients.explained(error)}") from error
    if not rows:
        raise AwsFailed(f"--costs athena: {table} has no line of SageMaker in {month}")
    currencies = sorted({str(currency) for _, currency, _ in rows})
    if len(currencies) > 1:
        raise AwsFailed(f"--costs athena: {month} has amounts in {', '.join(currencies)}, which cannot be added up")
    amounts = {resource: Decimal(amount or 0) for resource, _, amount in rows if resource}
    without = sum((Decimal(amount or 0) for resource, _, amount in rows if not resource), Decimal(0))
    price = athena.cost_text_of(asked.scanned, str(access.client(access.account, "athena").meta.region_name))
    return Spend(month, True, currencies[0], amounts, without, (f"Athena: {price}",))
