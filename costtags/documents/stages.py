"""The stages of a rollout over an organization: which documents the targets of each get."""

import re
from collections.abc import Mapping

STAGES: Mapping[str, tuple[str, ...]] = {
    "report": ("tag-policy-report",),
    "protect": ("tag-policy", "scp-protect-tags"),
    "enforce": ("tag-policy", "scp-protect-tags", "scp-require-tags"),
}

TARGET = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12}")
"""The id of a root, an OU or an account."""
