"""The answers file: what an account, another stack or a secret would have said, given by the user.

functions: {"aws:ec2/getVpc:getVpc": {id: vpc-1, cidrBlock: 10.0.0.0/16}}    # token -> result
stacks: {"acme/network/dev": {subnetIds: [subnet-1]}}                        # stack reference -> outputs
config: {"ml:dbPassword": "not the real one"}                                # encrypted config
environments: {"acme/dev": {config: {"aws:region": us-east-1}, variables: {NAME: value}}}   # Pulumi ESC
"""

from pathlib import Path
from typing import Any

from costtags.suggest import nearest
from costtags.yamlfile import FileProblems, Problem

SECTIONS = ("functions", "stacks", "config", "environments")


def load(path: Path | None) -> dict[str, Any]:
    """Read an answers file (YAML or JSON); none gives no answers. Raises FileProblems with everything wrong."""
    if path is None:
        return {}
    from costtags.gate.project import mapping

    data = mapping(path)
    problems = []
    for name, section in data.items():
        if name not in SECTIONS:
            near = nearest(str(name), SECTIONS)
            hint = f'did you mean "{near}"? ' if near else ""
            problems.append(Problem(str(path), 1, f'unknown key "{name}"; {hint}allowed here: {", ".join(SECTIONS)}'))
        elif not isinstance(section, dict):
            problems.append(Problem(str(path), 1, f'"{name}" must hold entries (key: value)'))
        elif name != "config":
            problems += [
                Problem(str(path), 1, f'"{name}.{key}" must hold entries (key: value)')
                for key, value in section.items()
                if not isinstance(value, dict)
            ]
    if problems:
        raise FileProblems(problems)
    return data
