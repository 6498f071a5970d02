"""What runs when a Studio app starts: the tags of domain, user and space -> the SageMaker SDK's default tags.

StudioTagDefaults puts this file's text into a lifecycle configuration. There it has Python 3.8 or later, boto3 and
nothing of ours, must not fail, and must not take long: the app waits for it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import signal
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

METADATA = Path("/opt/ml/metadata/resource-metadata.json")
SECONDS = 60  # AWS gives a script 300
MARK = "# Written by costtags at each start of the app, over any change.\n"


def main(rules: dict[str, dict[str, Any]], paths: list[list[str]]) -> None:
    """Write the file, or say why not; ``rules`` are those of tags.yaml, ``paths`` where the SDK takes tags."""
    signal.alarm(SECONDS)  # ends the process, whatever it waits for
    try:
        tags = dict(right(found(json.loads(METADATA.read_text())), rules))
        missing = [key for key, rule in rules.items() if rule.get("required") and key not in tags]
        if missing:
            say(f"neither the space nor its user nor the domain has a right value for {', '.join(missing)}")
        if tags:
            write(tags, paths)
    except Exception as error:  # nothing that goes wrong here may keep the app from starting
        say(f"the SageMaker SDK gets no default tags: {type(error).__name__}: {error}")


def say(what: str) -> None:
    """Write a line into the app's log, in CloudWatch under /aws/sagemaker/studio."""
    print("costtags:", *what.split(), flush=True)


def found(metadata: dict[str, Any]) -> dict[str, str]:
    """Return the tags of the domain, under those of the user, under those of the space."""
    import boto3
    from botocore.config import Config

    # arn:aws:sagemaker:REGION:ACCOUNT:app/...
    arn = metadata["ResourceArn"].split(":")
    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
    client = boto3.client("sagemaker", region_name=arn[3], config=config)
    domain = {"DomainId": metadata["DomainId"]}
    name, user = metadata.get("SpaceName"), metadata.get("UserProfileName")
    space = asked(client.describe_space, **domain, SpaceName=name) if name else {}
    user = user or space.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    # SageMaker writes names in ARNs in its own way, so it must say them.
    profile = asked(client.describe_user_profile, **domain, UserProfileName=user) if user else {}
    domain_arn = ":".join([*arn[:5], f"domain/{metadata['DomainId']}"])
    tags: dict[str, str] = {}
    for one in (domain_arn, profile.get("UserProfileArn"), space.get("SpaceArn")):
        page = asked(client.list_tags, ResourceArn=one, MaxResults=100) if one else {}  # 50, and AWS's own
        tags.update((tag["Key"], tag["Value"]) for tag in page.get("Tags", []))
    return tags


def asked(call: Any, **inputs: Any) -> dict[str, Any]:
    """Call SageMaker; {} where it refuses. Where it cannot be reached, no other call needs to be tried."""
    from botocore.exceptions import ClientError

    try:
        answer: dict[str, Any] = call(**inputs)
    except ClientError as error:
        of = [value for value in inputs.values() if isinstance(value, str)]
        say(f"{call.__name__} of {', '.join(of)}: {error}")
        return {}
    return answer


def right(tags: dict[str, str], rules: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the tags of tags.yaml that have a right value, in its order."""
    for key, rule in rules.items():
        if key in tags and fits(tags[key], rule):
            yield key, tags[key]
        elif key in tags:
            say(f"{key} is left out: its value is not one that tags.yaml allows")


def fits(value: str, rule: dict[str, Any]) -> bool:
    """Say whether a value is right, and one that the SDK reads."""
    legal = all(c in "_.:/=+-@" or (c <= "\uffff" and unicodedata.category(c)[0] in "LNZ") for c in value)
    if not legal or not value.strip() or len(value) > 256:
        return False
    allowed = [".*".join(map(re.escape, glob.split("*"))) for glob in rule.get("values") or ()]
    allowed += [rule["pattern"]] if rule.get("pattern") else []
    return not allowed or any(re.fullmatch(f"(?:{one})", value, re.DOTALL) for one in allowed)


def write(tags: dict[str, str], paths: list[list[str]]) -> None:
    """Write the SDK's file for administrators: it is new in each container, and a user's own file goes over it.

    Where that cannot be, write the user's file, but never in the place of one that the user wrote.
    """
    # As platformdirs, by which the SDK finds them.
    admin = Path(os.environ.get("XDG_CONFIG_DIRS", "").split(":")[0] or "/etc/xdg", "sagemaker", "config.yaml")
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "sagemaker", "config.yaml")
    if "SAGEMAKER_ADMIN_CONFIG_OVERRIDE" in os.environ:
        say(f"SAGEMAKER_ADMIN_CONFIG_OVERRIDE is set: the SDK reads what it names, and not {admin}")
    names = ", ".join(tags)
    try:
        place(admin, merged(admin, tags, paths))
    except (OSError, subprocess.SubprocessError) as error:
        say(f"{admin} cannot be written: {error}")
        if os.path.lexists(user) and not is_ours(user):
            say(f"{user} is the user's own and stays as it is; the tags {names} belong into it")
            return
        replace(user, MARK + config({}, tags, paths))
        say(f"the SageMaker SDK gives the tags {names} by default: {user}")
        return
    if is_ours(user):
        user.unlink()  # it would go over the new one
    say(f"the SageMaker SDK gives the tags {names} by default: {admin}")


def merged(file: Path, tags: dict[str, str], paths: list[list[str]]) -> str:
    """Return the text for a file, with what an image has put there."""
    if not file.exists() or is_ours(file):
        return MARK + config({}, tags, paths)
    yaml = importlib.import_module("yaml")
    return config(yaml.safe_load(file.read_text()) or {}, tags, paths)


def config(base: dict[str, Any], tags: dict[str, str], paths: list[list[str]]) -> str:
    """Return JSON, which is YAML, of ``base`` with tags for the keys that it has none for."""
    base.setdefault("SchemaVersion", "1.0")
    for path in paths:
        at = base
        for name in path:
            at = at.setdefault(name, {})
        listed = at.setdefault("Tags", [])
        keys = [tag["Key"] for tag in listed]
        listed += [{"Key": key, "Value": value} for key, value in tags.items() if key not in keys]
    return json.dumps(base, indent=1) + "\n"


def is_ours(file: Path) -> bool:
    """Say whether an earlier start wrote a file."""
    with contextlib.suppress(OSError):
        return file.read_bytes().startswith(MARK.encode())
    return False


def place(file: Path, text: str) -> None:
    """Write a file as the user that the script runs as, else as root, which Studio's own images allow."""
    try:
        replace(file, text)
    except OSError:
        steps = 'mkdir -p "${1%/*}" && cat > "$1.new" && chmod 644 "$1.new" && mv -f "$1.new" "$1"'
        run = ["sudo", "-n", "sh", "-c", steps, "sh", str(file)]
        subprocess.run(run, input=text.encode(), check=True, timeout=10, stdout=subprocess.DEVNULL)


def replace(file: Path, text: str) -> None:
    """Write a file at once: who reads it meanwhile sees the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=str(file.parent))
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(text)
        new.chmod(0o644)
        new.replace(file)
    except BaseException:
        new.unlink()
        raise
