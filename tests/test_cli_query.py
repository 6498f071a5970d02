"""`costtags query` as a process and in it: files, a stand-in for Athena, formats, messages, exit codes."""

import csv
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from click.testing import CliRunner, Result

from costtags.cli import main
from costtags.costs.answer import Answer
from costtags.costs.answer_formats import amount_text, as_csv, as_table, write_parquet
from costtags.costs.sample import sample_cells, totals
from costtags.costs.sample_files import write_sample
from costtags.schema import load

from .stand_in import Body, Call, Fault, StandIn, environment, serving

ROOT = Path(__file__).parents[1]
SCHEMA = load(ROOT / "tags.yaml")
MONTHS = ["2026-01", "2026-02"]
CELLS = sample_cells(SCHEMA, MONTHS, lines=900, last_day=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bill")
    write_sample(CELLS, made)
    return made


def query(*arguments: object, **settings: Any) -> Result:
    return CliRunner().invoke(main, ["query", "--schema", str(ROOT / "tags.yaml"), *map(str, arguments)], **settings)


def process(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "costtags", "query", "--schema", str(ROOT / "tags.yaml"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120)


def test_a_whole_table(folder: Path) -> None:
    done = process("coverage", "tag=team", folder)
    rows = {}
    for month in MONTHS:
        of = totals([cell for cell in CELLS if cell.month == month], lambda cell: cell.value("team"))
        tag = SCHEMA.tags["team"]
        right = sum((cost for (value,), cost in of.items() if value and tag.allows(value)), Decimal())
        wrong = sum((cost for (value,), cost in of.items() if value and not tag.allows(value)), Decimal())
        whole = sum(of.values())
        rows[month] = [whole, right, wrong, of[None,], (right + wrong) / whole]
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["month", "key", "amount", "right_value", "wrong_value", "untagged", "coverage"]
    for line, (month, cells) in zip(lines[1:], rows.items(), strict=True):
        mark = "*" if month == "2026-02" else ""
        shown = [f"{month}{mark}", "team", *(f"{cell:,.2f}" for cell in cells[:4]), f"{float(cells[4]):.1%}"]
        assert line.split() == shown
    parts = totals(CELLS, lambda cell: cell.part, part=None)
    assert done.stderr.splitlines() == [
        f"note: left out: tax: {parts['tax',]:,.2f} USD",
        f"note: left out: AWS Support: {parts['support',]:,.2f} USD",
        "note: left out: Savings Plans for machine learning: fees, and commitment that was not used: 70.00 USD",
        f"note: left out: other AWS products: {parts['other',]:,.2f} USD",
        "note: 2026-02 is not whole: its costs end on 2026-02-10",
    ]
    assert done.returncode == 0


def test_json_is_the_contract(folder: Path) -> None:
    done = query("spend-by-tag", "tag=cost-center", "cost=unblended", "--format", "json", folder)
    document = json.loads(done.stdout)
    assert list(document) == [
        "version", "query", "parameters", "currency", "columns", "rows", "left_out", "partial_months", "notes",
    ]  # fmt: skip
    assert document["version"] == 1
    assert document["query"] == "spend-by-tag"
    assert document["parameters"] == {"tag": "cost-center", "cost": "unblended", "currency": "USD"}
    assert document["columns"] == ["month", "key", "value", "amount"]
    expected = totals(
        CELLS, lambda cell: cell.month, lambda cell: cell.value("cost-center") or "(untagged)", measure="unblended"
    )
    assert {(month, value): Decimal(amount) for month, _, value, amount in document["rows"]} == expected
    assert all(isinstance(row[3], str) for row in document["rows"])
    assert document["left_out"][0] == {
        "what": "tax",
        "amount": amount_text(totals(CELLS, measure="unblended", part="tax")[()]),
    }
    assert document["partial_months"] == ["2026-02"]
    assert query("spend-by-tag", "tag=cost-center", "cost=unblended", "--format", "json", folder).stdout == done.stdout


def test_csv_and_parquet_hold_the_same(folder: Path, tmp_path: Path) -> None:
    done = query("missing-tag", "--format", "csv", folder)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    file = tmp_path / "it's.parquet"
    assert query("missing-tag", "--format", "parquet", "--out", file, folder).exit_code == 0
    relation = duckdb.read_parquet(str(file))
    assert [str(kind) for kind in relation.types] == [
        "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "DATE", "DATE", "DECIMAL(38,10)",
    ]  # fmt: skip
    assert [
        {
            name: "" if cell is None else amount_text(cell) if isinstance(cell, Decimal) else str(cell)
            for name, cell in pairs
        }
        for pairs in (zip(relation.columns, row, strict=True) for row in relation.fetchall())
    ] == rows
    assert list(tmp_path.iterdir()) == [file]


def test_files_are_written_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    assert query("coverage", "--format", "csv", "--out", target, folder).stdout == ""
    assert target.read_text(encoding="utf-8").startswith("month,key,amount,")
    for form in ("csv", "parquet"):
        done = query("coverage", "--format", form, "--out", tmp_path / "no" / "out", folder)
        assert done.exit_code == 2
        assert f"cannot write {tmp_path}/no/out: " in done.stderr
        assert "Traceback" not in done.output
    done = query("coverage", "--format", "parquet", folder)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, "Error: --format parquet needs a file: --out FILE")


# Untrusted text.

HOSTILE = ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "a,b", 'a"b', "a\nb", "\x1b[31mred", "::error::x", "日本"]


