"""The queries: their totals are the generator's, in each layout, on DuckDB and on Trino itself."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from costtags.costs.answer import Answer, Source, answer, from_files
from costtags.costs.bill import quoted, to_duckdb
from costtags.costs.columns import KNOWN
from costtags.costs.local import LocalBill, open_bill
from costtags.costs.named import STANDARD, named_queries, query_text
from costtags.costs.parameters import Asked, asked
from costtags.costs.query import COSTS, FOLDER, Query, QueryError, find, queries
from costtags.costs.query_sql import month_before, sql
from costtags.costs.resources import spend_by_resource
from costtags.costs.sample import Cell, sample_cells, totals
from costtags.costs.sample_files import write_sample
from costtags.schema import load

from .trino import Trino

KEYS = "It has: cost-center, environment, project, team"
SCHEMA = load(Path(__file__).parents[1] / "tags.yaml")
MONTHS = ("2025-12", "2026-01")
CELLS = sample_cells(SCHEMA, MONTHS, lines=1500)
LAYOUTS = ("cur2", "legacy", "monthly")
REQUIRED = [tag.key for tag in SCHEMA.required]
VALUE = "ML-Sales"
HOSTILE = [
    "it's", "''", "'; DROP TABLE bill; --", "--", "/* */", "\\", "\\'", '"', "a\nb", "a\r\n-- b", "%_!", "?", ":value",
    "$$", "${x}", "{{x}}", "日本", "🙂", "\u2028", " ", "=1+1", "Ω\u0301",
]  # fmt: skip


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, LocalBill]]:
    with ExitStack() as stack:
        opened = {}
        for layout in LAYOUTS:
            folder = tmp_path_factory.mktemp(layout)
            write_sample(CELLS, folder, layout=layout, form="csv" if layout == "monthly" else "parquet", net=True)
            opened[layout] = stack.enter_context(open_bill([folder]))
        yield opened


def ask(bill: LocalBill, name: str, **params: str) -> Answer:
    query = find(name)
    if query.of_value:
        params.setdefault("tag", f"cost-center={VALUE}")
    return answer(
        asked(query, [(key.rstrip("_"), value) for key, value in params.items()], SCHEMA), from_files(bill), SCHEMA
    )


# What each query must give, from the cells alone: its rows without their amount -> the amount.

Amounts = dict[tuple[Any, ...], Decimal]


def summed(measure: str, *by: Callable[[Cell], Any], part: str | None = "sagemaker") -> Amounts:
    return totals(CELLS, *by, measure=measure, part=part)


def month(cell: Cell) -> str:
    return cell.month


def own(key: str, at: int) -> Callable[[Cell], str | None]:
    def value(cell: Cell) -> str | None:
        parts = (cell.value(f"sagemaker:{key}-arn") or "").split("/")
        return parts[at] if len(parts) > at else None

    return value


def each_key(keys: list[str], expected: Callable[[str], Amounts], at: int = 1) -> Amounts:
    return {(*row[:at], key, *row[at:]): amount for key in keys for row, amount in expected(key).items()}


def spend_by_tag(measure: str) -> Amounts:
    return each_key(REQUIRED, lambda key: summed(measure, month, lambda cell: cell.value(key) or "(untagged)"))


def by_tag_and_usage(measure: str) -> Amounts:
    groups = (month, lambda cell: cell.group)
    return each_key(
        REQUIRED, lambda key: summed(measure, groups[0], lambda cell: cell.value(key) or "(untagged)", groups[1])
    )


def by_user(measure: str) -> Amounts:
    return summed(
        measure, month, lambda cell: cell.account, own("domain", 1), own("user-profile", 2), lambda cell: cell.group
    )


def by_line_type(measure: str) -> Amounts:
    return summed(measure, month, lambda cell: cell.part, lambda cell: cell.line_type, part=None)


def left_out(measure: str) -> Amounts:
    by = (month, lambda cell: cell.part, lambda cell: cell.product, lambda cell: cell.line_type)
    return {row: amount for row, amount in summed(measure, *by, part=None).items() if row[1] != "sagemaker"}


def missing_tag(measure: str) -> Amounts:
    def of(key: str) -> Amounts:
        by = (
            lambda cell: cell.value(key),
            lambda cell: cell.resource,
            lambda cell: cell.account,
            lambda cell: cell.group,
        )
        return {row[1:]: amount for row, amount in summed(measure, *by).items() if row[0] is None}

    return each_key(REQUIRED, of, at=0)


def wrong_values(measure: str) -> Amounts:
    def of(key: str) -> Amounts:
        tag = SCHEMA.tags[key]
        found = summed(measure, lambda cell: cell.value(key), lambda cell: cell.account)
        return {
            (value, tag.meaning.get(value), account): amount
            for (value, account), amount in found.items()
            if value is not None and not tag.allows(value)
        }

    return each_key(list(SCHEMA.tags), of, at=0)


def spend_of_tag(measure: str) -> Amounts:
    by = (
        lambda cell: cell.value("cost-center"), month, lambda cell: cell.account, lambda cell: cell.group,
        lambda cell: cell.usage_type, lambda cell: cell.line_type, lambda cell: cell.resource,
    )  # fmt: skip
    return {row[1:]: amount for row, amount in summed(measure, *by).items() if row[0] == VALUE}


def coverage(measure: str) -> Amounts:
    return each_key(REQUIRED, lambda _: summed(measure, month))


EXPECTED: Mapping[str, Callable[[str], Amounts]] = {
    "by-line-type": by_line_type,
    "by-tag-and-usage": by_tag_and_usage,
    "by-user": by_user,
    "coverage": coverage,
    "left-out": left_out,
    "missing-tag": missing_tag,
    "spend-by-tag": spend_by_tag,
    "spend-of-tag": spend_of_tag,
    "wrong-values": wrong_values,
}
# Columns that are neither what is grouped by nor the amount.
BESIDES = {"first_day", "last_day", "resources", "lines", "right_value", "wrong_value", "untagged", "coverage"}


def amounts(found: Answer) -> Amounts:
    at = found.columns.index("amount")
    group = [i for i, name in enumerate(found.columns) if i != at and name not in BESIDES]
    rows = {tuple(row[i] for i in group): row[at] for row in found.rows}
    assert len(rows) == len(found.rows)
    return rows


def test_each_query_is_tested() -> None:
    assert {*EXPECTED, "top-movers"} == set(queries())


@pytest.mark.parametrize("cost", ["amortised", "unblended"])
@pytest.mark.parametrize("layout", ["cur2", "legacy"])
@pytest.mark.parametrize("name", EXPECTED)
def test_amounts_are_the_generators(bills: Mapping[str, LocalBill], name: str, layout: str, cost: str) -> None:
    assert amounts(ask(bills[layout], name, cost=cost)) == EXPECTED[name](cost)


@pytest.mark.parametrize("cost", ["amortised", "unblended"])
@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"by-line-type", "left-out"}))  # these hold the plans' fees
@pytest.mark.parametrize("layout", ["cur2", "legacy"])
def test_net_amounts_are_the_generators(bills: Mapping[str, LocalBill], name: str, layout: str, cost: str) -> None:
    expected = {row: amount * 9 / 10 for row, amount in EXPECTED[name](cost).items()}
    assert amounts(ask(bills[layout], name, cost=f"net-{cost}")) == expected


@pytest.mark.parametrize("name", ["spend-by-tag", "by-tag-and-usage", "by-user", "coverage", "wrong-values"])
def test_the_monthly_report_holds_what_was_charged(bills: Mapping[str, LocalBill], name: str) -> None:
    found = ask(bills["monthly"], name)
    assert amounts(found) == EXPECTED[name]("unblended")
    assert found.parameters["cost"] == "unblended"
    assert (
        "a monthly cost allocation report holds what was charged only: costs are unblended, not amortised"
        in found.notes
    )


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        (
            "spend-by-tag",
            {"cost": "amortised"},
            "a monthly cost allocation report has no amortised costs; ask for cost=unblended, or take",
        ),
        (
            "spend-by-tag",
            {"cost": "net-unblended"},
            "the bill has no net-unblended costs (line_item_net_unblended_cost)",
        ),
        ("missing-tag", {}, "missing-tag: a monthly cost allocation report has no resource ids"),
    ],
)
def test_what_the_monthly_report_cannot_answer(
    bills: Mapping[str, LocalBill], name: str, params: dict[str, str], message: str
) -> None:
    with pytest.raises(QueryError) as error:
        ask(bills["monthly"], name, **params)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("layout", ["cur2", "legacy"])
def test_movers_are_the_difference_of_two_months(bills: Mapping[str, LocalBill], layout: str) -> None:
    found = ask(bills[layout], "top-movers", limit="1000000")
    assert found.parameters["month"] == MONTHS[1]
    expected: dict[tuple[str, ...], list[Decimal]] = {}
    for (of, key, value, group), amount in by_tag_and_usage("amortised").items():
        expected.setdefault((key, value, group), [Decimal(), Decimal()])[MONTHS.index(of)] = amount
    assert {row[:3]: list(row[3:5]) for row in found.rows} == expected
    assert all(after - before == change for *_, before, after, change in found.rows)
    for key in REQUIRED:
        changes = [abs(row[5]) for row in found.rows if row[0] == key]
        assert changes == sorted(changes, reverse=True)
    assert f"before is {MONTHS[0]}, after is {MONTHS[1]}" in found.notes
    few = ask(bills[layout], "top-movers", limit="2")
    assert [row for key in REQUIRED for row in found.rows if row[0] == key][:2] == few.rows[:2]
    assert len(few.rows) == 2 * len(REQUIRED)
    assert "of each key the 2 that changed most are shown; limit=10 shows more" in few.notes


def test_coverage_adds_up(bills: Mapping[str, LocalBill]) -> None:
    for _, key, amount, right, wrong, untagged, share in ask(bills["cur2"], "coverage").rows:
        assert right + wrong + untagged == amount
        assert share == pytest.approx(float(1 - untagged / amount), abs=1e-4)
        tag = SCHEMA.tags[key]
        assert right + wrong == sum(
            (amount for (value,), amount in of_month(key, amount, _).items() if value is not None), Decimal()
        )
        assert right == sum(
            (cost for (value,), cost in of_month(key, amount, _).items() if value and tag.allows(value)), Decimal()
        )


def of_month(key: str, _: Decimal, wanted: str) -> Amounts:
    return totals([cell for cell in CELLS if cell.month == wanted], lambda cell: cell.value(key))


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("name", ["spend-by-tag", "by-user", "left-out", "by-line-type"])
def test_rows_and_what_they_leave_out_are_the_whole_bill(bills: Mapping[str, LocalBill], name: str, cost: str) -> None:
    params = {"tag": "team"} if name == "spend-by-tag" else {}
    found = ask(bills["cur2"], name, cost=cost, **params)
    bill = bills["cur2"]
    ((whole,),) = bill.query(f"WITH {bill.bill(())} SELECT SUM({COSTS[cost]}) FROM bill").rows
    assert sum(amounts(found).values()) + sum(one.amount or 0 for one in found.left_out) == whole


def test_what_is_left_out_is_named(bills: Mapping[str, LocalBill]) -> None:
    found = ask(bills["cur2"], "spend-by-tag")
    parts = summed("amortised", lambda cell: cell.part, part=None)
    assert [(one.what, one.amount) for one in found.left_out] == [
        ("tax", parts["tax",]),
        ("AWS Support", parts["support",]),
        ("Savings Plans for machine learning: fees, and commitment that was not used", parts["commitment",]),
        ("other AWS products", parts["other",]),
    ]


def test_months_can_be_chosen(bills: Mapping[str, LocalBill]) -> None:
    for params in ({"from_": MONTHS[1]}, {"from_": MONTHS[1], "to": MONTHS[1]}):
        found = ask(bills["cur2"], "spend-by-tag", **params)
        assert amounts(found) == {row: cost for row, cost in spend_by_tag("amortised").items() if row[0] == MONTHS[1]}
        taxes = totals([cell for cell in CELLS if cell.month == MONTHS[1]], measure="amortised", part="tax")
        assert found.left_out[0].amount == taxes[()]
    with pytest.raises(QueryError) as error:
        ask(bills["cur2"], "spend-by-tag", from_="2030-01")
    assert str(error.value) == "no line of the bill from 2030-01 on"
    with pytest.raises(QueryError) as error:
        ask(bills["cur2"], "top-movers", month="2030-02")
    assert str(error.value) == "no line of the bill is of 2030-01 or 2030-02"


def written(cells: list[Cell], folder: Path, **how: Any) -> Path:
    write_sample(cells, folder, **how)
    return folder


def test_a_month_that_is_not_whole_is_said_and_not_compared(tmp_path: Path) -> None:
    cells = sample_cells(SCHEMA, ["2026-01", "2026-02", "2026-03"], lines=900, last_day=12)
    with open_bill([written(cells, tmp_path)]) as bill:
        found = ask(bill, "spend-by-tag")
        assert found.partial_months == ("2026-03",)
        assert "2026-03 is not whole: its costs end on 2026-03-12" in found.notes
        movers = ask(bill, "top-movers")
        assert (movers.parameters["month"], movers.partial_months) == ("2026-02", ())
        chosen = ask(bill, "top-movers", month="2026-03")
        assert chosen.partial_months == ("2026-03",)
        first = ask(bill, "top-movers", month="2026-01")
        assert "no line of 2025-12 in the bill: all of 2026-01 shows as a change" in first.notes


def test_a_key_that_no_line_has_is_said(tmp_path: Path) -> None:
    cells = [replace_tags(cell) for cell in CELLS]
    with open_bill([written(cells, tmp_path)]) as bill:
        found = ask(bill, "coverage")
        assert found.left_out[-1].what == (
            "all values of project: no line has the key. Either no resource had it, or it is not active as a cost "
            "allocation tag (costtags activate)"
        )
        assert found.left_out[-1].amount is None
        assert [row[6] for row in found.rows if row[1] == "project"] == [0.0, 0.0]


def replace_tags(cell: Cell) -> Cell:
    from dataclasses import replace

    return replace(cell, tags={key: value for key, value in (cell.tags or {}).items() if key != "project"})


def test_currencies_are_never_added_up(tmp_path: Path) -> None:
    from dataclasses import replace

    cells = [replace(cell, currency="CNY") if cell.account == "444455556666" else cell for cell in CELLS]
    with open_bill([written(cells, tmp_path)]) as bill:
        with pytest.raises(QueryError) as error:
            ask(bill, "spend-by-tag")
        assert str(error.value) == (
            "the bill has lines in several currencies (CNY, USD), which cannot be added up: choose one by currency=CNY"
        )
        found = ask(bill, "spend-by-tag", currency="CNY", tag="team")
        expected = totals([cell for cell in cells if cell.currency == "CNY"])[()]
        assert sum(amounts(found).values()) == expected
        usd = totals([cell for cell in cells if cell.currency == "USD"], part=None)[()]
        assert ("what is in USD, counted in it", usd) in [(one.what, one.amount) for one in found.left_out]
        with pytest.raises(QueryError, match="no line is in EUR; currencies of the bill: CNY, USD"):
            ask(bill, "spend-by-tag", currency="EUR")


def test_net_costs_that_no_line_has_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.parquet"
    (whole,) = write_sample([cell for cell in CELLS if cell.month == MONTHS[0]], tmp_path / "cur2")
    duckdb.sql(f"SELECT *, NULL::DOUBLE AS line_item_net_unblended_cost FROM '{whole}'").write_parquet(str(file))
    with open_bill([file]) as bill, pytest.raises(QueryError) as error:
        ask(bill, "spend-by-tag", cost="net-unblended")
    assert str(error.value) == (
        "cost=net-unblended: no line of the bill has it, as where an account has no discounts; ask for cost=unblended"
    )


# Parameters.


@pytest.mark.parametrize(
    ("name", "given_", "message"),
    [
        ("coverage", [("cots", "unblended")], 'coverage has no parameter "cots"; did you mean cost? It has: tag, cost, '
         "from, to, currency"),
        ("coverage", [("cost", "amortized")], 'cost="amortized" is not known; did you mean amortised? There are: '
         "amortised, unblended, net-amortised, net-unblended"),
        ("coverage", [("tag", "Cost_Center")],
         f'"Cost_Center" is no key of tags.yaml; did you mean cost-center? {KEYS}'),
        ("coverage", [("from", "2026-13"), ("to", "March")], 'from="2026-13" is no month: write YYYY-MM\n'
         'to="March" is no month: write YYYY-MM'),
        ("coverage", [("from", "2026-03"), ("to", "2026-01")], "from=2026-03 is after to=2026-01"),
        ("coverage", [("cost", "unblended"), ("cost", "amortised")], "cost is given twice"),
        ("coverage", [("currency", "$")], 'currency="$" is no currency: write USD, EUR ...'),
        ("top-movers", [("limit", "0")], 'limit="0" is no number from 1 to 1,000,000'),
        ("top-movers", [("limit", "٣")], 'limit="٣" is no number from 1 to 1,000,000'),
        ("spend-of-tag", [], "which tag? write KEY=VALUE, as cost-center=VALUE"),
        ("spend-of-tag", [("tag", "cost-center=")], "no value after cost-center=; what has none is shown by: "
         "costtags query missing-tag tag=cost-center"),
        ("spend-of-tag", [("tag", "CostCode=x")],
         f'"CostCode" is no key of tags.yaml; did you mean cost-center? {KEYS}'),
    ],
)  # fmt: skip
def test_wrong_parameters(name: str, given_: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(QueryError) as error:
        asked(find(name), given_, SCHEMA)
    assert str(error.value) == message


def test_unknown_query() -> None:
    with pytest.raises(QueryError) as error:
        find("by-tag-and-use")
    assert (
        str(error.value)
        == f'no query "by-tag-and-use"; did you mean by-tag-and-usage? There are: {", ".join(queries())}'
    )


@pytest.mark.parametrize("query", queries().values(), ids=queries())
def test_headers_say_it_all(query: Query) -> None:
    assert query.question.endswith(".")
    assert {"cost", "currency"} <= set(query.parameters)
    lines = query.header.splitlines()
    assert lines[1] == "--"
    assert all(line.startswith(("--   ", "-- Leaves out: ", "-- Needs: ")) for line in lines[2:])
    assert len(query.parameters) == sum(line.startswith("--   ") for line in lines)
    text = (FOLDER / f"{query.name}.sql").read_text(encoding="utf-8")
    assert query.parameters["cost"] == "amortised"
    assert text == f"{query.header}\n{query.body}\n"


# Values of parameters are data, whatever they hold.

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


def of_value(value: str, layout: Any, source: str) -> str:
    one = asked(find("spend-of-tag"), [("tag", f"cost-center={value}")], SCHEMA)
    return sql(one, layout, source, SCHEMA, cost="amortised", currency="USD")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=TEXTS | st.sampled_from(HOSTILE))
@example(value="' OR '1'='1")
def test_a_value_is_one_literal(bills: Mapping[str, LocalBill], value: str) -> None:
    bill = bills["cur2"]
    text = of_value(value, bill.layout, bill.source)
    (tree,) = sqlglot.parse(text, read="athena")
    assert tree is not None
    (condition,) = [
        one for one in tree.find_all(exp.EQ) if one.left.name == "value" and isinstance(one.right, exp.Literal)
    ]
    assert condition.right.this == value
    rows = bill.query(text).rows
    assert sum((row[-1] for row in rows), Decimal()) == totals(CELLS, lambda cell: cell.value("cost-center")).get(
        (value,), 0
    )


@settings(max_examples=200, deadline=None)
@given(value=TEXTS | st.sampled_from(HOSTILE))
def test_a_literal_means_its_text(value: str) -> None:
    assert duckdb.sql(to_duckdb(f"SELECT {quoted(value)}")).fetchall() == [(value,)]


def test_a_bill_with_hostile_values(tmp_path: Path) -> None:
    from dataclasses import replace

    usual = next(cell for cell in CELLS if cell.line_type == "Usage" and cell.part == "sagemaker")
    cells = [replace(usual, tags={"cost-center": value}, amortised=7, unblended=7, lines=1) for value in HOSTILE]
    with open_bill([written(cells, tmp_path)]) as bill:
        for value in HOSTILE:
            rows = bill.query(of_value(value, bill.layout, bill.source)).rows
            assert [row[-1] for row in rows] == [Decimal("0.000007")]
        by_tag = ask(bill, "spend-by-tag", tag="cost-center")
        assert {row[2] for row in by_tag.rows} == set(HOSTILE)


# Trino, which Athena's engine is, reads every query and gives the same rows.

_TYPES = {
    "VARCHAR": "VARCHAR",
    "TIMESTAMP": "VARCHAR",  # cast below: JSON has no times
    "DOUBLE": "DOUBLE",
    "MAP(VARCHAR, VARCHAR)": "MAP(VARCHAR, VARCHAR)",
}


def in_trino(bill: LocalBill, more: str = "") -> str:
    """The bill's lines as SQL that holds them: JSON in one literal."""
    described = [(name, kind) for name, kind, *_ in bill.run("DESCRIBE bill_lines").rows]
    rows = bill.run("SELECT * FROM bill_lines").rows
    data = json.dumps(
        rows, default=lambda value: f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value
    )
    fields = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in described)
    columns = ", ".join(
        f"CAST({name} AS TIMESTAMP(3)) AS {name}" if kind == "TIMESTAMP" else name for name, kind in described
    )
    names = ", ".join(name for name, _ in described)
    return (
        f"(SELECT {columns}{more} FROM UNNEST(CAST(json_parse({quoted(data)}) AS ARRAY(ROW({fields})))) AS t ({names}))"
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, LocalBill]]:
    cells = sample_cells(SCHEMA, MONTHS, lines=1)
    with ExitStack() as stack:
        yield {
            layout: stack.enter_context(
                open_bill([written(cells, tmp_path_factory.mktemp(layout), layout=layout, net=True)])
            )
            for layout in ("cur2", "legacy")
        }


