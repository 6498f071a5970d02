"""The tag policy that is in force in accounts, once AWS has merged all of them, against tags.yaml."""

from collections.abc import Iterator
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS
from costtags.account.places import Access
from costtags.doctor import tag_policies
from costtags.doctor.organization import NO_ORGANIZATION, above, organization, pages
from costtags.doctor.organization_policies import DEPLOY, parsed
from costtags.doctor.rows import NOT_USED, OK, PROBLEM, Row, guarded
from costtags.doctor.rules import NotAPolicy
from costtags.doctor.wanted import TAG_POLICY, Wanted
from costtags.documents.stages import STAGES

CHECK = "effective-tag-policy"

_MAX_SAMPLES = 20


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield whether the tag policy in force in accounts says what tags.yaml says, and where AWS finds it invalid."""
    own = organization(access)
    if own is None:
        yield Row(CHECK, "effective tag policy", access.account, NOT_USED, NO_ORGANIZATION)
        return
    client = access.client(access.account, "organizations")
    accounts = [target for target in wanted.stage_of if target.isdigit()][:_MAX_SAMPLES]
    for account in sorted({access.account, *accounts}):
        rows = _effective(client, wanted, account, own_account=account == access.account)
        yield from guarded(rows, CHECK, "effective tag policy", account)
    for target in sorted(one for one in wanted.stage_of if not one.isdigit()):
        yield from guarded(_sample(client, wanted, target), CHECK, f"an account of {target}", target)
    if access.account == own.management or wanted.documents:
        yield from guarded(_invalid(client), CHECK, "invalid effective tag policies", own.id)


def _sample(client: Any, wanted: Wanted, target: str) -> Iterator[Row]:
    listed = client.list_accounts_for_parent(ParentId=target).get("Accounts", [])
    active = sorted(str(one["Id"]) for one in listed if one.get("State", one.get("Status")) == "ACTIVE")
    active = [one for one in active if one not in wanted.stage_of]
    if not active:
        yield Row(CHECK, f"an account of {target}", target, NOT_USED, "no active account stands directly in it")
        return
    yield from guarded(
        _effective(client, wanted, active[0], own_account=False), CHECK, "effective tag policy", active[0]
    )


def _effective(client: Any, wanted: Wanted, account: str, *, own_account: bool) -> Iterator[Row]:
    what = "effective tag policy"
    stages = _stages_over(client, wanted, account)
    if wanted.stages and not stages:
        yield Row(CHECK, what, account, NOT_USED, "no stage of the stack's config reaches this account")
        return
    given = {} if own_account else {"TargetId": account}
    try:
        answer = client.describe_effective_policy(PolicyType=TAG_POLICY, **given)["EffectivePolicy"]
    except AWS_ERRORS as error:
        if clients.code(error) != "EffectivePolicyNotFoundException" or not stages:
            raise
        why = f"no tag policy applies, and the stage {', '.join(stages)} of the stack's config should reach it"
        yield Row(CHECK, what, account, PROBLEM, why, DEPLOY)
        return
    enforcing = any("tag-policy" in STAGES[stage] for stage in stages)
    try:
        deployed = tag_policies.tags_of([parsed(answer.get("PolicyContent"))])
        parts = wanted.parts("tag-policy" if enforcing else "tag-policy-report")
    except NotAPolicy as error:
        yield Row(CHECK, what, account, PROBLEM, f"no tag policy can be read of it: {error}", DEPLOY)
        return
    # Whoever does not know the stages does not know whether it should be enforced.
    found = tag_policies.differences(deployed, tag_policies.tags_of(parts), only_ours=True, enforced=bool(stages))
    if not found:
        yield Row(CHECK, what, account, OK, "says what tags.yaml says")
    yield from (Row(CHECK, what, account, PROBLEM, str(one), f"{DEPLOY}, or change the policy above") for one in found)


def _stages_over(client: Any, wanted: Wanted, account: str) -> list[str]:
    """Return the stages of an account and of all that is above it."""
    if not wanted.stages:
        return []
    over = {account, *above(client, account)}
    return [stage for stage in STAGES if over & set(wanted.stages.get(stage, ()))]


def _invalid(client: Any) -> Iterator[Row]:
    what = "invalid effective tag policies"
    accounts = pages(client, "list_accounts_with_invalid_effective_policy", "Accounts", PolicyType=TAG_POLICY)
    if not accounts:
        yield Row(CHECK, what, "", OK, "AWS finds none")
    for account in sorted(str(one["Id"]) for one in accounts):
        yield from guarded(_errors(client, account), CHECK, what, account)


def _errors(client: Any, account: str) -> Iterator[Row]:
    found = pages(
        client,
        "list_effective_policy_validation_errors",
        "EffectivePolicyValidationErrors",
        AccountId=account,
        PolicyType=TAG_POLICY,
    )
    fix = "correct these policies: until then AWS cannot apply them together"
    for one in found or [{}]:
        policies = ", ".join(map(str, one.get("ContributingPolicies", [])))
        said = f"{one.get('ErrorCode', 'invalid')}: {one.get('ErrorMessage', 'AWS gives no reason')}"
        at = f" at {one['PathToError']}" if one.get("PathToError") else ""
        where = f"{account} ({policies})" if policies else account
        yield Row(CHECK, "invalid effective tag policy", where, PROBLEM, said + at, fix)
