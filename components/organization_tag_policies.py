"""Service control policies and tag policies compiled from tags.yaml, rolled out target by target in stages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import organizations

from costtags.components.arguments import check_arguments, users_line
from costtags.components.context import context, stack_tags
from costtags.documents.document import Document, DocumentError
from costtags.documents.settings import Settings, read
from costtags.documents.table import BY_NAME, TAG_POLICY, render
from costtags.suggest import nearest

TOKEN = "costtags:index:OrganizationTagPolicies"

# Stage -> what its targets get. A target moves on by moving its id to the next list; the new policies are attached
# before the old ones are detached.
STAGES: Mapping[str, tuple[str, ...]] = {
    "report": ("tag-policy-report",),
    "protect": ("tag-policy", "scp-protect-tags"),
    "enforce": ("tag-policy", "scp-protect-tags", "scp-require-tags"),
}
SPEND = "scp-deny-new-spend"

_TARGET = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12}")


class OrganizationTagPoliciesArgs(TypedDict):
    """Whom nothing stops, and how far the rollout is."""

    guardrails: Mapping[str, Any]
    """Excepted principals, as in a stack's config: breakGlass, deployers, taggers; include, scpSize, scpSlots."""
    stages: Mapping[str, Sequence[str]]
    """Ids of roots, OUs and accounts by stage: report (tag policy that enforces nothing), protect, enforce."""
    deny_new_spend: NotRequired[bool]
    """Whether to make scp-deny-new-spend, which actions of budgets attach; else where a budget of tags.yaml uses it."""


class OrganizationTagPolicies(pulumi.ComponentResource):
    """The organization's guardrails: run it in the management account, or as Organizations' delegated administrator.

    Creates:
        - aws.organizations.Policy, "NAME-scp-require-tags" ..., what the stages in use need, several of one document
          where AWS's limit of size splits it
        - aws.organizations.PolicyAttachment of each to its targets

    Policies carry the stack's tags. Moving a target to another stage attaches before it detaches.
    """

    policy_ids: pulumi.Output[Mapping[str, Sequence[str]]]
    """The policies' ids, by document."""
    deny_policy_id: pulumi.Output[str | None]
    """The id of scp-deny-new-spend, for TagBudgets; None where it was not made."""

    def __init__(
        self, name: str, args: OrganizationTagPoliciesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        check_arguments(TOKEN, name, args=(args, OrganizationTagPoliciesArgs))
        documents = _documents(name, args)
        super().__init__(TOKEN, name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.policies: dict[str, list[organizations.Policy]] = {
            document.name: [
                organizations.Policy(
                    f"{name}-{part_name}",
                    name=f"{name}-{part_name}",
                    type="TAG_POLICY" if document.name.startswith("tag-policy") else "SERVICE_CONTROL_POLICY",
                    content=text,
                    description=f"{BY_NAME[document.name].description}; compiled from tags.yaml",
                    tags=stack_tags(),
                    opts=child,
                )
                for part_name, text in document.named_texts
            ]
            for document in documents
        }
        by_name = {document.name: document for document in documents}
        for stage, targets in args["stages"].items():
            for target in targets:
                for needed in STAGES[stage]:
                    for (part, _), policy in zip(by_name[needed].named_texts, self.policies[needed], strict=True):
                        organizations.PolicyAttachment(
                            f"{name}-{part}-{target}", policy_id=policy.id, target_id=target, opts=child
                        )
        self.policy_ids = pulumi.Output.all(
            **{key: pulumi.Output.all(*(one.id for one in made)) for key, made in self.policies.items()}
        )
        denying = self.policies.get(SPEND)
        self.deny_policy_id = denying[0].id if denying else pulumi.Output.from_input(None)
        self.register_outputs({"policy_ids": self.policy_ids, "deny_policy_id": self.deny_policy_id})


def _documents(name: str, args: OrganizationTagPoliciesArgs) -> list[Document]:
    schema = context().schema
    problems = list(_stage_problems(args["stages"]))
    spend = args.get("deny_new_spend")
    if spend is None:
        spend = any(budget.action is not None and budget.action.apply == SPEND for budget in schema.budgets)
    try:
        settings = read(args["guardrails"])
        if not problems:
            used = {needed for stage, targets in args["stages"].items() if targets for needed in STAGES[stage]}
            wanted = [row for row in BY_NAME if row in used or (spend and row == SPEND)]
            documents = render(wanted, schema, settings)
            problems += _slot_problems(args["stages"], documents, settings)
            if not problems:
                return documents
    except DocumentError as error:
        problems += error.messages
    raise pulumi.RunError("\n  ".join([f'{users_line()}OrganizationTagPolicies "{name}" cannot be made:', *problems]))


def _stage_problems(stages: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if not isinstance(stages, Mapping):
        yield f"stages must be a map of {', '.join(STAGES)} to lists of targets"
        return
    seen: dict[str, str] = {}
    for stage, targets in stages.items():
        if stage not in STAGES:
            near = nearest(str(stage), STAGES)
            hint = f'; did you mean "{near}"?' if near else ""
            yield f'stages: there is no "{stage}"{hint} (there are: {", ".join(STAGES)})'
        if not isinstance(targets, list | tuple):
            yield f"stages: {stage} must be a list of targets"
            continue
        for target in targets:
            if not isinstance(target, str) or not _TARGET.fullmatch(target):
                yield f'stages: {stage}: "{target}" is no id of a root (r-...), OU (ou-...) or account (12 digits)'
            elif target in seen:
                yield f'stages: "{target}" stands under {seen[target]} and {stage}: keep one'
            else:
                seen[target] = stage


def _slot_problems(
    stages: Mapping[str, Sequence[str]], documents: Sequence[Document], settings: Settings
) -> Iterator[str]:
    parts = {document.name: len(document.parts) for document in documents}
    for stage, targets in stages.items():
        needed = sum(parts[one] for one in STAGES[stage] if targets and one.startswith("scp-"))
        if needed > settings.scp_slots:
            yield f"stages: {stage} attaches {needed} service control policies, and {settings.scp_slots} are free"
        tag_policies = sum(parts[one] for one in STAGES[stage] if targets and one.startswith("tag-policy"))
        if tag_policies > TAG_POLICY.parts:
            yield f"stages: {stage} attaches {tag_policies} tag policies, and AWS takes {TAG_POLICY.parts}"
