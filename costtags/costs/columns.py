"""Which columns of a bill are read, and how each gets the type that it has on Athena."""

import re

from costtags.costs.amounts import AMOUNT
from costtags.costs.files import BillError
from costtags.costs.layout import TAG_COLUMNS

# What ``bill`` and the queries read, by type; tag columns besides. Others are never read from the files.
_TIMES = (
    "bill_billing_period_start_date",
    "line_item_usage_start_date",
    "billing_period_start_date",
    "usage_start_date",
)
_AMOUNTS = (
    "cost_before_tax",
    "line_item_net_unblended_cost",
    "line_item_unblended_cost",
    "line_item_usage_amount",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_recurring_fee",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "tax_amount",
    "total_cost",
    "usage_quantity",
)
MAPS = ("resource_tags", "tags")
_TEXTS = (
    "bill_payer_account_id",
    "currency_code",
    "line_item_currency_code",
    "line_item_line_item_type",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_usage_account_id",
    "line_item_usage_type",
    "linked_account_id",
    "operation",
    "payer_account_id",
    "product_code",
    "record_type",
    "reservation_reservation_a_r_n",
    "usage_type",
)
# Types of DuckDB that can be turned into the type on Athena, as a regular expression.
_TYPES = {
    _TIMES: "VARCHAR|DATE|TIMESTAMP",
    _AMOUNTS: "VARCHAR|DOUBLE|FLOAT|DECIMAL|U?(TINY|SMALL|BIG|HUGE)?INT",
    MAPS: r"VARCHAR|MAP\(VARCHAR, VARCHAR\)|STRUCT\(\"?key\"? VARCHAR, \"?value\"? VARCHAR\)\[\]",
    _TEXTS: "VARCHAR|BLOB|U?(TINY|SMALL|BIG|HUGE)?INT",
}
KNOWN = frozenset((*_TIMES, *_AMOUNTS, *MAPS, *_TEXTS))


def is_read(name: str) -> bool:
    """Say whether a column may be asked for."""
    return name in KNOWN or name.startswith(TAG_COLUMNS)


def typed(name: str, value: str, kind: str) -> str:
    """Return the SQL that gives a column, of DuckDB's type ``kind``, the type that it has on Athena.

    Raises BillError where that cannot be.
    """
    wanted = next((wanted for names, wanted in _TYPES.items() if name in names), "")
    if not re.match(wanted, kind):
        raise BillError(f"the column {name} is of type {kind}, which no bill of AWS has there; export it anew")
    if name in _TIMES:
        return value if kind == "TIMESTAMP" else f"CAST({value} AS TIMESTAMP)"
    if name in _AMOUNTS:
        # Text is taken as the decimal that it is.
        return f"CAST(NULLIF({value}, '') AS {AMOUNT})" if kind == "VARCHAR" else value
    if name in MAPS:
        return f"map_from_entries({value})" if kind.startswith("STRUCT") else value
    return value if kind == "VARCHAR" else f"CAST({value} AS VARCHAR)"
