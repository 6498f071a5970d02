"""The queries: one question a file in ``queries/``, in Athena's SQL.

A query reads two relations, which ``query_sql`` makes over ``bill`` (see ``costs.bill``):

- ``lines``: the lines in one currency, with ``cost``: the kind of cost that was asked for.
- ``tagged``: each line once for each key asked for, with ``key``, ``value`` (NULL where it has none), and where they
  are looked at ``allowed`` (whether tags.yaml allows the value) and ``meant`` (what it is an alias of).

``:name`` in a query stands for a parameter, put in as a literal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from costtags.suggest import nearest

FOLDER = Path(__file__).parent / "queries"

# As parameters have it -> the column of ``bill``.
COSTS: Mapping[str, str] = {
    "amortised": "amortised",
    "unblended": "unblended",
    "net-amortised": "net_amortised",
    "net-unblended": "net_unblended",
}


class QueryError(Exception):
    """A question cannot be asked or answered so; the message says why, and what can."""


@dataclass(frozen=True)
class Query:
    """One question. ``parameters`` are names -> defaults, and ``leaves_out`` parts of the bill: see its header."""

    name: str
    question: str
    header: str
    body: str
    parameters: Mapping[str, str]
    leaves_out: tuple[str, ...]
    needs: tuple[str, ...]
    """Columns that not every bill has."""

    @property
    def by_key(self) -> bool:
        """Say whether it looks at tags of the schema."""
        return "FROM tagged" in self.body

    @property
    def of_value(self) -> bool:
        """Say whether it is about one value of one key."""
        return ":value" in self.body


_PARAMETER = re.compile(r"--   ([a-z]+)=(\S*) +\S.*")


@cache
def queries() -> Mapping[str, Query]:
    """Return all queries by name."""
    return {file.stem: _query(file.stem, file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.sql"))}


def _query(name: str, text: str) -> Query:
    lines = text.splitlines()
    end = next(at for at, line in enumerate(lines) if not line.startswith("--"))
    said = {
        label: tuple(re.split(r", *", line.split(": ", 1)[1]))
        for label in ("Leaves out", "Needs")
        for line in lines[:end]
        if line.startswith(f"-- {label}: ")
    }
    return Query(
        name=name,
        question=lines[0].removeprefix("-- "),
        header="\n".join(lines[:end]),
        body="\n".join(lines[end:]),
        parameters={match[1]: match[2] for line in lines[:end] if (match := _PARAMETER.fullmatch(line))},
        leaves_out=tuple(part for part in said["Leaves out"] if part != "nothing"),
        needs=said.get("Needs", ()),
    )


def find(name: str) -> Query:
    """Return a query. Raises QueryError with the nearest name."""
    known = queries()
    if name not in known:
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else "."
        raise QueryError(f'no query "{name}"{hint} There are: {", ".join(known)}')
    return known[name]
