"""Cells of a sample bill -> files in AWS's layouts: CUR 2.0, legacy CUR, monthly cost allocation report.

`python -m costtags.costs.sample_files DIR` writes one, by the tags.yaml that is nearest.
"""

import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from costtags.costs.bill import quoted
from costtags.costs.layout import column_name
from costtags.costs.sample import MICRO, PAYER, REGION, Cell
from costtags.costs.sample_monthly import write_monthly

LAYOUTS = ("cur2", "legacy", "monthly")
FORMS = ("parquet", "csv", "csv.gz", "zip")
DISCOUNT = 10  # percent, of exports with net columns

# Column of the bill -> SQL over a cell (c) and the number of its line (i). {...} are amounts spread over the lines.
_COLUMNS = {
    "identity_line_item_id": "format('{:x}', hash(c.id, i))",
    "identity_time_interval": "strftime(start, '%Y-%m-%dT%H:00:00Z/') || strftime(start + to_hours(1), '%Y-%m-%dT%XZ')",
    "bill_bill_type": "'Anniversary'",
    "bill_billing_entity": "'AWS'",
    "bill_billing_period_start_date": "c.period",
    "bill_billing_period_end_date": "c.period + INTERVAL 1 MONTH",
    "bill_invoice_id": "''",
    "bill_payer_account_id": f"'{PAYER}'",
    "line_item_availability_zone": "''",
    "line_item_currency_code": "c.currency",
    "line_item_legal_entity": "'Amazon Web Services, Inc.'",
    "line_item_line_item_description": "'$0.0464 per hour for ' || COALESCE(c.usage_type, 'tax')",
    "line_item_line_item_type": "c.line_type",
    "line_item_operation": "c.operation",
    "line_item_product_code": "c.product",
    "line_item_resource_id": "c.resource",
    "line_item_unblended_cost": "{unblended}",
    "line_item_unblended_rate": "'0.0464'",
    "line_item_usage_account_id": "c.account",
    "line_item_usage_amount": "CAST(1 AS DOUBLE)",
    "line_item_usage_start_date": "start",
    "line_item_usage_end_date": "start + INTERVAL 1 HOUR",
    "line_item_usage_type": "c.usage_type",
    "pricing_public_on_demand_cost": "{unblended}",
    "pricing_term": "'OnDemand'",
    "pricing_unit": "'Hrs'",
    "product_region_code": f"'{REGION}'",
    "product_servicecode": "c.product",
    "reservation_effective_cost": "{reserved_cost}",
    "reservation_reservation_a_r_n": "COALESCE(c.reservation, '')",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "{reserved_unused_upfront}",
    "reservation_unused_recurring_fee": "{reserved_unused_recurring}",
    "savings_plan_savings_plan_a_r_n": "COALESCE(c.plan, '')",
    "savings_plan_savings_plan_effective_cost": "{plan_cost}",
    "savings_plan_total_commitment_to_date": "{plan_total}",
    "savings_plan_used_commitment": "{plan_used}",
}
_ONLY_CUR2 = {"bill_payer_account_name": "'Sample'", "line_item_usage_account_name": "'Sample ' || c.account"}
_NET = {
    "line_item_net_unblended_cost": "{unblended*}",
    "savings_plan_net_savings_plan_effective_cost": "{plan_cost*}",
    "reservation_net_effective_cost": "{reserved_cost*}",
}
_AMOUNTS = (
    "unblended",
    "plan_cost",
    "plan_total",
    "plan_used",
    "reserved_cost",
    "reserved_unused_upfront",
    "reserved_unused_recurring",
)
# The lines of a cell lie evenly between its first hour and its last; where there is only one, at one of them.
_START = (
    "c.period + to_hours(c.first + "
    "CASE WHEN c.lines = 1 THEN c.id % 2 * (c.hours - 1) ELSE i * (c.hours - 1) // (c.lines - 1) END)"
)
_FIELDS = {
    "id": "BIGINT",
    "month": "VARCHAR",
    "period": "TIMESTAMP",
    "first": "INTEGER",
    "hours": "INTEGER",
    "lines": "BIGINT",
    **dict.fromkeys(("account", "product", "usage_type", "operation", "line_type", "resource", "currency"), "VARCHAR"),
    **dict.fromkeys(("plan", "reservation"), "VARCHAR"),
    **dict.fromkeys(_AMOUNTS, "BIGINT"),
    "tags": "MAP(VARCHAR, VARCHAR)",
}


