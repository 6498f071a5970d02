"""Judges a program by the `pulumi` on PATH: the real engine, without credentials, an account or a backend.

Providers of AWS echo what they are given (dry_provider.py), other stacks are answered (language_proxy.py), and the
state is a folder that is thrown away. Plugins of the language and of other providers are those that are installed.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from costtags import variables
from costtags.catalog import TagProperty
from costtags.check import judged_property
from costtags.documents.judge import JUDGED
from costtags.effective import UNKNOWN, EffectiveTags, Secret, effective_tags, provider_tags, tag_variables
from costtags.gate import values
from costtags.gate.asked import noted
from costtags.gate.pack import folder_for_pulumi
from costtags.gate.preview import Job, answered, findings
from costtags.gate.processes import PackError, ProgramError
from costtags.gate.program import Output, pack_is_strict
from costtags.gate.project import Project, environment_answers, mapping
from costtags.gate.report import JudgedResource, Report
from costtags.gate.resources import Frames, Resource
from costtags.policyconfig import changed

DRY_PACKAGES = ("aws", "aws-native")
HIDDEN = "[secret]"
PASSPHRASE = "none"  # of a state that is thrown away


@dataclass(frozen=True, slots=True)
class Run:
    """What the CLI said: its JSON, its exit code, and what it printed besides."""

    code: int
    steps: list[dict[str, Any]]
    diagnostics: list[dict[str, Any]]
    said: str


def find_cli() -> Path | None:
    """Return the `pulumi` on PATH."""
    found = shutil.which("pulumi")
    return Path(found) if found else None


def preview(schema_path: Path, job: Job, policy_config: Path | None, show: Output) -> Report:
    """Judge a program. Raises ProgramError where it fails, PackError where the pack cannot judge."""
    cli = find_cli()
    if cli is None:
        raise ProgramError(
            "there is no `pulumi` on PATH: install it (https://www.pulumi.com/docs/install/), or leave --engine out: "
            "the embedded engine needs none"
        )
    with tempfile.TemporaryDirectory(prefix="costtags-") as name:
        folder = Path(name)
        environment = _environment(folder, cli, schema_path, job)
        config = _config_file(folder, cli, job, environment)
        pack_config = folder / "policies.json"
        given = policy_config.read_text(encoding="utf-8") if policy_config else "{}"
        pack_config.write_text(given, encoding="utf-8")
        command = [
            *(str(cli), "preview", "--json", "--non-interactive", "--stack", job.project.stack),
            *("--config-file", str(config), "--policy-pack", str(folder_for_pulumi())),
            *("--policy-pack-config", str(pack_config)),
        ]
        run = _run(command, job.project.folder, environment, job.seconds)
        written = _rows(folder / "findings")
        rows = [row for row in written if "policy" in row]
        remediated = {row["urn"]: set(row["remediated"]) for row in written if "remediated" in row}
        asked = list(noted(folder / "asked"))
    _pass_on(run, show)
    _check(run, rows, job)
    return _report(run, rows, remediated, asked, job, environment)


def _environment(folder: Path, cli: Path, schema: Path, job: Job) -> dict[str, str]:
    """Return the environment of the CLI: a state and stand-ins of our own before what is installed."""
    state = folder / "state" / ".pulumi"
    stack = state / "stacks" / job.project.name / f"{job.project.stack}.json"
    stack.parent.mkdir(parents=True)
    # The form of Pulumi's file backend: so no command has to make the stack, and none touches the project's files.
    (state / "meta.yaml").write_text("version: 1\n", encoding="utf-8")
    name = f"organization/{job.project.name}/{job.project.stack}"
    stack.write_text(json.dumps({"version": 3, "checkpoint": {"stack": name}}), encoding="utf-8")
    return {
        **os.environ,
        **environment_answers(job.answers)[1],
        "PATH": os.pathsep.join(
            [str(_launchers(folder / "bin", cli, job.project.runtime)), os.environ.get("PATH", "")]
        ),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        **({variables.GATE: "pulumi"} if pack_is_strict(job.levels) else {}),
        variables.SCHEMA: str(schema),
        variables.FINDINGS: str(folder / "findings"),
        variables.ASKED: str(folder / "asked"),
        variables.ANSWERS: json.dumps({name: job.answers.get(name) or {} for name in ("functions", "stacks")}),
    }


def _launchers(folder: Path, cli: Path, runtime: str) -> Path:
    """Fill a folder with what the engine shall find on PATH before anything else."""
    folder.mkdir()
    commands = {f"pulumi-resource-{name}": f"-m costtags.gate.dry_provider {name}" for name in DRY_PACKAGES}
    host = f"pulumi-language-{runtime}"
    real = shutil.which(host) or shutil.which(host, path=str(cli.resolve().parent))
    if real is not None:
        commands[host] = f"-m costtags.gate.language_proxy {json.dumps(real)}"
    for name, arguments in commands.items():
        launcher = folder / name
        launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u -P {arguments} "$@"\n', encoding="utf-8")
        launcher.chmod(0o755)
    return folder


def _config_file(folder: Path, cli: Path, job: Job, environment: Mapping[str, str]) -> Path:
    """Write the stack's config as the engine can read it here: encrypted values are answered, or unknown."""
    project = job.project
    data = mapping(project.stack_file) if project.stack_file.is_file() else {}
    given = {_full(project, key): value for key, value in (job.answers.get("config") or {}).items()}
    config = {_full(project, key): value for key, value in environment_answers(job.answers)[0].items()}
    config |= {_full(project, str(key)): value for key, value in (data.get("config") or {}).items()}
    secrets = {path: value for key, value in config.items() for path, value in _encrypted([key], value)}
    secrets |= {(key,): value for key, value in given.items() if key in project.secret_keys}
    plain = {key: _opened(value) for key, value in config.items()} | {
        key: value for key, value in given.items() if key not in project.secret_keys
    }
    secrets = {path: given.get(str(path[0]), value) if len(path) == 1 else value for path, value in secrets.items()}
    file = folder / "Pulumi.stack.yaml"
    kept = {key: value for key, value in plain.items() if (key,) not in secrets}
    file.write_text(json.dumps({"config": kept}), encoding="utf-8")
    if secrets:
        pairs = [
            f"{_path(path)}={value if isinstance(value, str) else json.dumps(value)}" for path, value in secrets.items()
        ]
        command = [str(cli), "config", "set-all", "--stack", project.stack, "--config-file", str(file), "--path"]
        command += [argument for pair in pairs for argument in ("--secret", pair)]
        done = subprocess.run(
            command, cwd=project.folder, env=dict(environment), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ProgramError(f"the stack's secrets cannot be replaced: {done.stderr.strip()}")
    return file


def _full(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _encrypted(path: list[str | int], value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where a value of the config is encrypted, with what stands for it: not known."""
    if isinstance(value, dict) and set(value) == {"secure"}:
        yield tuple(path), UNKNOWN
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _encrypted([*path, str(key)], item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _encrypted([*path, index], item)


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        return UNKNOWN if set(value) == {"secure"} else {key: _opened(item) for key, item in value.items()}
    return [_opened(item) for item in value] if isinstance(value, list) else value


def _path(path: tuple[str | int, ...]) -> str:
    """Return a path as `pulumi config set --path` takes it."""
    first, *rest = path
    return str(first) + "".join(f"[{part}]" if isinstance(part, int) else f"[{json.dumps(part)}]" for part in rest)


def _run(command: list[str], folder: Path, environment: Mapping[str, str], seconds: float) -> Run:
    process = subprocess.Popen(
        command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ProgramError(f"the preview did not end within {seconds:g} seconds (--timeout)") from None
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    said = stderr.decode(errors="replace")
    try:
        data = json.loads(stdout)
    except ValueError:
        raise ProgramError(f"`pulumi preview` failed:\n{(stdout.decode(errors='replace') + said).strip()}") from None
    return Run(process.returncode, data.get("steps") or [], data.get("diagnostics") or [], said)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


_OURS = ("from $PATH at", "resource plugin", "using pulumi-")


def _pass_on(run: Run, show: Output) -> None:
    """Show what the program logged and printed; warnings of our own stand-ins on PATH are of no use to anyone."""
    for diagnostic in run.diagnostics:
        text = str(diagnostic.get("message", "")).rstrip()
        if text and not any(mark in text for mark in _OURS) and not text.startswith("error: preview failed"):
            show(text.replace(UNKNOWN, "[placeholder]"))


def _check(run: Run, rows: list[dict[str, Any]], job: Job) -> None:
    """Raise where the program or the pack failed: only findings may block."""
    errors = [str(d.get("message", "")).strip() for d in run.diagnostics if d.get("severity") == "error"]
    if any("can't run policy" in error or "policy pack" in error for error in errors):
        raise PackError("\n".join(errors))
    blocked = any(not row["exempt"] and job.levels[row["policy"]] not in ("advisory", "disabled") for row in rows)
    beyond = [error for error in errors if not error.startswith("error: preview failed")]
    if run.code and (beyond or not blocked):
        raise ProgramError("the program failed; what it said stands above" if beyond else run.said.strip())
    if blocked and not run.code:
        raise PackError("the pack found what blocks, and `pulumi preview` passed")


def _report(
    run: Run,
    rows: list[dict[str, Any]],
    remediated: Mapping[str, set[str]],
    asked: Sequence[tuple[str, str]],
    job: Job,
    environment: Mapping[str, str],
) -> Report:
    states = {step["urn"]: step["newState"] for step in run.steps if step.get("newState")}
    states = {urn: state for urn, state in states.items() if not state.get("external")}
    resources = {urn: _resource(state, job.project.folder) for urn, state in states.items()}
    resources |= {made.urn: made for made in _default_providers(resources.values(), job.project)}
    hidden = dict(json.loads(what) for kind, what in asked if kind == "default-tags")
    judged = dict(_judged(states, remediated, hidden, job, tag_variables(environment)))
    placeholders = {what for kind, what in asked if kind == "placeholder"}
    placeholders |= {f"config {key}" for key in job.project.unanswered}
    return Report(
        engine="pulumi",
        project=job.project.name,
        stack=job.project.stack,
        schema=job.schema.path,
        resources=tuple(judged[urn] for urn in sorted(judged)),
        findings=findings(rows, job, resources, judged),
        placeholders=tuple(sorted(placeholders)),
        unused_answers=tuple(sorted(answered(job.answers) - {what for kind, what in asked if kind == "answered"})),
        levels=changed(job.levels),
        others=sum(
            state["type"].startswith(("aws:", "aws-native:")) and state["type"] not in JUDGED and urn not in judged
            for urn, state in states.items()
        ),
        documents=sum(state["type"] in JUDGED for state in states.values()),
    )


def _judged(
    states: Mapping[str, dict[str, Any]],
    remediated: Mapping[str, set[str]],
    hidden: Mapping[str, list[str]],
    job: Job,
    tag_environment: Mapping[str, str],
) -> Iterator[tuple[str, JudgedResource]]:
    for urn, state in states.items():
        shape = judged_property(job.schema, state["type"])
        if shape is not None:
            configured = _configured(job.project, state["type"])
            tags = _tags(state, shape, states, configured, hidden, tag_environment).tags
            added = {key: replace(tags[key], source="remediation") for key in remediated.get(urn, ()) if key in tags}
            yield urn, JudgedResource(urn, state["type"], dict(sorted({**tags, **added}.items())))


def _configured(project: Project, type_: str) -> Any:
    """Return the default tags of a default provider, which the CLI's JSON leaves out: they come from the config."""
    key = f"{type_.split(':', 1)[0]}:defaultTags"
    value = project.config.get(key)
    return Secret(value) if value is not None and key in project.secret_keys else value


def _tags(
    state: Mapping[str, Any],
    shape: TagProperty,
    states: Mapping[str, dict[str, Any]],
    configured: Any,
    hidden: Mapping[str, list[str]],
    tag_environment: Mapping[str, str],
) -> EffectiveTags:
    provider = str(state.get("provider", "")).rsplit("::", 1)[0]
    defaults = _plain((states[provider].get("inputs") or {}).get("defaultTags")) if provider in states else configured
    if isinstance(defaults, Secret) and provider in hidden:
        defaults = Secret(json.dumps({"tags": dict.fromkeys(hidden[provider], HIDDEN)}))
    inputs = {shape.property: _plain((state.get("inputs") or {}).get(shape.property))}
    return effective_tags(state["type"], shape, inputs, provider_tags({"defaultTags": defaults}), tag_environment)


def _plain(value: Any) -> Any:
    """Mark what the CLI hides as secret: it prints "[secret]" for it."""
    if value == HIDDEN or (isinstance(value, dict) and values.SIGNATURE_KEY in value):
        return Secret(HIDDEN)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _default_providers(resources: Iterable[Resource], project: Project) -> list[Resource]:
    """Return the default providers, which the CLI's JSON leaves out."""
    known = {resource.urn for resource in resources}
    missing = {resource.provider_urn: resource.type for resource in resources if resource.provider_urn}
    return [
        Resource(urn, urn.split("::")[2], urn.split("::", 3)[3], _given(_configured(project, type_)), "")
        for urn, type_ in sorted(missing.items())
        if urn not in known
    ]


def _given(default_tags: Any) -> Any:
    value = values.secret(default_tags.value) if isinstance(default_tags, Secret) else default_tags
    return values.struct({} if value is None else {"defaultTags": value})


def _resource(state: Mapping[str, Any], folder: Path) -> Resource:
    urn = str(state["urn"])
    return Resource(
        urn=urn,
        type=str(state["type"]),
        name=urn.split("::", 3)[3],
        inputs=values.struct(state.get("inputs") or {}),
        provider_urn=str(state.get("provider", "")).rsplit("::", 1)[0],
        frames=frames(state, folder),
        parent=str(state.get("parent") or ""),
        custom=bool(state.get("custom")),
    )


def frames(state: Mapping[str, Any], folder: Path) -> Frames:
    """Return the stack trace of a resource in the CLI's JSON: places relative to the project, nearest first."""
    positions = [frame.get("sourcePosition") for frame in state.get("stackTrace") or []] or [
        state.get("sourcePosition")
    ]
    return tuple(found for text in positions if isinstance(text, str) and (found := _frame(text, folder)))


def _frame(text: str, folder: Path) -> tuple[str, int] | None:
    place, _, line = text.removeprefix("project:///").partition("#")
    number = line.split(",")[0]
    if not number.isdigit():
        return None
    return Path(os.path.normpath(folder / unquote(place))).as_uri(), int(number)
