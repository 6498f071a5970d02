"""`costtags report` as a process and in it: files, stand-ins for Athena and Cost Explorer, messages, exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from costtags.cli import main
from costtags.costs.explorer import PRICE
from costtags.costs.facts import months_until
from costtags.costs.sample import Cell, sample_cells, totals
from costtags.costs.sample_files import write_sample
from costtags.schema import load

from .stand_in import Body, Call, Fault, StandIn, serving
from .test_cli_query import ATHENA, THROTTLED, Athena, athena, folder, log_in

__all__ = ["athena", "folder"]  # fixtures

ROOT = Path(__file__).parents[1]
SCHEMA = load(ROOT / "tags.yaml")
TODAY = datetime.now(tz=UTC).date()
MONTHS = months_until(f"{TODAY:%Y-%m}", 3)
CELLS = sample_cells(SCHEMA, MONTHS, lines=600)


def report(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", "--schema", str(ROOT / "tags.yaml"), *map(str, arguments)])


def process(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "costtags", "report", "--schema", str(ROOT / "tags.yaml"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120)


# Files.


def test_json_is_the_contract(folder: Path) -> None:
    done = process(folder, "--format", "json")
    assert done.returncode == 0
    made = json.loads(done.stdout)
    assert {
        "version", "currency", "months", "total", "by_tag", "by_usage", "coverage", "left_out",
    } <= made.keys()  # fmt: skip
    assert made["version"] == 1
    assert made["source"] == f"CUR 2.0 in {folder}"
    assert all(isinstance(share, float) for share in made["coverage"].values())
    for amounts in (made["by_usage"], *made["by_tag"].values()):
        assert sum(map(Decimal, amounts.values())) == Decimal(made["total"])
    assert done.stderr == "note: 2026-02 is not whole: its costs end on 2026-02-10\n"


def test_a_page_is_written_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = process(folder, "--out", page)
    assert (done.returncode, done.stdout) == (0, "")
    assert page.read_text(encoding="utf-8").endswith("</html>\n")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert report(folder, "--out", tmp_path / "none" / "r.html").stderr.splitlines()[-1] == (
        f"costtags: cannot write {tmp_path}/none/r.html: No such file or directory"
    )


def test_the_form_is_what_the_file_ends_in(folder: Path, tmp_path: Path) -> None:
    assert report(folder, "--out", tmp_path / "report.json").exit_code == 0
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["version"] == 1
    assert report(folder, "--out", tmp_path / "report.md").exit_code == 0
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("### SageMaker costs")
    assert report(folder, "--out", tmp_path / "page.json", "--format", "html").exit_code == 0
    assert (tmp_path / "page.json").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_no_page_on_a_terminal(folder: Path) -> None:
    terminal, end = os.openpty()
    command = [sys.executable, "-m", "costtags", "report", "--schema", str(ROOT / "tags.yaml"), str(folder)]
    done = subprocess.run(command, stdout=end, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(end)
    os.close(terminal)
    assert done.returncode == 2
    assert "Error: the report is a page for a browser: --out report.html; or take --format markdown\n" in done.stderr


def test_markdown(folder: Path) -> None:
    done = report(folder, "--format", "markdown", "--tag", "team")
    assert done.exit_code == 0
    assert done.stdout.startswith("### SageMaker costs, 2026-01 to 2026-02\n\n**")
    assert "By <code>team</code>" in done.stdout
    assert "By <code>project</code>" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "of which bill? name its files, --athena WORKGROUP --table DATABASE.TABLE, or --explorer"),
        (("x.csv", "--explorer"), "files, --athena or --explorer: name one source"),
        (("--athena", "w"), "--athena WORKGROUP and --table DATABASE.TABLE go together"),
        (("--table", "a.b"), "--athena WORKGROUP and --table DATABASE.TABLE go together"),
        (
            ("x.csv", "--tag", "CostCode", "--tag", "teem"),
            'costtags: "CostCode" is no key of tags.yaml; did you mean cost-center? It has: cost-center, environment, '
            'project, team\n"teem" is no key of tags.yaml; did you mean team?',
        ),
        (("nowhere.csv",), "nowhere.csv: no such file"),
        (("x.csv", "--cost", "blended"), "is not one of"),
        (("x.csv", "--months", "0"), "--months"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], message: str) -> None:
    done = report(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output


def test_files_that_are_no_good_bill(folder: Path, tmp_path: Path) -> None:
    (whole,) = (folder / "data/BILLING_PERIOD=2026-01").iterdir()
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    other, lacking = tmp_path / "other.parquet", tmp_path / "lacking.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS a) TO '{other}' (FORMAT parquet)")
        connection.execute(
            f"COPY (SELECT * EXCLUDE line_item_unblended_cost, line_item_unblended_cost AS cost FROM '{whole}') "
            f"TO '{lacking}' (FORMAT parquet)"
        )
    for file, message in (
        (cut, "the Parquet file is cut off; download it again"),
        (other, "it is no bill that costtags knows"),
        (
            lacking,
            "a CUR 2.0 without columns that are needed: line_item_unblended_cost (select it in the export's query)",
        ),
    ):
        done = process(file)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{file}: {message}" in done.stderr
        assert "Traceback" not in done.stderr


def test_mixed_currencies(tmp_path: Path) -> None:
    write_sample([*CELLS, *(replace(cell, currency="CNY") for cell in CELLS[:3])], tmp_path)
    done = report(tmp_path)
    assert done.exit_code == 2
    assert done.stderr == (
        "costtags: the bill has lines in several currencies (CNY, USD), which cannot be added up: choose one by "
        "--currency CNY\n"
    )
    assert report(tmp_path, "--currency", "USD", "--format", "json").exit_code == 0


def test_a_bill_without_lines(folder: Path, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM '{folder}/data/*/*.parquet' LIMIT 0) TO '{tmp_path}/empty.parquet' (FORMAT parquet)"
        )
    done = report(tmp_path / "empty.parquet")
    assert (done.exit_code, done.stderr) == (2, "costtags: the bill has no lines\n")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_large_csv_on_little_memory(tmp_path: Path) -> None:
    """Far more text than the reader may hold at once."""
    cells = sample_cells(SCHEMA, ["2026-01"], lines=200_000)
    (file,) = write_sample(cells, tmp_path, form="csv")
    assert file.stat().st_size > 120 * 2**20
    code = (
        "import sys; from pathlib import Path; from costtags.costs.local import open_bill\n"
        "from costtags.costs.cube import facts_of_files; from costtags.costs.facts import Wanted\n"
        "from costtags.schema import load; s = load(Path(sys.argv[2]))\n"
        "with open_bill([Path(sys.argv[1])], memory='100MB', threads=1) as bill:\n"
        "    f = facts_of_files(bill, Wanted(s, tuple(s.tags)), '')\n"
        # Not ru_maxrss: it begins with the size of the process that started this one.
        "high = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(sum(f.usage.values()), int(high.split()[1]) // 1024)"
    )
    command = [sys.executable, "-c", code, str(file), str(ROOT / "tags.yaml")]
    total, megabytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert Decimal(total) == totals(cells)[()]
    assert int(megabytes) < 300


def test_an_interrupt_is_no_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB says so by an error of its own."""

    def interrupted(*_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr("costtags.costs.cube.facts_of_files", interrupted)
    done = report(folder)
    assert (done.exit_code, done.stderr) == (130, "interrupted\n")


# Athena.


def test_athena_reports_as_the_files_do(athena: Athena, folder: Path) -> None:
    athena.faults = {"GetTableMetadata": [THROTTLED]}
    there = report(*ATHENA, "--format", "json", "--months", "120")
    here = report(folder, "--format", "json")
    assert there.exit_code == 0, there.stderr
    made, known = json.loads(there.stdout), json.loads(here.stdout)
    assert made.pop("source") == "CUR 2.0 in bill.cost_and_usage, by Athena"
    known.pop("source")
    assert made == known
    assert there.stderr.splitlines()[0] == (
        "note: Athena: 2 statements, 100.0 MB scanned, 0.0005 USD by the list price of most regions (5 USD/TB)"
    )


def test_athena_reads_the_last_months_only(athena: Athena) -> None:
    done = report(*ATHENA, "--months", "1")
    first = f"{TODAY:%Y-%m}"
    assert done.exit_code == 2
    assert f"costtags: the bill has no lines from {first} to {first}; --months says how many" in done.stderr
    assert all(f"billing_period BETWEEN '{first}' AND '{first}'" in text for text in athena.queries)


def test_what_athena_refuses_is_said_with_what_it_cost(athena: Athena) -> None:
    athena.fail = "Bytes scanned limit was exceeded"
    done = report(*ATHENA)
    assert done.exit_code == 2
    assert "of Athena failed: Bytes scanned limit was exceeded (50.0 MB had been scanned)" in done.stderr


# Cost Explorer, by a stand-in that adds up the sample's cells; botocore's models accept what it is asked and answers.

SERVICES = {
    "AmazonSageMaker": "Amazon SageMaker",
    "MachineLearningSavingsPlans": "Savings Plans for Machine Learning",
    "AWSSupportBusiness": "AWS Support (Business)",
    "AmazonS3": "Amazon Simple Storage Service",
    "AmazonEC2": "Amazon Elastic Compute Cloud - Compute",
}
MEASURES = {"AmortizedCost": "amortised", "UnblendedCost": "unblended"}


def service_of(cell: Cell) -> str:
    return "Tax" if cell.line_type == "Tax" else SERVICES[cell.product]


@dataclass
class Explorer(StandIn):
    page: int = 10**6
    unit: str = "USD"

    @property
    def requests(self) -> list[Body]:
        return self.asked("GetCostAndUsage")

    def GetCostAndUsage(self, call: Call) -> Body:
        request = call.body
        period = request["TimePeriod"]
        assert date.fromisoformat(period["End"]) <= date(TODAY.year + TODAY.month // 12, TODAY.month % 12 + 1, 1)
        (metric,) = request["Metrics"]
        cells = [cell for cell in CELLS if self.matches(cell, request.get("Filter"))]
        months = [month for month in MONTHS if period["Start"][:7] <= month <= period["End"][:7]]
        results = []
        for month in months:
            of = [cell for cell in cells if cell.month == month]
            entry: dict[str, Any] = {"TimePeriod": {"Start": f"{month}-01", "End": f"{month}-28"}, "Total": {}}
            entry |= {"Groups": [], "Estimated": month in MONTHS[1:]}
            if "GroupBy" in request:
                (by,) = request["GroupBy"]
                sums = totals(of, lambda cell, by=by: self.group(cell, by), measure=MEASURES[metric], part=None)
                entry["Groups"] = [
                    {"Keys": [name], "Metrics": self.amount(metric, sum_)} for (name,), sum_ in sorted(sums.items())
                ]
            else:
                entry["Total"] = self.amount(metric, totals(of, measure=MEASURES[metric], part=None).get((), Decimal()))
            results.append(entry)
        return self.paged(results, int(request.get("NextPageToken", "0")))

    def paged(self, results: list[dict[str, Any]], start: int) -> dict[str, Any]:
        flat = [(at, group) for at, entry in enumerate(results) for group in entry["Groups"]]
        if not flat:
            return {"ResultsByTime": results}
        shown = flat[start : start + self.page]
        page = [{**entry, "Groups": [group for of, group in shown if of == at]} for at, entry in enumerate(results)]
        more = {"NextPageToken": str(start + self.page)} if start + self.page < len(flat) else {}
        return {"ResultsByTime": page, **more}

    def amount(self, metric: str, amount: Decimal) -> dict[str, Any]:
        return {metric: {"Amount": f"{amount:f}", "Unit": self.unit}}

    @staticmethod
    def group(cell: Cell, by: dict[str, str]) -> str:
        if by["Type"] == "TAG":
            return f"{by['Key']}${cell.value(by['Key']) or ''}"
        return service_of(cell) if by["Key"] == "SERVICE" else cell.usage_type or "NoUsageType"

    def matches(self, cell: Cell, wanted: dict[str, Any] | None) -> bool:
        if wanted is None:
            return True
        if "And" in wanted:
            return all(self.matches(cell, one) for one in wanted["And"])
        if "Tags" in wanted:
            return cell.value(wanted["Tags"]["Key"]) in wanted["Tags"]["Values"]
        return service_of(cell) in wanted["Dimensions"]["Values"]


@pytest.fixture
def explorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Explorer]:
    made = Explorer()
    with serving(made) as made.url:
        log_in(monkeypatch, made.url)
        yield made


EXPLORER = ("--explorer", "--months", 3, "--format", "json")


def test_cost_explorer_reports_as_the_files_do(explorer: Explorer, tmp_path: Path) -> None:
    write_sample(CELLS, tmp_path)
    here = json.loads(report(tmp_path, "--format", "json").stdout)
    done = process(*EXPLORER)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    same = ("currency", "cost", "months", "total", "by_month", "by_tag", "by_tag_and_month", "by_usage", "coverage")
    for name in (*same, "left_out", "wrong_values"):
        assert made[name] == here[name], name
    assert [(one["name"], one["period"], one["actual"]) for one in made["budgets"]] == [
        (one["name"], one["period"], one["actual"]) for one in here["budgets"]
    ]
    assert list(made["partial_months"]) == [MONTHS[-1]]
    assert made["untagged_top"] is None
    assert made["source"] == "Cost Explorer of account 123456789012, 8 requests, 0.08 USD"
    assert done.stderr.splitlines()[:2] == [
        "Cost Explorer: at least 8 requests, 0.08 USD by list price",
        "Cost Explorer: 8 requests, 0.08 USD by list price",
    ]
    assert len(explorer.requests) == 8
    assert f"to AWS, {MONTHS[1]} are estimates still: their bills are not final" in made["notes"]
    assert "services counted as SageMaker: Amazon SageMaker" in made["notes"]


def test_pages_and_throttling(explorer: Explorer) -> None:
    whole = json.loads(report(*EXPLORER).stdout)
    explorer.calls.clear()
    explorer.page, explorer.faults = 7, {"GetCostAndUsage": [Fault("LimitExceededException", "Rate exceeded")]}
    done = report(*EXPLORER, "--max-requests", 100)
    paged = json.loads(done.stdout)
    made = len(explorer.requests) - 1  # one was refused, and sent again
    assert paged.pop("source") == f"Cost Explorer of account 123456789012, {made} requests, {PRICE * made} USD"
    whole.pop("source")
    assert paged == whole


def test_no_more_requests_than_allowed(explorer: Explorer) -> None:
    done = report(*EXPLORER, "--max-requests", 5)
    assert (done.exit_code, explorer.requests) == (2, [])
    assert done.stderr == (
        "costtags: Cost Explorer would be sent at least 8 requests, 0.08 USD; allowed are 5: --max-requests 8, or "
        "fewer tags with --tag\n"
    )
    explorer.page = 5
    done = report(*EXPLORER, "--max-requests", 9)
    assert (done.exit_code, done.stdout, len(explorer.requests)) == (2, "", 9)
    assert (
        "costtags: Cost Explorer has more than 9 requests can read (9 requests, 0.09 USD so far): allow more with "
        "--max-requests, or ask for fewer tags with --tag\n"
    ) in done.stderr


def test_one_tag_is_fewer_requests(explorer: Explorer) -> None:
    done = report(*EXPLORER, "--tag", "team", "--cost", "unblended")
    made = json.loads(done.stdout)
    assert Decimal(made["total"]) == totals(CELLS, measure="unblended")[()]
    assert list(made["by_tag"]) == ["team"]
    assert len(explorer.requests) == 5


def test_what_cost_explorer_refuses(explorer: Explorer) -> None:
    explorer.faults = {"GetCostAndUsage": [Fault("AccessDeniedException", "User is not authorized")] * 9}
    done = report(*EXPLORER)
    assert done.exit_code == 2
    assert (
        "costtags: AWS denies GetCostAndUsage (AccessDeniedException: User is not authorized) (1 request, 0.01 USD)\n"
    ) in done.stderr
    assert "Traceback" not in done.output


def test_no_spend_in_cost_explorer(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVICES, "AmazonSageMaker", "Amazon Bedrock")
    done = report(*EXPLORER)
    assert done.exit_code == 2
    assert "Cost Explorer shows no service with SageMaker in its name from" in done.stderr
    assert "its services: AWS Support (Business), Amazon Bedrock, Amazon Elastic" in done.stderr
    assert len(explorer.requests) == 1


def test_another_currency(explorer: Explorer) -> None:
    explorer.unit = "CNY"
    made = json.loads(report(*EXPLORER).stdout)
    assert made["currency"] == "CNY"
    assert {one["note"] for one in made["budgets"]} == {"its limit is in USD, and the bill in CNY"}
    done = report(*EXPLORER, "--currency", "USD")
    assert done.exit_code == 2
    assert "costtags: Cost Explorer answers in CNY, not in USD" in done.stderr


def test_nobody_answers() -> None:
    done = process(
        "--explorer", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="t", AWS_SECRET_ACCESS_KEY="t",
        AWS_MAX_ATTEMPTS="1", AWS_REGION="us-east-1",
    )  # fmt: skip
    assert done.returncode == 2
    assert "AWS did not answer" in done.stderr
    assert "Traceback" not in done.stderr