def an_answer(*rows: tuple[Any, ...]) -> Answer:
    return Answer("spend-by-tag", {}, "USD", ("month", "value", "amount"), list(rows), (), ("2026-02",))


def test_no_cell_of_a_csv_is_a_formula() -> None:
    text = as_csv(an_answer(*(("2026-01", value, Decimal("-1.50")) for value in HOSTILE)))
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [row[2] for row in rows] == ["-1.50"] * len(HOSTILE)  # a number stays one
    assert [row[1].removeprefix("'") for row in rows] == HOSTILE
    assert not any(row[1].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows)


def test_no_cell_of_a_table_acts_on_the_terminal() -> None:
    text = as_table(an_answer(*(("2026-02", value, Decimal(1)) for value in HOSTILE)))
    assert len(text.splitlines()) == 1 + len(HOSTILE)
    assert text.replace("\n", "").isprintable()
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert all(line.startswith("2026-02*  ") for line in text.splitlines()[1:])


def test_amounts_are_exact() -> None:
    texts = ["0.00", "1.50", "-0.0000000046", "123456789012345678901234567.1234567891", "1000000.00"]
    assert [amount_text(Decimal(text)) for text in ("-0", "1.5", "-4.6e-9", texts[3], "1e6")] == texts


def test_no_rows(folder: Path, tmp_path: Path) -> None:
    done = query("spend-of-tag", "team=nobody", folder)
    assert done.stdout.splitlines()[1] == "(no rows)"
    write_parquet(replace(an_answer(), rows=[]), tmp_path / "none.parquet")
    assert duckdb.read_parquet(str(tmp_path / "none.parquet")).columns == ["month", "value", "amount"]


# Parameters and files.


def test_help_for_a_person() -> None:
    listed = query("--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        "by-line-type", "by-tag-and-usage", "by-user", "coverage", "left-out", "missing-tag", "spend-by-tag",
        "spend-of-tag", "top-movers", "wrong-values",
    ]  # fmt: skip
    explained = query("top-movers", "--explain")
    assert explained.stdout.startswith("What changed most from one month to the next")
    assert "  limit=20         how many, of each key\n" in explained.stdout
    assert "Leaves out: tax, support, commitment, other\n" in explained.stdout
    text = query("spend-of-tag", "cost-center=it's", "--sql", "--table", "finops.bill").stdout
    assert "value = 'it''s'" in text
    assert 'FROM "finops"."bill"' in text
    assert len(sqlglot.parse(text, read="athena")) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Error: which query? --list lists them"),
        (("coverage",), "Error: of which bill? name its files, or --athena WORKGROUP --table DATABASE.TABLE"),
        (("coverage", "--athena", "w"), "Error: --athena WORKGROUP and --table DATABASE.TABLE go together"),
        (("coverage", "x.csv", "--athena", "w", "--table", "a.b"), "Error: files or --athena: name one source"),
        (("coverge", "x.csv"), 'costtags: no query "coverge"; did you mean coverage? There are: by-line-type, '
         "by-tag-and-usage, by-user, coverage, left-out, missing-tag, spend-by-tag, spend-of-tag, top-movers, "
         "wrong-values"),
        (("coverage", "cst=x"),
         'costtags: coverage has no parameter "cst"; did you mean cost? It has: tag, cost, from, '
         "to, currency"),
        (("spend-of-tag", "CostCode=x"),
         'costtags: spend-of-tag has no parameter "CostCode"; did you mean cost-center? '
         "It has: tag, cost, from, to, currency, cost-center, environment, project, team"),
        (("coverage", "--param", "cost"), 'costtags: --param "cost": write PARAM=VALUE'),
        (("coverage", "--sql", "--table", "bill"), 'costtags: --table: "bill" is no DATABASE.TABLE'),
        (("coverage", "/no/bill.parquet"), "costtags: /no/bill.parquet: no such file; what lies on S3 is copied by "
         "`aws s3 cp --recursive`, or asked on Athena"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(arguments: tuple[str, ...], message: str) -> None:
    done = query(*arguments)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, message)
    assert done.stdout == ""