def an_asked(query: Query) -> Asked:
    params = {"tag": f"cost-center={VALUE}"} if query.of_value else {}
    params |= {"month": MONTHS[1]} if "month" in query.parameters else {}
    return asked(query, params.items(), SCHEMA)


def as_text(cell: Any) -> str | None:
    return None if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


@pytest.mark.parametrize("layout", ["cur2", "legacy"])
def test_trino_gives_the_same_rows(small: Mapping[str, LocalBill], trino: Trino, layout: str) -> None:
    bill = small[layout]
    lines = in_trino(bill)
    for query in queries().values():
        for cost in ("amortised",) if layout == "legacy" else ("amortised", "net-amortised"):
            one = an_asked(query)
            here = bill.query(sql(one, bill.layout, bill.source, SCHEMA, cost=cost, currency="USD"))
            there = trino.run(sql(one, bill.layout, lines, SCHEMA, cost=cost, currency="USD"))
            assert there["columns"] == list(here.columns), query.name
            assert there["rows"] == [[as_text(cell) for cell in row] for row in here.rows], query.name


def test_trino_compiles_the_queries_of_a_large_schema(
    small: Mapping[str, LocalBill], trino: Trino, tmp_path: Path
) -> None:
    path = tmp_path / "tags.yaml"
    values = ", ".join([f"value-{number}" for number in range(60)] + [f'"v{number}_*"' for number in range(5)])
    tags = [f"  key-{at}: {{values: [{values}], aliases: {{value-1: [one, eins]}}}}" for at in range(15)]
    path.write_text("\n".join(["version: 1", "tags:", *tags, "  p: {pattern: '[a-z]+'}", ""]), encoding="utf-8")
    schema = load(path)
    bill = small["cur2"]
    lines = in_trino(bill)
    for query in queries().values():
        params = {"tag": "key-1=value-1"} if query.of_value else {}
        params |= {"month": MONTHS[1]} if "month" in query.parameters else {}
        text = sql(asked(query, params.items(), schema), bill.layout, lines, schema, cost="amortised", currency="USD")
        assert trino.run(text)["columns"], query.name


