"""CUR 2.0 as a table: the columns that an export selects, their types in Athena, where the months' files lie."""

from collections.abc import Mapping
from typing import Any

import pulumi

EXPORTED_TABLE = "COST_AND_USAGE_REPORT"
PARTITION = "billing_period"
# Athena lists one folder for each month from here on; a folder that is not there is empty.
FIRST_MONTH = "2020-01"

_TEXT, _NUMBER, _TIME, _TEXTS, _NUMBERS = "string", "double", "timestamp", "map<string,string>", "map<string,double>"

# Prefix of columns -> type -> the rest of their names, of all that CUR 2.0 has with resource ids, without split cost
# allocation data (that is for containers, not for SageMaker). The types are those of the Parquet files that AWS writes.
# https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "bill": {
        _TEXT: "bill_type billing_entity invoice_id invoicing_entity payer_account_id payer_account_name",
        _TIME: "billing_period_end_date billing_period_start_date",
    },
    "": {_TEXTS: "cost_category product resource_tags tags", _NUMBERS: "discount"},
    "discount": {_NUMBER: "bundled_discount total_discount"},
    "identity": {_TEXT: "line_item_id time_interval"},
    "line_item": {
        _TEXT: "availability_zone blended_rate currency_code legal_entity line_item_description line_item_type "
        "net_unblended_rate operation product_code resource_id tax_type unblended_rate usage_account_id "
        "usage_account_name usage_type",
        _NUMBER: "blended_cost net_unblended_cost normalization_factor normalized_usage_amount unblended_cost "
        "usage_amount",
        _TIME: "usage_end_date usage_start_date",
    },
    "pricing": {
        _TEXT: "currency lease_contract_length offering_class public_on_demand_rate purchase_option rate_code rate_id "
        "term unit",
        _NUMBER: "public_on_demand_cost",
    },
    "product": {
        _TEXT: "comment fee_code fee_description from_location from_location_type from_region_code instance_family "
        "instance_type instancesku location location_type operation pricing_unit product_family region_code "
        "servicecode sku to_location to_location_type to_region_code usagetype",
    },
    "reservation": {
        _TEXT: "availability_zone end_time modification_status normalized_units_per_reservation "
        "number_of_reservations reservation_a_r_n start_time subscription_id total_reserved_normalized_units "
        "total_reserved_units units_per_reservation",
        _NUMBER: "amortized_upfront_cost_for_usage amortized_upfront_fee_for_billing_period effective_cost "
        "net_amortized_upfront_cost_for_usage net_amortized_upfront_fee_for_billing_period net_effective_cost "
        "net_recurring_fee_for_usage net_unused_amortized_upfront_fee_for_billing_period net_unused_recurring_fee "
        "net_upfront_value recurring_fee_for_usage unused_amortized_upfront_fee_for_billing_period "
        "unused_normalized_unit_quantity unused_quantity unused_recurring_fee upfront_value",
    },
    "savings_plan": {
        _TEXT: "end_time instance_type_family offering_type payment_option purchase_term region savings_plan_a_r_n "
        "start_time",
        _NUMBER: "amortized_upfront_commitment_for_billing_period net_amortized_upfront_commitment_for_billing_period "
        "net_recurring_commitment_for_billing_period net_savings_plan_effective_cost "
        "recurring_commitment_for_billing_period savings_plan_effective_cost savings_plan_rate "
        "total_commitment_to_date used_commitment",
    },
}

COLUMNS: Mapping[str, str] = dict(
    sorted(
        (f"{prefix}_{name}".lstrip("_"), type_)
        for prefix, types in _COLUMNS.items()
        for type_, names in types.items()
        for name in names.split()
    )
)
"""Column -> type, by name."""


def statement(columns: Mapping[str, str]) -> str:
    """Return the query of the export. AWS takes no asterisk."""
    return f"SELECT {', '.join(columns)} FROM {EXPORTED_TABLE}"


def table_configurations(granularity: str, account: str) -> dict[str, dict[str, str]]:
    """Return how the export's table is filled: with resource ids, hour by hour or day by day."""
    return {
        EXPORTED_TABLE: {
            "BILLING_VIEW_ARN": f"arn:aws:billing::{account}:billingview/primary",
            "TIME_GRANULARITY": granularity,
            "INCLUDE_RESOURCES": "TRUE",
            "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
            "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
        }
    }


def table_inputs(columns: Mapping[str, str], location: pulumi.Input[str]) -> dict[str, Any]:
    """Return what aws.glue.CatalogTable takes: Parquet in a folder for each month, found by its name with no crawler.

    ``location`` is the folder above those of the months, s3://BUCKET/PREFIX/EXPORT/data.
    https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    """
    return {
        "table_type": "EXTERNAL_TABLE",
        "parameters": {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "projection.enabled": "true",
            f"projection.{PARTITION}.type": "date",
            f"projection.{PARTITION}.format": "yyyy-MM",
            f"projection.{PARTITION}.range": f"{FIRST_MONTH},NOW",
            f"projection.{PARTITION}.interval": "1",
            f"projection.{PARTITION}.interval.unit": "MONTHS",
            "storage.location.template": pulumi.Output.concat(location, f"/BILLING_PERIOD=${{{PARTITION}}}/"),
        },
        "partition_keys": [{"name": PARTITION, "type": "string"}],
        "storage_descriptor": {
            "location": pulumi.Output.concat(location, "/"),
            "input_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "output_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "ser_de_info": {
                "serialization_library": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                "parameters": {"serialization.format": "1"},
            },
            "columns": [{"name": name, "type": type_} for name, type_ in columns.items()],
        },
    }
