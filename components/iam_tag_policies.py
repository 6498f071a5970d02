"""IAM policies compiled from tags.yaml, attached to the roles, groups and users whose work they govern."""

import re
from collections.abc import Iterator, Mapping, Sequence
from inspect import isawaitable
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import iam

from costtags.components.arguments import check_arguments, users_line
from costtags.components.context import context, stack_tags
from costtags.documents.document import Document, DocumentError
from costtags.documents.settings import Settings, read
from costtags.documents.table import BY_NAME, MANAGED_POLICY, render
from costtags.suggest import nearest

TOKEN = "costtags:index:IamTagPolicies"

POLICIES = tuple(name for name in BY_NAME if name.startswith("iam-"))
DEFAULT = ("iam-require-tags", "iam-protect-tags", "iam-deny-new-spend")
# A budget's action attaches it.
UNATTACHED = "iam-deny-new-spend"

# Argument -> what it names, and what attaches a policy to it.
_PRINCIPALS: Mapping[str, tuple[str, Any]] = {
    "roles": ("role", iam.RolePolicyAttachment),
    "groups": ("group", iam.GroupPolicyAttachment),
    "users": ("user", iam.UserPolicyAttachment),
}


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

    Policies carry the stack's tags. A principal that already has ten policies attached takes no more. Where a change of
    tags.yaml splits a document over one policy more, that is attached before the others lose what it takes over.
    """

    arns: pulumi.Output[Mapping[str, Sequence[str]]]
    """The policies' ARNs, by document."""
    deny_policy_arn: pulumi.Output[str] | None
    """The ARN of iam-deny-new-spend, for TagBudgets; None where it is not among ``policies``."""

    def __init__(self, name: str, args: IamTagPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, IamTagPoliciesArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        documents = _documents(name, given)
        super().__init__(TOKEN, name, {}, opts)
        self.policies = {document.name: self._make(name, document, given) for document in documents}
        self.arns = pulumi.Output.all(
            **{key: pulumi.Output.all(*(one.arn for one in made)) for key, made in self.policies.items()}
        )
        denying = self.policies.get(UNATTACHED)
        self.deny_policy_arn = denying[0].arn if denying else None
        self.register_outputs({"arns": self.arns, "deny_policy_arn": self.deny_policy_arn})

    def _make(self, name: str, document: Document, given: Mapping[str, Any]) -> list[iam.Policy]:
        """Make the policies of a document and attach them, the last one first."""
        made: list[iam.Policy] = []
        before: list[pulumi.Resource] = []
        for part, text in reversed(document.named_policies):
            policy = iam.Policy(
                f"{name}-{part}",
                policy=text,
                description=f"{BY_NAME[document.name].description}; compiled from tags.yaml",
                tags=stack_tags(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(before)),
            )
            made.insert(0, policy)
            before += [
                attach(
                    f"{name}-{part}-{who}",
                    policy_arn=policy.arn,
                    **{kind: principal},
                    opts=pulumi.ResourceOptions(parent=self),
                )
                for argument, (kind, attach) in _PRINCIPALS.items()
                for who, principal in given.get(argument, {}).items()
                if document.name != UNATTACHED
            ]
        return made


def _documents(name: str, given: Mapping[str, Any]) -> list[Document]:
    wanted = given.get("policies", DEFAULT)
    problems = [*_name_problems(wanted), *_principal_problems(given)]
    known = (
        [one for one in dict.fromkeys(map(str, wanted)) if one in POLICIES] if isinstance(wanted, list | tuple) else []
    )
    try:
        documents = render(known, context().schema, settings(given.get("guardrails", {})))
        problems += _attachment_problems(given, documents)
    except DocumentError as error:
        problems += error.messages
    if problems:
        raise pulumi.RunError("\n  ".join([f'{users_line()}IamTagPolicies "{name}" cannot be made:', *problems]))
    return documents


def settings(guardrails: Any) -> Settings:
    """Read the guardrails of a component. Raises DocumentError with everything that is wrong."""
    if late := dict.fromkeys(outputs_in("guardrails", guardrails)):
        raise DocumentError(list(late))
    return read(guardrails)


def outputs_in(where: str, value: Any) -> Iterator[str]:
    """Yield where a value holds an output: what documents and resources' names are made of must be known at once."""
    if isinstance(value, pulumi.Output) or isawaitable(value):
        yield f"{where}: an output is not known yet when the policies are made: write what it will be"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from outputs_in(f"{where}: {key}", item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from outputs_in(where, item)


def _name_problems(wanted: Any) -> Iterator[str]:
    if not isinstance(wanted, list | tuple) or not wanted:
        yield f"policies must be a list of some of {', '.join(POLICIES)}"
        return
    if late := dict.fromkeys(outputs_in("policies", wanted)):
        yield from late
        return
    for one in wanted:
        if one not in POLICIES:
            near = nearest(str(one), POLICIES)
            hint = f'; did you mean "{near}"?' if near else ""
            yield f'policies: there is no "{one}"{hint} (there are: {", ".join(POLICIES)})'


def _principal_problems(given: Mapping[str, Any]) -> Iterator[str]:
    for argument, (kind, _) in _PRINCIPALS.items():
        named = given.get(argument, {})
        if not isinstance(named, Mapping):
            yield f'{argument} must be a map, {{"NAME": {kind}.name}}: NAME tells the attachments apart'
            continue
        for who, principal in named.items():
            late = isinstance(principal, pulumi.Output) or isawaitable(principal)
            if not late and not (isinstance(principal, str) and re.fullmatch(r"[\w+=,.@-]+", principal, re.ASCII)):
                yield f'{argument}: "{who}" must be the name of a {kind}, not its ARN and not the {kind} itself'


def _attachment_problems(given: Mapping[str, Any], documents: Sequence[Document]) -> Iterator[str]:
    number = sum(len(document.parts) for document in documents if document.name != UNATTACHED)
    for argument, (kind, _) in _PRINCIPALS.items():
        if given.get(argument) and number > MANAGED_POLICY.parts:
            yield f"{argument}: there are {number} policies to attach, and a {kind} takes {MANAGED_POLICY.parts}"
