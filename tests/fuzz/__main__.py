"""Fuzzing by hand: `make fuzz PROGRAMS=2000 [SEED=...]`, or `python -m tests.fuzz --programs N --seed S`."""

import argparse
import itertools
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from ..engine import drive
from . import generate, render
from .coverage import features
from .generate import Data
from .runner import Disagreement, Engines, Result
from .shrink import shrink

FOUND = Path(__file__).parent / "found"
PER_BATCH = 16


def main() -> int:
    """Run so many programs; return 1 where the engines disagree on any."""
    arguments = parser().parse_args()
    seed = arguments.seed or secrets.token_hex(4)
    print(f"fuzz: seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="costtags-fuzz-") as folder:
        environment = drive.environment(Path(folder) / "engine")
        engines = Engines(environment, Path(folder) / "runs")
        return Fuzz(engines, seed, arguments).run()


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    result.add_argument("--programs", type=int, default=500)
    result.add_argument("--seed", default="")
    result.add_argument("--jobs", type=int, default=2)
    result.add_argument("--batch", type=int, help="only the batch of this number")
    result.add_argument("--no-shrink", action="store_true")
    result.add_argument("--coverage", action="store_true", help="print how often each feature stood in a program")
    return result


def batch_of(seed: str, number: int, programs: int = PER_BATCH) -> Data:
    """Return the batch of a number: every tenth is a single program that may also fail."""
    if number % 10 == 9:
        return generate.batch(f"{seed}:{number}", 1, risky=True)
    return generate.batch(f"{seed}:{number}", programs)


class Fuzz:
    """One run of the fuzzer."""

    def __init__(self, engines: Engines, seed: str, arguments: argparse.Namespace) -> None:
        self.engines = engines
        self.seed = seed
        self.arguments = arguments
        self.agreed = self.disagreed = self.failed = 0
        self.features: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.kinds: set[str] = set()

    def run(self) -> int:
        began = time.monotonic()
        with ThreadPoolExecutor(self.arguments.jobs) as pool:
            waiting: set[Future[Result]] = set()
            for number, batch in self.batches():
                waiting.add(pool.submit(self.engines.run, batch, f"b{number}"))
                if len(waiting) > self.arguments.jobs:
                    waiting = self.take(waiting)
            while waiting:
                waiting = self.take(waiting)
        print(
            f"fuzz: {self.agreed} programs agreed, {self.disagreed} did not, {self.failed} failed on both engines alike "
            f"(seed {self.seed}, {time.monotonic() - began:.0f} s); findings: {sum(self.codes.values())}"
        )
        if self.arguments.coverage:
            for name, count in sorted((self.features + self.codes).items()):
                print(f"  {count:6} {name}")
        return 1 if self.disagreed else 0

    def batches(self) -> "list[tuple[int, Data]] | itertools.chain[tuple[int, Data]]":
        if self.arguments.batch is not None:
            return [(self.arguments.batch, batch_of(self.seed, self.arguments.batch))]
        return itertools.chain(self._all())

    def _all(self):  # noqa: ANN202
        count = 0
        for number in itertools.count():
            if count >= self.arguments.programs:
                return
            batch = batch_of(self.seed, number)
            count += len(batch["programs"])
            yield number, batch

    def take(self, waiting: set[Future[Result]]) -> set[Future[Result]]:
        done, rest = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            self.note(future.result())
        return rest

    def note(self, result: Result) -> None:
        batch = result.batch
        self.features += features(batch)
        self.codes += result.counts
        guilty = {one.program for one in result.disagreements}
        programs = len(batch["programs"])
        if result.failed and programs > 1 and not guilty:
            print("fuzz: a batch failed on both engines:", result.embedded[-600:], flush=True)
        if result.failed and not guilty:
            self.failed += programs
            return
        self.disagreed += min(len(guilty), programs)
        self.agreed += programs - min(len(guilty), programs)
        if result.disagreements:
            self.show(result)

    def show(self, result: Result) -> None:
        first = result.disagreements[0]
        print(f"fuzz: disagreement\n{str(first)[:3000]}", flush=True)
        if self.arguments.no_shrink:
            self.write(result, "unshrunk")
            return
        counter = itertools.count()
        best = [result]

        def shows(candidate: Data) -> bool:
            tried = self.engines.run(candidate, f"s{next(counter)}-{id(candidate)}")
            if any(same(one, first) for one in tried.disagreements):
                best[0] = tried
                return True
            return False

        shrink(result.batch, shows)
        self.write(best[0], "minimal")

    def write(self, result: Result, kind: str) -> None:
        FOUND.mkdir(exist_ok=True)
        name = f"{self.seed}-{secrets.token_hex(3)}"
        path = FOUND / f"{name}.py"
        path.write_text(render.program_text(result.batch), encoding="utf-8")
        said = [*map(str, result.disagreements), "", "== embedded", result.embedded, "== real", result.real]
        path.with_suffix(".txt").write_text("\n".join(said), encoding="utf-8")
        path.with_suffix(".json").write_text(json.dumps(result.batch, indent=1, ensure_ascii=False), encoding="utf-8")
        print(f"fuzz: the {kind} program is {path}, what the engines say {path.with_suffix('.txt').name}", flush=True)


def same(one: Disagreement, other: Disagreement) -> bool:
    return one.about == other.about


if __name__ == "__main__":
    sys.exit(main())
