"""Rendered documents and files of policies -> the Deny statements to judge by."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    if wrong := [f"{path}: {one}" for number, each in enumerate(statements, 1) for one in _wrong(each, number)]:
        raise DocumentError(wrong)
    if data.get("Version") != "2012-10-17":
        statements = json.loads(json.dumps(statements).replace("${", "${$}{"))  # in the older language it is plain text
    denying, rest = _denying(statements)
    if not denying:
        raise DocumentError(
            [
                f"{path} has no statement with Effect Deny: there is nothing to judge by. What a list of allowed "
                "actions leaves out is not judged"
            ]
        )
    return Policy(path.name, kind, denying), rest


def _wrong(statement: Mapping[str, Any], number: int) -> Iterator[str]:
    """Yield for what AWS refuses a statement: what it would deny cannot be told."""
    name = f'statement "{statement["Sid"]}"' if statement.get("Sid") else f"statement {number}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"{name}: Effect must be Allow or Deny, in this spelling"
    for element in ("Principal", "NotPrincipal"):
        if element in statement:
            yield f"{name} has {element}: only policies of resources have that, which are not judged"
    for element, needed in (("Action", True), ("Resource", False)):
        given = [one for one in (element, f"Not{element}") if one in statement]
        if len(given) > 1 or (needed and not given):
            yield f"{name} has {'both' if given else 'neither'} {element} {'and' if given else 'nor'} Not{element}"
        yield from (f"{name}: {one} must be a text or a list of texts" for one in given if not _texts(statement[one]))
    condition = statement.get("Condition", {})
    if not isinstance(condition, Mapping) or not all(isinstance(keys, Mapping) for keys in condition.values()):
        yield f'{name}: Condition must be of the form {{"StringEquals": {{"aws:RequestTag/team": "x"}}}}'
        return
    yield from (f'{name}: IAM has no operator "{one}"' for one in condition if not _OPERATOR.fullmatch(str(one)))


def _texts(given: Any) -> bool:
    return isinstance(given, str) or (isinstance(given, list) and all(isinstance(one, str) for one in given))


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_COMPARED = "(Not)?Equals|LessThan(Equals)?|GreaterThan(Equals)?"
_OPERATOR = re.compile(
    "((ForAllValues:|ForAnyValue:)?"
    f"(String(Not)?(Equals|EqualsIgnoreCase|Like)|(Numeric|Date)({_COMPARED})|Bool|BinaryEquals|(Not)?IpAddress"
    "|Arn(Not)?(Equals|Like))(IfExists)?)|Null",
    re.IGNORECASE,
)


def _denying(statements: Iterable[Any]) -> tuple[tuple[Mapping[str, Any], ...], int]:
    given = list(statements)
    denying = tuple(one for one in given if isinstance(one, Mapping) and one.get("Effect") == "Deny")
    return denying, len(given) - len(denying)
