"""The tags of a schema -> the SQL of QuickSight's data set, and the dashboard drawn of it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costtags.components.cost_table import PARTITION
from costtags.costs.bill import LEFT_OUT, SAGEMAKER, bill_sql
from costtags.costs.layout import recognise, tag_column
from costtags.documents.document import Plain

DATA_SET = "bill"
UNTAGGED = "(untagged)"
_MONTHS = 13
_TAGGED = "every required tag"
_NOT_TAGGED = "a required tag is missing"
_LEFT_OUT = f"Amortised cost of SageMaker. Left out: {'; '.join(LEFT_OUT.values())}."
_SUBTITLE = f"Amortised; left out: {', '.join(LEFT_OUT)}"
_MOST_SERIES = 20
_LONGEST_NAME = 128
_WIDTH, _HEIGHT = 18, 12  # of 36 columns: two visuals in a row

# What QuickSight's console grants to viewers and owners; it takes only such sets:
# https://docs.aws.amazon.com/quicksight/latest/developerguide/dashboard-permissions.html
_VIEW_DASHBOARD = ("DescribeDashboard", "ListDashboardVersions", "QueryDashboard")
_OWN_DASHBOARD = (
    *_VIEW_DASHBOARD,
    "UpdateDashboard",
    "DeleteDashboard",
    "DescribeDashboardPermissions",
    "UpdateDashboardPermissions",
    "UpdateDashboardPublishedVersion",
)
OWN_DATA_SET = (
    "DescribeDataSet",
    "DescribeDataSetPermissions",
    "PassDataSet",
    "DescribeIngestion",
    "ListIngestions",
    "UpdateDataSet",
    "DeleteDataSet",
    "CreateIngestion",
    "CancelIngestion",
    "UpdateDataSetPermissions",
)
OWN_DATA_SOURCE = (
    "DescribeDataSource",
    "DescribeDataSourcePermissions",
    "PassDataSource",
    "UpdateDataSource",
    "DeleteDataSource",
    "UpdateDataSourcePermissions",
)

# Column of the data set -> its type in QuickSight, besides those of the tags.
_COLUMNS: Mapping[str, str] = {
    "day": "DATETIME",
    "account": "STRING",
    "usage_group": "STRING",
    "currency": "STRING",
    "tagging": "STRING",
    "amortised": "DECIMAL",
    "unblended": "DECIMAL",
}


def columns(keys: Sequence[str]) -> dict[str, str]:
    """Return the data set's columns with their types in QuickSight."""
    return {**_COLUMNS, **{_name(column): "STRING" for column in _by_column(keys)}}


def data_set_sql(
    keys: Sequence[str],
    required: Sequence[str],
    table_columns: Mapping[str, str],
    database: str,
    table: str,
) -> str:
    """Return the SQL of the data set, for Athena: what SageMaker cost by day, account, usage group and tags.

    It reads this month and the 13 before it. ``keys`` are shown, ``required`` must all be there for a line to count as
    tagged. Raises WrongLayout where the table lacks a column that costs are made of.
    """
    # By the day of the query: the text must not change every month.
    since = f"date_format(date_add('month', -{_MONTHS}, current_date), '%Y-%m')"
    names = ".".join('"' + name.replace('"', '""') + '"' for name in (database, table))
    source = f"(SELECT * FROM {names} WHERE {PARTITION} >= {since})"
    bill = bill_sql(recognise(table_columns), source, [*keys, *required])
    shown = [f"COALESCE({column}, '{UNTAGGED}') AS {_name(column)}" for column in _by_column([*keys, *required])]
    missing = " OR ".join(f"{column} IS NULL" for column in _by_column(required)) or "FALSE"
    dimensions = [
        "usage_date AS day",
        "account",
        "usage_group",
        "currency",
        f"CASE WHEN {missing} THEN '{_NOT_TAGGED}' ELSE '{_TAGGED}' END AS tagging",
        *shown,
    ]
    # Doubles: QuickSight keeps four decimals of a DECIMAL.
    amounts = [f"CAST(SUM({amount}) AS DOUBLE) AS {amount}" for amount in ("amortised", "unblended")]
    body = ",\n".join(f"  {one}" for one in [*dimensions, *amounts])
    groups = ", ".join(str(number + 1) for number in range(len(dimensions)))
    return f"WITH {bill}\nSELECT\n{body}\nFROM bill\nWHERE part = '{SAGEMAKER}'\nGROUP BY {groups}"


def definition(keys: Sequence[str], required: Sequence[str], data_set_arn: Any) -> Plain:
    """Return the dashboard's definition: DashboardVersionDefinition of QuickSight's API, and of CloudFormation."""
    # A number makes the names differ from each other, and from the columns, also where they are cut.
    coverage = {
        f"{number}. {key}"[:_LONGEST_NAME]: column
        for number, (column, key) in enumerate(_by_column(required).items(), 1)
    }
    shown = _by_column(keys)
    spend = [
        _bars(f"spend-{number}", f"Spend by {key}", _name(column))
        for number, (column, key) in enumerate(shown.items(), 1)
    ]
    usage = _bars("spend-by-usage", "Spend by what it was used for", "usage_group")
    untagged = [
        _bars("untagged", "Spend with and without every required tag", "tagging"),
        _coverage("coverage", list(coverage)),
    ]
    return {
        "DataSetIdentifierDeclarations": [{"Identifier": DATA_SET, "DataSetArn": data_set_arn}],
        "CalculatedFields": [
            {
                "DataSetIdentifier": DATA_SET,
                "Name": name,
                "Expression": f"sumIf({{amortised}}, {{{_name(column)}}} <> '{UNTAGGED}') / sum({{amortised}})",
            }
            for name, column in coverage.items()
        ],
        "Sheets": [
            _sheet("spend", "Spend", [*spend, usage]),
            _sheet("attribution", "Attribution", untagged if required else untagged[:1]),
        ],
    }


