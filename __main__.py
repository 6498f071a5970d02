"""Two kinds of stack: a workload account's, and the management account's, whose config has the rollout's stages."""

import pulumi

from environment import environment
from organization import organization

config = pulumi.Config()
make = organization if config.get("stages") else environment
for name, value in make(config).items():
    pulumi.export(name, value)
