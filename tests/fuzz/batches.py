"""Which batches a seed means."""

from collections.abc import Iterator

from . import generate
from .generate import Data

SEED = "costtags"
"""The seed of the programs that every test run tries."""

PER_BATCH = 16
EVERY = 7
"""Each batch of so many is a single program, which may hold what makes a program fail."""


def batch_of(seed: str, number: int) -> Data:
    """Return the batch of a number."""
    alone = number % EVERY == EVERY - 1
    return generate.batch(f"{seed}:{number}", 1 if alone else PER_BATCH, risky=alone)


def batches(seed: str, programs: int) -> Iterator[tuple[Data, str]]:
    """Yield batches, each with a name, until they hold so many programs."""
    number = count = 0
    while count < programs:
        batch = batch_of(seed, number)
        yield batch, f"b{number}"
        count += len(batch["programs"])
        number += 1
