"""AWS accounts over HTTP, as far as costtags asks them: a stand-in that the catalogue drives.

    state = AwsAccount()
    state.add(Held("notebook-instance", "scratch", tags={"team": "ml-a"}))
    with serving(state) as url:
        subprocess.run(["costtags", "audit"], env=environment(url))
    assert state.writes() == []

It answers every List and Describe call of `costtags/catalog.yaml`, SageMaker's tagging and apps, the tagging API, and
what it takes to find accounts and regions. Every request and every answer is checked against botocore's models, which
AWS publishes; what does not fit them, or is not known here, fails the test when `serving` ends.
"""

import hashlib
import json
import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.model import Shape

from costtags.catalog import SageMakerType, sagemaker_types

from . import stand_in
from .aws_models import _compiled, problems, service_model
from .stand_in import ACCOUNT, Body, Call, Fault, check_answer, serving

__all__ = ["ACCOUNT", "Body", "Call", "Fault", "serving"]

REGION = "eu-west-1"
RECENT = datetime.now(tz=UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=3)
ROWS = {row.name: row for row in sagemaker_types()}
_READS = ("List", "Get", "Describe", "Search", "Lookup", "Select", "Simulate", "Validate", "AssumeRole", "BatchGet")
_GONE = frozenset({"Deleted", "Deleting", "Failed"})


@dataclass
class Held:
    """One resource of an account. `fields` are further members of what List and Describe say of it."""

    type: str
    name: str
    account: str = ACCOUNT
    region: str = REGION
    tags: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    created: datetime = RECENT
    tagged_before: bool = False
    """Whether tag:GetResources returns it also while it has no tags."""

    @property
    def arn(self) -> str:
        """The ARN, in the catalogue's form."""
        form = _form(self.type)
        known = {"Partition": "aws", "Region": self.region, "Account": self.account} | self.variables
        if "AppType" in known:  # as SageMaker writes it: https://github.com/aws/amazon-sagemaker-feedback/issues/108
            known["AppType"] = known["AppType"].lower()
        return re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], form)

    @property
    def variables(self) -> dict[str, str]:
        """What stands in the ARN besides the place: names, and ids where AWS makes some."""
        names = re.findall(r"\$\{(\w+)\}", _form(self.type).split("${Account}")[-1])
        known: dict[str, str] = {}
        for name in names:
            if name in self.fields:
                known[name] = str(self.fields[name])
            elif name == "UserProfileName" and "SpaceName" in self.fields:
                known[name] = str(self.fields["SpaceName"])
            elif name != names[-1]:
                raise ValueError(f"a {self.type} needs fields[{name!r}]")
            else:
                known[name] = self._id(name)
        return known

    def _id(self, name: str) -> str:
        if not name.endswith("Id") and not name.startswith(("Random", "Hash")):
            return self.name
        if name == "DomainId" and self.name.startswith("d-"):
            return self.name
        number = hashlib.sha1(self.name.encode()).hexdigest()
        return {"DomainId": f"d-{number[:12]}", "AppId": f"app-{number[:12].upper()}",
                "MLflowAppId": f"app-{number[:12].upper()}"}.get(name, number[:12])  # fmt: skip


# IAM's data has no ARNs of these; the first is botocore's pattern.
_FORMS = {
    "cluster-extension": "extension/sagemaker-x/x/${ExtensionName}",
    "inference-router": "inference-router/${InferenceRouterName}",
}


def _form(kind: str) -> str:
    """Return the form of a type's ARN."""
    return ROWS[kind].arn or "arn:${Partition}:sagemaker:${Region}:${Account}:" + _FORMS[kind]


