"""How long `costtags report` takes on a large bill, what memory it needs, and how both grow: part of `make bench`.

A sample bill of CUR 2.0 in Parquet is written twice, one of a tenth of the lines. The baseline is DuckDB's bare
grouping of the same lines, in a process of its own, so that the machine's speed is not in the ratio.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COSTTAGS = str(Path(sys.executable).with_name("costtags"))
SECONDS, MEBIBYTES, GROWTH = 5, 512, 10


def measured(command: Sequence[str]) -> tuple[float, float, float]:
    """Return the seconds that a command took, those of processors, and its memory at most, in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}\n{said.decode()}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def best(command: Sequence[str], runs: int) -> tuple[float, float, float]:
    """Return the best times of several runs, and the most memory of any."""
    results = [measured(command) for _ in range(runs)]
    took, processors, memory = zip(*results, strict=True)
    return min(took), min(processors), max(memory)


def row(what: str, figure: str, goal: str, met: bool) -> None:
    """Print one row of the table."""
    print(f"{what:<66} {figure:>10}  goal: {goal:<14} {'met' if met else 'MISSED'}", flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        times = {}
        for lines in (arguments.lines // 10, arguments.lines):
            bill = Path(folder, str(lines))
            sample = [sys.executable, "-m", "costtags.costs.sample_files", str(bill), "--lines", str(lines)]
            subprocess.run(sample, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            command = [COSTTAGS, "report", str(bill), "--out", str(Path(folder, "report.html"))]
            times[lines] = best(command, arguments.runs)
            bare, *_ = best([sys.executable, "-c", grouped(bill)], arguments.runs)
            took, processors, memory = times[lines]
            used = f"{took:.2f} s ({processors:.2f} s of processors), {memory:.0f} MiB"
            print(f"{lines:>10,} lines: {used}; a bare GROUP BY of DuckDB's: {bare:.2f} s")
    few, many = times[arguments.lines // 10][0], times[arguments.lines][0]
    memory = times[arguments.lines][2]
    row(f"costtags report, {arguments.lines:,} lines", f"{many:.2f} s", f"under {SECONDS} s", many < SECONDS)
    row("memory of it", f"{memory:.0f} MiB", f"under {MEBIBYTES} MiB", memory < MEBIBYTES)
    row(
        f"growth from {arguments.lines // 10:,} lines", f"{many / few:.1f}x", f"at most {GROWTH}x", many / few <= GROWTH
    )


def grouped(bill: Path) -> str:
    """Return a program that groups the lines of a bill by month, usage type and one tag, and does no more."""
    sql = (
        "SELECT bill_billing_period_start_date, line_item_usage_type, resource_tags['user_cost_center'], "
        f"SUM(line_item_unblended_cost) FROM read_parquet('{bill}/data/*/*.parquet') GROUP BY ALL"
    )
    return f"import duckdb; duckdb.sql({sql!r}).fetchall()"


if __name__ == "__main__":
    main()
