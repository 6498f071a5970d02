"""The sample bill: its totals, known by construction, are what the reader finds in each of AWS's layouts."""

import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costtags.costs.local import open_bill
from costtags.costs.resources import spend_by_resource
from costtags.costs.sample import Cell, sample_cells, totals
from costtags.costs.sample_files import write_sample
from costtags.schema import load

SCHEMA = load(Path(__file__).parents[1] / "tags.yaml")
MONTHS = ("2025-12", "2026-01")
CELLS = sample_cells(SCHEMA, MONTHS, lines=3000)
FILES = [
    ("cur2", "parquet"),
    ("cur2", "csv"),
    ("cur2", "zip"),
    ("legacy", "parquet"),
    ("legacy", "csv.gz"),
    ("monthly", "csv"),
]


@pytest.mark.parametrize(("layout", "form"), FILES)
def test_totals_are_the_generators_to_the_last_digit(layout: str, form: str, tmp_path: Path) -> None:
    write_sample(CELLS, tmp_path, layout=layout, form=form)
    by = {
        "billing_period": lambda cell: cell.month,
        "part": lambda cell: cell.part,
        "usage_group": lambda cell: cell.group,
        "account": lambda cell: cell.account,
        "tag_cost_center": lambda cell: cell.value("cost-center"),
        "tag_team": lambda cell: cell.value("team"),
        "sagemaker_user_profile": lambda cell: cell.value("sagemaker:user-profile-arn"),
    }
    columns = ", ".join(by)
    with open_bill([tmp_path]) as bill:
        rows = bill.query(
            f"WITH {bill.bill(SCHEMA.tags)} SELECT {columns}, SUM(unblended), SUM(amortised) "
            f"FROM bill GROUP BY {columns}"
        ).rows
    measures = ["unblended"] if layout == "monthly" else ["unblended", "amortised"]
    for position, measure in enumerate(measures, start=len(by)):
        found = {row[: len(by)]: row[position] for row in rows}
        assert found == totals(CELLS, *by.values(), measure=measure, part=None)
    if layout == "monthly":  # it has what was charged only, and nothing else is made up
        assert {row[-1] for row in rows} == {None}


@pytest.mark.parametrize(("layout", "form"), [("cur2", "parquet"), ("legacy", "csv")])
def test_net_costs_are_the_generators(layout: str, form: str, tmp_path: Path) -> None:
    write_sample(CELLS, tmp_path, layout=layout, form=form, net=True)
    with open_bill([tmp_path]) as bill:
        ((net, amortised),) = bill.query(
            f"WITH {bill.bill(())} SELECT SUM(net_unblended), SUM(net_amortised) FROM bill WHERE part = 'sagemaker'"
        ).rows
    for found, measure in ((net, "unblended"), (amortised, "amortised")):
        (whole,) = totals(CELLS, measure=measure).values()
        assert f"{found:.2f}" == f"{whole * 9 / 10:.2f}"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), lines=st.integers(1, 900), day=st.integers(2, 28))
def test_totals_hold_for_any_seed_and_size(seed: int, lines: int, day: int, tmp_path: Path) -> None:
    cells = sample_cells(SCHEMA, ["2026-02"], lines=lines, seed=seed, last_day=day)
    files = write_sample(cells, tmp_path / f"{seed}-{lines}")
    with open_bill(files, threads=1) as bill:
        rows = bill.query(
            f"WITH {bill.bill(SCHEMA.tags)} SELECT tag_project, SUM(amortised) FROM bill "
            "WHERE part = 'sagemaker' GROUP BY 1"
        ).rows
        assert sum(month.lines for month in bill.months) == max(lines, len(cells))
        assert bill.months[0].complete == (day == 28)
    assert dict(rows) == {value: cost for (value,), cost in totals(cells, lambda cell: cell.value("project")).items()}


