"""What documents need besides tags.yaml: where they apply and to whom; from a stack's config or the command line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from costtags.catalog import SageMakerType, sagemaker_types
from costtags.documents import limits
from costtags.documents.document import DocumentError
from costtags.suggest import nearest

SCP_SIZE = limits.SERVICE_CONTROL_POLICY
# Ten can be attached to a root, OU or account; one of them is FullAWSAccess, or what stands for it.
SCP_SLOTS = 9


@dataclass(frozen=True)
class Settings:
    """Where and to whom; principals are ARNs as `aws:PrincipalArn` has them, in which * is special."""

    break_glass: tuple[str, ...] = ()
    """Whom nothing stops."""
    deployers: tuple[str, ...] = ()
    """Who may change and remove tags: the roles of the pipelines that deploy."""
    taggers: tuple[str, ...] = ()
    """Who may change and remove tags: the roles that repair them."""
    include: tuple[str, ...] = ()
    """Creating actions to guard besides those that are safe to: CreateModel ..."""
    abac_keys: tuple[str, ...] | None = None
    """The tags whose value a principal may only use as its own tag has it; None for every required one."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags of the stack: what sdk-config gives by default."""
    emails: tuple[str, ...] = ()
    topic: str | None = None
    """Whom budgets tell: addresses, and the ARN of an SNS topic."""
    scp_size: int = SCP_SIZE
    scp_slots: int = SCP_SLOTS


# Names in a stack's config -> fields of Settings.
_LISTS = {
    "breakGlass": "break_glass",
    "deployers": "deployers",
    "taggers": "taggers",
    "include": "include",
    "abacKeys": "abac_keys",
}
_NUMBERS = {"scpSize": ("scp_size", 500, SCP_SIZE), "scpSlots": ("scp_slots", 1, SCP_SLOTS)}
NAMES = (*_LISTS, *_NUMBERS)
_PRINCIPALS = ("breakGlass", "deployers", "taggers")


def read(config: Any, where: str = "guardrails") -> Settings:
    """Read the ``guardrails`` of a stack's config. Raises DocumentError with everything that is wrong."""
    if not isinstance(config, Mapping):
        raise DocumentError([f"{where} must be a map with some of {', '.join(NAMES)}"])
    problems = list(_problems(config, where))
    if problems:
        raise DocumentError(problems)
    fields: dict[str, Any] = {_LISTS[name]: tuple(config[name]) for name in _LISTS if name in config}
    fields["include"] = tuple(name.removeprefix("sagemaker:") for name in fields.get("include", ()))
    fields |= {to: int(config[name]) for name, (to, _, _) in _NUMBERS.items() if name in config}
    return Settings(**fields)


def _problems(config: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, value in config.items():
        if name in _NUMBERS:
            _, least, most = _NUMBERS[name]
            if not re.fullmatch("[0-9]{1,6}", str(value)) or not least <= int(value) <= most:
                yield f"{where}: {name} must be a number from {least} to {most}"
        elif name not in _LISTS:
            near = nearest(str(name), NAMES)
            hint = f'; did you mean "{near}"?' if near else ""
            yield f'{where}: unknown setting "{name}"{hint} (there are: {", ".join(NAMES)})'
        elif not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            yield f"{where}: {name} must be a list of texts"
        elif name in _PRINCIPALS:
            yield from (f"{where}: {name}: {message}" for item in value for message in principal_problems(item))
        elif name == "include":
            yield from (f"{where}: include: {message}" for item in value for message in _include_problems(item))


_PRINCIPAL = re.compile(r"arn:(aws[a-z*-]*|\*):iam::([0-9]{12}|\*):(root|(role|user)/[\w+=,.@/*-]+)", re.ASCII)


def principal_problems(arn: str) -> Iterator[str]:
    """Yield why a text cannot stand for an excepted principal."""
    if ":sts:" in arn and ":assumed-role/" in arn:
        role = arn.split(":assumed-role/", 1)[1].split("/")[0]
        account = arn.split(":")[4] if arn.count(":") >= 5 else "*"
        yield f'"{arn}" is a session; name its role: "arn:aws:iam::{account}:role/{role}"'
    elif not _PRINCIPAL.fullmatch(arn):
        yield f'"{arn}" is no ARN of a role or user, such as "arn:aws:iam::*:role/BreakGlass" (* stands for anything)'
    elif not re.search(r"\w", arn.split(":", 5)[5].removeprefix("role/").removeprefix("user/")):
        yield f'"{arn}" would except everyone: name the role'


@cache
def _creators() -> dict[str, SageMakerType]:
    return {action: row for row in sagemaker_types() for action in row.create}


def _include_problems(item: str) -> Iterator[str]:
    name = item.removeprefix("sagemaker:")
    row = _creators().get(name)
    if row is None:
        near = nearest(name, _creators())
        hint = f'; did you mean "{near}"?' if near else ""
        yield f'"{item}" is no SageMaker action that creates what can be tagged{hint}'
    elif row.deny_untagged == "never" or not row.request_tag:
        yield f'"{item}" must not be guarded: {row.reason}'
