"""A bill's grouped lines -> the resources to look at: those with most untagged spend, those that changed most."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from costtags.costs.bill import SAGEMAKER, quoted
from costtags.costs.facts import Resource, Resources, Wanted
from costtags.costs.layout import Layout, tag_column
from costtags.costs.local import Rows

LINES = "{lines}"
"""Stands for the relation of the grouped lines."""
TOP = 25
"""How many resources are listed."""
_MOVED = 10


def resources(
    run: Callable[[str], Rows],
    layout: Layout,
    wanted: Wanted,
    currency: str,
    months: Sequence[str],
    pair: tuple[str, str] | None,
) -> Resources | None:
    """Ask for the resources to look at; None where the bill names none."""
    if not layout.has("line_item_resource_id"):
        return None
    columns = {key: tag_column(key) for key in wanted.duties}
    before, after = pair or ("", "")
    lacking = " OR ".join(f"{column} IS NULL" for column in dict.fromkeys(columns.values()))
    missing = ", ".join(
        f"SUM(CASE WHEN {column} IS NULL THEN cost ELSE 0 END) AS missing_{at}"
        for at, column in enumerate(columns.values())
    )
    sql = f"""WITH each_resource AS (
  SELECT resource_id, account, usage_group,
    COALESCE(SUM(CASE WHEN {lacking} THEN cost ELSE 0 END), 0) AS untagged,
    COALESCE(SUM(CASE WHEN month = {quoted(before)} THEN cost ELSE 0 END), 0) AS cost_before,
    COALESCE(SUM(CASE WHEN month = {quoted(after)} THEN cost ELSE 0 END), 0) AS cost_after,
    {missing}
  FROM {LINES}
  WHERE part = '{SAGEMAKER}' AND currency = {quoted(currency)} AND month >= {quoted(months[0])}
  GROUP BY 1, 2, 3
),
ranked AS (
  SELECT *,
    ROW_NUMBER() OVER (ORDER BY untagged DESC, resource_id, account, usage_group) AS place,
    ROW_NUMBER() OVER (ORDER BY ABS(cost_after - cost_before) DESC, resource_id, account, usage_group) AS moved,
    SUM(CASE WHEN untagged <> 0 THEN 1 ELSE 0 END) OVER () AS untagged_count,
    SUM(untagged) OVER () AS untagged_amount
  FROM each_resource
)
SELECT * FROM ranked WHERE place <= {TOP} OR moved <= {_MOVED} ORDER BY place"""
    rows = run(sql)
    named = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    if not named:
        return Resources((), 0, Decimal(), ())
    listed = [row for row in named if row["place"] <= TOP and row["untagged"] > 0]
    moved = [row for row in named if row["moved"] <= _MOVED and row["cost_after"] != row["cost_before"]]
    return Resources(
        untagged=tuple(_resource(row, columns) for row in listed),
        untagged_count=int(named[0]["untagged_count"]),
        untagged_amount=named[0]["untagged_amount"],
        moved=tuple(_resource(row, columns) for row in sorted(moved, key=lambda row: int(row["moved"]))),
    )


def _resource(row: Mapping[str, Any], columns: Mapping[str, str]) -> Resource:
    amounts = {key: row[f"missing_{at}"] for at, key in enumerate(columns)}
    return Resource(
        resource=row["resource_id"],
        account=row["account"],
        usage_group=row["usage_group"],
        untagged=row["untagged"],
        missing={key: amount for key, amount in amounts.items() if amount},
        before=row["cost_before"],
        after=row["cost_after"],
    )