def test_it_shows_every_case_that_a_bill_has() -> None:
    """So that no report is only tried on what is easy."""
    kinds = Counter(cell.line_type for cell in CELLS)
    assert {
        "Usage",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
        "SavingsPlanUpfrontFee",
        "DiscountedUsage",
        "RIFee",
        "Fee",
        "Credit",
        "Refund",
        "EdpDiscount",
        "Tax",
    } <= kinds.keys()
    assert {cell.part for cell in CELLS} == {"sagemaker", "commitment", "tax", "support", "other"}
    large = sample_cells(SCHEMA, MONTHS, lines=100_000)
    tags = [cell.tags for cell in large]
    assert max(len(one or ()) for one in tags) >= 50
    assert None in tags
    assert {} in tags
    assert any("" in (one or {}).values() for one in tags)
    assert any("cost__center" in (one or {}) for one in tags)  # one column with cost-center
    assert any(value == "=1+1" for one in tags for value in (one or {}).values())
    assert any(cell.hours[0] < 0 for cell in large)  # usage that began in the month before
    halves = [cell for cell in large if cell.hours[0] > 0]
    assert all(any(one.resource == cell.resource and one.tags is None for one in large) for cell in halves[:5])
    assert sum(cell.lines for cell in large) == 100_000


def test_the_same_seed_gives_the_same_bill() -> None:
    assert sample_cells(SCHEMA, MONTHS, lines=3000) == CELLS
    assert sample_cells(SCHEMA, MONTHS, lines=3000, seed=2) != CELLS


def test_each_resource_has_its_cost(tmp_path: Path) -> None:
    write_sample(CELLS, tmp_path)
    december = [cell for cell in CELLS if cell.month == "2025-12"]
    spend = spend_by_resource([tmp_path], "2025-12")
    known = {resource: cost for (resource,), cost in totals(december, lambda cell: cell.resource).items()}
    without = known.pop(None)
    assert (spend.month, spend.currency, spend.complete) == ("2025-12", "USD", True)
    assert spend.amounts == known
    assert spend.without_id == without
    assert spend.total == sum(totals(december).values(), Decimal())


def test_the_last_full_month_is_taken(tmp_path: Path) -> None:
    partial = sample_cells(SCHEMA, MONTHS, lines=1000, last_day=12)
    write_sample(partial, tmp_path)
    spend = spend_by_resource([tmp_path])
    assert (spend.month, spend.complete) == ("2025-12", True)
    assert spend_by_resource([tmp_path], "2026-01").complete is False
    (only,) = write_sample(sample_cells(SCHEMA, ["2026-03"], lines=500, last_day=9), tmp_path / "one")
    spend = spend_by_resource([only])
    assert (spend.month, spend.complete) == ("2026-03", False)


def test_a_sample_can_be_written_from_the_command_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "costtags.costs.sample_files",
        tmp_path / "bill",
        "--lines=600",
        "--months=2026-02",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    file, unblended, amortised = ran.stdout.splitlines()
    assert file == str(tmp_path / "bill/data/BILLING_PERIOD=2026-02/sample-00001.snappy.parquet")
    cells: list[Cell] = sample_cells(SCHEMA, ["2026-02"], lines=600)
    (total,) = totals(cells, measure="unblended").values()
    assert unblended == f"SageMaker, unblended: {total:,.2f}"
    assert amortised == f"SageMaker, amortised: {spend_by_resource([Path(file)]).total:,.2f}"


def test_what_the_command_cannot_do_is_said(tmp_path: Path) -> None:
    for option, message in (
        ("--months=2026-13", "Error: --months: write YYYY-MM,YYYY-MM"),
        (f"--schema={tmp_path / 'none.yaml'}", "none.yaml:1: "),
    ):
        command = [sys.executable, "-m", "costtags.costs.sample_files", tmp_path / "bill", option]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
        assert ran.returncode == 2
        assert message in ran.stderr
        assert "Traceback" not in ran.stderr