def test_trino_surveys_the_bill_as_duckdb_does(small: Mapping[str, LocalBill], trino: Trino) -> None:
    """The statement that finds the months and what is left out, by way of the answer."""
    bill = small["cur2"]
    statements: list[str] = []

    def run(text: str) -> Any:
        statements.append(text)
        return bill.query(text)

    answer(an_asked(find("coverage")), Source(bill.layout, bill.source, run), SCHEMA)
    survey, _ = statements
    there = trino.run(survey.replace(f"FROM {bill.source}", f"FROM {in_trino(bill)}"))
    assert there["rows"] == [[as_text(cell) for cell in row] for row in bill.query(survey).rows]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_trino_parses_each_query_of_each_layout(bills: Mapping[str, LocalBill], trino: Trino, layout: str) -> None:
    for query in queries().values():
        for cost in COSTS:
            trino.parse(sql(an_asked(query), bills[layout].layout, "t", SCHEMA, cost=cost, currency="USD"))


def test_trino_runs_the_saved_queries(small: Mapping[str, LocalBill], trino: Trino) -> None:
    table = '"bill"."cost_and_usage"'
    absent = sorted(STANDARD.columns - small["cur2"].layout.columns)  # the sample has none of these amounts
    more = "".join(f", CAST(NULL AS DOUBLE) AS {name}" for name in absent)
    lines = in_trino(small["cur2"], f", substr(bill_billing_period_start_date, 1, 7) AS billing_period{more}")
    for name, text in named_queries(SCHEMA, "bill", "cost_and_usage").items():
        trino.parse(text)
        assert text.count(table) == 1
        assert text.count("value = ?") == (1 if name.startswith("spend-of-tag-") else 0)
        assert trino.run(text.replace(table, lines).replace("value = ?", f"value = '{VALUE}'"))["columns"]
    for query in queries().values():
        params = [("tag", "team=ml-a")] if query.of_value else []
        text = query_text(asked(query, params, SCHEMA), SCHEMA, "bill.cost_and_usage")
        assert trino.run(text.replace(table, lines))["columns"]


