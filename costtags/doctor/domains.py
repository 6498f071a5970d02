"""SageMaker domains: whether they hand their tags on, and their own tags against tags.yaml."""

from collections.abc import Iterator, Mapping
from typing import Any

from costtags.account.places import Access, Place
from costtags.check import check as check_tags
from costtags.check import check_propagation
from costtags.doctor.rows import NOT_USED, OK, PROBLEM, Row, guarded
from costtags.doctor.wanted import Wanted
from costtags.effective import EffectiveTags, TagValue

CHECK = "domains"
TYPE = "aws:sagemaker/domain:Domain"
_GONE = ("Deleting",)
REPAIR = "costtags repair plan, and costtags repair apply once the plan is reviewed"


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield for each domain of the regions whether its tags are right and reach what Studio launches.

    Raises AwsFailed where no region is known.
    """
    for region in access.regions(access.account, wanted.regions):
        place = Place(access.account, region)
        yield from guarded(_of_region(access, wanted, place), CHECK, f"domains of {region}", str(place))


def _of_region(access: Access, wanted: Wanted, place: Place) -> Iterator[Row]:
    client = access.client(place.account, "sagemaker", place.region)
    found = [one for page in client.get_paginator("list_domains").paginate() for one in page["Domains"]]
    found = [one for one in found if one.get("Status") not in _GONE]
    if not found:
        yield Row(CHECK, f"domains of {place.region}", str(place), NOT_USED, "there are none")
    for domain in sorted(found, key=lambda one: str(one["DomainArn"])):
        arn = str(domain["DomainArn"])
        what = f"domain {domain.get('DomainName', domain.get('DomainId'))}"
        yield from guarded(_propagation(client, wanted, what, domain), CHECK, what, arn)
        yield from guarded(_tags(client, wanted, what, arn), CHECK, what, arn)


def _propagation(client: Any, wanted: Wanted, what: str, domain: Mapping[str, Any]) -> Iterator[Row]:
    said = client.describe_domain(DomainId=domain["DomainId"])
    arn = str(domain["DomainArn"])
    found = check_propagation(TYPE, {"tagPropagation": said.get("TagPropagation", "DISABLED")})
    left = [one for one in found if wanted.exemptions.excusing(arn, one.policy, one.tag) is None]
    if found and not left:
        yield Row(CHECK, what, arn, OK, "does not hand its tags on: exempted in exemptions.yaml")
    elif not found:
        yield Row(CHECK, what, arn, OK, "hands its tags on to what Studio launches")
    # Existing apps keep their tags: https://docs.aws.amazon.com/sagemaker/latest/dg/custom-tags.html
    region = arn.split(":")[3]
    fix = (
        f"aws sagemaker update-domain --region {region} --domain-id {domain['DomainId']} --tag-propagation ENABLED, "
        "or tag_propagation in the program that makes it; apps take the tags when they restart"
    )
    yield from (Row(CHECK, what, arn, PROBLEM, one.message, fix) for one in left)


def _tags(client: Any, wanted: Wanted, what: str, arn: str) -> Iterator[Row]:
    if not wanted.schema.enforced_on(TYPE):
        return
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    tags = {str(tag["Key"]): str(tag["Value"]) for page in pages for tag in page["Tags"]}
    own = {key: TagValue(value, "resource") for key, value in tags.items() if not key.startswith("aws:")}
    findings = check_tags(wanted.schema, EffectiveTags(own), TYPE)
    left = [one for one in findings if wanted.exemptions.excusing(arn, one.policy, one.tag) is None]
    if not left:
        excused = len(findings)
        yield Row(CHECK, what, arn, OK, f"its tags are right{f', {excused} findings exempted' if excused else ''}")
    yield from (Row(CHECK, what, arn, PROBLEM, one.message, REPAIR) for one in left)
