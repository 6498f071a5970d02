"""`make bench`: how fast the gate is, each figure as a ratio to a baseline measured beside it in the same run.

Each row is the best of a few alternating runs of both sides: the best is what the machine's other work disturbs
least. A row that misses its goal is marked, and nothing fails.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from tests.engine import drive  # noqa: E402

PYTHON = sys.executable
COSTTAGS = str(Path(sys.executable).with_name("costtags"))
PROGRAM = HERE / "program"

Side = Callable[[], float]


def seconds(command: list[str], **environment: str) -> float:
    """Return how long a command took."""
    started = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **environment}, cwd=HERE, capture_output=True, text=True)
    took = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return took


def embedded(count: int) -> Side:
    """Judge the program on the embedded engine."""
    arguments = [COSTTAGS, "preview", str(PROGRAM), "--schema", str(ROOT / "tags.yaml"), "--format", "json"]
    return lambda: seconds(arguments, COSTTAGS_BENCH_RESOURCES=str(count))


def bare(count: int) -> Side:
    """Run the bare program under the SDK's mocks."""
    return lambda: seconds([PYTHON, str(HERE / "bare.py")], COSTTAGS_BENCH_RESOURCES=str(count))


def real(count: int, pack: Path, environment: dict[str, str]) -> Side:
    """Preview the program on the real engine with a policy pack."""
    env = {**environment, "COSTTAGS_BENCH_RESOURCES": str(count), "COSTTAGS_SCHEMA": str(ROOT / "tags.yaml")}

    def preview() -> float:
        started = time.perf_counter()
        arguments = [
            "preview",
            "--stack",
            "dev",
            "--non-interactive",
            "--suppress-progress",
            "--policy-pack",
            str(pack),
        ]
        done = drive.run(arguments, PROGRAM, env)
        if done.exit_code:
            sys.exit(done.output)
        return time.perf_counter() - started

    return preview


def best(*sides: Side, runs: int) -> list[float]:
    """Return the best time of each side, over runs that alternate."""
    times = [[side() for side in sides] for _ in range(runs)]
    return [min(column) for column in zip(*times, strict=True)]


def row(what: str, ratio: float, goal: float, *, at_least: bool, detail: str) -> None:
    """Print one row of the table."""
    met = ratio >= goal if at_least else ratio <= goal
    sign = "at least" if at_least else "at most"
    print(f"{what:<66} {ratio:6.2f}x  goal: {sign} {goal:g}x  {'met' if met else 'MISSED':<6}  {detail}", flush=True)


def main() -> None:
    """Measure every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="leave out the rows that take minutes")
    arguments = parser.parse_args()
    count, runs = arguments.resources, arguments.runs

    help_, click = best(
        lambda: seconds([COSTTAGS, "--help"]), lambda: seconds([PYTHON, "-c", "import click"]), runs=max(runs, 10)
    )
    row("costtags --help / python -c 'import click'", help_ / click, 1.5, at_least=False, detail=f"{help_:.3f} s")

    ours, mocks = best(embedded(count), bare(count), runs=runs)
    detail = f"{ours:.2f} s / {mocks:.2f} s"
    row(f"embedded preview / bare program, {count}", ours / mocks, 1.15, at_least=False, detail=detail)
    if arguments.quick:
        return

    with tempfile.TemporaryDirectory() as folder:
        environment = drive.environment(Path(folder))
        drive.select(PROGRAM, "dev", environment)
        packed, noop = best(
            real(count, ROOT / "policypack", environment), real(count, HERE / "noop", environment), runs=runs
        )
    detail = f"{packed:.2f} s / {noop:.2f} s"
    row(
        f"real engine: this pack / a pack that does nothing, {count}", packed / noop, 1.1, at_least=False, detail=detail
    )
    detail = f"{packed:.2f} s / {ours:.2f} s"
    row(f"real engine with this pack / embedded preview, {count}", packed / ours, 4, at_least=True, detail=detail)

    ours_10, mocks_10 = best(embedded(10 * count), bare(10 * count), runs=2)
    growth, baseline = ours_10 / ours, mocks_10 / mocks
    detail = f"{growth:.1f} / {baseline:.1f}"
    what = f"growth to {10 * count}: embedded preview / bare program"
    row(what, growth / baseline, 1.05, at_least=False, detail=detail)


if __name__ == "__main__":
    main()
