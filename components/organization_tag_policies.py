"""Service control policies and tag policies compiled from tags.yaml, rolled out target by target in stages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import organizations

from costtags.components.arguments import check_arguments, users_line
from costtags.components.context import context, stack_tags
from costtags.components.iam_tag_policies import outputs_in, settings
from costtags.documents.document import Document, DocumentError
from costtags.documents.settings import Settings
from costtags.documents.stages import STAGES, TARGET
from costtags.documents.table import BY_NAME, render
from costtags.suggest import nearest

TOKEN = "costtags:index:OrganizationTagPolicies"

SPEND = "scp-deny-new-spend"


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

    Policies carry the stack's tags. Moving a target to another stage attaches before it detaches, and where a change
    of tags.yaml splits a document over one policy more, that is attached before the others lose what it takes over.
    The organization must have both types of policies enabled, service control policies and tag policies.
    """

    policy_ids: pulumi.Output[Mapping[str, Sequence[str]]]
    """The policies' ids, by document."""
    deny_policy_id: pulumi.Output[str] | None
    """The id of scp-deny-new-spend, for TagBudgets; None where it was not made."""

    def __init__(
        self, name: str, args: OrganizationTagPoliciesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        check_arguments(TOKEN, name, args=(args, OrganizationTagPoliciesArgs))
        documents = _documents(name, args)
        super().__init__(TOKEN, name, {}, opts)
        self.policies = {document.name: self._make(name, document, args["stages"]) for document in documents}
        self.policy_ids = pulumi.Output.all(
            **{key: pulumi.Output.all(*(one.id for one in made)) for key, made in self.policies.items()}
        )
        denying = self.policies.get(SPEND)
        self.deny_policy_id = denying[0].id if denying else None
        self.register_outputs({"policy_ids": self.policy_ids, "deny_policy_id": self.deny_policy_id})

    def _make(self, name: str, document: Document, stages: Mapping[str, Sequence[str]]) -> list[organizations.Policy]:
        """Make the policies of a document and attach them, the last one first."""
        made: list[organizations.Policy] = []
        before: list[pulumi.Resource] = []
        for part, text in reversed(document.named_policies):
            policy = organizations.Policy(
                f"{name}-{part}",
                name=f"{name}-{part}",
                type="TAG_POLICY" if document.name.startswith("tag-policy") else "SERVICE_CONTROL_POLICY",
                content=text,
                description=f"{BY_NAME[document.name].description}; compiled from tags.yaml",
                tags=stack_tags(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(before)),
            )
            made.insert(0, policy)
            before += [
                organizations.PolicyAttachment(
                    f"{name}-{part}-{target}",
                    policy_id=policy.id,
                    target_id=target,
                    opts=pulumi.ResourceOptions(parent=self),
                )
                for stage, targets in stages.items()
                for target in targets
                if document.name in STAGES[stage]
            ]
        return made


def _documents(name: str, args: OrganizationTagPoliciesArgs) -> list[Document]:
    schema = context().schema
    stages, spend = args["stages"], args.get("deny_new_spend")
    problems = list(_stage_problems(stages))
    if spend is None:
        spend = any(budget.action is not None and budget.action.apply == SPEND for budget in schema.budgets)
    elif not isinstance(spend, bool):
        problems.append("deny_new_spend must be True or False")
    used = _used(stages)
    needed = {one for stage in used for one in STAGES[stage]}
    documents: list[Document] = []
    try:
        guardrails = settings(args["guardrails"])
        documents = render([row for row in BY_NAME if row in needed or (spend and row == SPEND)], schema, guardrails)
        problems += _slot_problems(used, documents, guardrails)
    except DocumentError as error:
        problems += error.messages
    if problems:
        title = f'{users_line()}OrganizationTagPolicies "{name}" cannot be made:'
        raise pulumi.RunError("\n  ".join([title, *problems]))
    return documents


def _used(stages: Any) -> list[str]:
    """Return the stages that have targets, also where other things are wrong."""
    return [stage for stage in STAGES if isinstance(stages, Mapping) and stages.get(stage)]


def _stage_problems(stages: Any) -> Iterator[str]:
    if late := dict.fromkeys(outputs_in("stages", stages)):
        yield from late
        return
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
            yield f"stages: {stage} must be a list of targets, [] for none"
            continue
        for target in targets:
            if isinstance(target, int):
                yield f'stages: {stage}: {target} is a number: put an account\'s id in quotes, "{target:012}"'
            elif not isinstance(target, str) or not TARGET.fullmatch(target):
                yield f'stages: {stage}: "{target}" is no id of a root (r-...), OU (ou-...) or account (12 digits)'
            elif target in seen:
                where = f"twice under {stage}" if seen[target] == stage else f"under {seen[target]} and {stage}"
                yield f'stages: "{target}" stands {where}: keep one'
            else:
                seen[target] = stage


def _slot_problems(used: Sequence[str], documents: Sequence[Document], guardrails: Settings) -> Iterator[str]:
    parts = {document.name: len(document.parts) for document in documents}
    slots = guardrails.scp_slots
    for stage in used:
        needed = sum(parts[one] for one in STAGES[stage] if one.startswith("scp-"))
        if needed > slots:
            yield (
                f"stages: {stage} attaches {needed} service control policies, and a target has room for {slots} of "
                "ours (scpSlots of guardrails): free more, or shorten the lists of values in tags.yaml"
            )
