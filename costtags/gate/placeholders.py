"""Stated stand-ins for what provider functions would ask an AWS account for.

A tag made from one of them is as good as unknown: ``hidden`` turns it into that before it is judged.
"""

import json
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format, struct_pb2

from costtags.effective import UNKNOWN

ACCOUNT = "100200300400"
NUMBER = "0c057a9500000000"
TEXT = "costtags-placeholder"
REGION = f"{TEXT}-1"  # where the stack's config has none
MARKS = (ACCOUNT, NUMBER, TEXT)


def hidden(properties: struct_pb2.Struct) -> struct_pb2.Struct:
    """Return inputs in which every text with a placeholder in it is unknown instead."""
    serialized = properties.SerializeToString()
    if not any(mark.encode() in serialized for mark in MARKS):
        return properties
    made = struct_pb2.Struct()
    made.update({key: _hidden(value) for key, value in json_format.MessageToDict(properties).items()})
    return made


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return UNKNOWN if any(mark in value for mark in MARKS) else value
    if isinstance(value, dict):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return value


def answer(token: str, args: dict[str, Any]) -> dict[str, Any]:
    """Returns the placeholder result of a provider function, or raises a LookupError that names it."""
    found = ANSWERS.get(token)
    if found is None:
        example = json.dumps({"functions": {token: {"property": "value"}}})
        raise LookupError(f"{token} would ask an account: give its answer in a file for --answers: {example}")
    return {**args, **found(args)}


def caller_identity(_args: dict[str, Any]) -> dict[str, Any]:
    """Answers sts:GetCallerIdentity."""
    return {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{TEXT}/session",
        "id": ACCOUNT,
        "userId": f"AROA:{TEXT}",
    }


def region(args: dict[str, Any]) -> dict[str, Any]:
    """Answers with the provider's region."""
    name = args.get("region") or REGION
    endpoint = f"ec2.{name}.amazonaws.com"
    return {"description": name, "endpoint": endpoint, "id": name, "name": name, "region": name}


def partition(_args: dict[str, Any]) -> dict[str, Any]:
    """Answers with the commercial partition."""
    return {
        "dnsSuffix": "amazonaws.com",
        "id": "aws",
        "partition": "aws",
        "reverseDnsPrefix": "com.amazonaws",
    }


def availability_zones(args: dict[str, Any]) -> dict[str, Any]:
    """Answers with three zones of the region."""
    name = args.get("region") or REGION
    return {
        "id": name,
        "region": name,
        "names": [name + letter for letter in "abc"],
        "zoneIds": [f"{name}-az{number}" for number in (1, 2, 3)],
        "groupNames": [name],
    }


def vpc(args: dict[str, Any]) -> dict[str, Any]:
    """Answers with a VPC of the id asked for."""
    name = args.get("region") or REGION
    vpc_id = args.get("id") or f"vpc-{NUMBER}"
    return {
        "arn": f"arn:aws:ec2:{name}:{ACCOUNT}:vpc/{vpc_id}",
        "cidrBlock": args.get("cidrBlock") or "10.0.0.0/16",
        "cidrBlockAssociations": [],
        "default": bool(args.get("default")),
        "dhcpOptionsId": args.get("dhcpOptionsId") or f"dopt-{NUMBER}",
        "enableDnsHostnames": True,
        "enableDnsSupport": True,
        "enableNetworkAddressUsageMetrics": False,
        "id": vpc_id,
        "instanceTenancy": "default",
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociations": [],
        "mainRouteTableId": f"rtb-{NUMBER}",
        "ownerId": ACCOUNT,
        "region": name,
        "state": "available",
        "tags": UNKNOWN,
    }


def subnets(args: dict[str, Any]) -> dict[str, Any]:
    """Answers with two subnets."""
    name = args.get("region") or REGION
    ids = [f"subnet-{NUMBER}0", f"subnet-{NUMBER}1"]
    return {"id": name, "region": name, "ids": ids, "tags": UNKNOWN}


def ssm_parameter(args: dict[str, Any]) -> dict[str, Any]:
    """Answers with a parameter whose value says that it is a placeholder."""
    name, parameter = args.get("region") or REGION, args["name"]
    return {
        "arn": f"arn:aws:ssm:{name}:{ACCOUNT}:parameter/{parameter.lstrip('/')}",
        "id": parameter,
        "insecureValue": TEXT,
        "name": parameter,
        "region": name,
        "type": "String",
        "value": TEXT,
        "version": 1,
    }


