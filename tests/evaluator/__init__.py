"""Asks an IAM policy evaluator that AWS did not write, and neither did we: what would AWS decide?

It runs as a process of its own (evaluate.mjs) on the packages that get.py installs. What a request has to hold is
said in evaluate.mjs; a request that AWS could not see is an error.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from . import get

STOP_SECONDS = 10


class EvaluatorError(Exception):
    """The evaluator cannot decide: a policy or a case is wrong, or the process ended."""


@dataclass(frozen=True)
class Case:
    """One request; a multivalued context key (aws:TagKeys) has a list, every other one text."""

    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What was decided, and the Sids of the statements that deny; empty where nothing allows."""

    allowed: bool
    denied_by: tuple[str, ...] = ()


def request_tags(tags: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Returns the context of a request with these tags; without any, AWS sends no aws:TagKeys."""
    if not tags:
        return {}
    return {"aws:TagKeys": list(tags), **{f"aws:RequestTag/{key}": value for key, value in tags.items()}}


class Evaluator:
    """The running evaluator, of the folder given or the one that is found."""

    def __init__(self, folder: Path | None = None) -> None:
        node, found = get.node(), folder or get.find()
        if node is None or found is None:
            raise EvaluatorError("the evaluator is not installed: make evaluator")
        self._process = subprocess.Popen(
            [node, str(get.HERE / "evaluate.mjs"), str(found)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def decide(
        self,
        identity: Sequence[Mapping[str, Any]],
        scps: Sequence[Mapping[str, Any]] | None,
        cases: Sequence[Case],
        principal: str,
        *,
        twice: bool = False,
    ) -> list[Decision]:
        """Decides each case, under the principal's identity policies and, unless None, the SCPs of its account.

        The SCPs stand on one level, beside an allow-all FullAWSAccess. `twice` asks the package's slow public
        function too; a difference is an error.
        """
        request = {
            "identity": identity,
            "scps": scps,
            "principal": principal,
            "cases": [asdict(case) for case in cases],
            "twice": twice,
        }
        answer = self._ask(json.dumps(request))
        if "error" in answer:
            raise EvaluatorError(answer["error"])
        decisions = answer["decisions"]
        errors = [f"case {number}: {it['error']}" for number, it in enumerate(decisions) if it["error"] is not None]
        if errors:
            raise EvaluatorError("\n".join(errors))
        return [Decision(it["allowed"], tuple(it["denied_by"])) for it in decisions]

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except (BrokenPipeError, ValueError):
            answer = ""
        if not answer:
            raise EvaluatorError(f"the evaluator's process ended (exit code {self._process.poll()})")
        result: dict[str, Any] = json.loads(answer)
        return result
