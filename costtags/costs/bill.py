"""Layout + tag keys -> the relation ``bill``: one set of columns, whatever the bill came as.

The SQL is Athena's (Trino); ``to_duckdb`` translates it. Columns: ``BILL_COLUMNS`` and one ``tag_...`` for each key.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from costtags.costs.amounts import AMOUNT, amortised, amount
from costtags.costs.layout import MONTHLY, Layout, column_name, tag_column
from costtags.costs.usage import OTHER_USAGE, USAGE_GROUPS

BILL_COLUMNS: Mapping[str, str] = {
    "billing_period": "the bill's month, YYYY-MM; its lines may lie in the month before",
    "usage_date": "the day on which the usage began",
    "payer_account": "the account that pays",
    "account": "the account that used it",
    "product_code": "AmazonSageMaker, MachineLearningSavingsPlans, ...",
    "usage_type": "USE1-Host:ml.m5.large, ...",
    "operation": "RunInstance, ...",
    "usage_group": "what the usage type is for: Studio, Training, Hosting, ...",
    "line_type": "Usage, SavingsPlanCoveredUsage, Credit, Tax, ...",
    "part": "which part of the bill it belongs to: sagemaker, or one of LEFT_OUT",
    "resource_id": "the ARN; NULL where AWS gives none",
    "currency": "USD, ...",
    "unblended": "what was charged",
    "amortised": "what it cost, with Savings Plans and reservations spread over the usage they cover",
    "net_unblended": "the same after discounts, where the export has it",
    "net_amortised": "the same after discounts, where the export has it",
    "usage_amount": "hours, GB ..., in the usage type's unit",
    "sagemaker_domain": "the domain's ARN, by SageMaker's own tag",
    "sagemaker_user_profile": "the user profile's ARN, by SageMaker's own tag",
    "sagemaker_space": "the space's ARN, by SageMaker's own tag",
}

SAGEMAKER = "sagemaker"
# Part of the bill -> what it is, for whoever reads what a sum leaves out.
LEFT_OUT: Mapping[str, str] = {
    "commitment": "Savings Plans for machine learning: fees, and commitment that was not used",
    "tax": "tax",
    "support": "AWS Support",
    "other": "other AWS products",
}

_PRODUCT, _PLANS = "AmazonSageMaker", "MachineLearningSavingsPlans"
_PLAN_FEES = ("SavingsPlanRecurringFee", "SavingsPlanUpfrontFee")

# SageMaker tags what Studio launches. Whether AWS counts these keys as user-defined ones or its own is not documented:
# both names are looked for.
_OWN_TAGS = {
    "sagemaker_domain": "sagemaker:domain-arn",
    "sagemaker_user_profile": "sagemaker:user-profile-arn",
    "sagemaker_space": "sagemaker:space-arn",
}

# The column of a table's partitions that holds YYYY-MM, or the two that hold year and month.
Partition = str | tuple[str, str] | None

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def bill_sql(
    layout: Layout,
    source: str,
    keys: Iterable[str],
    *,
    months: tuple[str, str] | None = None,
    partition: Partition = None,
) -> str:
    """Return the text ``bill AS (SELECT ... FROM source)`` for a WITH clause, in Athena's SQL.

    ``source`` is SQL: a table's name, quoted where it must be. ``keys`` are tag keys as in tags.yaml; keys that AWS
    gives one column have one here too. ``months`` are the first and last month wanted, as YYYY-MM. ``partition``
    names the table's partitions, so that the other months are not scanned: ``"billing_period"`` for CUR 2.0 on Athena,
    ``("year", "month")`` for a legacy CUR. Raises ValueError for a month of another form.
    """
    for month in months or ():
        if not is_month(month):
            raise ValueError(f'"{month}" is no month: write YYYY-MM')
    make = _monthly if layout.name == MONTHLY else _cur
    return f"bill AS (\n{make(layout, source, list(keys), months, partition)}\n)"


def is_month(text: str) -> bool:
    """Say whether a text is a month, YYYY-MM."""
    return _MONTH.fullmatch(text) is not None


def to_duckdb(sql: str) -> str:
    """Translate a query from Athena's SQL to DuckDB's. Raises sqlglot's ParseError where it is not Athena's."""
    import sqlglot

    return ";\n".join(sqlglot.transpile(sql, read="athena", write="duckdb"))


def quoted(text: str) -> str:
    """Return a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _cur(layout: Layout, source: str, keys: list[str], months: tuple[str, str] | None, partition: Partition) -> str:
    line_type = "line_item_line_item_type"
    columns = {
        "billing_period": "date_format(bill_billing_period_start_date, '%Y-%m')",
        "usage_date": "CAST(line_item_usage_start_date AS DATE)",
        "payer_account": _text(layout, "bill_payer_account_id"),
        "account": _text(layout, "line_item_usage_account_id"),
        "product_code": "line_item_product_code",
        "usage_type": "line_item_usage_type",
        "operation": _text(layout, "line_item_operation"),
        "usage_group": _usage_group("line_item_usage_type"),
        "line_type": line_type,
        "part": _part("line_item_product_code", line_type),
        "resource_id": _text(layout, "line_item_resource_id"),
        "currency": "line_item_currency_code",
        "unblended": amount(layout, "line_item_unblended_cost"),
        "amortised": amortised(layout, ""),
        "net_unblended": amount(layout, "line_item_net_unblended_cost"),
        "net_amortised": amortised(layout, "net_"),
        "usage_amount": amount(layout, "line_item_usage_amount"),
    }
    columns |= {name: _tag(layout, key, ("user", "aws")) for name, key in _OWN_TAGS.items()}
    columns |= {
        name: _coalesce([_tag(layout, key, ("user",)) for key in sharing]) for name, sharing in _by_column(keys).items()
    }
    return _select(columns, source, list(_when(months, "bill_billing_period_start_date", partition)))