def test_a_file_that_looks_like_a_parameter(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tag=team").symlink_to(folder)
    (tmp_path / "year=2026").symlink_to(folder)
    done = query("coverage", "tag=team")
    assert done.exit_code == 2
    assert done.stderr == 'costtags: "tag=team" is a parameter and a file: write --param tag=team or ./tag=team\n'
    as_file = query("coverage", "./tag=team").stdout
    assert as_file == query("coverage", "year=2026").stdout == query("coverage", folder).stdout
    as_parameter = query("coverage", "--param", "tag=team", "year=2026").stdout
    assert as_parameter == query("coverage", folder, "--param", "tag=team").stdout
    assert "project" not in as_parameter


def test_a_broken_file_is_named_without_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "bill.parquet"
    broken.write_bytes(b"PAR1 and no more")
    done = process("coverage", broken)
    assert done.returncode == 2
    assert done.stderr == f"costtags: {broken}: the Parquet file is cut off; download it again\n"


# Athena, by a stand-in whose answers botocore's models accept and whose queries DuckDB runs.


@dataclass
class Athena(StandIn):
    folder: Path = Path()
    queries: list[str] = field(default_factory=list)
    fail: str = ""
    extra_columns: list[dict[str, str]] = field(default_factory=list)
    partitions: list[dict[str, str]] = field(
        default_factory=lambda: [{"Name": "billing_period", "Type": "string"}],
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            "CREATE SCHEMA bill; CREATE VIEW bill.cost_and_usage AS SELECT * FROM "
            f"read_parquet('{self.folder}/data/*/*.parquet', hive_partitioning = true)"
        )

    def GetTableMetadata(self, call: Call) -> Body:
        kinds = {"MAP(VARCHAR, VARCHAR)": "map<string,string>", "VARCHAR": "string"}
        described = self.connection.execute("DESCRIBE bill.cost_and_usage").fetchall()
        columns = [
            {"Name": name, "Type": kinds.get(kind, kind.lower())}
            for name, kind, *_ in described
            if name.lower() != "billing_period"
        ]
        return {
            "TableMetadata": {
                "Name": call.body["TableName"],
                "Columns": columns + self.extra_columns,
                "PartitionKeys": self.partitions,
            }
        }

    def StartQueryExecution(self, call: Call) -> Body:
        self.queries.append(call.body["QueryString"])
        return {"QueryExecutionId": f"8c2a4d3e-0000-4000-8000-{len(self.queries):012}"}

    def GetQueryExecution(self, _: Call) -> Body:
        status = {"State": "FAILED", "StateChangeReason": self.fail} if self.fail else {"State": "SUCCEEDED"}
        statistics = {"DataScannedInBytes": 50 * 2**20}
        return {"QueryExecution": {"Status": status, "Statistics": statistics, "StatementType": "DML"}}

    def GetQueryResults(self, call: Call) -> Body:
        request = call.body
        text = self.queries[int(request["QueryExecutionId"][-12:]) - 1]
        with self.lock:
            cursor = self.connection.execute(sqlglot.transpile(text, read="athena", write="duckdb")[0])
            names = [column[0] for column in cursor.description or ()]
            kinds = [str(column[1]).lower().split("(")[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
        cells = [names, *([None if cell is None else str(cell) for cell in row] for row in rows)]
        columns = [{"Name": n, "Label": n, "Type": k} for n, k in zip(names, kinds, strict=True)]
        data = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in cells]
        start = int(request.get("NextToken", "0"))
        more = {"NextToken": str(start + 7)} if start + 7 < len(data) else {}
        return {"ResultSet": {"Rows": data[start : start + 7], "ResultSetMetadata": {"ColumnInfo": columns}}, **more}


THROTTLED = Fault("ThrottlingException", "Rate exceeded")


def log_in(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Log this process in to a stand-in."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment(url, AWS_REGION="eu-west-1", AWS_MAX_ATTEMPTS="").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def athena(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Athena]:
    made = Athena(folder=folder)
    with serving(made) as made.url:
        log_in(monkeypatch, made.url)
        yield made


ATHENA = ("--athena", "finops", "--table", "bill.cost_and_usage")


def test_athena_answers_as_the_files_do(athena: Athena, folder: Path) -> None:
    done = process("missing-tag", *ATHENA, "--format", "json")
    here = query("missing-tag", folder, "--format", "json")
    assert done.stdout == here.stdout
    assert done.stderr.splitlines()[0] == (
        "note: Athena: 2 statements, 100.0 MB scanned, 0.0005 USD by the list price of most regions (5 USD/TB)"
    )
    assert done.stderr.splitlines()[1:] == here.stderr.splitlines()
    assert done.returncode == 0
    assert [request["WorkGroup"] for request in athena.asked("StartQueryExecution")] == ["finops", "finops"]


@pytest.mark.parametrize("name", ["spend-by-tag", "by-user", "coverage", "wrong-values", "top-movers", "by-line-type"])
def test_every_kind_of_column_comes_from_athena(athena: Athena, folder: Path, name: str) -> None:
    athena.faults = {"GetTableMetadata": [THROTTLED]}
    assert query(name, *ATHENA, "--format", "json").stdout == query(name, folder, "--format", "json").stdout


def test_athena_reads_no_other_months(athena: Athena, folder: Path) -> None:
    done = query("coverage", "from=2026-01", "to=2026-01", *ATHENA)
    assert done.stdout == query("coverage", "from=2026-01", "to=2026-01", folder).stdout
    assert all("billing_period BETWEEN '2026-01' AND '2026-01'" in text for text in athena.queries)
    athena.queries.clear()
    query("top-movers", "month=2026-02", *ATHENA)
    assert len(athena.queries) == 2
    assert all("billing_period BETWEEN '2026-01' AND '2026-02'" in text for text in athena.queries)


def test_a_legacy_table_is_read_by_year_and_month(athena: Athena, tmp_path: Path) -> None:
    write_sample(CELLS, tmp_path, layout="legacy")
    athena.connection.execute(
        "CREATE OR REPLACE VIEW bill.cost_and_usage AS SELECT * FROM "
        f"read_parquet('{tmp_path}/sample/*/*/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
    )
    athena.partitions = [{"Name": "year", "Type": "string"}, {"Name": "month", "Type": "string"}]
    done = query("spend-by-tag", "from=2026-01", "to=2026-01", *ATHENA)
    assert done.stdout == query("spend-by-tag", "from=2026-01", "to=2026-01", tmp_path).stdout
    assert len(done.stdout.splitlines()) > 5
    assert all("(year = '2026' AND month IN ('1', '01'))" in text for text in athena.queries)


def test_a_table_over_csv_is_refused(athena: Athena, folder: Path) -> None:
    athena.connection.execute(
        "CREATE OR REPLACE VIEW bill.cost_and_usage AS SELECT * REPLACE (line_item_usage_start_date::VARCHAR AS "
        "line_item_usage_start_date, resource_tags::VARCHAR AS resource_tags) FROM "
        f"read_parquet('{folder}/data/*/*.parquet')"
    )
    assert query("coverage", *ATHENA).stderr == (
        "costtags: table bill.cost_and_usage: its columns are not as AWS's Parquet files have them "
        "(line_item_usage_start_date is string; resource_tags is string); make the table over a Parquet export, as "
        "CostExport does\n"
    )


def test_what_athena_refuses_is_said_with_what_it_cost(athena: Athena) -> None:
    athena.faults = {"GetTableMetadata": [THROTTLED]}
    athena.fail = "Bytes scanned limit was exceeded"
    done = query("coverage", *ATHENA)
    assert done.exit_code == 2
    assert done.stderr == (
        "costtags: query 8c2a4d3e-0000-4000-8000-000000000001 of Athena failed: Bytes scanned limit was exceeded "
        "(50.0 MB had been scanned)\n"
    )


def test_a_table_that_is_no_bill(athena: Athena) -> None:
    athena.connection.execute("CREATE OR REPLACE VIEW bill.cost_and_usage AS SELECT 1 AS n, 'a' AS billing_period")
    done = query("coverage", *ATHENA)
    assert done.exit_code == 2
    assert done.stderr.startswith(
        "costtags: table bill.cost_and_usage: it is no bill that costtags knows (its columns: "
    )
    assert athena.queries == []
    athena.connection.execute("CREATE OR REPLACE VIEW bill.cost_and_usage AS SELECT 1 AS n, 'a' AS billing_period")
    assert query("coverage", "--athena", "w", "--table", "bill").stderr == (
        'costtags: --table: "bill" is no DATABASE.TABLE\n'
    )


def test_nobody_answers() -> None:
    done = process(
        "coverage", *ATHENA, AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b",
        AWS_MAX_ATTEMPTS="1", AWS_REGION="eu-west-1",
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("costtags: table bill.cost_and_usage in eu-west-1: AWS did not answer: ")
    assert "Traceback" not in done.stderr
