"""DuckDB's errors about files, memory and values -> BillError, in words for whoever named the files."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from costtags.costs.files import BillError


@contextmanager
def explained() -> Iterator[None]:
    """Turn DuckDB's errors about files, memory and values into ours."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.OutOfMemoryException:
        raise BillError("there is not enough memory for this; allow more, or name fewer files") from None
    except (
        duckdb.IOException,
        duckdb.InvalidInputException,
        duckdb.ConversionException,
        duckdb.HTTPException,
    ) as error:
        raise BillError(_in_words(str(error))) from None


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn DuckDB's other word for Ctrl-C, with which version 2 ends a fetch, into Python's."""
    try:
        yield
    except RuntimeError as error:
        if "interrupted" in str(error):
            raise KeyboardInterrupt from None
        raise


# What RE2 says of patterns that Rust's regular expressions take: https://github.com/google/re2/blob/main/re2/re2.cc
_PATTERN = re.compile(
    r"Invalid Input Error: ((?:invalid (?:repetition|escape|character class|perl operator|named capture)|bad repetition"
    r"|no argument for repetition|missing [\])]|unexpected \)|pattern too large).*)"
)


def _in_words(message: str) -> str:
    """Keep of DuckDB's message what says where and what; its advice is about options that no one has here."""
    if (pattern := _PATTERN.match(message)) is not None:
        return f"DuckDB cannot run a pattern of tags.yaml ({pattern[1]}): write it more simply, or ask for other tags"
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = " ".join([line for line in lines if not line.startswith(("LINE", "^", "Possible", "*", "SELECT"))][:4])
    if "No space left" in told:
        return f"the disk is full ({tempfile.gettempdir()} takes what does not fit in memory): set TMPDIR to another"
    if "Could not convert" in told:
        advice = "amounts and dates must stand as AWS wrote them, which a spreadsheet does not keep: take its own file"
        return f"the bill cannot be read to its end: {told}; {advice}"
    return f"the bill cannot be read to its end: {told}; download it again"
