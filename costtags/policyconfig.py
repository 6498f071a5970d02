"""A policy configuration (the file of --policy-pack-config and --policy-config) -> levels, or every problem of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costtags.policies import BY_NAME, LEVELS, POLICIES, Level
from costtags.suggest import nearest
from costtags.yamlfile import FileProblems, Problem

ALL = "all"


def config_problems(config: Mapping[str, Any]) -> list[str]:
    """Return what is misspelt in a configuration: policies, levels, properties. No policy here takes properties."""
    problems: list[str] = []
    names = (*BY_NAME, ALL)
    for name, entry in sorted(config.items()):
        if name not in names:
            near = nearest(name, names)
            hint = f'did you mean "{near}"? ' if near else ""
            problems.append(f'unknown policy "{name}"; {hint}policies: {", ".join(names)}')
        properties = entry if isinstance(entry, Mapping) else {"enforcementLevel": entry}
        for key, value in sorted(properties.items()):
            if key != "enforcementLevel":
                problems.append(f'"{name}" takes no property "{key}": only "enforcementLevel"')
            elif value not in LEVELS:
                near = nearest(str(value), LEVELS)
                hint = f'; did you mean "{near}"?' if near else ""
                problems.append(f'"{name}": {json.dumps(value)} is no level; allowed: {", ".join(LEVELS)}{hint}')
    return problems


def load(path: Path) -> dict[str, Any]:
    """Read a policy configuration. Raises FileProblems with everything that is wrong with it."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except OSError as error:
        raise FileProblems([Problem(str(path), 1, f"cannot be read: {error.strerror or error}")]) from None
    except UnicodeDecodeError:
        raise FileProblems([Problem(str(path), 1, "is not UTF-8 text")]) from None
    except json.JSONDecodeError as error:
        raise FileProblems([Problem(str(path), error.lineno, f"is not JSON: {error.msg}")]) from None
    except ValueError as error:
        raise FileProblems([Problem(str(path), 1, str(error))]) from None
    except RecursionError:
        raise FileProblems([Problem(str(path), 1, "is nested too deeply")]) from None
    if not isinstance(config, dict):
        raise FileProblems([Problem(str(path), 1, 'must hold an object: {"required-tags": "advisory"}')])
    problems = [Problem(str(path), 1, message) for message in config_problems(config)]
    if problems:
        raise FileProblems(problems)
    return config


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f'duplicate key "{key}"')
        made[key] = value
    return made


def levels(config: Mapping[str, Any]) -> dict[str, Level]:
    """Return the level of every policy under a checked configuration, as the engine resolves it.

    "all" applies to each policy that has no level of its own in the configuration.
    """
    every = _level(config.get(ALL))
    return {policy.name: _level(config.get(policy.name)) or every or policy.level for policy in POLICIES}


def _level(entry: Any) -> Level | None:
    level = entry.get("enforcementLevel") if isinstance(entry, Mapping) else entry
    return level if level in LEVELS else None


def changed(levels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the policies whose level is not the default one, sorted, with that level."""
    return tuple(sorted((name, level) for name, level in levels.items() if level != BY_NAME[name].level))
