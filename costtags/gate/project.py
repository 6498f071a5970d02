"""Pulumi.yaml and Pulumi.<stack>.yaml -> the project, its stack and the stack's config, as the CLI reads them."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costtags.effective import UNKNOWN
from costtags.gate import goyaml
from costtags.gate.values import config_text
from costtags.yamlfile import FileProblems, Problem


@dataclass(frozen=True)
class Project:
    """A Python Pulumi project and one of its stacks.

    ``config`` holds full keys ("aws:region") and texts, as programs get them; ``secret_keys`` those that are secret;
    ``unanswered`` the secret ones whose value is encrypted, so that UNKNOWN stands for it.
    """

    name: str
    folder: Path
    program: Path
    stack: str
    organization: str
    stack_file: Path
    config: Mapping[str, str]
    secret_keys: frozenset[str]
    unanswered: tuple[str, ...]
    other_environment: Path | None
    runtime: str = "python"

    def relative(self, path: str | Path) -> str:
        """Return a path as seen from the project's folder, where it lies in it."""
        path = Path(path)
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)


def load(folder: Path, stack: str | None, answers: Mapping[str, Any], *, only_python: bool = True) -> Project:
    """Read a project. Raises FileProblems for what cannot be read, judged or chosen."""
    folder = folder.resolve()
    path = _file(folder, "Pulumi")
    if path is None:
        raise FileProblems([Problem(str(folder), 1, "is no Pulumi project: there is no Pulumi.yaml in it")])
    data = mapping(path)
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise FileProblems([Problem(str(path), 1, '"name" is missing')])
    runtime, options = _runtime(path, data.get("runtime"))
    if runtime != "python" and only_python:
        reason = f'its runtime is "{runtime}": the embedded engine runs Python programs; try --engine pulumi'
        raise FileProblems([Problem(str(path), 1, reason)])
    organization, stack_name = _stack_name(folder, stack)
    stack_file = _stack_file(folder, data, stack_name)
    stack_data = mapping(stack_file) if stack_file.is_file() else {}
    if stack is not None and not stack_file.is_file() and stack_files(folder, data):
        known = ", ".join(sorted(stack_files(folder, data)))
        raise FileProblems([Problem(str(stack_file), 1, f'there is no such file; stacks of "{name}": {known}')])
    config, secrets, unanswered = _config(name, data, stack_data, answers)
    _check_environments(stack_file, stack_data, answers)
    return Project(
        name=name,
        folder=folder,
        program=folder / str(data.get("main") or "."),
        stack=stack_name,
        organization=organization,
        stack_file=stack_file,
        config=config,
        secret_keys=frozenset(secrets),
        unanswered=tuple(unanswered),
        other_environment=_virtualenv(folder, options),
        runtime=runtime,
    )


def _file(folder: Path, stem: str) -> Path | None:
    return next((folder / f"{stem}{end}" for end in (".yaml", ".yml") if (folder / f"{stem}{end}").is_file()), None)


def mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file of Pulumi's, or any that holds entries. Raises FileProblems."""
    try:
        data = goyaml.load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FileProblems([Problem(str(path), 1, f"cannot be read: {error.strerror or error}")]) from None
    except UnicodeDecodeError:
        raise FileProblems([Problem(str(path), 1, "is not UTF-8 text")]) from None
    except goyaml.NotConfig as error:
        raise FileProblems([Problem(str(path), error.line, str(error))]) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise FileProblems([Problem(str(path), 1, "must hold entries (key: value)")])
    return data


