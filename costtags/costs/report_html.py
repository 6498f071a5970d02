"""A report -> one HTML file that needs nothing else: no network, no script; light, dark and on paper."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from costtags.costs import report_words as words
from costtags.costs.report import UNTAGGED, Report, resource_name
from costtags.costs.report_charts import bars, shares
from costtags.costs.report_words import Row, money
from costtags.gate.formats.as_text import printable

_COLOURS = 7  # as many as can be told apart; all others share one
_ROWS = 12
_WRONG = 30
_REST, _NONE = "rest", "none"


def as_html(report: Report) -> str:
    """Write the page. The same bytes for the same report."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("costtags.costs", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "money": money,
        "signed": words.signed,
        "percent": words.percent,
        "shown": words.shown,
        "plain": printable,
    }
    return environment.get_template("report.html.jinja").render(_data(report))


def _data(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "period": words.period(report),
        "sentences": list(words.in_short(report)),
        "cost": words.COST_WORDS[report.cost],
        "months": [words.month_name(report, month) for month in report.months],
        "keys": [_spend(report, at) for at in range(len(report.keys))],
        "usage": _section(report, "usage", "use", words.rows(report, report.by_usage, _ROWS)),
        "coverage": _coverage(report),
        "by_month": _by_month(report),
        "budgets": words.last_periods(report.budgets),
        "periods": words.PERIODS,
        "wrong": report.wrong_values[:_WRONG],
        "state": words.budget_state,
        "resource_name": resource_name,
        "kinds": _changes(report),
        "wide": len(report.months) > 6,
    }


def _spend(report: Report, at: int) -> dict[str, Any]:
    key = report.keys[at]
    rows = words.rows(report, key.by_value, _ROWS, words.value_notes(report, key))
    return {"key": key} | _section(report, f"tag{at}", key.key, rows)


def _section(report: Report, name: str, what: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return a table's lines, each with its colour, and their chart as SVG, which is markup and not escaped again."""
    from markupsafe import Markup

    others = [row for row in rows if row.name != UNTAGGED]
    colour = {row.name: f"c{at}" if at < _COLOURS else _REST for at, row in enumerate(others)} | {UNTAGGED: _NONE}
    drawn = others[:_COLOURS]
    more = others[_COLOURS:]
    lines = [(row.name, colour[row.name], [float(amount) for amount in row.amounts]) for row in drawn]
    if more:
        sums = [float(sum(column, Decimal())) for column in zip(*(row.amounts for row in more), strict=True)]
        lines.append(("others", _REST, sums))
    lines += [(row.name, _NONE, [float(amount) for amount in row.amounts]) for row in rows if row.name == UNTAGGED]
    said = "; ".join(f"{row.name} {money(row.total)} {report.currency}" for row in rows)
    months = [words.month_name(report, month) for month in report.months]
    title = f"Spend by {what} and month, in {report.currency}"
    return {
        "rows": [(row, colour[row.name]) for row in rows],
        "svg": Markup(bars(name, title, f"In all: {said}. The table has each month.", months, lines, report.currency)),
        "total": sum((row.total for row in rows), Decimal()),
    }


def _coverage(report: Report) -> dict[str, Any]:
    from markupsafe import Markup

    lines = [
        (key.key, f"c{at % _COLOURS}", [key.coverage_by_month[month] for month in report.months])
        for at, key in enumerate(report.keys)
    ]
    said = "; ".join(f"{key.key} {words.percent(key.coverage)}" for key in report.keys)
    months = [words.month_name(report, month) for month in report.months]
    title = "Part of the spend that carries each tag, by month"
    return {
        "rows": [(key, f"c{at % _COLOURS}") for at, key in enumerate(report.keys)],
        "svg": Markup(shares("coverage", title, f"In all: {said}.", months, lines)),
    }


def _by_month(report: Report) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    before: Decimal | None = None
    for month in report.months:
        amount = report.by_month[month]
        change = None if before is None or month in report.partial else amount - before
        share = None if change is None or not before or before < 0 else float(change / before)
        made.append({"month": month, "amount": amount, "change": change, "share": share})
        before = amount
    return made


def _changes(report: Report) -> list[tuple[str, list[Any]]]:
    kinds = dict.fromkeys(one.of for one in report.changes)
    names = {"usage": "By use", "resource": "By resource"}
    return [(names.get(of, f"By {of}"), [one for one in report.changes if one.of == of]) for of in kinds]
