"""Cells of a sample bill -> the monthly cost allocation report, AWS's older format."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from costtags.costs.sample import MICRO, PAYER, Cell

_MONTHLY = [
    "InvoiceID",
    "PayerAccountId",
    "LinkedAccountId",
    "RecordType",
    "RecordID",
    "BillingPeriodStartDate",
    "BillingPeriodEndDate",
    "InvoiceDate",
    "PayerAccountName",
    "LinkedAccountName",
    "TaxationAddress",
    "PayerPONumber",
    "ProductCode",
    "ProductName",
    "SellerOfRecord",
    "UsageType",
    "Operation",
    "AvailabilityZone",
    "RateId",
    "ItemDescription",
    "UsageStartDate",
    "UsageEndDate",
    "UsageQuantity",
    "BlendedRate",
    "CurrencyCode",
    "CostBeforeTax",
    "Credits",
    "TaxAmount",
    "TaxType",
    "TotalCost",
]


def write_monthly(cells: Sequence[Cell], folder: Path, month: str) -> Path:
    """Write a monthly cost allocation report: a line a cell, then the totals that must not be counted."""
    keys = sorted({key for cell in cells for key in cell.tags or ()})
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{PAYER}-aws-cost-allocation-{month}.csv"
    with target.open("w", encoding="utf-8", newline="") as stream:
        stream.write("Don't see your tags in the report? New tags are excluded by default - go to the console.\n")
        writer = csv.DictWriter(
            stream, [*_MONTHLY, *(f"user:{key}" for key in keys)], quoting=csv.QUOTE_ALL, restval=""
        )
        writer.writeheader()
        total = Decimal(0)
        start = f"{month.replace('-', '/')}/01 00:00:00"
        for at, cell in enumerate(cell for cell in cells if cell.month == month):
            amount = Decimal(cell.unblended) / MICRO
            total += amount
            column = {"Tax": "TaxAmount", "Credit": "Credits"}.get(cell.line_type, "CostBeforeTax")
            writer.writerow(
                {
                    "PayerAccountId": PAYER,
                    "LinkedAccountId": cell.account,
                    "RecordType": "LinkedLineItem",
                    "RecordID": at,
                    "BillingPeriodStartDate": start,
                    "ProductCode": cell.product,
                    "UsageType": cell.usage_type or "",
                    "Operation": cell.operation or "",
                    "UsageStartDate": start,
                    "UsageQuantity": "1.0",
                    "CurrencyCode": cell.currency,
                    "CostBeforeTax": "0.000000",
                    "Credits": "0.0",
                    "TaxAmount": "0.000000",
                    "TotalCost": f"{amount:.6f}",
                    **{f"user:{key}": value for key, value in (cell.tags or {}).items()},
                    column: f"{amount:.6f}",
                }
            )
        for kind in ("InvoiceTotal", "AccountTotal", "StatementTotal"):
            writer.writerow(
                {
                    "PayerAccountId": PAYER,
                    "RecordType": kind,
                    "BillingPeriodStartDate": start,
                    "CurrencyCode": "USD",
                    "CostBeforeTax": f"{total:.6f}",
                    "TaxAmount": "0.000000",
                    "TotalCost": f"{total:.6f}",
                }
            )
    return target
