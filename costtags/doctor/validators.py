"""AWS's own judgement of the rendered policies: Access Analyzer's validator and IAM's policy simulator."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costtags.account.places import Access
from costtags.catalog import SageMakerType
from costtags.doctor.rows import CANNOT_TELL, OK, PROBLEM, Row, guarded
from costtags.doctor.wanted import Wanted
from costtags.documents.document import Document, DocumentError
from costtags.documents.evaluate import Request, denies
from costtags.documents.scope import governed
from costtags.documents.scope import guarded as guarded_actions
from costtags.documents.table import BY_NAME, render
from costtags.schema import Schema

CHECK = "validators"
REPORT = "report it to costtags with this line; meanwhile attach the policy to a test account only"
DOCUMENTS = tuple(name for name in BY_NAME if name.startswith(("iam-", "scp-")))
# SimulateCustomPolicy decides these: the others ask about a principal's own tags, or deny whatever the tags are.
SIMULATED = ("iam-require-tags", "iam-protect-tags", "scp-require-tags", "scp-protect-tags")
_ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_SERIOUS = ("ERROR", "SECURITY_WARNING")


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield what AWS's validator and simulator say of every policy that tags.yaml renders."""
    analyzer = access.client(access.account, "accessanalyzer")
    iam = access.client(access.account, "iam")
    for name in DOCUMENTS:
        try:
            document = render([name], wanted.schema, wanted.settings)[0]
        except DocumentError as error:
            fix = "name the principals in a stack's config (--stack)"
            yield Row(CHECK, name, "", CANNOT_TELL, "it is not rendered: " + "; ".join(error.messages), fix)
            continue
        yield from guarded(_validated(analyzer, document), CHECK, f"{name} (Access Analyzer)")
        if name in SIMULATED:
            yield from guarded(_simulated(iam, access, document, wanted.schema, wanted), CHECK, f"{name} (simulator)")


def _validated(client: Any, document: Document) -> Iterator[Row]:
    kind = "SERVICE_CONTROL_POLICY" if document.name.startswith("scp-") else "IDENTITY_POLICY"
    minor = 0
    serious = False
    for name, text in document.named_policies:
        what = f"{name} (Access Analyzer)"
        for page in client.get_paginator("validate_policy").paginate(policyDocument=text, policyType=kind):
            for finding in page.get("findings", []):
                if finding.get("findingType") not in _SERIOUS:
                    minor += 1
                    continue
                serious = True
                said = f"{finding['findingType']} {finding.get('issueCode')}: {finding.get('findingDetails')}"
                at = "; ".join(sorted(_path(one) for one in finding.get("locations", [])))
                yield Row(CHECK, what, at, PROBLEM, said, f"{REPORT}; {finding.get('learnMoreLink', '')}".rstrip("; "))
    if not serious:
        said = f"no errors, no security warnings; {minor} other findings"
        yield Row(CHECK, f"{document.name} (Access Analyzer)", "", OK, said)


def _path(location: Mapping[str, Any]) -> str:
    """Return a place in a policy: Statement[0].Action[2]."""
    steps = [(one.get("value") or one.get("key"), one.get("index")) for one in location.get("path", [])]
    return "".join(f"[{index}]" if index is not None else f".{name}" for name, index in steps).lstrip(".")


# --- The simulator ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """A request to simulate: what it is called, and on which resource."""

    name: str
    request: Request
    arn: str


def trials(schema: Schema, wanted: Wanted, access: Access) -> list[Trial]:
    """Return a handful of requests: each guarded action with and without tags, and changes of tags."""
    right = {tag.key: _value(tag.key, schema) for tag in schema.required}
    wrong = {key: f"{value}-not-allowed-by-tags.yaml" for key, value in right.items()}
    rows = governed(schema)
    actions = set(guarded_actions(schema, wanted.settings))
    made = []
    for row in rows:
        arn = _arn(row, access)
        for action in sorted(actions & set(row.create)):
            made.append(Trial(f"{action} with its tags", Request(action, right), arn))
            made.append(Trial(f"{action} without tags", Request(action), arn))
    arn = _arn(next(row for row in rows if row.arn is not None and actions & set(row.create)), access)
    made += [
        Trial("AddTags, first", Request("AddTags", right), arn),
        Trial("AddTags over other values", Request("AddTags", right, wrong), arn),
        Trial("AddTags of wrong values", Request("AddTags", wrong), arn),
        Trial("DeleteTags", Request("DeleteTags", right, right), arn),
    ]
    return made


def _value(key: str, schema: Schema) -> str:
    tag = schema.tags[key]
    return tag.exact_values[0] if tag.exact_values else (tag.values or ("any",))[0].replace("*", "x")


def _arn(row: SageMakerType, access: Access) -> str:
    known = {"Partition": access.partition, "Region": "us-east-1", "Account": access.account}
    return re.sub(r"\$\{(\w+)\}", lambda match: known.get(match[1], "costtags"), row.arn or "*")


def _simulated(client: Any, access: Access, document: Document, schema: Schema, wanted: Wanted) -> Iterator[Row]:
    what = f"{document.name} (simulator)"
    differing: dict[str, list[str]] = defaultdict(list)
    tried = trials(schema, wanted, access)
    for trial in tried:
        decided = _decision(client, document, trial)
        ours = any(denies(one, trial.request) for part in document.parts for one in part["Statement"])
        if (decided == "allowed") == ours:
            differing[f"the simulator says {decided}, costtags {'denied' if ours else 'allowed'}"].append(trial.name)
    for why, names in sorted(differing.items()):
        yield Row(CHECK, what, "", PROBLEM, f"{why}: {', '.join(names)}", REPORT)
    if not differing:
        yield Row(CHECK, what, "", OK, f"decides {len(tried)} requests as costtags does")


def _decision(client: Any, document: Document, trial: Trial) -> str:
    texts = list(document.texts)
    policies: dict[str, Any] = {"PolicyInputList": [_ALLOW_ALL, *texts]}
    if document.name.startswith("scp-"):
        levels = [{"ServiceControlPolicyInputList": [_ALLOW_ALL, *texts]}]
        policies = {"PolicyInputList": [_ALLOW_ALL], "OrderedOrganizationPolicyInputList": levels}
    answer = client.simulate_custom_policy(
        **policies,
        ActionNames=[f"sagemaker:{trial.request.action}"],
        ResourceArns=[trial.arn],
        ContextEntries=_context(trial.request),
    )
    result = answer["EvaluationResults"][0]
    # What an SCP denies stands beside the decision of the account's own policies.
    organization = result.get("OrganizationsDecisionDetail") or {}
    denied = organization.get("AllowedByOrganizations") is False
    return "denied by the organization" if denied else str(result["EvalDecision"])


def _context(request: Request) -> list[dict[str, Any]]:
    texts = {f"aws:ResourceTag/{key}": value for key, value in request.resource_tags.items()}
    if request.action != "DeleteTags":
        texts |= {f"aws:RequestTag/{key}": value for key, value in request.tags.items()}
    keys: Sequence[str] = list(request.tags)
    listed = [_entry("aws:TagKeys", keys, "stringList")] if keys else []
    return [*listed, *(_entry(key, [value], "string") for key, value in texts.items())]


def _entry(key: str, values: Sequence[str], kind: str) -> dict[str, Any]:
    return {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": kind}