def prebuilt_ecr_image(args: dict[str, Any]) -> dict[str, Any]:
    """Answers with an image path of the usual form."""
    name, tag = args.get("region") or REGION, args.get("imageTag") or "latest"
    suffix, repository = args.get("dnsSuffix") or "amazonaws.com", args["repositoryName"]
    return {
        "dnsSuffix": suffix,
        "id": ACCOUNT,
        "imageTag": tag,
        "region": name,
        "registryId": ACCOUNT,
        "registryPath": f"{ACCOUNT}.dkr.ecr.{name}.{suffix}/{repository}:{tag}",
        "repositoryName": repository,
    }


def kms_alias(args: dict[str, Any]) -> dict[str, Any]:
    """Answers with an alias of a key."""
    name, alias, key = (
        args.get("region") or REGION,
        args["name"],
        f"{NUMBER[:8]}-0000-0000-0000-{NUMBER[:12]}",
    )
    return {
        "arn": f"arn:aws:kms:{name}:{ACCOUNT}:{alias}",
        "id": f"arn:aws:kms:{name}:{ACCOUNT}:{alias}",
        "name": alias,
        "region": name,
        "targetKeyArn": f"arn:aws:kms:{name}:{ACCOUNT}:key/{key}",
        "targetKeyId": key,
    }


def policy_document(args: dict[str, Any]) -> dict[str, Any]:
    """Builds the IAM policy that the arguments describe: the one function that asks no account."""
    document: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    own = [statement(item) for item in args.get("statements") or ()]
    merged: list[dict[str, Any]] = []
    for source in given_documents(args, "sourceJson", "sourcePolicyDocuments"):
        merged = merge(merged, source)
    merged = merge(merged, own)
    for override in given_documents(args, "overrideJson", "overridePolicyDocuments"):
        merged = merge(merged, override)
    document["Statement"] = merged
    return {
        "id": "0",
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "version": document["Version"],
    }


def statement(item: dict[str, Any]) -> dict[str, Any]:
    """Turns one statement of the arguments into one of an IAM policy."""
    result: dict[str, Any] = {}
    if item.get("sid"):
        result["Sid"] = item["sid"]
    result["Effect"] = item.get("effect") or "Allow"
    for name, key in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if item.get(name):
            # The order that the AWS provider gives them.
            result[key] = one_or_list(sorted(item[name], reverse=True))
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if item.get(name):
            result[key] = principals(item[name])
    for condition in item.get("conditions") or ():
        tests = result.setdefault("Condition", {}).setdefault(condition["test"], {})
        tests[condition["variable"]] = one_or_list(condition["values"])
    return result


def principals(items: list[dict[str, Any]]) -> str | dict[str, Any]:
    """Turns principals of the arguments into an IAM policy's."""
    if any(item["type"] == "*" for item in items):
        return "*"
    result: dict[str, list[str]] = {}
    for item in items:
        result.setdefault(item["type"], []).extend(item["identifiers"])
    return {type_: one_or_list(sorted(names, reverse=True)) for type_, names in result.items()}


def one_or_list(values: list[Any]) -> Any:
    """Writes a list of one as its only value, as the AWS provider does."""
    return values[0] if len(values) == 1 else values


def given_documents(args: dict[str, Any], one: str, several: str) -> list[list[dict[str, Any]]]:
    """Returns the statements of policy documents that came as JSON."""
    texts = [text for text in [args.get(one), *(args.get(several) or ())] if text]
    found = [json.loads(text).get("Statement", []) for text in texts]
    return [each if isinstance(each, list) else [each] for each in found]


def merge(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds statements to others, where one with the same Sid takes the earlier one's place."""
    result = list(first)
    for item in second:
        at = next((n for n, old in enumerate(result) if item.get("Sid") and old.get("Sid") == item["Sid"]), None)
        if at is None:
            result.append(item)
        else:
            result[at] = item
    return result


ANSWERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getRegion:getRegion": region,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
    "aws:ec2/getVpc:getVpc": vpc,
    "aws:ec2/getSubnets:getSubnets": subnets,
    "aws:ssm/getParameter:getParameter": ssm_parameter,
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": prebuilt_ecr_image,
    "aws:kms/getAlias:getAlias": kms_alias,
}
