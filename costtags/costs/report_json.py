"""A report -> its JSON document, a stable contract: amounts are decimal strings, exact; shares are numbers."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from costtags.costs.answer_formats import amount_text
from costtags.costs.facts import Resource
from costtags.costs.report import Report, Series


def as_json(report: Report) -> str:
    """Write the document; the same bytes for the same report."""
    resources = report.resources
    document = {
        "version": 1,
        "source": report.source,
        "schema": report.schema,
        "cost": report.cost,
        "currency": report.currency,
        "months": report.months,
        "partial_months": {month: str(day) for month, day in report.partial.items()},
        "total": amount_text(report.total),
        "by_month": _amounts(report.by_month),
        "by_tag": {one.key: _sums(one.by_value) for one in report.keys},
        "by_tag_and_month": {one.key: _series(one.by_value) for one in report.keys},
        "by_usage": _sums(report.by_usage),
        "by_usage_and_month": _series(report.by_usage),
        "coverage": {one.key: one.coverage for one in report.keys},
        "coverage_by_month": {one.key: one.coverage_by_month for one in report.keys},
        "keys_never_seen": [one.key for one in report.keys if not one.seen],
        "wrong_values": [
            {"key": one.key, "value": one.value, "meant": one.meant, "amount": amount_text(one.amount)}
            for one in report.wrong_values
        ],
        "untagged_top": None if resources is None else [_resource(one) for one in resources.untagged],
        "budgets": [
            {
                "name": one.name,
                "watches": one.watches,
                "period": one.period,
                "limit": amount_text(one.limit),
                "actual": None if one.actual is None else amount_text(one.actual),
                "used": None if one.used is None else round(one.used, 4),
                "note": one.why or one.note,
            }
            for one in report.budgets
        ],
        "compared": report.compared,
        "changes": [
            {
                "of": one.of,
                "name": one.name,
                "before": amount_text(one.before),
                "after": amount_text(one.after),
                "change": amount_text(one.change),
            }
            for one in report.changes
        ],
        "left_out": [{"what": what, "amount": amount_text(amount)} for what, amount in report.left_out],
        "notes": report.notes,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: amount_text(amount) for name, amount in amounts.items()}


def _sums(series: Series) -> dict[str, str]:
    return {name: amount_text(sum(amounts.values(), Decimal())) for name, amounts in series.items()}


def _series(series: Series) -> dict[str, dict[str, str]]:
    return {name: _amounts(amounts) for name, amounts in series.items()}


def _resource(one: Resource) -> dict[str, Any]:
    return {
        "resource": one.resource,
        "account": one.account,
        "usage_group": one.usage_group,
        "amount": amount_text(one.untagged),
        "missing": _amounts(one.missing),
    }
