"""What AWS says: the tags in use in an account's regions, and the tag policy that applies to it."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.session import Session

from costtags.account import clients
from costtags.adopt.draft import CannotDraft, Draft, count
from costtags.adopt.observed import Resource
from costtags.adopt.observed import drafted as drafted_from

_PAGE = 100  # GetResources gives no more at once
_SAGEMAKER = "sagemaker"


def effective_tag_policy(profile: str | None) -> Mapping[str, Any]:
    """Return what DescribeEffectivePolicy says of the caller's account. Raises CannotDraft."""
    try:
        organizations = clients.client(_session(profile), "organizations")
        answer: Mapping[str, Any] = organizations.describe_effective_policy(PolicyType="TAG_POLICY")
    except clients.AWS_ERRORS as error:
        raise CannotDraft(_explained(error, "organizations:DescribeEffectivePolicy")) from error
    except ValueError as error:
        raise CannotDraft(f"an AWS setting cannot be used: {error}") from error
    return answer


def drafted(
    profile: str | None, regions: Sequence[str], *, all_services: bool, progress: Callable[[str], None]
) -> Draft:
    """Return a draft of the tags in use in some regions, or in the configured one. Raises CannotDraft."""
    regions = list(dict.fromkeys(regions)) or [_configured_region(profile)]
    what = "resources" if all_services else "SageMaker resources"
    found: dict[str, Resource] = {}
    for region in regions:
        try:
            _read(found, profile, region, all_services, progress)
        except clients.AWS_ERRORS as error:
            raise CannotDraft(f"{region}: {_explained(error, 'tag:GetResources')}") from error
        except ValueError as error:
            raise CannotDraft(f"an AWS setting cannot be used: {error}") from error
    where = ", ".join(regions)
    if not any(resource.tags for resource in found.values()):
        wider = "" if all_services else ", or count every service's with --all-services"
        raise CannotDraft(f"no tags found: no {what[:-1]} in {where} has any; name other regions with --region{wider}")
    head = (
        "AWS names only resources that have or once had a tag: those that never had one are not among them, and keys "
        "are on fewer than it seems.",
    )
    return drafted_from(list(found.values()), f"the tags in use in {where} ({len(found)} {what})", head)


def _session(profile: str | None, region: str | None = None) -> Session:
    session = Session(profile=profile)
    if region is not None:
        session.set_config_variable("region", region)
    return session


def _configured_region(profile: str | None) -> str:
    try:
        region = _session(profile).get_config_variable("region") or os.environ.get("AWS_REGION")
    except clients.AWS_ERRORS as error:
        raise CannotDraft(clients.explained(error)) from error
    if not region:
        raise CannotDraft("no region: name the regions to look into with --region, or set AWS_REGION")
    return str(region)


def _read(
    found: dict[str, Resource],
    profile: str | None,
    region: str,
    all_services: bool,
    progress: Callable[[str], None],
) -> None:
    tagging = clients.client(_session(profile, region), "resourcegroupstaggingapi")
    only = {} if all_services else {"ResourceTypeFilters": [_SAGEMAKER]}
    pages = tagging.get_paginator("get_resources").paginate(ResourcesPerPage=_PAGE, **only)
    for page in pages:
        for entry in page.get("ResourceTagMappingList", []):
            arn = str(entry.get("ResourceARN"))
            service = arn.split(":")[2] if arn.count(":") >= 2 else ""
            tags = {str(tag["Key"]): str(tag.get("Value", "")) for tag in entry.get("Tags", [])}
            found[arn] = Resource(tags, service, service == _SAGEMAKER)
        progress(f"{region}: {count(len(found), 'resource')}")


def _explained(error: Exception, action: str) -> str:
    text = clients.explained(error)
    code = clients.code(error)
    if code in clients.DENIED:
        return f"{text}; allow {action} to the caller"
    if code == "EffectivePolicyNotFoundException":
        return f"no tag policy applies to this account ({code}); a policy that is attached nowhere is read from a file"
    if code == "AWSOrganizationsNotInUseException":
        return f"this account is in no organization, so it has no tag policy ({code})"
    if code == "PaginationTokenExpiredException":
        return f"{text}; run it again"
    if code in ("InvalidClientTokenId", "UnrecognizedClientException"):
        return f"{text}; or is the region not enabled for this account?"
    return text
