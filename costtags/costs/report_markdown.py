"""A report -> Markdown for an issue, a pull request or a wiki.

What comes from a bill stands in code: there it can be no link, no mention, no HTML.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from costtags.costs import report_words as words
from costtags.costs.report import UNTAGGED, Report
from costtags.costs.report_words import money
from costtags.gate.formats.as_text import printable

_ROWS = 8
_CHANGES = 5
_RESOURCES = 10


def as_markdown(report: Report) -> str:
    """Write the report in short; the same bytes for the same report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    months = [words.month_name(report, month) for month in report.months]
    yield f"### SageMaker costs, {words.period(report)}"
    yield ""
    yield f"**{money(report.total)} {report.currency}** ({words.COST_WORDS[report.cost]})"
    yield ""
    yield from (f"- {_plain(sentence)}" for sentence in words.in_short(report))
    yield from _table(
        "Month by month",
        ["", *months, "total"],
        [["SageMaker", *map(money, report.by_month.values()), money(report.total)]],
    )
    if report.budgets:
        yield from _table(
            "Budgets",
            ["budget", "period", "limit", "actual", "used", ""],
            [
                [
                    _code(one.name), one.period, money(one.limit), money(one.actual), words.percent(one.used),
                    _plain(f"{words.budget_state(one)}: {one.why or one.note}".removesuffix(": ")),
                ]
                for one in words.last_periods(report.budgets)
            ],
        )  # fmt: skip
    for key in report.keys:
        if key.seen:
            rows = words.rows(report, key.by_value, _ROWS, words.value_notes(report, key))
            yield from _spend(f"By {_code(key.key)}", months, rows)
        else:
            yield from ("", f"**By {_code(key.key)}**: no line has this tag: it is not active, or was never set.")
    yield from _spend("By use", months, words.rows(report, report.by_usage, _ROWS))
    yield from _table(
        "Coverage",
        ["tag", *months, "all"],
        [
            [_code(key.key), *map(words.percent, key.coverage_by_month.values()), words.percent(key.coverage)]
            for key in report.keys
        ],
    )
    if report.resources and report.resources.untagged:
        yield from _table(
            f"Untagged: where to begin ({report.resources.untagged_count:,} in all)",
            ["resource", "account", "use", "missing", report.currency],
            [
                [
                    _code(one.resource or "no resource named"), _code(one.account or ""), one.usage_group,
                    _code(", ".join(one.missing)), money(one.untagged),
                ]
                for one in report.resources.untagged[:_RESOURCES]
            ],
        )  # fmt: skip
    if report.compared:
        changes = [
            one
            for of in dict.fromkeys(one.of for one in report.changes)
            for one in [one for one in report.changes if one.of == of][:_CHANGES]
        ]
        yield from _table(
            f"What changed from {report.compared[0]} to {report.compared[1]}",
            ["", "", report.compared[0], report.compared[1], "change"],
            [
                [_code(one.of), _code(one.name), money(one.before), money(one.after), words.signed(one.change)]
                for one in changes
            ],
        )
    if report.left_out:
        yield from _table(
            "Not in these sums",
            ["what the source holds besides", report.currency],
            [[_plain(what), money(amount)] for what, amount in report.left_out],
        )
    yield ""
    yield from (f"- {_plain(note)}" for note in report.notes)
    yield f"- {_plain(report.source)}; costs end on {report.ends}; judged by {_code(report.schema)}."


def _spend(title: str, months: Sequence[str], rows: Iterable[words.Row]) -> Iterator[str]:
    cells = [
        [
            (row.name if row.name == UNTAGGED else _code(row.name)) + (f" ({_plain(row.note)})" if row.note else ""),
            *map(money, row.amounts), money(row.total), words.percent(row.share),
        ]
        for row in rows
    ]  # fmt: skip
    yield from _table(title, ["", *months, "total", "share"], cells)


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write an HTML table: no escape of a ``|`` in code holds in every Markdown."""
    yield from ("", f"**{title}**", "", "<table>")
    yield f"<tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
    yield from (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    yield "</table>"


def _code(text: str) -> str:
    """Write text that is not ours: in <code> nothing is a link or a mention, and its marks are escaped."""
    return f"<code>{_plain(words.shown(text))}</code>" if text else ""


def _plain(text: str) -> str:
    """Escape HTML, and what Markdown would take for a mark of its own or break a line at."""
    escaped = escape(printable(text), quote=True)
    return "".join(f"&#{ord(one)};" if one in "*_`[]|~\\@" else one for one in escaped)