def _runtime(path: Path, runtime: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(runtime, str):
        return runtime, {}
    if isinstance(runtime, dict) and isinstance(runtime.get("name"), str):
        options = runtime.get("options")
        return runtime["name"], options if isinstance(options, dict) else {}
    raise FileProblems([Problem(str(path), 1, '"runtime" is missing')])


def _virtualenv(folder: Path, options: Mapping[str, Any]) -> Path | None:
    """Return the virtual environment that the project names, where costtags runs in another one."""
    name = options.get("virtualenv")
    if not isinstance(name, str):
        return None
    path = (folder / name).resolve()
    return None if path == Path(sys.prefix).resolve() else path


def _config_folder(folder: Path, data: Mapping[str, Any]) -> Path:
    return folder / str(data.get("stackConfigDir") or data.get("config-dir") or ".")


def stack_files(folder: Path, data: Mapping[str, Any]) -> dict[str, Path]:
    """Return the stacks that have a config file: name -> file."""
    found = sorted(_config_folder(folder, data).glob("Pulumi.*.y*ml"))
    return {path.name.split(".", 1)[1].rsplit(".", 1)[0]: path for path in found}


def _stack_file(folder: Path, data: Mapping[str, Any], stack: str) -> Path:
    return stack_files(folder, data).get(stack, _config_folder(folder, data) / f"Pulumi.{stack}.yaml")


def _stack_name(folder: Path, stack: str | None) -> tuple[str, str]:
    """Return organization and name of the stack: the one named (org/project/name), else the only one there is."""
    if stack is not None:
        *owner, name = stack.split("/")
        return (owner[0] if owner else "organization"), name
    path = _file(folder, "Pulumi")
    names = sorted(stack_files(folder, mapping(path) if path else {}))
    if len(names) > 1:
        raise FileProblems([Problem(str(folder), 1, f"has several stacks: name one with --stack ({', '.join(names)})")])
    return "organization", names[0] if names else "dev"


Config = tuple[dict[str, str], set[str], list[str]]


def _config(
    project: str,
    data: Mapping[str, Any],
    stack_data: Mapping[str, Any],
    answers: Mapping[str, Any],
) -> Config:
    """Merge the project's defaults, the stack's values and the answers for encrypted ones."""
    values: dict[str, str] = {}
    secrets: set[str] = set()
    unanswered: list[str] = []
    given = answers.get("config") or {}
    for key, value in environment_answers(answers)[0].items():
        values[_full_key(project, str(key))] = config_text(value)
    for key, declared in (data.get("config") or {}).items():
        full = _full_key(project, str(key))
        default = declared.get("value", declared.get("default")) if isinstance(declared, dict) else declared
        if default is not None:
            values[full] = config_text(default)
        if isinstance(declared, dict) and declared.get("secret"):
            secrets.add(full)
    for key, value in (stack_data.get("config") or {}).items():
        full = _full_key(project, str(key))
        secret, found = _decrypted(value)
        if secret:
            secrets.add(full)
            if full not in given and str(key) not in given:
                unanswered.append(full)
        values[full] = config_text(found)
    for key, value in given.items():
        values[_full_key(project, str(key))] = config_text(value)
    return values, secrets, unanswered


def _full_key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _decrypted(value: Any) -> tuple[bool, Any]:
    """Replace encrypted values by UNKNOWN, and say whether there were any."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return True, UNKNOWN
        pairs = {key: _decrypted(item) for key, item in value.items()}
        return any(secret for secret, _ in pairs.values()), {key: item for key, (_, item) in pairs.items()}
    if isinstance(value, list):
        items = [_decrypted(item) for item in value]
        return any(secret for secret, _ in items), [item for _, item in items]
    return False, value


def _check_environments(stack_file: Path, stack_data: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    named = stack_data.get("environment")
    names = named.get("imports", []) if isinstance(named, dict) else named
    names = [names] if isinstance(names, str) else [*(names or [])]
    if isinstance(named, dict) and named.get("values"):
        names.append("inline")  # defined in the stack's file itself
    missing = [str(name) for name in names if str(name) not in (answers.get("environments") or {})]
    if missing:
        reason = (
            f"imports the Pulumi ESC environment{'s' if len(missing) > 1 else ''} {', '.join(missing)}, which cannot "
            "be opened without credentials: give what it sets in the answers file, environments: "
            f"{{{missing[0]}: {{config: {{...}}, variables: {{...}}}}}}"
        )
        raise FileProblems([Problem(str(stack_file), 1, reason)])


def environment_answers(answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the config and the environment variables that the answers give for ESC environments."""
    config: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for environment in (answers.get("environments") or {}).values():
        config |= environment.get("config") or {}
        variables |= {key: config_text(value) for key, value in (environment.get("variables") or {}).items()}
    return config, variables
