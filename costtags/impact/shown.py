"""A call -> what it shows of the condition keys and the ARNs that AWS decides it by; of the rest, why it does not."""

from collections.abc import Mapping, Sequence
from functools import cache

from costtags.catalog import sagemaker_types
from costtags.documents.evaluate import MORE, Given, Other
from costtags.impact.events import FEDERATED, ROLE, ROOT, SERVICE, SERVICE_LINKED, USER, Call

# --- Condition keys ---------------------------------------------------------------------------------------------------

# Beginning of a condition key -> why the event does not tell it.
_UNSHOWN = (
    ("aws:requesttag/", ""),  # said by the call itself
    ("aws:tagkeys", ""),
    ("aws:principaltag/", "the event does not show the principal's tags ({})"),
    ("aws:resourcetag/", "the event does not show the tags that the resource had"),
    ("aws:principalarn", "the event does not show the principal's ARN in full"),
    ("sagemaker:", "{} is not read from events"),
    ("", "the event does not show {}"),
)
_RESOURCE = "the policy names resources, and the event does not show the resource's ARN"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-tableofvalues
_TYPES = {ROLE: "AssumedRole", SERVICE_LINKED: "AssumedRole", USER: "User", ROOT: "Account", FEDERATED: "FederatedUser"}


def given_by(call: Call, *, more_tags: bool, created_by: str | None = None) -> Given:
    """Return what a call says to condition keys; ``created_by`` is the creation that an AddTags accompanies."""
    tags: list[tuple[str, str | Other]] = [(key, Other() if value is None else value) for key, value in call.tags]
    known: dict[str, list[str | Other]] = {
        "aws:tagkeys": [*(key for key, _ in tags), *([MORE] if more_tags else [])],
        "sagemaker:taggingaction": [created_by] if created_by else [],
        "aws:requestedregion": [call.region],
        "aws:principalaccount": [call.account],
    }
    known["aws:principalisawsservice"] = [str(call.kind == SERVICE).lower()]
    if not call.invoked_by:
        # Where a service has called, the event does not tell whether with the principal's credentials:
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
        known |= {
            "aws:viaawsservice": ["false"],
            "aws:calledvia": [],
            "aws:calledviafirst": [],
            "aws:calledvialast": [],
        }
    if call.exact:
        known["aws:principalarn"] = [call.principal]
    if call.kind in _TYPES:
        known["aws:principaltype"] = [_TYPES[call.kind]]
    deletes = call.action.lower() == "deletetags"

    def given(key: str) -> Sequence[str | Other] | None:
        if key in known:
            return known[key]
        if key.startswith("aws:requesttag/"):
            name = key.partition("/")[2]
            found = [] if deletes else [value for tag, value in tags if tag.lower() == name]
            return None if more_tags and not found and not deletes else found
        # Keys of other services are never there.
        return None if key.startswith(("aws:", "sagemaker:")) else []

    return given


def why(key: str, call: Call) -> str:
    """Say why the event does not tell a key (in lower case), or the resource's ARN ("")."""
    if not key:
        return _RESOURCE
    if key.startswith("operator "):
        return f"{key.removeprefix('operator ')} is an operator that is not judged here"
    words = next(words for start, words in _UNSHOWN if key.startswith(start))
    return words.format(key) if words else call.untold or "the event hides the value of a tag"


# --- Actions and resources --------------------------------------------------------------------------------------------


@cache
def _kinds() -> Mapping[str, str]:
    """Actions -> the type in the ARN of what they create or change."""
    rows = [(row, row.arn.split(":", 5)[5].partition("/")[0]) for row in sagemaker_types() if row.arn]
    return {action: kind for row, kind in rows for action in (*row.create, *row.retag)}


@cache
def creations(*, by_studio: bool = False) -> frozenset[str]:
    """The actions that create what can be tagged, or those of them that Studio calls."""
    return frozenset(action for row in sagemaker_types() if row.studio or not by_studio for action in row.create)


# Actions that AWS decides on resources of other types besides the one that they create:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemakerai.html
ALSO: Mapping[str, tuple[str, ...]] = {
    "CreateClusterSchedulerConfig": ("cluster",),
    "CreateComputeQuota": ("cluster",),
    "CreateEndpoint": ("endpoint-config",),
    "CreateHubContentReference": ("hub",),
    "CreateInferenceComponent": ("endpoint",),
    "CreateTrial": ("experiment",),
    "ImportHubContent": ("hub",),
}


def _partition(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if "gov" in region else "aws"


def arns(call: Call) -> tuple[str, ...]:
    """Return the ARNs of a call's resources, first that of what it creates or tags; * stands for what is not shown."""
    if call.resource:
        return (call.resource,)
    start, _, rest = call.principal.partition(":")
    partition = rest.partition(":")[0] if start == "arn" else _partition(call.region)
    known = f"arn:{partition}:sagemaker:{call.region}:{call.owner}:"
    kinds = [_kinds().get(call.action, ""), *ALSO.get(call.action, ())]
    return tuple(f"{known}{kind}/*" if kind else f"{known}*" for kind in kinds)
