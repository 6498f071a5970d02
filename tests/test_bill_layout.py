"""Which layout a bill has, and what AWS calls its columns."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtags.costs.layout import CUR2, LEGACY, MONTHLY, WrongLayout, collisions, column_name, recognise, tag_column
from costtags.costs.usage import usage_group

CUR = (
    "bill_billing_period_start_date",
    "line_item_usage_start_date",
    "line_item_usage_account_id",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_currency_code",
    "line_item_unblended_cost",
)
AMORTISED = (
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "reservation_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "reservation_reservation_a_r_n",
)


@pytest.mark.parametrize(
    ("name", "athena"),
    [
        # The first is the example of AWS's page; the others are columns that public Athena tables of CURs have.
        (
            "ExampleColumnName : Example Column Name Continued",
            "example_column_name_example_column_name_continued",
        ),
        ("lineItem/UnblendedCost", "line_item_unblended_cost"),
        ("savingsPlan/SavingsPlanARN", "savings_plan_savings_plan_a_r_n"),
        ("reservation/ReservationARN", "reservation_reservation_a_r_n"),
        ("savingsPlan/TotalCommitmentToDate", "savings_plan_total_commitment_to_date"),
        ("resourceTags/user:Name", "resource_tags_user_name"),
        ("resourceTags/user:cost-center", "resource_tags_user_cost_center"),
        ("resourceTags/user:CostCenter", "resource_tags_user_cost_center"),
        ("resourceTags/user:COST", "resource_tags_user_c_o_s_t"),
        ("resourceTags/aws:createdBy", "resource_tags_aws_created_by"),
        ("resourceTags/user:app.kubernetes.io/name", "resource_tags_user_app_kubernetes_io_name"),
        ("__Cost--Center__", "cost_center"),
    ],
)
def test_columns_are_named_as_aws_names_them(name: str, athena: str) -> None:
    assert column_name(name) == athena


@given(st.text())
def test_a_name_is_one_that_athena_allows_and_stays_as_it_is(name: str) -> None:
    made = column_name(name)
    assert re.fullmatch("([a-z0-9]+(_[a-z0-9]+)*)?", made)
    assert column_name(made) == made


def test_keys_that_aws_gives_one_column_are_told() -> None:
    keys = ["cost-center", "CostCenter", "cost.center", "environment"]
    assert tag_column("CostCenter") == "tag_cost_center"
    assert collisions(keys) == [("cost-center", "CostCenter", "cost.center")]


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ((*CUR, *AMORTISED, "resource_tags"), CUR2),
        ((*CUR, *AMORTISED, "tags"), CUR2),
        (CUR, LEGACY),  # its other columns follow the use of AWS
        ((*CUR, "resource_tags_user_cost_center"), LEGACY),
    ],
)
def test_a_layout_is_known_by_its_columns(columns: tuple[str, ...], name: str) -> None:
    assert recognise(columns).name == name


def test_what_a_cur_2_0_lacks_is_named_with_what_adds_it() -> None:
    columns = [*CUR, *AMORTISED, "resource_tags"]
    columns.remove("line_item_unblended_cost")
    columns.remove("savings_plan_used_commitment")
    with pytest.raises(WrongLayout) as caught:
        recognise(columns)
    assert str(caught.value) == (
        "a CUR 2.0 without columns that are needed: line_item_unblended_cost, savings_plan_used_commitment "
        "(select it in the export's query)"
    )
    with pytest.raises(WrongLayout, match=r"a CUR 2\.0 without columns that are needed: resource_tags"):
        recognise([*CUR, *AMORTISED, "bill_payer_account_name"])
    with pytest.raises(WrongLayout) as caught:
        recognise([*CUR, *AMORTISED, "resource_tags"]).needs("line_item_resource_id")
    assert str(caught.value) == (
        "a CUR 2.0 without columns that are needed: line_item_resource_id "
        '(turn on "Include resource IDs", INCLUDE_RESOURCES, in the export)'
    )


def test_other_files_are_refused_with_what_to_export() -> None:
    with pytest.raises(WrongLayout, match=r"it is a FOCUS export, .*; costtags reads CUR 2\.0 \(Billing and Cost"):
        recognise(["billed_cost", "effective_cost", "service_name"])
    with pytest.raises(WrongLayout, match=r"it is no bill that costtags knows \(its columns: a, b, \.\.\.\); costtags"):
        recognise(["b", "a"])
    with pytest.raises(WrongLayout, match="a monthly cost allocation report without columns that are needed: payer_ac"):
        recognise(["cost_before_tax", "total_cost"])


@pytest.mark.parametrize(
    ("usage_type", "group"),
    [
        ("USE1-RStudio:RStudioServerPro-ml.t3.large", "RStudio"),
        ("EUC1-Studio:JupyterLab-ml.t3.medium", "Studio"),
        ("USE1-Host:ml.m5.large", "Hosting"),
        ("USE1-Cluster:VolumeUsage.gp2", "HyperPod"),
        ("USE1-TrainWarmPool:ml.g5.xlarge", "Training (warm pools)"),
        ("USE1-Train:ml.g5.xlarge", "Training"),
        ("USE1-VolumeUsage.gp2", "Storage"),
        ("", "Other"),
    ],
)
def test_usage_is_grouped(usage_type: str, group: str) -> None:
    assert usage_group(usage_type) == group


def test_the_monthly_report_is_known() -> None:
    header = (
        "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordID,BillingPeriodStartDate,ProductCode,UsageType,"
        "UsageStartDate,CurrencyCode,CostBeforeTax,Credits,TaxAmount,TotalCost,user:cost-center"
    )
    assert recognise(map(column_name, header.split(","))).name == MONTHLY
