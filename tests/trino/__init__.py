"""Trino itself, which Athena is built on, as a process that parses and runs queries."""

import json
import subprocess
from pathlib import Path
from typing import Any

from . import get


class TrinoError(Exception):
    """Trino refused a query."""


class Trino:
    """Trino without a server and without tables: what a query reads stands in the query."""

    def __init__(self, jars: Path) -> None:
        # The first compiler alone: no query runs long enough for the second to pay.
        options = ["-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        command = [get.java() or "java", *options, "-cp", f"{jars}/*", str(get.HERE / "Trino.java")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        )

    def __enter__(self) -> "Trino":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def parse(self, sql: str) -> str:
        """Parses one statement and returns it as Trino's tree, in text."""
        return str(self._ask({"parse": sql})["parsed"])

    def run(self, sql: str) -> dict[str, Any]:
        """Runs a query and returns its columns, types and rows, all cells as text."""
        return self._ask({"run": sql})

    def _ask(self, question: dict[str, str]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Trino ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise TrinoError(answer["error"])
        return answer