def write_sample(
    cells: Sequence[Cell], folder: Path, *, layout: str = "cur2", form: str = "parquet", net: bool = False
) -> list[Path]:
    """Write a bill, a file each month, in folders as AWS has them; return the files. Amounts have ten decimals."""
    months = sorted({cell.month for cell in cells})
    if layout == "monthly":
        return [write_monthly(cells, folder, month) for month in months]
    import duckdb

    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        source = Path(scratch, "cells.json")
        raw = layout == "legacy" and form != "parquet"  # CSV of a legacy CUR has the tag keys as they are
        with source.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{json.dumps(_record(at, cell, raw=raw))}\n" for at, cell in enumerate(cells))
        fields = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in _FIELDS.items())
        connection.execute(
            f"CREATE TABLE cells AS SELECT * FROM read_json({quoted(str(source))}, format = 'newline_delimited', "
            f"columns = {{{fields}}})"
        )
        columns = _columns(cells, layout=layout, form=form, net=net)
        written = []
        for month in months:
            target = folder / _place(month, layout, form)
            target.parent.mkdir(parents=True, exist_ok=True)
            select = ", ".join(f'{sql} AS "{_escaped(name)}"' for name, sql in columns.items())
            plain = target.with_suffix("") if form == "zip" else target
            lines = f"SELECT c, unnest(range(c.lines)) AS i FROM cells AS c WHERE month = {quoted(month)}"
            connection.execute(
                f"COPY (SELECT {select} FROM (SELECT c, i, {_START} AS start FROM ({lines}))) "
                f"TO {quoted(str(plain))} ({_FORMATS[form]})"
            )
            if form == "zip":
                with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                    archive.write(plain, plain.name)
                plain.unlink()
            written.append(target)
        return written


_FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION snappy",
    "csv": "FORMAT csv, HEADER",
    "csv.gz": "FORMAT csv, HEADER, COMPRESSION gzip",
    "zip": "FORMAT csv, HEADER",
}


def _place(month: str, layout: str, form: str) -> Path:
    year, number = month.split("-")
    suffix = {"parquet": "snappy.parquet", "zip": "csv.zip"}.get(form, form)
    if layout == "cur2":
        return Path("data", f"BILLING_PERIOD={month}", f"sample-00001.{suffix}")
    if form == "parquet":
        return Path("sample", f"year={year}", f"month={int(number)}", f"sample-00001.{suffix}")
    after = f"{int(year) + int(number) // 12:04d}{int(number) % 12 + 1:02d}01"
    return Path(f"{year}{number}01-{after}", f"sample-00001.{suffix}")