def _monthly(layout: Layout, source: str, keys: list[str], months: tuple[str, str] | None, partition: Partition) -> str:
    """A line of the monthly report holds a cost, a credit and a tax: three lines of ``bill``.

    The credit is what is missing from the cost and the tax to the total, so its sign needs no guess.
    """
    kinds = {
        "'Usage'": ("cost_before_tax", "(cost_before_tax <> 0 OR total_cost = 0)"),
        "'Credit'": ("total_cost - cost_before_tax - tax_amount", "total_cost - cost_before_tax - tax_amount <> 0"),
        "'Tax'": ("tax_amount", "tax_amount <> 0"),
    }
    selects = []
    for line_type, (cost, condition) in kinds.items():
        columns = {
            "billing_period": "date_format(billing_period_start_date, '%Y-%m')",
            # Charges that are not for a time have no start.
            "usage_date": "CAST(COALESCE(usage_start_date, billing_period_start_date) AS DATE)",
            "payer_account": "payer_account_id",
            "account": "COALESCE(NULLIF(linked_account_id, ''), payer_account_id)",
            "product_code": "product_code",
            "usage_type": "usage_type",
            "operation": _text(layout, "operation"),
            "usage_group": _usage_group("usage_type"),
            "line_type": line_type,
            "part": _part("product_code", line_type),
            "resource_id": "CAST(NULL AS VARCHAR)",
            "currency": "currency_code",
            "unblended": f"CAST({cost} AS {AMOUNT})",
            "amortised": f"CAST(NULL AS {AMOUNT})",
            "net_unblended": f"CAST(NULL AS {AMOUNT})",
            "net_amortised": f"CAST(NULL AS {AMOUNT})",
            "usage_amount": amount(layout, "usage_quantity") if line_type == "'Usage'" else f"CAST(NULL AS {AMOUNT})",
        }
        columns |= {name: _first(layout, _tag_columns(key, "", ("user", "aws"))) for name, key in _OWN_TAGS.items()}
        columns |= {tag_column(key): _first(layout, _tag_columns(key, "", ("user",))) for key in keys}
        # The rest are totals of invoices, accounts and the statement, which would count everything again.
        lines = "record_type IN ('LinkedLineItem', 'PayerLineItem', 'Rounding')"
        where = [lines, condition, *_when(months, "billing_period_start_date", partition)]
        selects.append(_select(columns, source, where))
    return "\nUNION ALL\n".join(selects)


def _by_column(keys: Iterable[str]) -> dict[str, list[str]]:
    """The column of ``bill`` -> its keys: several where AWS gives them one name, and then the first value counts."""
    columns: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        columns.setdefault(tag_column(key), []).append(key)
    return columns


def _select(columns: Mapping[str, str], source: str, where: list[str]) -> str:
    body = ",\n".join(f"  {sql} AS {name}" for name, sql in columns.items())
    condition = "\nWHERE " + "\n  AND ".join(where) if where else ""
    return f"SELECT\n{body}\nFROM {source}{condition}"


