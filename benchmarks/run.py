"""`make bench`: how fast the gate is, each figure as a ratio to a baseline measured beside it in the same run.

Each row is the best of a few alternating runs of both sides: the best is what the machine's other work disturbs
least. A row that misses its goal is marked, and nothing fails.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from costtags import exemptions, policyconfig, schema  # noqa: E402
from costtags.gate import state  # noqa: E402
from tests.engine import drive  # noqa: E402

PYTHON = sys.executable
COSTTAGS = str(Path(sys.executable).with_name("costtags"))
PROGRAM = HERE / "program"
EXPORT = ROOT / "tests" / "golden" / "state-export.json"

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


def exported(count: int, folder: Path) -> Path:
    """Write an exported stack of so many notebook instances, each as Pulumi exported one, but rightly tagged."""
    document = json.loads(EXPORT.read_bytes())
    rows = document["deployment"]["resources"]
    kept = [row for row in rows if row["type"].startswith("pulumi:")]
    one = next(row for row in rows if row["urn"].endswith("::whole"))
    one["type"] = "aws:sagemaker/notebookInstance:NotebookInstance"
    for number in range(count):
        tags = {"cost-center": "ML-Research", "environment": "dev", "project": "bench", "number": str(number)}
        inputs = {"instanceType": "ml.t3.medium", "roleArn": "arn:aws:iam::111122223333:role/notebook", "tags": tags}
        name = f"notebook-{number}"
        outputs = {**inputs, "arn": f"arn:aws:sagemaker:eu-west-1:111122223333:notebook-instance/{name}", "id": name}
        urn = f"urn:pulumi:dev::ml::{one['type']}::{name}"
        kept.append({**one, "urn": urn, "id": name, "inputs": inputs, "outputs": {**outputs, "tagsAll": tags}})
    document["deployment"]["resources"] = kept
    file = folder / f"state-{count}.json"
    file.write_text(json.dumps(document, indent=4), encoding="utf-8")
    return file


def loaded(file: Path) -> Side:
    """Read a file of JSON in this process."""

    def load() -> float:
        started = time.perf_counter()
        with file.open(encoding="utf-8") as stream:
            json.load(stream)
        return time.perf_counter() - started

    return load


def judged(file: Path) -> Side:
    """Judge an exported stack in this process."""
    path = ROOT / "tags.yaml"
    rules, levels = schema.load(path), policyconfig.levels({})
    excused = exemptions.load(exemptions.beside(path), datetime.now(tz=UTC).date())

    def judge() -> float:
        started = time.perf_counter()
        report = state.judge(state.read(file.read_bytes()), rules, excused, levels, ROOT)
        took = time.perf_counter() - started
        if report.findings:
            sys.exit(f"{file}: {report.findings[0].message}")
        return took

    return judge


def analyzed(file: Path, environment: dict[str, str]) -> Side:
    """Judge an exported stack on the real engine with this pack."""
    env = {**environment, "COSTTAGS_SCHEMA": str(ROOT / "tags.yaml")}

    def analyze() -> float:
        started = time.perf_counter()
        arguments = ["policy", "analyze", "--file", str(file), "--policy-pack", str(ROOT / "policypack"), "--json"]
        done = drive.run(arguments, PROGRAM, env, timeout=600)
        if done.exit_code:
            sys.exit(done.output)
        return time.perf_counter() - started

    return analyze


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

    with tempfile.TemporaryDirectory() as folder:
        file = exported(10 * count, Path(folder))
        in_process, load = best(judged(file), loaded(file), runs=max(runs, 5))
        detail = f"{in_process:.2f} s / {load:.2f} s"
        row(f"state judged / json.load of it, {10 * count}", in_process / load, 3, at_least=False, detail=detail)
        if arguments.quick:
            return

        environment = drive.environment(Path(folder))
        command = [COSTTAGS, "state", str(file), "--schema", str(ROOT / "tags.yaml")]
        analysis, whole = best(analyzed(file, environment), lambda: seconds(command), runs=1)
        detail = f"{analysis:.2f} s / {whole:.2f} s"
        what = f"pulumi policy analyze / costtags state, {10 * count}"
        row(what, analysis / whole, 10, at_least=True, detail=detail)

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
