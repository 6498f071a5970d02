"""The relation ``bill``: costs by the rule for each line type, tags wherever they stand, the same on both engines."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags.costs.bill import BILL_COLUMNS, LEFT_OUT, SAGEMAKER, bill_sql, to_duckdb
from costtags.costs.layout import Layout, recognise, tag_column
from costtags.costs.local import LocalBill, open_bill

from .test_bill_layout import AMORTISED, CUR

TEXT = {
    "bill_payer_account_id": "111122223333",
    "line_item_usage_account_id": "444455556666",
    "line_item_line_item_type": "Usage",
    "line_item_product_code": "AmazonSageMaker",
    "line_item_usage_type": "USE1-Host:ml.m5.large",
    "line_item_operation": "RunInstance",
    "line_item_currency_code": "USD",
    "line_item_resource_id": "",
    "reservation_reservation_a_r_n": "",
}
TIMES = {"bill_billing_period_start_date": "2026-03-01 00:00:00", "line_item_usage_start_date": "2026-03-04 10:00:00"}
AMOUNTS = dict.fromkeys(
    [
        "line_item_unblended_cost",
        "line_item_usage_amount",
        *(name for name in AMORTISED if name != "reservation_reservation_a_r_n"),
    ],
    0.0,
)


@contextmanager
def bill_of(*lines: Mapping[str, Any], maps: tuple[str, ...] = ("resource_tags",)) -> Iterator[LocalBill]:
    """A CUR 2.0 in Parquet with just these lines; what a line does not say is as in plain SageMaker usage."""
    columns = {
        **dict.fromkeys(TEXT, "VARCHAR"),
        **dict.fromkeys(TIMES, "TIMESTAMP"),
        **dict.fromkeys(AMOUNTS, "DOUBLE"),
    }
    columns |= dict.fromkeys(maps, "MAP(VARCHAR, VARCHAR)")
    plain = {**TEXT, **TIMES, **AMOUNTS, **dict.fromkeys(maps)}
    columns |= {name: "DOUBLE" for line in lines for name in line if name not in columns}
    with TemporaryDirectory() as folder:
        file = Path(folder, "bill.parquet")
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
            for line in lines:
                row = [{**plain, **line}.get(name) for name in columns]
                connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)
            connection.execute(f"COPY t TO '{file}' (FORMAT parquet)")
        with open_bill([file], threads=1) as bill:
            yield bill


def selected(bill: LocalBill, what: str, keys: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    return bill.query(f"WITH {bill.bill(keys)} SELECT {what} FROM bill").rows


PLAN = "line_item_line_item_type"


def test_a_reservation_paid_upfront_costs_a_dollar_a_day() -> None:
    """AWS's example: $365 for an All Upfront RI of a year that matching instances use costs $1 a day, amortised.

    https://docs.aws.amazon.com/cur/latest/userguide/amortized-reservation.html
    """
    reservation = {"reservation_reservation_a_r_n": "arn:aws:ec2:us-east-1:572481847476:reserved-instances/f8c204c1"}
    fee = {PLAN: "Fee", "line_item_unblended_cost": 365.0, **reservation}
    recurring = {PLAN: "RIFee", "line_item_unblended_cost": 0.0, **reservation}
    hour = {PLAN: "DiscountedUsage", "reservation_effective_cost": 1 / 24, **reservation}
    with bill_of(fee, recurring, *[hour] * 24) as bill:
        ((charged, cost),) = selected(bill, "sum(unblended), sum(amortised)")
    assert (charged, round(cost, 2)) == (Decimal(365), Decimal("1.00"))


def test_what_of_a_reservation_was_not_used_is_what_its_fee_costs() -> None:
    """The lines of AWS's tables: $68 upfront and $23 a month for 744 hours, of which here 600 were used.

    https://docs.aws.amazon.com/cur/latest/userguide/regular-reserved-instances.html
    """
    reservation = {"reservation_reservation_a_r_n": "arn:aws:ec2:us-east-1:572481847476:reserved-instances/f8c204c1"}
    hourly = 23 / 744
    lines = [
        {PLAN: "Fee", "line_item_unblended_cost": 68.0, **reservation},
        {
            PLAN: "RIFee",
            "line_item_unblended_cost": 23.0,
            "reservation_unused_recurring_fee": 144 * hourly,
            "reservation_unused_amortized_upfront_fee_for_billing_period": 1.0,
            **reservation,
        },
        *[{PLAN: "DiscountedUsage", "reservation_effective_cost": 60 * hourly, **reservation}] * 10,
    ]
    with bill_of(*lines) as bill:
        costs = dict(selected(bill, "line_type, round(sum(amortised), 6) FROM bill GROUP BY 1 --"))
    assert {kind: f"{cost:.6f}" for kind, cost in costs.items()} == {
        "Fee": "0.000000",
        "RIFee": f"{144 * hourly + 1:.6f}",
        "DiscountedUsage": f"{600 * hourly:.6f}",
    }


def test_a_savings_plan_paid_upfront_costs_its_hours_used_or_not() -> None:
    """AWS's line: a one-time fee of $43.80 for a year, All Upfront, so half a cent an hour of its 8,760.

    https://docs.aws.amazon.com/cur/latest/userguide/cur-sp.html: covered usage shows the on-demand cost, the negation
    takes it back; of an All Upfront plan, the recurring line says what was not used.
    """
    hourly = Decimal("43.80") / 8760
    lines = [
        {PLAN: "SavingsPlanUpfrontFee", "line_item_unblended_cost": 43.8},
        {
            PLAN: "SavingsPlanCoveredUsage",
            "line_item_unblended_cost": 0.012,
            "savings_plan_savings_plan_effective_cost": 0.004,
        },
        {PLAN: "SavingsPlanNegation", "line_item_unblended_cost": -0.012},
        {
            PLAN: "SavingsPlanRecurringFee",
            "savings_plan_total_commitment_to_date": float(hourly),
            "savings_plan_used_commitment": 0.004,
        },
    ]
    with bill_of(*lines) as bill:
        lines_read = selected(bill, "line_type, unblended, amortised")
    rows = {kind: (charged, cost) for kind, charged, cost in lines_read}
    assert rows == {
        "SavingsPlanUpfrontFee": (Decimal("43.8"), 0),
        "SavingsPlanCoveredUsage": (Decimal("0.012"), Decimal("0.004")),
        "SavingsPlanNegation": (Decimal("-0.012"), 0),
        "SavingsPlanRecurringFee": (0, Decimal("0.001")),
    }
    assert sum(cost for _, cost in rows.values()) == hourly


@pytest.mark.parametrize(
    ("product", "line_type", "part"),
    [
        ("AmazonSageMaker", "Usage", SAGEMAKER),
        ("AmazonSageMaker", "EdpDiscount", SAGEMAKER),
        ("AmazonSageMaker", "Fee", SAGEMAKER),
        ("AmazonSageMaker", "Tax", "tax"),
        ("AmazonSageMaker", "SavingsPlanNegation", SAGEMAKER),
        ("MachineLearningSavingsPlans", "SavingsPlanNegation", SAGEMAKER),
        ("MachineLearningSavingsPlans", "SavingsPlanRecurringFee", "commitment"),
        ("MachineLearningSavingsPlans", "SavingsPlanUpfrontFee", "commitment"),
        ("MachineLearningSavingsPlans", "Credit", "commitment"),
        ("MachineLearningSavingsPlans", "Tax", "tax"),
        ("ComputeSavingsPlans", "SavingsPlanRecurringFee", "other"),
        ("OCBPremiumSupport", "Fee", "support"),
        ("AmazonEC2", "Usage", "other"),
        (None, "Usage", "other"),
    ],
)
def test_every_line_belongs_to_one_part_of_the_bill(product: str | None, line_type: str, part: str) -> None:
    with bill_of({"line_item_product_code": product, PLAN: line_type}) as bill:
        assert selected(bill, "part") == [(part,)]
    assert part in {SAGEMAKER, *LEFT_OUT}


def test_net_costs_stand_beside_the_others_where_the_export_has_them() -> None:
    with bill_of({"line_item_unblended_cost": 10.0}) as bill:
        assert selected(bill, "unblended, net_unblended, net_amortised") == [(Decimal(10), None, None)]
    lines: list[dict[str, Any]] = [
        {"line_item_unblended_cost": 10.0, "line_item_net_unblended_cost": 9.0},
        {
            PLAN: "SavingsPlanRecurringFee",
            "line_item_net_unblended_cost": 0.0,
            "savings_plan_total_commitment_to_date": 4.0,
            "savings_plan_used_commitment": 3.0,
            "savings_plan_recurring_commitment_for_billing_period": 8.0,
            "savings_plan_net_recurring_commitment_for_billing_period": 6.0,
        },
    ]
    with bill_of(*lines) as bill:
        assert selected(bill, "amortised, net_amortised") == [(Decimal(10), Decimal(9)), (Decimal(1), Decimal("0.75"))]


def test_tags_are_read_from_the_normalised_map_and_empty_ones_are_none() -> None:
    own = {"user_sagemaker_domain_arn": "arn:d", "aws_sagemaker_user_profile_arn": "arn:u"}
    lines = [
        {"resource_tags": {"user_cost_center": "ML-Sales", **own}},
        {"resource_tags": {"user_cost_center": ""}},
        {"resource_tags": None},
    ]
    with bill_of(*lines) as bill:
        rows = selected(
            bill, "tag_cost_center, sagemaker_domain, sagemaker_user_profile", ("cost-center", "CostCenter")
        )
    assert rows == [("ML-Sales", "arn:d", "arn:u"), (None, None, None), (None, None, None)]


def test_tags_are_read_from_the_map_that_keeps_keys_as_they_are() -> None:
    lines = [
        {"tags": {"resourceTags/cost-center": "a", "accountTag/cost-center": "x"}},
        {"tags": {"resourceTags/user:cost-center": "b"}},
        {"tags": {"resourceTags/CostCenter": "another key", "costCategory/cost-center": "x"}},
    ]
    with bill_of(*lines, maps=("tags",)) as bill:
        assert selected(bill, "tag_cost_center", ("cost-center",)) == [("a",), ("b",), (None,)]


KEYS = st.text(st.sampled_from("aB9 +-=._:/@é界"), min_size=1, max_size=12)  # the letters that AWS allows in a key


@settings(max_examples=15, deadline=None)
@given(
    st.lists(KEYS, min_size=1, max_size=4, unique_by=tag_column),
    st.lists(st.text().map(lambda text: text.replace("\0", "")), min_size=4, max_size=4),
)
def test_any_key_and_value_comes_out_as_it_went_in(keys: list[str], values: list[str]) -> None:
    """In a map, as Parquet has it, and in JSON text, as CSV has it."""
    billed = {f"resourceTags/{key}": value for key, value in zip(keys, values, strict=False)}
    types = {**dict.fromkeys((*CUR, *AMORTISED), "VARCHAR"), **dict.fromkeys(TIMES, "TIMESTAMP")}
    for json_tags, kind, value in ((False, "MAP(VARCHAR, VARCHAR)", billed), (True, "VARCHAR", json.dumps(billed))):
        layout = recognise((*types, "tags"), json_tags=json_tags)
        with duckdb.connect() as connection:
            columns = ", ".join(f"{name} {kind}" for name, kind in {**types, "tags": kind}.items())
            connection.execute(f"CREATE TABLE t ({columns})")
            connection.execute("INSERT INTO t (tags) VALUES (?)", [value])
            sql = to_duckdb(f"WITH {bill_sql(layout, 't', keys)} SELECT {', '.join(map(tag_column, keys))} FROM bill")
            assert connection.execute(sql).fetchone() == tuple(value or None for value in billed.values())


def test_only_the_months_that_are_wanted_are_read() -> None:
    months = [{"bill_billing_period_start_date": f"{month}-01 00:00:00"} for month in ("2025-11", "2025-12", "2026-01")]
    with bill_of(*months) as bill:
        sql = f"WITH {bill.bill((), ('2025-12', '2025-12'))} SELECT billing_period, usage_date FROM bill"
        assert [row[0] for row in bill.query(sql).rows] == ["2025-12"]


def test_on_athena_the_partitions_of_other_months_are_not_scanned() -> None:
    layout = Layout("CUR 2.0", frozenset({*CUR, *AMORTISED, "resource_tags"}))
    sql = bill_sql(layout, '"costs"."cur2"', ["cost-center"], months=("2025-12", "2026-02"), partition="billing_period")
    assert sql.endswith(
        'FROM "costs"."cur2"\n'
        "WHERE billing_period BETWEEN '2025-12' AND '2026-02'\n"
        "  AND bill_billing_period_start_date >= TIMESTAMP '2025-12-01 00:00:00'\n"
        "  AND bill_billing_period_start_date < TIMESTAMP '2026-03-01 00:00:00'\n)"
    )
    assert "NULLIF(element_at(resource_tags, 'user_cost_center'), '') AS tag_cost_center" in sql
    legacy = bill_sql(recognise(CUR), "t", [], months=("2025-12", "2026-02"), partition=("year", "month"))
    assert "WHERE (year = '2025' AND month IN ('12') OR year = '2026' AND month IN ('1', '01', '2', '02'))\n" in legacy
    with pytest.raises(ValueError, match='"2026-13" is no month: write YYYY-MM'):
        bill_sql(layout, "t", [], months=("2026-01", "2026-13"))


@pytest.mark.parametrize("json_tags", [False, True])
@pytest.mark.parametrize("columns", [(*CUR, *AMORTISED, "resource_tags", "tags"), CUR, (*CUR, "resource_tags_user_a")])
def test_the_text_is_athenas_and_has_every_column(columns: tuple[str, ...], json_tags: bool) -> None:
    layout = recognise(columns, json_tags=json_tags)
    parsed = sqlglot.parse_one(f"WITH {bill_sql(layout, 't', ['a', 'B'])} SELECT * FROM bill", read="athena")
    (relation,) = parsed.find_all(sqlglot.exp.CTE)
    assert relation.this.named_selects == [*BILL_COLUMNS, "tag_a", "tag_b"]


def test_amounts_are_added_up_as_decimals() -> None:
    """A tenth is no binary fraction: doubles would miss the sum."""
    with bill_of(*[{"line_item_unblended_cost": 0.1}] * 1000, {"line_item_unblended_cost": 1e-10}) as bill:
        assert selected(bill, "sum(unblended)") == [(Decimal("100.0000000001"),)]


def test_an_account_without_discounts_has_no_net_costs() -> None:
    """CUR 2.0 has the net columns in any case: what a plan covers is then not free."""
    empty = {"line_item_net_unblended_cost": None, "savings_plan_net_savings_plan_effective_cost": None}
    kinds = ("Usage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "RIFee")
    with bill_of(*({PLAN: kind, **empty} for kind in kinds)) as bill:
        assert selected(bill, "count(net_amortised), count(amortised)") == [(0, 4)]
    covered = {PLAN: "SavingsPlanCoveredUsage", **empty, "savings_plan_net_savings_plan_effective_cost": 2.5}
    with bill_of(covered) as bill:
        assert selected(bill, "net_amortised") == [(Decimal("2.5"),)]


def test_covered_usage_without_its_cost_is_not_free() -> None:
    plan = {PLAN: "SavingsPlanCoveredUsage", "savings_plan_savings_plan_effective_cost": None}
    with bill_of(plan, {PLAN: "DiscountedUsage", "reservation_effective_cost": None}) as bill:
        assert selected(bill, "amortised") == [(None,), (None,)]


def test_keys_that_share_a_column_lose_no_value() -> None:
    lines = [
        {"tags": {"resourceTags/a.b": "first"}},
        {"tags": {"resourceTags/a-b": "second"}},
        {"tags": {"resourceTags/a.b": "1", "resourceTags/a-b": "2"}},
    ]
    with bill_of(*lines, maps=("tags",)) as bill:
        found = selected(bill, "tag_a_b", ("a.b", "a-b"))
    assert sorted(found) == [("1",), ("first",), ("second",)]