def _when(months: tuple[str, str] | None, start: str, partition: Partition) -> Iterator[str]:
    if months is None:
        return
    first, last = months
    if isinstance(partition, str):
        yield f"{partition} BETWEEN {quoted(first)} AND {quoted(last)}"
    elif partition is not None:
        year, month = partition
        yield f"({' OR '.join(_of_year(year, month, wanted) for wanted in _by_year(first, last).items())})"
    yield f"{start} >= TIMESTAMP '{first}-01 00:00:00'"
    yield f"{start} < TIMESTAMP '{_next_month(last)}-01 00:00:00'"


def _next_month(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def _of_year(year: str, month: str, wanted: tuple[str, list[int]]) -> str:
    """Months of a year; they are written 3 by AWS and 03 by some who make tables by hand."""
    number, months = wanted
    spelled = dict.fromkeys(spelling for one in months for spelling in (f"{one}", f"{one:02d}"))
    return f"{year} = {quoted(number)} AND {month} IN ({', '.join(map(quoted, spelled))})"


def _by_year(first: str, last: str) -> dict[str, list[int]]:
    years: dict[str, list[int]] = {}
    while first <= last:
        year, number = first.split("-")
        years.setdefault(year, []).append(int(number))
        first = _next_month(first)
    return years


def _text(layout: Layout, column: str) -> str:
    return f"NULLIF({column}, '')" if layout.has(column) else "CAST(NULL AS VARCHAR)"


def _usage_group(column: str) -> str:
    cases = " ".join(
        f"WHEN strpos({column}, {quoted(part)}) > 0 THEN {quoted(to)}" for part, to in USAGE_GROUPS.items()
    )
    return f"CASE {cases} ELSE {quoted(OTHER_USAGE)} END"


def _part(product: str, line_type: str) -> str:
    """Tax first: each product has tax lines of its own. Support's are AWSSupportBusiness, OCBPremiumSupport ..."""
    return (
        f"CASE WHEN {line_type} = 'Tax' THEN 'tax' "
        f"WHEN {product} IN ('{_PRODUCT}', '{_PLANS}') AND {line_type} IN ({', '.join(map(quoted, _PLAN_FEES))}) "
        "THEN 'commitment' "
        f"WHEN {product} = '{_PRODUCT}' OR {product} = '{_PLANS}' AND {line_type} = 'SavingsPlanNegation' "
        f"THEN '{SAGEMAKER}' "
        f"WHEN {product} = '{_PLANS}' THEN 'commitment' "
        f"WHEN strpos({product}, 'Support') > 0 THEN 'support' ELSE 'other' END"
    )


def _tag(layout: Layout, key: str, owners: tuple[str, ...]) -> str:
    """Where a tag's value is: in the map ``tags`` (keys as they are) or ``resource_tags`` (normalised), or a column.

    https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2-tag-columns.html has resourceTags/department;
    public readers of such exports have seen resourceTags/user:department as well.
    """
    if not (layout.has("tags") or layout.has("resource_tags")):
        return _first(layout, _tag_columns(key, "resource_tags_", owners))
    found = []
    if layout.has("tags"):
        found += [_entry(layout, "tags", f"resourceTags/{prefix}{key}") for prefix in ("", *(f"{o}:" for o in owners))]
    if layout.has("resource_tags"):
        found += [_entry(layout, "resource_tags", name) for name in _tag_columns(key, "", owners)]
    return _coalesce(found)


def _tag_columns(key: str, prefix: str, owners: tuple[str, ...]) -> list[str]:
    return [prefix + column_name(f"{owner}:{key}") for owner in owners]


def _entry(layout: Layout, column: str, name: str) -> str:
    if layout.json_tags:
        path = '$["' + name.replace("\\", "\\\\").replace('"', '\\"') + '"]'
        return f"NULLIF(json_extract_scalar({column}, {quoted(path)}), '')"
    return f"NULLIF(element_at({column}, {quoted(name)}), '')"


def _first(layout: Layout, columns: list[str]) -> str:
    return _coalesce([f"NULLIF({column}, '')" for column in columns if layout.has(column)])


def _coalesce(found: list[str]) -> str:
    if not found:  # no line carries the key: it is not active, or was not used in these months
        return "CAST(NULL AS VARCHAR)"
    return found[0] if len(found) == 1 else f"COALESCE({', '.join(found)})"