@dataclass
class AwsAccount:
    """What there is, what was asked, and what is to go wrong."""

    held: dict[str, Held] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    accounts: list[str] = field(default_factory=lambda: [ACCOUNT])
    regions: list[str] = field(default_factory=lambda: [REGION, "us-east-1"])
    aggregators: list[str] = field(default_factory=lambda: ["organization"])
    fault: Callable[[Call], Fault | None] | None = None
    failing: Callable[[Call, str], Fault | None] | None = None
    """Asked for each ARN of TagResources and UntagResources: a failure of that one, in an answer of 200."""
    roles_refused: set[str] = field(default_factory=set)
    management: str = ACCOUNT
    page: int = 10
    """Items on a page where the request does not say: SageMaker's own number."""
    wrong: list[str] = field(default_factory=list)
    answers: dict[tuple[str, str], Callable[[Call], Body | Fault]] = field(default_factory=dict)
    """Further operations, by service and name; the answer is checked as all others are."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, *held: Held) -> None:
        """Hold these."""
        self.held |= {one.arn: one for one in held}

    def writes(self) -> list[Call]:
        """Return the calls that change something, or try to."""
        return [call for call in self.calls if not call.operation.startswith(_READS)]

    def asked(self, operation: str) -> list[Call]:
        """Return the calls of an operation."""
        return [call for call in self.calls if call.operation == operation]

    def tags(self) -> dict[str, dict[str, str]]:
        """Return a copy of every resource's tags, by ARN."""
        return {arn: dict(one.tags) for arn, one in self.held.items()}

    def answer(self, call: Call) -> Body | Fault:
        """Answer one call, and check both against the model."""
        self.calls.append(call)
        if found := problems(call.service, call.operation, call.body):
            raise AssertionError("; ".join(found))
        fault = self.fault(call) if self.fault else None
        if fault and not fault.after_acting:
            return fault
        with self.lock:
            act = self.answers.get((call.service, call.operation)) or _operation(call.service, call.operation)
            answer = act(call) if (call.service, call.operation) in self.answers else act(self, call)
        if isinstance(answer, dict):
            check_answer(call.service, call.operation, answer)
        return fault or answer


# --- SageMaker ---


def _list(row: SageMakerType) -> Callable[[AwsAccount, Call], Body]:
    """Return what answers the list call of a type, page by page, in the order of the ARNs."""
    spec = row.list_call
    assert spec
    output = service_model("sagemaker").operation_model(_api_name(spec.call)).output_shape
    shape = output.members[spec.key].member

    def answer(state: AwsAccount, call: Call) -> Body:
        body = dict(call.body)
        size = int(body.pop("MaxResults", state.page))
        after = body.pop("NextToken", "")
        by, order = body.pop("SortBy", None), body.pop("SortOrder", "Ascending")
        for name in spec.inputs:
            body.pop(name, None)
        arns = sorted(
            arn
            for arn, one in list(state.held.items())
            if one.type == row.name and one.region == call.region and one.account == call.account
        )
        if body:
            arns = [arn for arn in arns if _passes(state.held[arn], row, shape, body)]
        if by is not None or order == "Descending":
            field_of = {"Name": lambda arn: state.held[arn].name, "Status": lambda _: ""}
            arns.sort(key=field_of.get(str(by), lambda arn: state.held[arn].created), reverse=order == "Descending")
            start = int(after or 0)
            token = str(start + size)
        else:
            start = bisect_right(arns, after) if after else 0
            token = arns[start + size - 1] if start + size <= len(arns) else ""
        items = [_item(state.held[arn], row, shape) for arn in arns[start : start + size]]
        return {spec.key: items} | ({"NextToken": token} if start + size < len(arns) else {})

    return answer


