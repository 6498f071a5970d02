"""The report's page: whole in one file, readable without scripts, in light, dark and on paper; hostile text is text."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags.costs.report import Report, report
from costtags.costs.report_charts import bars, shares
from costtags.costs.report_html import as_html
from costtags.costs.report_markdown import as_markdown
from costtags.costs.sample import Cell, sample_cells
from costtags.gate.formats.as_text import printable
from costtags.schema import load

from .browser import Browser
from .browser.conftest import browser
from .test_report import SCHEMA, facts_of, report_of, written

__all__ = ["browser"]  # a fixture

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</svg></title><script>console.error('in')</script>",
    "\" onmouseover='x' a=\"",
    "&lt;b&gt; &amp;",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eevil\u202c",
    "مرحبا",
    "a\nb\r\nc\td",
    "\x00\x1b[31m",
    "🙂" * 20,
    "x" * 256,
    "`a` | **b** [c](http://d) @team #1 <!-- e",
    "=HYPERLINK(1)",
]


def hostile_cells() -> list[Cell]:
    cells = sample_cells(SCHEMA, ["2026-01", "2026-02"], lines=400, last_day=9)
    usual = next(cell for cell in cells if cell.line_type == "Usage" and cell.part == "sagemaker")
    odd = [
        replace(usual, tags={"team": value, "project": value}, resource=f"arn:{value}", unblended=9**9, amortised=9**9)
        for value in HOSTILE
    ]
    return [*cells, *odd]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report_of(written(hostile_cells(), tmp_path_factory.mktemp("bill")))


@pytest.fixture(scope="module")
def page(made: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(as_html(made), encoding="utf-8")
    return file


class Reader(HTMLParser):
    """What a page is made of: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else(page: Path) -> None:
    read = Reader(page.read_text(encoding="utf-8"))
    assert not {"script", "link", "img", "iframe", "object", "b"} & {tag for tag, _ in read.tags}
    attributes = {name for _, attrs in read.tags for name in attrs}
    assert not {name for name in attributes if name.startswith("on")} | {"src", "href"} & attributes
    style = re.search("<style>(.*?)</style>", page.read_text(encoding="utf-8"), re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_each_chart_has_a_title_words_and_a_table(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    charts = re.findall(
        r"<figure>(?:<figcaption>.*?</figcaption>)?(<svg.*?</svg>)</figure>\s*<div class=\"scroll\"><table>",
        text,
        re.DOTALL,
    )
    assert len(charts) == len(SCHEMA.tags) + 2 == text.count("<svg")
    for chart in charts:
        root = ElementTree.fromstring(chart)
        title, desc = root[0], root[1]
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        assert title.text
        assert desc.text
        assert desc.text.startswith("In all: ")
        assert "<text" in chart  # text is text, not paths
        assert "style" not in {element.tag for element in root.iter()}


def test_what_a_reader_looks_for_is_there(made: Report, page: Path) -> None:
    text = " ".join(Reader(page.read_text(encoding="utf-8")).text.split())
    for head in (
        "SageMaker costs, 2026-01 to 2026-02", "Month by month", "Budgets against actual", "Spend by cost-center",
        "Spend by use", "Coverage", "Untagged: where to begin", "Values that are not allowed", "What changed",
        "Not in these sums", "How to read it", "until 2026-02-09: not whole, not compared",
        "There are no two whole months to compare.", "CUR 2.0", "2026-02*",
    ):  # fmt: skip
        assert head.replace("CUR 2.0", "a bill") in text
    assert f"{made.total:,.2f} USD" in text
    assert "tax" in text


def test_no_console_errors_and_hostile_text_is_text(page: Path, browser: Browser, tmp_path: Path) -> None:
    dom, console = browser.dom(page)
    assert console == []
    read = Reader(dom)
    assert not {"script", "img"} & {tag for tag, _ in read.tags}
    assert "<script>alert(1)</script>" in read.text
    assert "{{ 7 * 7 }}" in read.text
    assert "\\u202eevil" in read.text  # what acts on the text around it is shown as what it is
    assert "مرحبا" in read.text
    assert "x" * 256 in read.text
    # The browser does tell: else an empty console would prove nothing.
    loud = tmp_path / "loud.html"
    loud.write_text("<script>console.error('heard')</script>", encoding="utf-8")
    assert any("heard" in line for line in browser.dom(loud)[1])


def test_light_and_dark(page: Path, browser: Browser) -> None:
    assert browser.pixel(page, dark=False) == (255, 255, 255)
    assert max(browser.pixel(page, dark=True)) < 60


def test_it_prints_on_a4(page: Path, browser: Browser) -> None:
    paper = browser.pdf(page)
    assert paper.startswith(b"%PDF")
    (size,) = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper))
    assert [round(float(side)) for side in size] == [595, 842]
    assert 2 < len(re.findall(rb"/Type /Page\b", paper)) < 20