def template(given: Mapping[str, Any], id_: str, title: str, body: Plain) -> Plain:
    """Return the CloudFormation template of the dashboard."""
    dashboard = {
        "Type": "AWS::QuickSight::Dashboard",
        "Properties": {
            "AwsAccountId": given["account_id"],
            "DashboardId": id_,
            "Name": title,
            "Definition": body,
            "Permissions": [
                {"Principal": one["principal"], "Actions": one["actions"]}
                for one in (
                    *permissions(given["owners"], _OWN_DASHBOARD),
                    *permissions(given.get("viewers", ()), _VIEW_DASHBOARD),
                )
            ],
        },
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Shows what SageMaker cost by tag; made by costtags",
        "Resources": {"Dashboard": dashboard},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Dashboard", "Arn"]}}},
    }


def written(body: Plain) -> str:
    """Write a template as it is sent: as short as can be."""
    return json.dumps(body, separators=(",", ":"))


def permissions(principals: Sequence[str], actions: Sequence[str]) -> list[Any]:
    """Grant actions to principals, each once, in the form of the provider's resources."""
    return [
        {"principal": principal, "actions": [f"quicksight:{action}" for action in actions]}
        for principal in dict.fromkeys(principals)
    ]


def _name(column: str) -> str:
    """Name a column as QuickSight takes it: a tag's key alone may have as many characters."""
    if len(column) <= _LONGEST_NAME:
        return column
    return f"{column[: _LONGEST_NAME - 9]}_{hashlib.sha256(column.encode()).hexdigest()[:8]}"


def _by_column(keys: Sequence[str]) -> dict[str, str]:
    """Column -> key; keys that the bill gives one column are shown together, as it has one value for them."""
    named: dict[str, list[str]] = {}
    for key in keys:
        named.setdefault(tag_column(key), []).append(key)
    return {column: " / ".join(dict.fromkeys(sharing)) for column, sharing in named.items()}


@dataclass(frozen=True)
class _Visual:
    id: str
    body: Plain


def _sheet(id_: str, name: str, visuals: Sequence[_Visual]) -> Plain:
    return {
        "SheetId": id_,
        "Name": name,
        "ContentType": "INTERACTIVE",
        "Description": _LEFT_OUT,
        "Visuals": [visual.body for visual in visuals],
        "Layouts": [{"Configuration": {"GridLayout": {"Elements": list(_placed(visuals))}}}],
    }


def _placed(visuals: Sequence[_Visual]) -> Iterator[Plain]:
    for number, visual in enumerate(visuals):
        yield {
            "ElementId": visual.id,
            "ElementType": "VISUAL",
            "ColumnIndex": number % 2 * _WIDTH,
            "ColumnSpan": _WIDTH,
            "RowIndex": number // 2 * _HEIGHT,
            "RowSpan": _HEIGHT,
        }


def _bars(id_: str, title: str, color: str) -> _Visual:
    """Draw a bar for each month, of a color for each value of a column."""
    amount = {
        "NumericalMeasureField": {
            "FieldId": f"{id_}-amount",
            "Column": _column("amortised"),
            "AggregationFunction": {"SimpleNumericalAggregation": "SUM"},
        }
    }
    field = {"CategoricalDimensionField": {"FieldId": f"{id_}-color", "Column": _column(color)}}
    wells = {"Category": [_month(id_)], "Values": [amount], "Colors": [field]}
    configuration = {
        "FieldWells": {"BarChartAggregatedFieldWells": wells},
        "SortConfiguration": {
            "CategorySort": [{"FieldSort": {"FieldId": f"{id_}-month", "Direction": "ASC"}}],
            "ColorItemsLimit": {"ItemsLimit": _MOST_SERIES, "OtherCategories": "INCLUDE"},
        },
        "Orientation": "VERTICAL",
        "BarsArrangement": "STACKED",
    }
    return _Visual(id_, {"BarChartVisual": _titled(id_, title, configuration)})


def _coverage(id_: str, names: Sequence[str]) -> _Visual:
    """Draw a line for each required tag: the share of the spend that carries it."""
    percent = {"FormatConfiguration": {"PercentageDisplayFormatConfiguration": {"Suffix": "%"}}}
    values = [
        # No aggregation: the calculated field is one.
        {
            "NumericalMeasureField": {
                "FieldId": f"{id_}-{number}",
                "Column": _column(name),
                "FormatConfiguration": percent,
            }
        }
        for number, name in enumerate(names, 1)
    ]
    wells = {"Category": [_month(id_)], "Values": values, "Colors": []}
    configuration = {
        "FieldWells": {"LineChartAggregatedFieldWells": wells},
        "SortConfiguration": {"CategorySort": [{"FieldSort": {"FieldId": f"{id_}-month", "Direction": "ASC"}}]},
        "Type": "LINE",
    }
    title = "Coverage: the share of the spend that carries each required tag"
    return _Visual(id_, {"LineChartVisual": _titled(id_, title, configuration)})


def _titled(id_: str, title: str, configuration: Plain) -> Plain:
    return {
        "VisualId": id_,
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": title}},
        "Subtitle": {"Visibility": "VISIBLE", "FormatText": {"PlainText": _SUBTITLE}},
        "ChartConfiguration": configuration,
    }


def _month(id_: str) -> Plain:
    return {
        "DateDimensionField": {"FieldId": f"{id_}-month", "Column": _column("day"), "DateGranularity": "MONTH"},
    }


def _column(name: str) -> Plain:
    return {"DataSetIdentifier": DATA_SET, "ColumnName": name}