def _passes(one: Held, row: SageMakerType, shape: Shape, filters: Mapping[str, Any]) -> bool:
    """Say whether a resource passes the filters of a request. A filter that is not known here is an error."""
    view = _view(one, row)
    for name, wanted in filters.items():
        if re.fullmatch(r"(Creation|LastModified)(Time)?(After|Before)|(Created|LastModified)(After|Before)", name):
            at = datetime.fromtimestamp(wanted, UTC) if isinstance(wanted, int | float) else wanted
            good = one.created >= at if name.endswith("After") else one.created <= at
        elif name == "NameContains":
            good = wanted in one.name
        elif name == "StatusEquals":
            item = _item(one, row, shape)
            good = wanted in [value for member, value in item.items() if member.endswith("Status")]
        elif name.endswith("Equals"):
            good = view.get(name.removesuffix("Equals")) == wanted
        elif (row.list_call and name in row.list_call.each) or name in one.fields:
            good = view.get(name) == wanted
        else:
            raise AssertionError(f"the stand-in does not know the filter {name}")
        if not good:
            return False
    return True


def _describe(row: SageMakerType) -> Callable[[AwsAccount, Call], Body | Fault]:
    """Return what answers the describe call of a type."""
    spec = row.describe_call
    assert spec
    operation = service_model("sagemaker").operation_model(_api_name(spec.call))

    def answer(state: AwsAccount, call: Call) -> Body | Fault:
        for one in list(state.held.values()):
            if (one.type, one.account, one.region) != (row.name, call.account, call.region):
                continue
            view = _view(one, row)
            if all(call.body.get(given) in (view.get(member), one.arn) for given, member in spec.inputs.items()):
                break
        else:
            missing = {shape.name for shape in operation.error_shapes} & {"ResourceNotFound"}
            return Fault(
                "ResourceNotFound" if missing else "ValidationException", f"Could not find {row.name} {call.body}"
            )
        view = {given: view[member] for given, member in spec.inputs.items() if member in view} | view
        head, _, leaf = (spec.arn or "").rpartition(".")
        if not head:
            return _filled(operation.output_shape, view | ({leaf: one.arn} if leaf else {}), one.created)
        inner = _filled(operation.output_shape.members[head], view | {leaf: one.arn}, one.created)
        return _filled(operation.output_shape, view | {head: inner}, one.created)

    return answer


def _view(one: Held, row: SageMakerType) -> Body:
    """Return every member that List and Describe can say of a resource."""
    view: Body = {**one.variables, **one.fields}
    if "SpaceName" in one.fields and "UserProfileName" not in one.fields:
        view.pop("UserProfileName", None)
    if row.list_call:
        view |= {row.list_call.name: one.name} if row.list_call.name else {}
        view |= {row.list_call.arn: one.arn} if row.list_call.arn else {}
    return view


def _item(one: Held, row: SageMakerType, shape: Shape) -> Body:
    return _filled(shape, _view(one, row), one.created)


def _filled(shape: Shape, known: Mapping[str, Any], created: datetime) -> Body:
    """Return a structure that holds what is known, and plausible values of what it must or usually does have."""
    usual, times, status = _usual(shape)
    filled = {**dict.fromkeys(times, created), **{k: v for k, v in known.items() if k in shape.members}}
    if status and "Status" in known and status != "Status":
        filled[status] = known["Status"]
    return filled | {name: _sample(shape.members[name]) for name in usual if name not in filled}


@cache
def _usual(shape: Shape) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """Return a structure's usual members, those of them that are times, and the one that holds the status."""
    times = tuple(
        name
        for name, member in shape.members.items()
        if member.type_name == "timestamp" and name.startswith(("Creat", "LastModified", "Modified"))
    )
    statuses = [name for name, member in shape.members.items() if name.endswith("Status") and _enum(member)]
    status = "Status" if "Status" in statuses else min(statuses, key=len, default=None)
    usual = {*shape.required_members, *([status] if status else [])} - set(times)
    return tuple(sorted(usual)), times, status


def _enum(shape: Shape) -> list[str]:
    return shape.metadata.get("enum") or []