def test_many_months_print_across(browser: Browser, tmp_path: Path) -> None:
    months = [f"2025-{number:02d}" for number in range(1, 13)] + ["2026-01"]
    made = report_of(written(sample_cells(SCHEMA, months, lines=10), tmp_path))
    file = tmp_path / "long.html"
    file.write_text(as_html(made), encoding="utf-8")
    (size,) = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", browser.pdf(file)))
    assert [round(float(side)) for side in size] == [842, 595]


def test_many_values_are_not_many_rows(tmp_path: Path) -> None:
    cells = sample_cells(SCHEMA, ["2026-01"], lines=10)
    usual = next(cell for cell in cells if cell.line_type == "Usage" and cell.part == "sagemaker")
    many = [replace(usual, tags={"project": f"p-{number}"}) for number in range(300)]
    made = report_of(written(many, tmp_path))
    read = Reader(as_html(made))
    assert "288 others" in read.text
    assert len(as_html(made)) < 200_000
    assert "292 others" in as_markdown(made)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_text_in_markdown_is_text(value: str, tmp_path: Path) -> None:
    cells = sample_cells(SCHEMA, ["2026-01"], lines=10)
    usual = next(cell for cell in cells if cell.line_type == "Usage" and cell.part == "sagemaker")
    odd = replace(usual, tags={"team": value}, resource=f"arn:{value}")
    text = as_markdown(report_of(written([odd], tmp_path)))
    read = Reader(github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))
    tags = {tag for tag, _ in read.tags}
    assert tags <= {"h3", "p", "strong", "ul", "li", "table", "tbody", "tr", "th", "td", "code", "thead"}
    assert not [attrs for _, attrs in read.tags if attrs]
    assert printable(value) in read.text
    assert text.splitlines()[0] == "### SageMaker costs, 2026-01"


numbers = st.floats(-1e9, 1e9, allow_nan=False) | st.none()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 40).flatmap(
        lambda count: st.lists(
            st.tuples(st.text(max_size=20), st.lists(numbers, min_size=count, max_size=count)), min_size=1, max_size=9
        )
    )
)
def test_any_numbers_make_a_chart(lines: list[tuple[str, Sequence[float | None]]]) -> None:
    months = [f"m{at}" for at in range(len(lines[0][1]))]
    clean = [("".join(filter(str.isprintable, name)), "c0", values) for name, values in lines]
    for svg in (bars("a", "t", "w", months, clean, "USD"), shares("b", "t", "w", months, clean)):
        root = ElementTree.fromstring(svg)
        assert root.tag == "svg"
        titles = [title.text for title in root.iter("title")]
        for name, _, values in clean:
            for month, value in zip(months, values, strict=True):
                if value is not None:
                    assert any((title or "").startswith(f"{name}, {month}: ") for title in titles)


def test_a_budget_that_is_not_compared_says_why(tmp_path: Path) -> None:
    schema_file = tmp_path / "tags.yaml"
    schema_file.write_text(
        "version: 1\ntags: {team: {required: false}}\nbudgets:\n"
        "  - {name: b, limit: {amount: 1, unit: EUR, period: monthly}}\n",
        encoding="utf-8",
    )
    schema = load(schema_file)
    facts = facts_of(written(sample_cells(SCHEMA, ["2026-01"], lines=1), tmp_path / "bill"), schema)
    made = report(facts, schema, "tags.yaml")
    assert "not compared: its limit is in EUR, and the bill in USD" in Reader(as_html(made)).text