def test_trino_takes_a_literal_for_its_text(trino: Trino) -> None:
    for value in HOSTILE:
        assert trino.run(f"SELECT {quoted(value)}")["rows"] == [[value]]
        trino.parse(of_value(value, STANDARD, "t"))


@pytest.mark.parametrize(
    "value", ["ml-a", "ml-", "data-platform", "ML-a", "ml_a", "prod", "a1", "1a", "prod\n", "x" * 40]
)
def test_trino_and_duckdb_allow_what_the_schema_allows(value: str, trino: Trino) -> None:
    for key, tag in SCHEMA.tags.items():
        text = f"SELECT allowed FROM ({allowed_sql(key, value)})"
        expected = tag.allows(value)
        assert duckdb.sql(to_duckdb(text)).fetchall() == [(expected,)], (key, value)
        assert trino.run(text)["rows"] == [[str(expected).lower()]], (key, value)


def allowed_sql(key: str, value: str) -> str:
    from costtags.costs.query_sql import _allowed

    return f"SELECT {_allowed(SCHEMA.tags[key], 'value')} AS allowed FROM (VALUES ({quoted(value)})) AS t (value)"


# Saved queries.


def test_saved_queries_read_what_the_export_has() -> None:
    from costtags.components.cost_table import COLUMNS, PARTITION

    assert set(STANDARD.columns) <= set(COLUMNS)
    assert {name for name in KNOWN if name in COLUMNS} - {"tags"} == set(STANDARD.columns)
    saved = named_queries(SCHEMA, "bill", "cost_and_usage")
    assert list(saved) == [
        "by-line-type", "by-tag-and-usage", "by-user", "coverage", "left-out", "missing-tag", "spend-by-tag",
        "spend-of-tag-cost-center", "spend-of-tag-environment", "spend-of-tag-project", "top-movers", "wrong-values",
    ]  # fmt: skip
    assert all(
        f"WHERE {PARTITION} >= date_format(date_add('month', -12, current_date), '%Y-%m')" in text
        for text in saved.values()
    )
    assert all(len(text) < 262_144 for text in saved.values())
    with pytest.raises(ValueError, match="is no name of a table"):
        named_queries(SCHEMA, "", "t")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("[a-z][a-z0-9-]{1,30}", False), (r"a\.b(?:c|d)?", False), ("[a-z&&[^b]]+", True), (r"\d+", True)],
)
def test_a_pattern_that_engines_may_read_otherwise_is_said(tmp_path: Path, pattern: str, said: bool) -> None:
    path = tmp_path / "tags.yaml"
    path.write_text(f"version: 1\ntags:\n  cost-center:\n    pattern: '{pattern}'\n", encoding="utf-8")
    schema = load(path)
    with open_bill([written(CELLS, tmp_path / "bill")]) as bill:
        found = answer(asked(find("wrong-values"), [], schema), from_files(bill), schema)
    note = (
        "which values of cost-center are wrong is judged by the query engine's own regular expressions, to which the "
        "pattern may mean something else"
    )
    assert (note in found.notes) == said