_ALIVE = ("InService", "Completed", "COMPLETED", "Active", "ACTIVE", "Available", "Created", "Succeeded", "Ready")
_TEXTS = ("x", "1", "1.0.0", "a1b2c3d4e5f6", "s3://bucket/key", "https://example.com", "ml.m5.large",
          "subnet-0123456789abcdef0", "vpc-0123456789abcdef0", "sg-0123456789abcdef0",
          "arn:aws:iam::123456789012:role/service",
          "arn:aws:sagemaker:eu-west-1:123456789012:{kind}/x",
          "arn:aws:sagemaker:eu-west-1:123456789012:{kind}/a1b2c3d4e5f6")  # fmt: skip


@cache
def _sample(shape: Shape) -> Any:
    """Return a value that the model allows."""
    limits = shape.metadata
    kind = shape.type_name
    if kind == "structure":
        wanted = shape.required_members or (list(shape.members)[:1] if getattr(shape, "is_tagged_union", False) else [])
        return {name: _sample(shape.members[name]) for name in wanted}
    if kind == "list":
        return [_sample(shape.member) for _ in range(limits.get("min", 0))]
    if kind in ("integer", "long", "float", "double"):
        return max(limits.get("min", 1), 1)
    if kind == "string":
        return _sample_text(shape)
    return {"boolean": False, "map": {}, "timestamp": RECENT}[kind]


def _sample_text(shape: Shape) -> str:
    limits = shape.metadata
    if enum := _enum(shape):
        return next((value for value in _ALIVE if value in enum), enum[0])
    named = re.search(r":([a-z-]+)/", limits.get("pattern", ""))
    for form in _TEXTS:
        text = form.replace("{kind}", named[1] if named else "endpoint")
        inside = limits.get("min", 0) <= len(text) <= limits.get("max", len(text))
        if inside and ("pattern" not in limits or _compiled(limits["pattern"]).fullmatch(text)):
            return text
    raise AssertionError(f"the stand-in has no text for {shape.name}: {limits}")


def _found(state: AwsAccount, call: Call) -> Held | Fault:
    """Return the resource that a request names, if it can be tagged."""
    one = state.held.get(call.body["ResourceArn"])
    if one is None or (one.account, one.region) != (call.account, call.region):
        return Fault("ValidationException", f"Resource {call.body['ResourceArn']} does not exist.")
    # https://github.com/aws/amazon-sagemaker-feedback/issues/108
    if one.type == "app" and one.fields.get("Status") in _GONE:
        return Fault("ValidationException", f"App {one.name} has been deleted.")
    return one


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _list_tags(state: AwsAccount, call: Call) -> Body | Fault:
    one = _found(state, call)
    return one if isinstance(one, Fault) else {"Tags": _pairs(one.tags)}


def _tagged(one: Held, tags: Mapping[str, str]) -> Fault | None:
    """Put tags on a resource, as far as AWS takes them."""
    if any(key.lower().startswith("aws:") for key in tags):
        return Fault("ValidationException", "aws: prefixed tag key names are not allowed for external use.")
    if len(one.tags | tags) > 50:
        return Fault("ResourceLimitExceeded", "The account-level service limit 'tags per resource' is 50 Tags.")
    one.tags = one.tags | tags
    one.tagged_before = True
    return None


def _untagged(one: Held, keys: list[str]) -> None:
    one.tags = {key: value for key, value in one.tags.items() if key not in keys}


def _add_tags(state: AwsAccount, call: Call) -> Body | Fault:
    one = _found(state, call)
    if isinstance(one, Fault):
        return one
    if not ROWS[one.type].taggable_later:
        return Fault("ValidationException", f"{one.type} does not support tagging after its creation.")
    refused = _tagged(one, {tag["Key"]: tag["Value"] for tag in call.body["Tags"]})
    return refused or {"Tags": _pairs(one.tags)}


def _delete_tags(state: AwsAccount, call: Call) -> Body | Fault:
    one = _found(state, call)
    if isinstance(one, Fault):
        return one
    _untagged(one, call.body["TagKeys"])
    return {}


