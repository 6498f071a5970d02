"""The policies of the pack as a table: what each judges, how strictly by default, which findings it reports."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["disabled", "advisory", "mandatory", "remediate"]
LEVELS: tuple[Level, ...] = ("disabled", "advisory", "mandatory", "remediate")


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: ``codes`` are the codes of the findings that it reports."""

    name: str
    level: Level
    description: str
    codes: tuple[str, ...]


POLICIES = (
    Policy(
        "required-tags",
        "mandatory",
        "Checks that a resource carries every tag that tags.yaml requires.",
        ("missing",),
    ),
    Policy(
        "tag-values",
        "mandatory",
        "Checks that the value of each tag is one that tags.yaml allows.",
        ("wrong-value",),
    ),
    Policy(
        "tag-spelling",
        "mandatory",
        "Checks that tag keys are spelled as in tags.yaml, that no others are used, and that AWS takes so many.",
        ("wrong-case", "unexpected-key", "too-many"),
    ),
    Policy(
        "tag-values-known",
        "advisory",
        "Checks that tags are known in the preview; the others are judged just before the resource is created.",
        ("unknown-value", "unknown-type"),
    ),
    Policy(
        "tag-propagation",
        "mandatory",
        "Checks that a SageMaker domain hands its tags on to what Studio launches.",
        ("no-propagation",),
    ),
    Policy(
        "ignored-tags",
        "advisory",
        "Checks that the provider does not ignore a tag that tags.yaml requires.",
        ("ignored-key",),
    ),
    Policy(
        "budget-tag-filter",
        "mandatory",
        "Checks that a budget's filter by tag is well formed and names a key and a value of tags.yaml.",
        ("filter-malformed", "filter-key", "filter-value"),
    ),
    Policy(
        "organization-policy",
        "mandatory",
        "Checks that SCPs, tag policies and managed policies fit AWS's limits and deny nothing that they must not.",
        ("policy-malformed", "policy-size", "policy-exception", "policy-denial", "tag-policy-type"),
    ),
    Policy(
        "default-tags",
        "disabled",
        'Fills absent tags that have a "default" in tags.yaml; acts only at the level "remediate".',
        (),
    ),
    Policy(
        "exemptions-in-use",
        "advisory",
        "Lists what exemptions.yaml excused, and its entries that excused nothing.",
        ("exemption-used", "exemption-unused", "exemption-expired"),
    ),
)

BY_NAME = {policy.name: policy for policy in POLICIES}
POLICY_OF_CODE = {code: policy.name for policy in POLICIES for code in policy.codes}
EXEMPTIBLE = tuple(policy.name for policy in POLICIES if policy.codes and policy.name != "exemptions-in-use")