def _record(at: int, cell: Cell, *, raw: bool) -> dict[str, object]:
    """A cell as a row; amounts in units of 1e-10."""
    units = {name: getattr(cell, name) * (10**10 // MICRO) for name in _AMOUNTS}
    first, last = cell.hours
    same = ("month", "lines", "account", "product", "usage_type", "operation", "line_type", "resource", "currency")
    return {
        "id": at,
        "period": f"{cell.month}-01 00:00:00",
        "first": first,
        "hours": last - first,
        "tags": None if cell.tags is None else _billed_tags(cell.tags, raw=raw),
        **{name: getattr(cell, name) for name in (*same, "plan", "reservation")},
        **units,
    }


def _billed_tags(tags: Mapping[str, str], *, raw: bool) -> dict[str, str]:
    """Tags as a bill has them: keys as they are, or normalised, where of those that collide the first counts."""
    billed: dict[str, str] = {}
    for key, value in sorted(tags.items()):
        if value or not raw:
            billed.setdefault(f"user:{key}" if raw else column_name(f"user:{key}"), value)
    return billed


def _columns(cells: Sequence[Cell], *, layout: str, form: str, net: bool) -> dict[str, str]:
    columns = {**_COLUMNS, **(_ONLY_CUR2 if layout == "cur2" else {}), **(_NET if net else {})}
    made = {name: _spread(sql) for name, sql in columns.items()}
    keys = sorted({key for cell in cells for key in cell.tags or ()})
    if layout == "cur2":
        made["resource_tags"] = "c.tags" if form == "parquet" else "CAST(to_json(c.tags) AS VARCHAR)"
    elif form == "parquet":
        names = dict.fromkeys(column_name(f"user:{key}") for key in keys)
        made |= {f"resource_tags_{name}": f"c.tags[{quoted(name)}]" for name in names}
    else:
        made = {_legacy(name): sql for name, sql in made.items()}
        made |= {f"resourceTags/user:{key}": f"c.tags[{quoted(f'user:{key}')}]" for key in keys}
    if form != "parquet":
        made = {name: _as_text(name, sql) for name, sql in made.items()}
    return made


def _spread(sql: str) -> str:
    """Replace {amount} by a line's part of it: parts add up to the whole; {amount*} is what a discount leaves of it."""
    for name in _AMOUNTS:
        for mark, whole in ((f"{{{name}}}", f"c.{name}"), (f"{{{name}*}}", f"(c.{name} // 100 * {100 - DISCOUNT})")):
            part = f"(abs({whole}) // c.lines + CAST(i < abs({whole}) % c.lines AS BIGINT))"
            sql = sql.replace(mark, f"CAST(sign({whole}) * {part} AS DOUBLE) / 1e10")
    return sql


def _as_text(name: str, sql: str) -> str:
    if name.endswith(("start_date", "end_date", "StartDate", "EndDate")):
        return f"strftime({sql}, '%Y-%m-%dT%H:%M:%SZ')"
    if "1e10" in sql:  # as AWS writes amounts: never with an exponent
        return f"printf('%.10f', {sql})"
    return sql


_GROUPS = {"line_item": "lineItem", "savings_plan": "savingsPlan"}


def _legacy(name: str) -> str:
    """Name a column as a legacy CUR's CSV does: line_item_usage_type -> lineItem/UsageType."""
    group = next((group for group in _GROUPS if name.startswith(group)), name.split("_")[0])
    rest = name.removeprefix(f"{group}_").split("_")
    return f"{_GROUPS.get(group, group)}/{''.join(word.capitalize() for word in rest)}"


def _escaped(name: str) -> str:
    return name.replace('"', '""')


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--lines", type=click.IntRange(1), default=5000, show_default=True, help="How many lines.")
@click.option("--months", default="2026-01,2026-02,2026-03", show_default=True, help="Months, as YYYY-MM, with commas.")
@click.option("--last-day", type=click.IntRange(3, 28), help="The day on which the last month ends so far.")
@click.option("--seed", default=1, show_default=True)
@click.option("--layout", type=click.Choice(LAYOUTS), default=LAYOUTS[0], show_default=True)
@click.option("--form", type=click.Choice(FORMS), default=FORMS[0], show_default=True)
@click.option("--schema", type=click.Path(path_type=Path), help="The tags.yaml whose keys and values to use.")
def main(
    folder: Path, lines: int, months: str, last_day: int | None, seed: int, layout: str, form: str, schema: Path | None
) -> None:
    """Write a sample bill to FOLDER, and print its files and SageMaker's total."""
    from costtags.commands.options import schema_path
    from costtags.commands.output import fail
    from costtags.costs.bill import is_month
    from costtags.costs.sample import sample_cells, totals
    from costtags.schema import load
    from costtags.yamlfile import FileProblems

    chosen = months.split(",")
    if not all(map(is_month, chosen)):
        raise click.UsageError("--months: write YYYY-MM,YYYY-MM")
    try:
        loaded = load(schema_path(schema, Path.cwd()))
        cells = sample_cells(loaded, chosen, lines=lines, seed=seed, last_day=last_day)
        files = write_sample(cells, folder, layout=layout, form=form)
    except FileProblems as error:
        fail(str(error))
    except ImportError:
        fail("writing bills needs DuckDB: pip install 'costtags[reports]'")
    except OSError as error:
        fail(f"cannot write {folder}: {error.strerror}")
    for file in files:
        click.echo(file)
    for measure in ("unblended", "amortised"):
        click.echo(f"SageMaker, {measure}: {sum(totals(cells, measure=measure).values()):,.2f}")


if __name__ == "__main__":
    main()