def _app(state: AwsAccount, call: Call) -> Held | None:
    keys = ("DomainId", "UserProfileName", "SpaceName", "AppType")
    for one in state.held.values():
        same = all(one.fields.get(key) == call.body.get(key) for key in keys)
        if same and (one.type, one.name) == ("app", call.body["AppName"]):
            return one
    return None


def _delete_app(state: AwsAccount, call: Call) -> Body | Fault:
    one = _app(state, call)
    if one is None or one.fields.get("Status") in _GONE:
        return Fault("ResourceNotFound", f"App {call.body['AppName']} does not exist.")
    one.fields["Status"] = "Deleted"  # still listed, for about a day
    return {}


def _create_app(state: AwsAccount, call: Call) -> Body | Fault:
    """Make an app; it takes the tags of its domain and user profile: botocore's CreateDomain and CreateUserProfile."""
    old = _app(state, call)
    if old is not None and old.fields.get("Status") not in _GONE:
        return Fault("ResourceInUse", f"App {call.body['AppName']} exists.")
    keys = ("DomainId", "UserProfileName", "SpaceName", "AppType", "ResourceSpec")
    fields = {key: call.body[key] for key in keys if key in call.body} | {"Status": "InService"}
    tags: dict[str, str] = {}
    for parent in state.held.values():
        if (parent.type == "domain" and parent.variables["DomainId"] == fields["DomainId"]) or (
            parent.type == "user-profile"
            and (parent.fields.get("DomainId"), parent.name) == (fields["DomainId"], fields.get("UserProfileName"))
        ):
            tags |= parent.tags
    tags |= {tag["Key"]: tag["Value"] for tag in call.body.get("Tags", [])}
    one = Held("app", call.body["AppName"], call.account, call.region, tags, fields, datetime.now(tz=UTC))
    state.add(one)
    return {"AppArn": one.arn}


# --- the tagging API, AWS Config, accounts and regions ---


def _get_resources(state: AwsAccount, call: Call) -> Body | Fault:
    """Return what has tags or once had; one page in the order of the ARNs."""
    body = call.body
    size = body.get("ResourcesPerPage", 50)
    after = body.get("PaginationToken") or ""
    wanted = set(body.get("ResourceARNList", ()))
    if wanted and (body.get("TagFilters") or body.get("ResourceTypeFilters")):
        return Fault("InvalidParameterException", "ResourceARNList cannot be used with filters.")
    for name in sorted(set(body) - {"ResourcesPerPage", "PaginationToken", "ResourceARNList", "ResourceTypeFilters",
                                    "TagFilters", "TagsPerPage"}):  # fmt: skip
        raise AssertionError(f"the stand-in does not know {name}")
    kinds = body.get("ResourceTypeFilters", ())
    arns = sorted(
        arn
        for arn, one in state.held.items()
        if (one.account, one.region) == (call.account, call.region)
        and (one.tags or one.tagged_before)
        and (not wanted or arn in wanted)
        and (not kinds or any(f"sagemaker:{arn.split(':')[5]}/".startswith(_prefix(kind)) for kind in kinds))
        and all(_has(one.tags, condition) for condition in body.get("TagFilters", ()))
    )
    start = bisect_right(arns, after)
    page = arns[start : start + size]
    return {
        "PaginationToken": page[-1] if start + size < len(arns) else "",
        "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": _pairs(state.held[arn].tags)} for arn in page],
    }


def _prefix(kind: str) -> str:
    return f"{kind}/" if ":" in kind else f"{kind}:"


def _has(tags: Mapping[str, str], condition: Mapping[str, Any]) -> bool:
    key, values = condition["Key"], condition.get("Values") or ()
    return key in tags and (not values or tags[key] in values)