def test_saved_queries_can_be_rendered_for_the_export() -> None:
    from costtags.documents.settings import Settings
    from costtags.documents.table import render

    (document,) = render(["athena-queries"], SCHEMA, Settings())
    assert document.parts == (named_queries(SCHEMA, "bill", "cost_and_usage"),)


def test_the_month_before() -> None:
    assert [month_before(one) for one in ("2026-01", "2026-10", "2026-03")] == ["2025-12", "2026-09", "2026-02"]
    assert date.fromisoformat(f"{month_before('2026-12')}-01") == date(2026, 11, 1)


@settings(max_examples=3, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    lines=st.integers(1, 200),
    cost=st.sampled_from(["amortised", "unblended", "net-amortised", "net-unblended"]),
)
def test_the_queries_agree_with_each_other(
    seed: int, lines: int, cost: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What coverage calls untagged is what missing-tag lists and spend-by-tag has no value for, to the last digit."""
    cells = sample_cells(SCHEMA, ["2026-01"], lines=lines, seed=seed)
    file = written(cells, tmp_path_factory.mktemp("bill"), net=True)
    with open_bill([file], threads=1) as bill:

        def sums(name: str, key: str, *, only: str | None = None) -> tuple[Decimal, int]:
            found = ask(bill, name, tag=key, cost=cost)
            at = found.columns.index("amount")
            rows = [row for row in found.rows if only is None or row[found.columns.index("value")] == only]
            return sum((row[at] for row in rows), Decimal()), len(rows)

        for tag in SCHEMA.required:
            (row,) = ask(bill, "coverage", tag=tag.key, cost=cost).rows
            _, _, whole, right, wrong, untagged, _ = row
            assert whole == right + wrong + untagged == sums("spend-by-tag", tag.key)[0]
            assert whole == sums("by-tag-and-usage", tag.key)[0]
            assert untagged == sums("missing-tag", tag.key)[0] == sums("spend-by-tag", tag.key, only="(untagged)")[0]
            assert wrong == sums("wrong-values", tag.key)[0]


def test_resources_cost_what_the_queries_say(tmp_path: Path) -> None:
    """An audit's costs are those of missing-tag, here where no resource has the key."""
    cells = [replace(cell, tags=None) for cell in sample_cells(SCHEMA, ["2026-01"], lines=300)]
    file = written(cells, tmp_path)
    spend = spend_by_resource([file])
    with open_bill([file]) as bill:
        found: Counter[str | None] = Counter()
        for row in ask(bill, "missing-tag", tag="team").rows:
            found[row[1]] += row[-1]
    assert found.pop(None) == spend.without_id
    assert dict(found) == dict(spend.amounts)
