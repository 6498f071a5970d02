"""An audit -> one HTML file that needs nothing else: no script, no font, no picture."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from costtags.account.audit import PREFIX, Audit, AuditedResource, summary
from costtags.account.audit_text import head, money, shown_findings, verdict
from costtags.account.places import Unreachable
from costtags.exemptions import NOTE

_STYLE = """
:root { color-scheme: light dark; --line: #ccc; --soft: #666; --bad: #b00020; --back: #f5f5f5 }
@media (prefers-color-scheme: dark) { :root { --line: #444; --soft: #aaa; --bad: #ff8a80; --back: #1e1e1e } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top }
th { background: var(--back); position: sticky; top: 0 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td { overflow-wrap: anywhere } td.t { min-width: 11rem } small, .soft { color: var(--soft) }
.mandatory { color: var(--bad); font-weight: 600 }
code { font: .85em/1.4 ui-monospace, monospace }
ul { margin: 0; padding-left: 1.1rem }
@media print { body { margin: 0; max-width: none; font-size: 10px } th { position: static } tr { break-inside: avoid }
  thead { display: table-header-group } }
"""


def as_html(audit: Audit) -> str:
    """Write an audit as a page that reads well in light and dark, and on paper."""
    return "\n".join(_page(audit)) + "\n"


def _page(audit: Audit) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>SageMaker tags: audit of {escape(audit.at[:10])}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>SageMaker tags: audit of {escape(audit.at[:10])}</h1>"
    yield f"<p>{escape(head(audit))}; read from {escape(audit.at)} on.</p>"
    yield "".join(f"<p>{escape(line)}</p>" for line in verdict(audit))
    wrong = [one for one in audit.resources if shown_findings(one)]
    if wrong:
        yield "<h2>Findings</h2>"
        yield from _findings(audit, wrong)
    yield from _section("Could not be read", audit.unreachable)
    yield "<h2>By type</h2>"
    yield from _counts("type", summary(audit)["by_type"])
    yield "<h2>By account</h2>"
    yield from _counts("account", summary(audit)["by_account"])
    excused = [one for one in audit.resources if any(finding.level == "exempt" for finding in one.findings)]
    if excused:
        yield f"<h2>Excused</h2>\n<p>{escape(NOTE)}</p>"
        yield from _list(f"{one.arn}: {_excused(one)}" for one in excused)
    yield from _section("Not judged", audit.not_judged)
    if audit.notes:
        yield "<h2>Notes</h2>"
        yield from _list(audit.notes)
    yield "</body>\n</html>"


def _findings(audit: Audit, wrong: Sequence[AuditedResource]) -> Iterator[str]:
    cost = f'<th class="n">{escape(f"{audit.costs.currency} {audit.costs.month}")}</th>' if audit.costs else ""
    yield f"<table>\n<thead><tr>{cost}<th>Resource</th><th>Tags</th><th>What is wrong</th></tr></thead>\n<tbody>"
    for one in wrong:
        amount = f'<td class="n">{money(one.cost)}</td>' if audit.costs else ""
        name = f"<strong>{escape(one.name)}</strong> {escape(one.type.removeprefix(PREFIX))}"
        resource = f"<td>{name}<br><small>{escape(one.arn)}</small></td>"
        tags = "<br>".join(f"<code>{escape(f'{key}={value}')}</code>" for key, value in sorted(one.tags.items()))
        said = "".join(
            f'<li><span class="{escape(f.level)}">{escape(f.code)}</span> {escape(f.message)}'
            f"<br><code>{escape(f.fix)}</code></li>"
            for f in shown_findings(one)
        )
        shown = tags or '<span class="soft">none</span>'
        yield f'<tr>{amount}{resource}<td class="t">{shown}</td><td><ul>{said}</ul></td></tr>'
    yield "</tbody>\n</table>"


def _excused(one: AuditedResource) -> str:
    return ", ".join(f"{f.code} {f.tag or ''}".rstrip() for f in one.findings if f.level == "exempt")


def _counts(title: str, groups: dict[str, dict[str, int]]) -> Iterator[str]:
    names = "".join(f'<th class="n">{name}</th>' for name in ("resources", "with findings"))
    yield f"<table>\n<thead><tr><th>{title}</th>{names}</tr></thead>"
    for name, counts in groups.items():
        cells = "".join(f'<td class="n">{counts[column]:,}</td>' for column in ("resources", "with_findings"))
        yield f"<tr><td>{escape(name.removeprefix(PREFIX))}</td>{cells}</tr>"
    yield "</table>"


def _section(title: str, rows: Iterable[Unreachable]) -> Iterator[str]:
    lines = [f"{row.what}: {row.why}" for row in rows]
    if lines:
        yield f"<h2>{title}</h2>"
        yield from _list(lines)


def _list(lines: Iterable[str]) -> Iterator[str]:
    yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
