"""Two kinds of stack: a workload account's, and the management account's, whose config has guardrails."""

import pulumi

from environment import environment
from organization import organization

config = pulumi.Config()
make = organization if config.get("guardrails") else environment
for name, value in make(config).items():
    pulumi.export(name, value)
