"""Drives the real Pulumi engine in one way: its CLI, as a user types it, without any account."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import get, language_host

TIMEOUT = 300


@dataclass(frozen=True)
class Run:
    """How a command of the CLI ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def json(self) -> dict:
        """What `--json` printed."""
        return json.loads(self.stdout)


def environment(tmp: Path, pulumi: Path | None = None) -> dict[str, str]:
    """Returns an environment with a backend of its own in a folder, dry providers, and no AWS credentials."""
    pulumi = pulumi or get.find()
    if pulumi is None:
        raise FileNotFoundError("no Pulumi CLI here: make engine")
    tmp = tmp.resolve()
    (tmp / "state").mkdir(parents=True, exist_ok=True)
    has_host = (pulumi.parent / "pulumi-language-python").exists() or shutil.which("pulumi-language-python")
    launchers = language_host.write_launchers(tmp / "bin", language_host=not has_host)
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AWS_", "PULUMI_", "TF_AWS_", "COSTTAGS_", "PYTHON"))
    }
    python = Path(sys.executable).parent
    return kept | {
        "PATH": os.pathsep.join([str(launchers), str(pulumi.parent), str(python), kept.get("PATH", "")]),
        "PULUMI_HOME": str(tmp / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
    }


def run(args: list[str], cwd: Path, env: dict[str, str], timeout: float = TIMEOUT) -> Run:
    """Runs `pulumi` with the arguments in a folder."""
    done = subprocess.run(
        [shutil.which("pulumi", path=env["PATH"]) or "pulumi", *args],
        cwd=cwd,
        env=env,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def select(project_dir: Path, stack: str, env: dict[str, str]) -> None:
    """Makes the stack in the backend, if it is not there, and leaves its file as it was."""
    file = project_dir / f"Pulumi.{stack}.yaml"
    before = file.read_bytes() if file.exists() else None
    done = run(["stack", "select", "--create", "--stack", stack, "--non-interactive"], project_dir, env)
    # The CLI writes the salt of a passphrase into the file: of no use to a backend that is thrown away.
    if before is not None:
        file.write_bytes(before)
    else:
        file.unlink(missing_ok=True)
    if done.exit_code:
        raise RuntimeError(f"pulumi stack select --create: {done.output}")


def preview(project_dir: Path, stack: str = "dev", **options) -> Run:
    """Runs `pulumi preview`; the options are those of `operate`."""
    return operate("preview", project_dir, stack, **options)


def up(project_dir: Path, stack: str = "dev", **options) -> Run:
    """Runs `pulumi up`; the options are those of `operate`."""
    return operate("up", project_dir, stack, extra=["--yes", *options.pop("extra", [])], **options)


def operate(
    command: str,
    project_dir: Path,
    stack: str,
    *,
    env: dict[str, str],
    policy_pack: Path | None = None,
    policy_config: Path | dict | None = None,
    config: dict[str, str] | None = None,
    as_json: bool = False,
    extra: list[str] | tuple[str, ...] = (),
    timeout: float = TIMEOUT,
) -> Run:
    """Runs a command of the CLI on a stack, which is made first; `config` is added for this run only."""
    select(project_dir, stack, env)
    args = [command, "--stack", stack, "--non-interactive", *extra]
    args += ["--json"] if as_json else ["--color", "never"]
    if policy_pack is not None:
        args += ["--policy-pack", str(policy_pack)]
    if isinstance(policy_config, dict):
        file = Path(env["PULUMI_HOME"]) / "policy-config.json"
        file.write_text(json.dumps(policy_config))
        policy_config = file
    if policy_config is not None:
        args += ["--policy-pack-config", str(policy_config)]
    file = project_dir / f"Pulumi.{stack}.yaml"
    before = file.read_bytes() if file.exists() else None
    for key, value in (config or {}).items():
        args += ["--config", f"{key}={value}"]
    try:
        return run(args, project_dir, env, timeout)
    finally:
        # `--config` of `up` and `preview` is written into the stack's file.
        if before is not None:
            file.write_bytes(before)
        else:
            file.unlink(missing_ok=True)