def _each_arn(act: Callable[[Held, Body], Fault | None]) -> Callable[[AwsAccount, Call], Body]:
    """Return what answers TagResources or UntagResources: each ARN for itself, the failures in an answer of 200."""

    def answer(state: AwsAccount, call: Call) -> Body:
        failed: Body = {}
        for arn in call.body["ResourceARNList"]:
            one = state.held.get(arn)
            fault = state.failing(call, arn) if state.failing else None
            if fault is None:
                if one is None or (one.account, one.region) != (call.account, call.region):
                    fault = Fault("InvalidParameterException", f"{arn} does not exist.", 404)
                elif one.type == "app" and one.fields.get("Status") in _GONE:
                    fault = Fault("InvalidParameterException", f"App {one.name} has been deleted.")
                else:
                    fault = act(one, call.body)
            if fault:
                known = ("InvalidParameterException", "InternalServiceException")
                code = fault.code if fault.code in known else "InvalidParameterException"
                failed[arn] = {"StatusCode": fault.status, "ErrorCode": code, "ErrorMessage": fault.message}
        return {"FailedResourcesMap": failed}

    return answer


def _tag(one: Held, body: Body) -> Fault | None:
    if not ROWS[one.type].taggable_later:
        return Fault("InvalidParameterException", f"{one.type} does not support tagging after its creation.")
    return _tagged(one, body["Tags"])


def _untag(one: Held, body: Body) -> Fault | None:
    _untagged(one, body["TagKeys"])


def _select(state: AwsAccount, call: Call) -> Body:
    """Answer a query of AWS Config: the SageMaker resources that have a CloudFormation type, the fields asked for."""
    query = " ".join(call.body["Expression"].split())
    asked = re.fullmatch(r"(?i)SELECT (.+?) WHERE (.+)", query)
    assert asked, f"the stand-in cannot read {query}"
    rows = []
    for arn, one in sorted(state.held.items()):
        row = ROWS[one.type]
        near = "Aggregate" in call.operation or (one.account, one.region) == (call.account, call.region)
        if row.cloudformation and near and "SAGEMAKER" in asked[2].upper():
            everything = {
                "arn": arn, "accountId": one.account, "awsRegion": one.region, "resourceType": row.cloudformation[0],
                "resourceId": arn.split("/", 1)[-1], "resourceName": one.name,
                "resourceCreationTime": f"{one.created:%Y-%m-%dT%H:%M:%S.000Z}",
                "tags": [{"key": k, "value": v, "tag": f"{k}={v}"} for k, v in sorted(one.tags.items())],
            }  # fmt: skip
            rows.append({name.strip(): everything[name.strip()] for name in asked[1].split(",")})
    start, size = int(call.body.get("NextToken") or 0), call.body.get("MaxResults") or call.body.get("Limit") or 25
    more = {"NextToken": str(start + size)} if start + size < len(rows) else {}
    fields = [{"Name": name.strip()} for name in asked[1].split(",")]
    results = [json.dumps(row) for row in rows[start : start + size]]
    return {"Results": results, "QueryInfo": {"SelectFields": fields}} | more


def _aggregators(state: AwsAccount, _: Call) -> Body:
    return {"ConfigurationAggregators": [{"ConfigurationAggregatorName": name} for name in state.aggregators]}


def _list_accounts(state: AwsAccount, call: Call) -> Body | Fault:
    if call.account != state.management:
        return Fault("AccessDeniedException", "You don't have permissions to access this resource.")
    start, size = int(call.body.get("NextToken") or 0), min(call.body.get("MaxResults", 20), 20)
    more = {"NextToken": str(start + size)} if start + size < len(state.accounts) else {}
    active = {"Status": "ACTIVE", "State": "ACTIVE"}
    return {"Accounts": [{"Id": one, "Name": one, **active} for one in state.accounts[start : start + size]]} | more


def _describe_organization(state: AwsAccount, _: Call) -> Body:
    return {"Organization": {"Id": "o-exampleorgid", "MasterAccountId": state.management, "FeatureSet": "ALL"}}


