"""Schema -> the queries as Athena saves them, over a table of CUR 2.0."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from costtags.costs.answer import FIRST_MONTH, LAST_MONTH
from costtags.costs.athena import quoted_table
from costtags.costs.choices import DEFAULT_COST
from costtags.costs.columns import KNOWN
from costtags.costs.layout import CUR2, Layout
from costtags.costs.parameters import Asked, asked
from costtags.costs.query import Query, queries
from costtags.costs.query_sql import month_before, sql
from costtags.schema import Schema

PARTITION = "billing_period"
_MONTHS = 13  # this month of last year, to compare with, and all since
_LONGEST_NAME = 128
_CURRENCY = "USD"
_OF_CUR2 = ("bill_", "line_item_", "reservation_", "savings_plan_")

STANDARD = Layout(CUR2, frozenset(name for name in KNOWN if name.startswith(_OF_CUR2)) | {"resource_tags"})
"""CUR 2.0 with every column that the queries read."""


def named_queries(schema: Schema, database: str, table: str, *, currency: str = _CURRENCY) -> Mapping[str, str]:
    """Return names -> SQL, for aws_athena.NamedQuery: what `costtags query` asks, of the last 13 months.

    The table is one of CUR 2.0 in Parquet, partitioned by ``billing_period`` (YYYY-MM). A query of one tag value is
    saved once for each required key; Athena asks for the value when it is run. Raises ValueError for names that no
    database or table can have.
    """
    source = _since(quoted_table(f"{database}.{table}"), 1 - _MONTHS)
    return {
        name[:_LONGEST_NAME]: sql(
            one, STANDARD, source, schema, cost=DEFAULT_COST, currency=currency,
            values={"value": "?", "month": _month(-1), "before": _month(-2)},
        )
        for query in queries().values()
        for name, one in _saved(query, schema, currency)
    }  # fmt: skip


def query_text(one: Asked, schema: Schema, table: str) -> str:
    """Return a query with its parameters for a table of CUR 2.0, DATABASE.TABLE. Raises ValueError for its name.

    Without a month to compare, it is the last whole one on the day when the query is run.
    """
    source = quoted_table(table)
    months: tuple[str, str] | None = None
    values: dict[str, str] = {}
    if one.first or one.last:
        months = one.first or FIRST_MONTH, one.last or LAST_MONTH
    elif one.month:
        months = month_before(one.month), one.month
    elif "month" in one.query.parameters:
        source, values = _since(source, -2), {"month": _month(-1), "before": _month(-2)}
    return sql(
        one, STANDARD, source, schema,
        cost=one.cost or DEFAULT_COST, currency=one.currency or _CURRENCY, months=months, partition=PARTITION,
        values=values,
    )  # fmt: skip


def _saved(query: Query, schema: Schema, currency: str) -> Iterator[tuple[str, Asked]]:
    header = f"-- {query.question}\n-- The last {_MONTHS} months, {DEFAULT_COST}, in {currency}; left out: "
    plain = replace(query, header=header + (", ".join(query.leaves_out) or "nothing"))
    if not query.of_value:
        yield query.name, asked(plain, [], schema)
        return
    for tag in schema.required or schema.tags.values():
        yield f"{query.name}-{tag.key}", asked(plain, [("tag", f"{tag.key}=?")], schema)


def _since(source: str, offset: int) -> str:
    return f"(SELECT * FROM {source} WHERE {PARTITION} >= {_month(offset)})"


def _month(offset: int) -> str:
    """Return the SQL of the month that lies so many months from today, as YYYY-MM."""
    return f"date_format(date_add('month', {offset}, current_date), '%Y-%m')"
