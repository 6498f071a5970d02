"""Tries random programs on both engines: `make fuzz PROGRAMS=2000 [SEED=...]`.

A disagreement is made as small as it goes and written to tests/fuzz/found, with what both engines say: a labelled
program of the form of tests/corpus.
"""

import argparse
import itertools
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from ..engine import drive
from . import render
from .batches import batch_of, batches
from .coverage import features
from .generate import Data
from .runner import Engines, Result
from .shrink import shrink

FOUND = Path(__file__).parent / "found"


def main() -> int:
    """Try so many programs; return 1 where the engines disagree on any."""
    arguments = parser().parse_args()
    seed = arguments.seed or secrets.token_hex(4)
    print(f"fuzz: seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="costtags-fuzz-") as folder:
        environment = drive.environment(Path(folder) / "engine")
        fuzz = Fuzz(Engines(environment, Path(folder) / "runs"), seed, shrinks=not arguments.no_shrink)
        if arguments.batch is not None:
            fuzz.run([(batch_of(seed, arguments.batch), f"b{arguments.batch}")], arguments.jobs)
        else:
            fuzz.run(batches(seed, arguments.programs), arguments.jobs)
    if arguments.coverage:
        for name, count in sorted((fuzz.features + fuzz.codes).items()):
            print(f"{count:7} {name}")
    return 1 if fuzz.disagreed else 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    result = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    result.add_argument("--programs", type=int, default=500)
    result.add_argument("--seed", default="", help="any text; without it, a new one, which is printed")
    result.add_argument("--jobs", type=int, default=2)
    result.add_argument("--batch", type=int, help="only the batch of this number")
    result.add_argument("--no-shrink", action="store_true")
    result.add_argument("--coverage", action="store_true", help="print how often each feature and finding occurred")
    return result


class Fuzz:
    """One run, and what came of it."""

    def __init__(self, engines: Engines, seed: str, *, shrinks: bool) -> None:
        self.engines = engines
        self.seed = seed
        self.shrinks = shrinks
        self.agreed = self.disagreed = self.failed = 0
        self.features: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()

    def run(self, tried: Iterable[tuple[Data, str]], jobs: int) -> None:
        """Try batches, so many at a time."""
        began = time.monotonic()
        with ThreadPoolExecutor(jobs) as pool:
            waiting: set[Future[Result]] = set()
            for batch, name in tried:
                waiting.add(pool.submit(self.engines.run, batch, name))
                if len(waiting) > jobs:
                    waiting = self.take(waiting)
            while waiting:
                waiting = self.take(waiting)
        print(
            f"fuzz: {self.agreed} programs agreed, {self.disagreed} did not, {self.failed} failed on both alike; "
            f"{self.codes.total()} findings of {len(self.codes)} kinds "
            f"(seed {self.seed}, {time.monotonic() - began:.0f} s)"
        )

    def take(self, waiting: set[Future[Result]]) -> set[Future[Result]]:
        """Note what is done, and return the rest."""
        done, rest = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            self.note(future.result())
        return rest

    def note(self, result: Result) -> None:
        """Count a result, and show where the engines disagree."""
        programs = len(result.batch["programs"])
        guilty = min(len({one.program for one in result.disagreements}), programs)
        self.features += features(result.batch)
        self.codes += result.counts
        self.disagreed += guilty
        if result.failed:
            self.failed += programs - guilty
            if programs > 1:
                print(f"fuzz: a batch of {programs} programs failed:\n{result.embedded[-600:]}", flush=True)
        else:
            self.agreed += programs - guilty
        if guilty:
            self.show(result)

    def show(self, result: Result) -> None:
        """Write a disagreement, made small, for whoever mends it."""
        first = result.disagreements[0]
        print(f"fuzz: disagreement, {str(first)[:2000]}", flush=True)
        numbers = itertools.count()
        smallest = result

        def shows(candidate: Data) -> bool:
            nonlocal smallest
            tried = self.engines.run(candidate, f"{first.program.strip('()')}-{secrets.token_hex(3)}-{next(numbers)}")
            if not any(one.about == first.about for one in tried.disagreements):
                return False
            smallest = tried
            return True

        if self.shrinks:
            shrink(result.batch, shows)
        print(f"fuzz: written to {self.write(smallest)}, and what the engines say beside it", flush=True)

    def write(self, result: Result) -> Path:
        """Write a batch as a program and as data, and what the engines say of it."""
        FOUND.mkdir(exist_ok=True)
        path = FOUND / f"{self.seed}-{secrets.token_hex(3)}.py"
        path.write_text(render.program_text(result.batch), encoding="utf-8")
        said = [*map(str, result.disagreements), "", "== embedded", result.embedded, "== real", result.real]
        path.with_suffix(".txt").write_text("\n".join(said), encoding="utf-8")
        path.with_suffix(".json").write_text(json.dumps(result.batch, indent=1, ensure_ascii=False), encoding="utf-8")
        return path


if __name__ == "__main__":
    sys.exit(main())
