"""The report's data: right to the cent against the sample bill's known totals, from files and from Trino."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costtags.costs.answer import Source
from costtags.costs.cube import facts_of_athena, facts_of_files
from costtags.costs.facts import Facts, Wanted, with_gaps
from costtags.costs.files import BillError
from costtags.costs.local import Rows, open_bill
from costtags.costs.report import Report, report
from costtags.costs.report_html import as_html
from costtags.costs.report_json import as_json
from costtags.costs.report_markdown import as_markdown
from costtags.costs.sample import Cell, sample_cells, totals
from costtags.costs.sample_files import write_sample
from costtags.schema import Schema, load

from .test_queries import in_trino
from .trino import Trino
from .trino.conftest import trino

__all__ = ["trino"]  # a fixture

SCHEMA = load(Path(__file__).parents[1] / "tags.yaml")
MONTHS = ("2025-12", "2026-01", "2026-02")
CELLS = sample_cells(SCHEMA, MONTHS, lines=3000, last_day=17)
FILES = [("cur2", "parquet"), ("cur2", "csv"), ("legacy", "parquet"), ("legacy", "csv.gz"), ("monthly", "csv")]


def facts_of(path: Path, schema: Schema = SCHEMA, **wanted: Any) -> Facts:
    with open_bill([path], threads=1) as bill:
        return facts_of_files(bill, Wanted(schema, wanted.pop("keys", tuple(schema.tags)), **wanted), "a bill")


def report_of(path: Path, schema: Schema = SCHEMA, **wanted: Any) -> Report:
    return report(facts_of(path, schema, **wanted), schema, "tags.yaml")


def document(path: Path, **wanted: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(as_json(report_of(path, **wanted)))
    return made


def written(cells: Sequence[Cell], folder: Path, **how: Any) -> Path:
    write_sample(cells, folder, **how)
    return folder


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(CELLS, tmp_path_factory.mktemp("sample"))


def amounts(sums: dict[tuple[Any, ...], Decimal]) -> dict[Any, Decimal]:
    return {"(untagged)" if key[0] is None else key[0]: amount for key, amount in sums.items()}


@pytest.mark.parametrize(("layout", "form"), FILES)
@pytest.mark.parametrize("cost", ["amortised", "unblended"])
def test_all_sums_are_the_generators(layout: str, form: str, cost: str, tmp_path: Path) -> None:
    written(CELLS, tmp_path, layout=layout, form=form)
    if layout == "monthly" and cost == "amortised":
        with pytest.raises(BillError, match="has no amortised costs; ask for --cost unblended"):
            document(tmp_path, cost=cost)
        return
    made = document(tmp_path, cost=cost)
    whole = totals(CELLS, measure=cost, part=None)[()]
    assert made["version"] == 1
    assert made["currency"] == "USD"
    assert made["months"] == list(MONTHS)
    assert Decimal(made["total"]) == totals(CELLS, measure=cost)[()]
    assert decimals(made["by_month"]) == amounts(totals(CELLS, lambda cell: cell.month, measure=cost))
    assert decimals(made["by_usage"]) == amounts(totals(CELLS, lambda cell: cell.group, measure=cost))
    for key in SCHEMA.tags:
        known = amounts(totals(CELLS, lambda cell, key=key: cell.value(key), measure=cost))
        assert decimals(made["by_tag"][key]) == known
        assert sum(decimals(made["by_tag"][key]).values()) == Decimal(made["total"])
        share = 1 - known["(untagged)"] / Decimal(made["total"])
        assert made["coverage"][key] == pytest.approx(float(share), abs=0.0001)
        by_month = {value: decimals(of) for value, of in made["by_tag_and_month"][key].items()}
        for month in MONTHS:
            assert sum(of[month] for of in by_month.values()) == Decimal(made["by_month"][month])
    # Nothing is lost: what is in the report and what it leaves out is the whole bill.
    assert Decimal(made["total"]) + sum(Decimal(one["amount"]) for one in made["left_out"]) == whole
    assert [one["what"] for one in made["left_out"]] == [
        "Savings Plans for machine learning: fees, and commitment that was not used",
        "tax",
        "AWS Support",
        "other AWS products",
    ]
    if layout == "monthly":  # one line a month: no one can tell whether a month is whole; no resource is named
        assert made["partial_months"] == {}
        assert made["untagged_top"] is None
    else:
        assert made["partial_months"] == {"2026-02": "2026-02-17"}


def decimals(said: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in said.items()}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), lines=st.integers(1, 900))
def test_sums_hold_for_any_bill(seed: int, lines: int, tmp_path: Path) -> None:
    cells = sample_cells(SCHEMA, ["2026-02"], lines=lines, seed=seed)
    made = document(written(cells, tmp_path / f"{seed}-{lines}"))
    for key in SCHEMA.tags:
        assert decimals(made["by_tag"][key]) == {"(untagged)": Decimal(0)} | amounts(
            totals(cells, lambda cell, key=key: cell.value(key))
        )
    whole = totals(cells, part=None)[()]
    assert Decimal(made["total"]) + sum(Decimal(one["amount"]) for one in made["left_out"]) == whole


def test_a_monthly_report_is_unblended_and_says_so(tmp_path: Path) -> None:
    made = document(written(CELLS, tmp_path, layout="monthly"))
    assert made["cost"] == "unblended"
    assert (
        "a monthly cost allocation report holds what was charged only: costs are unblended, not amortised"
        in made["notes"]
    )


def test_net_costs_are_read_where_they_are(tmp_path: Path, sample: Path) -> None:
    made = document(written(CELLS, tmp_path, net=True), cost="net-unblended")
    assert f"{Decimal(made['total']):.2f}" == f"{totals(CELLS, measure='unblended')[()] * 9 / 10:.2f}"
    with pytest.raises(BillError, match=r"the bill has no net-amortised costs .*; ask for --cost amortised"):
        document(sample, cost="net-amortised")


def test_the_untagged_list_is_what_lacks_a_required_key(sample: Path) -> None:
    made = document(sample)
    lacking = [cell for cell in CELLS if any(cell.value(tag.key) is None for tag in SCHEMA.required)]
    known = totals(lacking, lambda cell: cell.resource, lambda cell: cell.account, lambda cell: cell.group)
    found = [
        ((one["resource"], one["account"], one["usage_group"]), Decimal(one["amount"])) for one in made["untagged_top"]
    ]
    assert found
    assert [amount for _, amount in found] == sorted((amount for amount in known.values() if amount > 0), reverse=True)[
        :25
    ]
    assert all(known[group] == amount for group, amount in found)
    first = made["untagged_top"][0]
    assert set(first["missing"]) <= {"cost-center", "environment", "project"}
    assert all(Decimal(amount) <= Decimal(first["amount"]) for amount in first["missing"].values())
    narrowed = document(sample, keys=("team",))
    assert {key for one in narrowed["untagged_top"] for key in one["missing"]} == {"team"}


def test_wrong_values_stand_under_what_was_written(sample: Path) -> None:
    made = document(sample)
    known = {
        (key, cell.value(key))
        for key, tag in SCHEMA.tags.items()
        for cell in CELLS
        if cell.part == "sagemaker" and cell.value(key) and not tag.allows(str(cell.value(key)))
    }
    assert {(one["key"], one["value"]) for one in made["wrong_values"]} == known
    meant = {(one["key"], one["value"]): one["meant"] for one in made["wrong_values"]}
    assert {value: right for (key, value), right in meant.items() if key == "cost-center" and right} == {
        wrong: right for wrong, right in SCHEMA.tags["cost-center"].meaning.items() if ("cost-center", wrong) in known
    }
    for one in made["wrong_values"]:
        assert one["amount"] == made["by_tag"][one["key"]][one["value"]]


def test_budgets_count_as_aws_does(sample: Path) -> None:
    made = document(sample, keys=("team",))  # their keys are read all the same
    states = {(one["name"], one["period"]): one for one in made["budgets"]}
    for month in MONTHS:
        of = [cell for cell in CELLS if cell.month == month]
        assert Decimal(states["ml-all", month]["actual"]) == totals(of, measure="unblended")[()]
        by_value = totals(of, lambda cell: cell.value("cost-center"), measure="unblended")
        marketing = states["ml-marketing", month]
        assert Decimal(marketing["actual"]) == by_value[("ML-Marketing",)]
        assert marketing["used"] == pytest.approx(float(by_value[("ML-Marketing",)] / 5000), abs=0.0001)
    assert states["ml-all", "2026-02"]["note"] == "2026-02 until 2026-02-17"
    assert states["ml-all", "2026-01"]["watches"] == "Amazon SageMaker"


def schema_with(text: str, folder: Path) -> Schema:
    path = folder / "tags.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_budgets_that_cannot_be_compared_say_why(sample: Path, tmp_path: Path) -> None:
    schema = schema_with(
        """\