def _list_regions(state: AwsAccount, call: Call) -> Body:
    start, size = int(call.body.get("NextToken") or 0), call.body.get("MaxResults", 20)
    more = {"NextToken": str(start + size)} if start + size < len(state.regions) else {}
    page = state.regions[start : start + size]
    return {"Regions": [{"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for name in page]} | more


def _identity(_: AwsAccount, call: Call) -> Body:
    root = call.access_key.startswith("AKIA")
    arn = f"arn:aws:iam::{call.account}:user/me" if root else f"arn:aws:sts::{call.account}:assumed-role/role/costtags"
    return {"Account": call.account, "Arn": arn, "UserId": "AIDAEXAMPLE"}


def _assume_role(state: AwsAccount, call: Call) -> Body | Fault:
    account = call.body["RoleArn"].split(":")[4]
    if account in state.roles_refused:
        said = f"User {call.account} is not authorized to perform: sts:AssumeRole on resource: {call.body['RoleArn']}"
        return Fault("AccessDenied", said, 403)
    expires = datetime.now(tz=UTC).replace(microsecond=0) + timedelta(hours=1)
    keys = {"AccessKeyId": f"ASIA{account}", "SecretAccessKey": "secret", "SessionToken": "token"}
    user = {"AssumedRoleId": "AROAEXAMPLE:costtags", "Arn": f"arn:aws:sts::{account}:assumed-role/role/costtags"}
    return {"Credentials": {**keys, "Expiration": expires}, "AssumedRoleUser": user}


_OPERATIONS: dict[tuple[str, str], Callable[[AwsAccount, Call], Body | Fault]] = {
    ("sagemaker", "ListTags"): _list_tags,
    ("sagemaker", "AddTags"): _add_tags,
    ("sagemaker", "DeleteTags"): _delete_tags,
    ("sagemaker", "CreateApp"): _create_app,
    ("sagemaker", "DeleteApp"): _delete_app,
    ("resourcegroupstaggingapi", "GetResources"): _get_resources,
    ("resourcegroupstaggingapi", "TagResources"): _each_arn(_tag),
    ("resourcegroupstaggingapi", "UntagResources"): _each_arn(_untag),
    ("config", "SelectAggregateResourceConfig"): _select,
    ("config", "SelectResourceConfig"): _select,
    ("config", "DescribeConfigurationAggregators"): _aggregators,
    ("organizations", "ListAccounts"): _list_accounts,
    ("organizations", "DescribeOrganization"): _describe_organization,
    ("account", "ListRegions"): _list_regions,
    ("sts", "GetCallerIdentity"): _identity,
    ("sts", "AssumeRole"): _assume_role,
}


@cache
def _operation(service: str, operation: str) -> Callable[..., Body | Fault]:
    """Return what answers an operation: one of the table, or of the catalogue."""
    if (service, operation) in _OPERATIONS:
        return _OPERATIONS[service, operation]
    if service == "sagemaker":
        for row in ROWS.values():
            if row.list_call and _api_name(row.list_call.call) == operation:
                return _list(row)
            if row.describe_call and _api_name(row.describe_call.call) == operation:
                return _describe(row)
    raise AssertionError(f"the stand-in does not know {service} {operation}")


@cache
def _api_name(method: str) -> str:
    """Return the API's name of a boto3 method: ListApps of list_apps."""
    return next(name for name in service_model("sagemaker").operation_names if xform_name(name) == method)


def environment(url: str, region: str = REGION, account: str = ACCOUNT, **variables: str) -> dict[str, str]:
    """Return the environment of someone logged in to an account, without any AWS setting of the machine's own.

    A variable that is given as "" is left out. Retries are standard ones, which wait least; AWS_RETRY_MODE="" leaves
    the choice to costtags.
    """
    login = {
        "AWS_ACCESS_KEY_ID": f"AKIA{account}",
        "AWS_REGION": region,
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "10",
    }
    return stand_in.environment(url, **(login | variables))
