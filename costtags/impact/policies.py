"""Rendered documents and files of policies -> the Deny statements to judge by."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from costtags.documents.document import DocumentError
from costtags.documents.settings import Settings
from costtags.documents.table import BY_NAME
from costtags.documents.table import render as rendered
from costtags.impact.decide import Kind, Policy
from costtags.schema import Schema


def documents(names: Sequence[str], schema: Schema, settings: Settings) -> list[Policy]:
    """Render documents and take their statements. Raises DocumentError, also for what denies nothing."""
    if unknown := [name for name in names if name not in BY_NAME]:
        can = ", ".join(name for name in BY_NAME if name.startswith(("scp-", "iam-")))
        raise DocumentError([f'no document "{name}"; those that deny are among: {can}' for name in unknown])
    policies = []
    for document in rendered(names, schema, settings):
        kind: Kind = "scp" if document.name.startswith("scp-") else "iam"
        denying, _ = _denying(statement for part in document.parts for statement in part.get("Statement", []))
        if not denying or not document.name.startswith(("scp-", "iam-")):
            raise DocumentError([f"{document.name} denies no call: there is nothing to judge by"])
        policies.append(Policy(document.name, kind, denying))
    return policies


def from_file(path: Path, kind: Kind) -> tuple[Policy, int]:
    """Read a policy; return its Deny statements, and how many others it has. Raises DocumentError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DocumentError([f"cannot read {path}: {error.strerror}"]) from error
    except json.JSONDecodeError as error:
        raise DocumentError([f"{path}:{error.lineno}: is no JSON: {error.msg}"]) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise DocumentError([f"{path} is no policy: no JSON"]) from error
    given = data.get("Statement") if isinstance(data, Mapping) else None
    statements = [given] if isinstance(given, Mapping) else given
    if not isinstance(statements, list) or not all(isinstance(one, Mapping) for one in statements):
        raise DocumentError([f'{path} is no policy: it has no "Statement", one object or a list of them'])
    denying, rest = _denying(statements)
    if not denying:
        raise DocumentError([f"{path} denies no call: it has no statement with Effect Deny"])
    wrong = [f"{path}: a statement has neither Action nor NotAction" for one in denying if not _ACTIONS & one.keys()]
    if wrong:
        raise DocumentError(wrong)
    return Policy(path.name, kind, denying), rest


_ACTIONS = {"Action", "NotAction"}


def _denying(statements: Iterable[Any]) -> tuple[tuple[Mapping[str, Any], ...], int]:
    given = list(statements)
    denying = tuple(one for one in given if isinstance(one, Mapping) and one.get("Effect") == "Deny")
    return denying, len(given) - len(denying)