version: 1
tags:
  team: {required: false}
  environment: {values: [dev, prod, staging]}
budgets:
  - name: hours
    usage_types: [USE1-Train:ml.m5.xlarge]
    limit: {amount: 10, unit: hours, period: monthly}
  - name: euros
    limit: {amount: 10, unit: EUR, period: monthly}
  - name: a-day
    limit: {amount: 10, unit: USD, period: daily}
  - name: storage
    services: [Amazon Simple Storage Service]
    limit: {amount: 10, unit: USD, period: monthly}
  - name: quarter
    tags: {environment: [dev, prod]}
    limit: {amount: 10, unit: USD, period: quarterly}
  - name: everything
    limit: {amount: 1000000, unit: USD, period: annually}
""",
        tmp_path,
    )
    made = json.loads(as_json(report_of(sample, schema)))
    assert [(one["name"], one["period"], one["note"]) for one in made["budgets"]] == [
        ("hours", "monthly", "it counts usage (hours), and this is a report of costs"),
        ("euros", "monthly", "its limit is in EUR, and the bill in USD"),
        ("a-day", "daily", "its limit is for a day, and this is a report of months"),
        (
            "storage",
            "monthly",
            "it watches Amazon Simple Storage Service, which a bill names otherwise; --explorer can tell",
        ),
        ("quarter", "2025-Q4", "1 of its 3 months"),
        ("quarter", "2026-Q1", "2 of its 3 months, 2026-02 until 2026-02-17"),
        ("everything", "2025", "1 of its 12 months"),
        ("everything", "2026", "2 of its 12 months, 2026-02 until 2026-02-17"),
    ]
    december, early = (one for one in made["budgets"] if one["name"] == "everything")
    whole = totals(CELLS, lambda cell: cell.month, measure="unblended", part=None)
    assert Decimal(december["actual"]) == whole[("2025-12",)]
    assert Decimal(early["actual"]) == whole[("2026-01",)] + whole[("2026-02",)]
    by_value = totals(
        [cell for cell in CELLS if cell.month == "2025-12"],
        lambda cell: cell.value("environment"),
        measure="unblended",
        part=None,
    )
    (quarter,) = (one for one in made["budgets"] if one["period"] == "2025-Q4")
    assert Decimal(quarter["actual"]) == by_value[("dev",)] + by_value[("prod",)]


def test_changes_are_between_the_last_two_whole_months(sample: Path) -> None:
    made = document(sample)
    assert made["compared"] == ["2025-12", "2026-01"]
    by = totals(CELLS, lambda cell: cell.group, lambda cell: cell.month)
    usage = [one for one in made["changes"] if one["of"] == "usage"]
    moved = [abs(Decimal(one["change"])) for one in usage]
    assert moved == sorted(moved, reverse=True)
    for one in usage:
        before, after = (by.get((one["name"], month), Decimal()) for month in made["compared"])
        assert (Decimal(one["before"]), Decimal(one["after"])) == (before, after)
        assert Decimal(one["change"]) == after - before
    assert {one["of"] for one in made["changes"]} == {*SCHEMA.tags, "usage", "resource"}


def test_the_last_months_only(sample: Path) -> None:
    made = document(sample, months=2)
    shown = [cell for cell in CELLS if cell.month in MONTHS[1:]]
    assert made["months"] == list(MONTHS[1:])
    assert Decimal(made["total"]) == totals(shown)[()]
    assert "the bill goes back to 2025-12; shown are the last 2 months" in made["notes"]
    lacking = [cell for cell in shown if any(cell.value(tag.key) is None for tag in SCHEMA.required)]
    assert Decimal(made["untagged_top"][0]["amount"]) == max(
        totals(lacking, lambda cell: cell.resource, lambda cell: cell.account, lambda cell: cell.group).values()
    )


def test_a_month_without_lines_is_a_month_of_nothing(tmp_path: Path) -> None:
    made = document(written([cell for cell in CELLS if cell.month != "2026-01"], tmp_path))
    assert made["months"] == list(MONTHS)
    assert made["by_month"]["2026-01"] == "0.00"
    assert made["coverage_by_month"]["team"]["2026-01"] is None
    assert "no line of 2026-01 in the bill" in made["notes"]
    assert "2026-01: nothing was spent on SageMaker" in made["notes"]


def test_a_bill_of_other_products_only(tmp_path: Path) -> None:
    made_report = report_of(written([cell for cell in CELLS if cell.part == "other"], tmp_path))
    made = json.loads(as_json(made_report))
    assert made["total"] == "0.00"
    assert made["by_tag"]["team"] == {"(untagged)": "0.00"}
    assert made["coverage"]["team"] is None
    assert made["untagged_top"] == []
    assert "No resource has spend" in as_html(made_report)
    assert as_markdown(made_report)


def test_keys_that_were_never_seen_are_named(sample: Path, tmp_path: Path) -> None:
    schema = schema_with("version: 1\ntags:\n  team: {required: false}\n  squad: {required: false}\n", tmp_path)
    made_report = report_of(sample, schema)
    made = json.loads(as_json(made_report))
    assert made["keys_never_seen"] == ["squad"]
    assert made["by_tag"]["squad"] == {"(untagged)": made["total"]}
    assert made["coverage"]["squad"] == 0
    assert (
        "no line has the tag squad: either no resource has it, or it is not active as a cost allocation tag "
        "(costtags activate)"
    ) in made["notes"]
    assert "costtags activate" in as_html(made_report)
    assert "not active, or was never set" in as_markdown(made_report)


def test_keys_that_collide_are_said(sample: Path, tmp_path: Path) -> None:
    schema = schema_with("version: 1\ntags:\n  cost-center: {}\n  cost.center: {required: false}\n", tmp_path)
    made = json.loads(as_json(report_of(sample, schema)))
    assert made["by_tag"]["cost-center"] == made["by_tag"]["cost.center"]
    assert any(
        note.startswith("the keys cost-center, cost.center are one column in AWS's bills") for note in made["notes"]
    )


def test_several_currencies_are_never_added_up(tmp_path: Path) -> None:
    mixed = [*CELLS, *(replace(cell, currency="CNY") for cell in CELLS[:5])]
    written(mixed, tmp_path)
    with pytest.raises(BillError) as caught:
        document(tmp_path)
    assert str(caught.value) == (
        "the bill has lines in several currencies (CNY, USD), which cannot be added up: choose one by --currency CNY"
    )
    made = document(tmp_path, currency="USD")
    assert Decimal(made["total"]) == totals(CELLS)[()]
    (other,) = (one for one in made["left_out"] if "CNY" in one["what"])
    assert other["what"] == "what is in CNY, counted in it"
    assert Decimal(other["amount"]) == totals(CELLS[:5], part=None)[()]
    with pytest.raises(BillError, match="no line is in EUR; currencies of the bill: CNY, USD"):
        document(tmp_path, currency="EUR")


def test_coverage_beyond_its_bounds_is_explained(tmp_path: Path) -> None:
    usual = next(
        cell for cell in CELLS if cell.line_type == "Usage" and cell.part == "sagemaker" and cell.value("team")
    )
    credit = replace(
        usual, line_type="Credit", tags=None, unblended=-usual.unblended // 2, amortised=-usual.amortised // 2
    )
    made_report = report_of(written([usual, credit], tmp_path))
    assert made_report.keys[3].coverage == 2.0
    assert any("credits and refunds are negative" in note for note in made_report.notes)
    assert as_html(made_report)


def test_a_value_that_reads_like_no_value_is_not_lost(tmp_path: Path) -> None:
    usual = next(cell for cell in CELLS if cell.line_type == "Usage" and cell.part == "sagemaker")
    odd = replace(usual, tags={"team": "(untagged)"}, amortised=5, unblended=5, lines=1)
    none = replace(usual, tags=None, amortised=7, unblended=7, lines=1)
    made = document(written([odd, none], tmp_path))
    assert made["by_tag"]["team"] == {"(untagged)": "0.000007", '"(untagged)"': "0.000005"}


def test_the_same_bill_gives_the_same_bytes(sample: Path) -> None:
    once, again = report_of(sample), report_of(sample)
    for form in (as_json, as_html, as_markdown):
        assert form(once) == form(again)


def test_gaps_are_filled() -> None:
    assert with_gaps(["2025-11", "2026-02"]) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert with_gaps([]) == []


# Trino, which Athena's engine is, gives the same facts.


def in_python(kind: str, cell: str | None) -> Any:
    if cell is None:
        return None
    if kind.startswith("decimal"):
        return Decimal(cell)
    if kind == "date":
        return date.fromisoformat(cell)
    return int(cell) if kind in ("bigint", "integer") else cell


def test_trino_gives_the_same_facts(tmp_path: Path, trino: Trino) -> None:
    cells = sample_cells(SCHEMA, MONTHS[:2], lines=1, last_day=9)
    statements = []

    def run(sql: str) -> Rows:
        statements.append(sql)
        told = trino.run(sql)
        rows = [tuple(map(in_python, told["types"], row)) for row in told["rows"]]
        return Rows(tuple(told["columns"]), rows)

    wanted = Wanted(SCHEMA, tuple(SCHEMA.tags))
    with open_bill([written(cells, tmp_path)], threads=1) as bill:
        lines = in_trino(bill)
        here = facts_of_files(bill, wanted, "a bill")
        there = facts_of_athena(Source(bill.layout, lines, run), wanted, "a bill", MONTHS[:2])
    assert len(statements) == 2
    assert there.usage == here.usage
    assert there.tags == here.tags
    assert as_json(report(there, SCHEMA, "t")) == as_json(report(here, SCHEMA, "t"))
