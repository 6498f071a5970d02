"""IAM policies compiled from tags.yaml, attached to the roles, groups and users whose work they govern."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import iam

from costtags.components.arguments import check_arguments, users_line
from costtags.components.context import context, stack_tags
from costtags.documents.document import Document, DocumentError
from costtags.documents.settings import read
from costtags.documents.table import BY_NAME, render
from costtags.suggest import nearest

TOKEN = "costtags:index:IamTagPolicies"

POLICIES = tuple(name for name in BY_NAME if name.startswith("iam-"))
DEFAULT = ("iam-require-tags", "iam-protect-tags", "iam-deny-new-spend")
# A budget's action attaches it.
UNATTACHED = "iam-deny-new-spend"


class IamTagPoliciesArgs(TypedDict):
    """Which policies, and for whom."""

    guardrails: NotRequired[Mapping[str, Any]]
    """Excepted principals and the like, as in a stack's config: breakGlass, deployers, taggers, include, abacKeys."""
    policies: NotRequired[Sequence[str]]
    """Names of documents (`costtags render --list`); else iam-require-tags, iam-protect-tags, iam-deny-new-spend."""
    roles: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Roles that get them: a name for the attachment -> the role's name."""
    groups: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Groups that get them, in the same form."""
    users: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Users that get them, in the same form."""


class IamTagPolicies(pulumi.ComponentResource):
    """Managed policies that deny what tags.yaml does not allow; they allow nothing by themselves.

    Creates:
        - aws.iam.Policy, "NAME-iam-require-tags" ..., several of one document where IAM's limit of size splits it
        - attachments to ``roles``, ``groups`` and ``users``; iam-deny-new-spend is left to the actions of budgets

    Policies carry the stack's tags. A principal that already has ten policies attached takes no more.
    """

    arns: pulumi.Output[Mapping[str, Sequence[str]]]
    """The policies' ARNs, by document."""
    deny_policy_arn: pulumi.Output[str | None]
    """The ARN of iam-deny-new-spend, for TagBudgets; None where it is not among ``policies``."""

    def __init__(self, name: str, args: IamTagPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, IamTagPoliciesArgs))
        documents = _documents(name, args)
        super().__init__(TOKEN, name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.policies: dict[str, list[iam.Policy]] = {
            document.name: [
                iam.Policy(
                    f"{name}-{part_name}",
                    policy=text,
                    description=f"{BY_NAME[document.name].description}; compiled from tags.yaml",
                    tags=stack_tags(),
                    opts=child,
                )
                for part_name, text in document.named_texts
            ]
            for document in documents
        }
        for document in documents:
            if document.name == UNATTACHED:
                continue
            for (part, _), policy in zip(document.named_texts, self.policies[document.name], strict=True):
                for who, role in args.get("roles", {}).items():
                    iam.RolePolicyAttachment(f"{name}-{part}-{who}", role=role, policy_arn=policy.arn, opts=child)
                for who, group in args.get("groups", {}).items():
                    iam.GroupPolicyAttachment(f"{name}-{part}-{who}", group=group, policy_arn=policy.arn, opts=child)
                for who, user in args.get("users", {}).items():
                    iam.UserPolicyAttachment(f"{name}-{part}-{who}", user=user, policy_arn=policy.arn, opts=child)
        self.arns = pulumi.Output.all(
            **{key: pulumi.Output.all(*(one.arn for one in made)) for key, made in self.policies.items()}
        )
        denying = self.policies.get(UNATTACHED)
        self.deny_policy_arn = denying[0].arn if denying else pulumi.Output.from_input(None)
        self.register_outputs({"arns": self.arns, "deny_policy_arn": self.deny_policy_arn})


def _documents(name: str, args: IamTagPoliciesArgs) -> list[Document]:
    wanted = tuple(args.get("policies", DEFAULT))
    problems = [
        f'policies: there is no "{one}"{_hint(one)} (there are: {", ".join(POLICIES)})'
        for one in wanted
        if one not in POLICIES
    ]
    try:
        settings = read(args.get("guardrails", {}))
        if not problems:
            return render(wanted, context().schema, settings)
    except DocumentError as error:
        problems += error.messages
    raise pulumi.RunError("\n  ".join([f'{users_line()}IamTagPolicies "{name}" cannot be made:', *problems]))


def _hint(wrong: str) -> str:
    near = nearest(wrong, POLICIES)
    return f'; did you mean "{near}"?' if near else ""
