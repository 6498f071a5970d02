"""StudioTagDefaults: what it creates, and what its script does where it runs."""

import base64
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi_aws import sagemaker

from costtags.components import StudioTagDefaults, TagError, studio_start
from costtags.components.studio_tag_defaults import MAX_CONTENT, SETTINGS, _rule, config_name, fitting_script
from costtags.documents.sdk_config import TAGGED_PATHS, config
from costtags.schema import Schema, Tag, load
from costtags.tagtext import bad_characters, whole_match

from .aws_models import validate
from .test_components import CONFIG, DOMAIN, DOMAIN_TYPE, TAGS, Run, TaggedDomain, run  # noqa: F401

ROOT = Path(__file__).parents[1]
TYPE = "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig"


# --- what is created


def request(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs of the Pulumi resource as the API's request."""
    tags = [{"Key": key, "Value": value} for key, value in inputs["tags"].items()]
    return {name[0].upper() + name[1:]: value for name, value in inputs.items() if name != "tags"} | {"Tags": tags}


@pytest.mark.parametrize("apps", [None, ["JupyterLab"], list(SETTINGS)])
def test_children(run: Run, apps: list[str] | None) -> None:  # noqa: F811
    """Each type of app gets a tagged lifecycle configuration that AWS would accept, with a script in it."""
    args: Any = {"tags": {"team": "ml-core"}, **({"app_types": apps} if apps else {})}
    recorder = run(lambda: StudioTagDefaults("my_defaults", args))
    made = {inputs["studioLifecycleConfigAppType"]: inputs for inputs in recorder.custom.values()}
    assert set(made) == set(apps or ["JupyterLab", "CodeEditor"])
    for app, inputs in made.items():
        assert inputs["tags"] == {**TAGS, "team": "ml-core"}
        assert re.fullmatch(f"my-defaults-{app.lower()}-[0-9a-f]{{8}}", inputs["studioLifecycleConfigName"])
        validate("sagemaker", "CreateStudioLifecycleConfig", request(inputs))
        assert base64.b64decode(inputs["studioLifecycleConfigContent"]).startswith(b"#!/bin/bash\n")
    assert set(recorder.custom) == {f"{TYPE} my_defaults-{app.lower()}" for app in made}


def test_names_differ_with_content_and_stack(run: Run) -> None:  # noqa: F811
    """Another content or another stack means another name; every name is one that AWS accepts."""
    names: list[str] = []

    def program() -> None:
        for name, content in [
            ("a", "x"),
            ("a", "y"),
            ("b", "x"),
            ("--ä--", "x"),
            ("n" * 90, "x"),
            ("a" * 42 + "-b", ""),
        ]:
            names.append(config_name(name, "JupyterLab", content))

    run(program)
    run(program, project="other")
    assert len(set(names)) == len(names) == 12
    for name in names:
        body = {"StudioLifecycleConfigContent": "x", "StudioLifecycleConfigAppType": "JupyterLab"}
        validate("sagemaker", "CreateStudioLifecycleConfig", {**body, "StudioLifecycleConfigName": name})


def test_attached_to_a_domain(run: Run) -> None:  # noqa: F811
    """What ``user_settings`` gives, a domain takes: the built-in configuration of each app."""

    def program() -> None:
        defaults = StudioTagDefaults("x", {"app_types": list(SETTINGS)})
        settings = {**DOMAIN["default_user_settings"], **defaults.user_settings}
        TaggedDomain("x", {**DOMAIN, "default_user_settings": settings})
        pulumi.export("arns", defaults.arns)

    settings = run(program).custom[f"{DOMAIN_TYPE} x"]["defaultUserSettings"]
    assert settings["jupyterLabAppSettings"] == {"builtInLifecycleConfigArn": "arn-of-x-jupyterlab"}
    assert settings["codeEditorAppSettings"] == {"builtInLifecycleConfigArn": "arn-of-x-codeeditor"}
    assert settings["kernelGatewayAppSettings"] == {
        "lifecycleConfigArns": ["arn-of-x-kernelgateway"],
        "defaultResourceSpec": {"lifecycleConfigArn": "arn-of-x-kernelgateway"},
    }


def test_old_configurations_stay(run: Run) -> None:  # noqa: F811
    """AWS deletes no configuration that a running app uses, so that a deployment does not try."""
    options: list[Any] = []

    def program() -> None:
        made = StudioTagDefaults("x", {})
        assert all(isinstance(one, sagemaker.StudioLifecycleConfig) for one in made.lifecycle_configs.values())

    original = sagemaker.StudioLifecycleConfig._internal_init
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sagemaker.StudioLifecycleConfig,
            "_internal_init",
            lambda self, *args, **kwargs: (options.append(kwargs["opts"]), original(self, *args, **kwargs))[1],
        )
        run(program)
    assert [one.retain_on_delete for one in options] == [True, True]


def test_refused(run: Run) -> None:  # noqa: F811
    """Wrong tags and unknown types of app are refused before anything is registered."""
    with pytest.raises(TagError, match='StudioTagDefaults "x-jupyterlab" breaks the rules for tags'):
        run(lambda: StudioTagDefaults("x", {}), tags={"cost-center": "x"})
    for wrong, said in [(["JupyterServer"], r"\['JupyterServer'\]"), ([], r"\[\]"), ("JupyterLab", "'JupyterLab'")]:
        with pytest.raises(pulumi.RunError, match="are some of JupyterLab, CodeEditor, KernelGateway, not " + said):
            run(lambda wrong=wrong: StudioTagDefaults("x", {"app_types": wrong}))


def test_schema_of_the_component() -> None:
    """Pulumi can describe the component to other languages."""
    found = Analyzer("costtags").analyze([StudioTagDefaults])["component_definitions"]["StudioTagDefaults"]
    assert set(found.inputs) == {"appTypes", "region", "tags"}
    assert set(found.outputs) == {"arns"}


# --- what is in the script


def schema_of(**tags: Any) -> Schema:
    made = {
        key: Tag(key, True, None, rule.get("values"), rule.get("pattern"), {}, (), None, 1)
        for key, rule in tags.items()
    }
    return Schema("tags.yaml", made, None, ("aws:sagemaker/*",), ())


def rules_in(script: str) -> Any:
    """The rules that a script was made with."""
    call = next(line for line in script.splitlines() if line.startswith("main("))
    found: dict[str, Any] = {"json": json, "main": lambda rules, paths: found.update(rules=rules, paths=paths)}
    exec(call, found)
    assert found["paths"] == [["SageMaker", *path] for path in TAGGED_PATHS]
    return found["rules"]


HOSTILE = """[a'"\\$`(x)]{1,3}|COSTTAGS|\\d+\n#"""


def test_nothing_in_a_pattern_acts(tmp_path: Path) -> None:
    """Quotes, dollars, backslashes and line ends of a pattern stay text; the script is one that bash can read."""
    script = fitting_script(
        schema_of(a={"pattern": HOSTILE}, b={"pattern": "[a-z']{2}$(touch x)"}, c={"pattern": "x|y$"})
    )
    assert rules_in(script) == {
        "a": {"required": True},
        "b": {"required": True},
        "c": {"required": True, "pattern": "x|y$"},
    }
    (tmp_path / "script").write_text(script)
    subprocess.run(["bash", "-n", tmp_path / "script"], check=True)


@given(st.text("ab1-[](){}?*+|.^$&~,\\d:", max_size=12), st.text("ab1-:", min_size=1, max_size=4))
def test_patterns_mean_the_same(pattern: str, value: str) -> None:
    """A pattern that the script judges by, Python and Rust understand alike."""
    try:
        rust = whole_match(pattern)
    except ValueError:
        return
    rule = _rule(Tag("a", True, None, None, pattern, {}, (), None, 1))
    if "pattern" in rule:
        assert studio_start.fits(value, rule) == (rust(value) if pattern else True)


def test_long_lists_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into a lifecycle configuration becomes wider: any value passes, and it is said."""
    said: list[str] = []
    monkeypatch.setattr(pulumi, "warn", said.append)
    many = tuple(f"value-{number}" for number in range(1000))
    script = fitting_script(schema_of(a={"values": many}, b={"values": ("x", "y")}))
    assert rules_in(script) == {"a": {"required": True}, "b": {"required": True, "values": ["x", "y"]}}
    assert said == ['what StudioTagDefaults runs in Studio is too small for the values of tag "a": takes any']
    assert len(base64.b64encode(script.encode())) <= MAX_CONTENT


def test_room_for_values() -> None:
    """Forty values of ten characters for each of five tags fit."""
    tags = {f"tag-{n}": {"values": tuple(f"value{n}-{m:03}" for m in range(40))} for n in range(5)}
    assert all("values" in rule for rule in rules_in(fitting_script(schema_of(**tags))).values())


def test_old_pythons() -> None:
    """The script needs no Python newer than 3.8."""
    compile(Path(studio_start.__file__).read_text(), "studio_start.py", "exec", dont_inherit=True)
    import ast

    ast.parse(Path(studio_start.__file__).read_text(), feature_version=(3, 8))


LEGAL = st.text(st.characters(max_codepoint=0x1FFFF, exclude_categories=["Cs"]), max_size=10)


@given(LEGAL)
def test_values_that_fit(value: str) -> None:
    """What the script takes is what AWS accepts in tags, without what the SDK's file cannot hold."""
    expected = bool(value.strip()) and not bad_characters(value) and max(value) <= "\uffff"
    assert studio_start.fits(value, {}) is expected


# --- what the script does

DOMAIN_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:domain/d-1"
USER_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:user-profile/d-1/alice"
SPACE_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:space/d-1/lab"
METADATA = {
    "AppType": "JupyterLab",
    "DomainId": "d-1",
    "SpaceName": "Lab",
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r",
    "ResourceArn": "arn:aws:sagemaker:eu-west-1:123456789012:app/d-1/lab/JupyterLab/default",
    "ResourceName": "default",
}


class Studio:
    """An app's container: a home, a metadata file, /etc/xdg, and a SageMaker that answers over HTTP."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.home = folder / "home"
        self.admin = folder / "xdg" / "sagemaker" / "config.yaml"
        self.user = self.home / ".config" / "sagemaker" / "config.yaml"
        self.metadata = folder / "metadata.json"
        self.schema = ROOT / "tags.yaml"
        self.calls: list[str] = []
        self.answer: Callable[[str, dict[str, Any]], Any] = self._answer
        self.tags: dict[str, dict[str, str]] = {}
        self.denied: set[str] = set()
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_CONFIG_DIRS": f"{folder / 'xdg'}:/etc/other",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
        self.home.mkdir()
        self.metadata.write_text(json.dumps(METADATA))

    def _answer(self, operation: str, body: dict[str, Any]) -> Any:
        if operation in self.denied or body.get("ResourceArn") in self.denied:
            return 400, {"__type": "AccessDeniedException", "Message": f"not authorized:\n{operation}"}
        if operation == "DescribeSpace":
            return 200, {"SpaceArn": SPACE_ARN, "OwnershipSettings": {"OwnerUserProfileName": "Alice"}}
        if operation == "DescribeUserProfile":
            assert body == {"DomainId": "d-1", "UserProfileName": "Alice"}
            return 200, {"UserProfileArn": USER_ARN}
        assert operation == "ListTags"
        tags = self.tags.get(body["ResourceArn"], {})
        return 200, {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def start(self, *, seconds: int = 60) -> str:
        """Run the script as an app's start does; it must succeed. Returns what it says."""
        script = fitting_script(load(self.schema))
        assert str(studio_start.METADATA) in script
        script = script.replace(str(studio_start.METADATA), str(self.metadata))
        script = script.replace(f"SECONDS = {studio_start.SECONDS}", f"SECONDS = {seconds}")
        done = subprocess.run(
            ["bash", "-eux", "-c", script], env=self.environment, capture_output=True, text=True, cwd=self.home
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout

    def defaults(self, file: Path | None = None) -> Any:
        """The default tags of the SDK in a file; every place must give the same ones."""
        text = (file or self.admin).read_text()
        read = yaml.safe_load(text)
        given = {tag["Key"]: tag["Value"] for tag in read["SageMaker"]["TrainingJob"]["Tags"]}
        assert read == config(given)
        return given


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio app that is about to start."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].split(".")[1]
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.calls.append(operation)
            answer = made.answer(operation, body)
            if answer is None:
                time.sleep(30)
                return
            content = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Studio(tmp_path, f"http://127.0.0.1:{server.server_port}")
    yield made
    server.shutdown()
    server.server_close()


RIGHT = {"cost-center": "ML-Sales", "environment": "dev", "project": "churn"}


def test_fresh(studio: Studio) -> None:
    """Tags of the space go over the user's, those over the domain's; keys that tags.yaml lacks are left out."""
    studio.tags = {
        DOMAIN_ARN: {**RIGHT, "note": "x", "sagemaker:domain-arn": DOMAIN_ARN},
        USER_ARN: {"cost-center": "ML-Research", "team": "ml-a"},
        SPACE_ARN: {"team": "ml-b"},
    }
    said = studio.start()
    assert studio.defaults() == {**RIGHT, "cost-center": "ML-Research", "team": "ml-b"}
    assert (
        f"costtags: the SageMaker SDK gives the tags cost-center, environment, project, team by default: {studio.admin}"
        in said
    )
    assert studio.calls == ["DescribeSpace", "DescribeUserProfile", "ListTags", "ListTags", "ListTags"]
    assert studio.admin.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in studio.admin.parent.iterdir()] == ["config.yaml"]
    assert not studio.user.exists()


def test_again(studio: Studio) -> None:
    """A second start writes the same; changed tags take the place of the old ones."""
    studio.tags = {DOMAIN_ARN: RIGHT}
    studio.start()
    before = studio.admin.read_bytes()
    studio.start()
    assert studio.admin.read_bytes() == before
    studio.tags = {DOMAIN_ARN: {**RIGHT, "cost-center": "ML-Research"}}
    studio.start()
    assert studio.defaults()["cost-center"] == "ML-Research"


def test_user_file_is_not_touched(studio: Studio) -> None:
    """A file that the user wrote stays as it is; the SDK puts it over the administrator's."""
    studio.tags = {DOMAIN_ARN: RIGHT}
    studio.user.parent.mkdir(parents=True)
    studio.user.write_text("# mine\nSchemaVersion: '1.0'\n")
    studio.start()
    assert studio.user.read_text() == "# mine\nSchemaVersion: '1.0'\n"
    assert studio.defaults() == RIGHT


def test_file_of_the_image(studio: Studio) -> None:
    """What an image has put into the administrator's file stays, and so do its own tags."""
    studio.tags = {DOMAIN_ARN: RIGHT}
    studio.admin.parent.mkdir(parents=True)
    own = {"RoleArn": "arn:aws:iam::1:role/r", "Tags": [{"Key": "project", "Value": "image"}]}
    studio.admin.write_text(yaml.safe_dump({"SchemaVersion": "1.0", "SageMaker": {"TrainingJob": own}}))
    studio.start()
    first = studio.admin.read_bytes()
    studio.start()
    assert studio.admin.read_bytes() == first
    made = yaml.safe_load(first)["SageMaker"]
    assert made["TrainingJob"]["RoleArn"] == own["RoleArn"]
    assert {tag["Key"]: tag["Value"] for tag in made["TrainingJob"]["Tags"]} == {**RIGHT, "project": "image"}
    assert {tag["Key"]: tag["Value"] for tag in made["Model"]["Tags"]} == RIGHT


@pytest.mark.parametrize(
    "text", ["[", "- a\n", "SageMaker: 1\n", "SageMaker: {TrainingJob: {Tags: [x]}}\n", "a: 2026-01-01\n"]
)
def test_malformed_file_of_the_image(studio: Studio, text: str) -> None:
    """A file that is not what the SDK reads is left alone."""
    studio.tags = {DOMAIN_ARN: RIGHT}
    studio.admin.parent.mkdir(parents=True)
    studio.admin.write_text(text)
    assert "costtags: the SageMaker SDK gets no default tags: " in studio.start()
    assert studio.admin.read_text() == text
    assert not studio.user.exists()


def fake_sudo(studio: Studio, folder: Path, script: str) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "sudo").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bin" / "sudo").chmod(0o755)
    studio.environment["PATH"] = f"{folder / 'bin'}:{studio.environment['PATH']}"


def test_sudo(studio: Studio, tmp_path: Path) -> None:
    """Where only root may write the administrator's file, sudo does, in one step."""
    studio.tags = {DOMAIN_ARN: RIGHT}
    (tmp_path / "xdg").write_text("not a folder until root comes")
    fake_sudo(studio, tmp_path, f'[ "$1" = -n ] || exit 1; shift; rm -f "{tmp_path}/xdg"; exec "$@"')
    studio.start()
    assert studio.defaults() == RIGHT
    assert studio.admin.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in studio.admin.parent.iterdir()] == ["config.yaml"]


def test_neither_root_nor_sudo(studio: Studio, tmp_path: Path) -> None:
    """Where the administrator's file cannot be written, the user's is; it goes as soon as the other can be."""
    studio.tags = {DOMAIN_ARN: RIGHT}
    (tmp_path / "xdg").write_text("not a folder")
    fake_sudo(studio, tmp_path, "exit 1")
    for _ in range(2):
        assert f"by default: {studio.user}" in studio.start()
        assert studio.defaults(studio.user) == RIGHT
    (tmp_path / "xdg").unlink()
    studio.start()
    assert studio.defaults() == RIGHT
    assert not studio.user.exists()


@pytest.mark.parametrize("dangling", [False, True])
def test_neither_and_the_users_own(studio: Studio, tmp_path: Path, dangling: bool) -> None:
    """A user's own file is not overwritten, even where nothing else can be written."""
    studio.tags = {DOMAIN_ARN: RIGHT}
    (tmp_path / "xdg").write_text("not a folder")
    fake_sudo(studio, tmp_path, "exit 1")
    studio.user.parent.mkdir(parents=True)
    if dangling:
        studio.user.symlink_to(tmp_path / "nowhere")
    else:
        studio.user.write_text("# mine\n")
    said = studio.start()
    assert (
        f"{studio.user} is the user's own and stays as it is; the tags cost-center, environment, project belong into it"
        in said
    )
    assert studio.user.is_symlink() if dangling else studio.user.read_text() == "# mine\n"


def test_wrong_tags(studio: Studio) -> None:
    """Wrong values are left out, not replaced by those of the domain, and named without being shown."""
    studio.tags = {
        DOMAIN_ARN: RIGHT,
        SPACE_ARN: {"cost-center": "hush", "project": "Wrong_One", "team": " ", "environment": "production"},
    }
    said = studio.start()
    assert not studio.admin.exists()
    assert "costtags: cost-center is left out: its value is not one that tags.yaml allows" in said
    assert (
        "neither the space nor its user nor the domain has a right value for cost-center, environment, project" in said
    )
    assert "hush" not in said


def test_hostile_values(studio: Studio) -> None:
    """Values and keys with characters that tags do not have are left out and do nothing."""
    hostile = ['a"b', "a\nb", "a'b", "$(touch x)", "`id`", "a\u0000b", "\ud83d", "a: [b", "x" * 257, "𝒜", "\\", "#", ""]
    keys = [f"a{number}" for number in range(len(hostile))]
    studio.schema = studio.home.parent / "tags.yaml"
    studio.schema.write_text(f"version: 1\ntags: {{b: {{}}, {', '.join(f'{key}: {{}}' for key in keys)}}}\n")
    tags = dict(zip(keys, hostile, strict=True))
    studio.tags = {DOMAIN_ARN: {**tags, "b": "@x: =+é中", **dict.fromkeys(hostile, "x")}}
    said = studio.start()
    assert studio.defaults() == {"b": "@x: =+é中"}
    assert list(studio.home.iterdir()) == []
    assert said.count("is left out") == len(hostile)


@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        ({"DescribeSpace"}, {"cost-center": "ML-Sales"}),
        ({"DescribeUserProfile"}, {"cost-center": "ML-Sales", "environment": "prod"}),
        ({DOMAIN_ARN}, {"environment": "prod", "project": "churn"}),
        ({"ListTags"}, None),
    ],
)
def test_denied(studio: Studio, denied: set[str], expected: dict[str, str] | None) -> None:
    """What the role may not read is said, on one line, and the rest is used."""
    studio.denied = denied
    studio.tags = {
        DOMAIN_ARN: {"cost-center": "ML-Sales"},
        USER_ARN: {"project": "churn"},
        SPACE_ARN: {"environment": "prod"},
    }
    said = studio.start()
    assert "AccessDeniedException" in said
    assert all(line.startswith("costtags: ") for line in said.splitlines())
    assert (studio.defaults() if expected else studio.admin.exists()) == (expected or False)


def test_classic(studio: Studio) -> None:
    """In Studio Classic an app has a user and no space."""
    studio.metadata.write_text(json.dumps({**METADATA, "SpaceName": None, "UserProfileName": "Alice"}))
    studio.tags = {USER_ARN: RIGHT}
    studio.start()
    assert studio.defaults() == RIGHT
    assert "DescribeSpace" not in studio.calls


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"ResourceArn": "x", "DomainId": "d"}', '{"ResourceArn": 1}'])
def test_missing_metadata(studio: Studio, text: str | None) -> None:
    """Outside Studio, or where its file is another than it was, nothing is written and nothing fails."""
    studio.metadata.unlink()
    if text is not None:
        studio.metadata.write_text(text)
    assert "costtags: the SageMaker SDK gets no default tags: " in studio.start()
    assert not studio.admin.exists()
    assert not studio.user.exists()


def test_hanging_endpoint(studio: Studio) -> None:
    """An endpoint that does not answer keeps the app waiting no longer than the script's own limit."""
    studio.answer = lambda *_: None
    begun = time.monotonic()
    said = studio.start(seconds=2)
    assert time.monotonic() - begun < 10
    assert "costtags: the SageMaker SDK gets no default tags" in said
    assert not studio.admin.exists()


def test_unreachable_endpoint(studio: Studio) -> None:
    """Where nothing listens, one call is tried and no other."""
    studio.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    assert "costtags: the SageMaker SDK gets no default tags: EndpointConnectionError" in studio.start()


def test_no_boto3(studio: Studio, tmp_path: Path) -> None:
    """An image without boto3, or without Python, starts all the same."""
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "cat"):
        (tmp_path / "bin" / tool).symlink_to(f"/bin/{tool}")
    studio.environment["PATH"] = str(tmp_path / "bin")
    if Path("/opt/conda/bin/python3").exists():
        pytest.skip("this machine has the Python that Studio has")
    assert studio.start().endswith("\ncosttags: the SageMaker SDK gets no default tags\n")


def test_files_of_the_user_are_not_imported(studio: Studio) -> None:
    """A file json.py in the user's home does not run in the place of Python's own."""
    (studio.home / "json.py").write_text("raise SystemExit(1)")
    studio.environment["PYTHONPATH"] = str(studio.home)
    studio.tags = {DOMAIN_ARN: RIGHT}
    studio.start()
    assert studio.defaults() == RIGHT


def test_other_admin_file(studio: Studio) -> None:
    """Where the environment names another file of the administrator, the script says that the SDK reads that one."""
    studio.environment["SAGEMAKER_ADMIN_CONFIG_OVERRIDE"] = "s3://bucket/config.yaml"
    studio.tags = {DOMAIN_ARN: RIGHT}
    assert "costtags: SAGEMAKER_ADMIN_CONFIG_OVERRIDE is set: the SDK reads what it names, and not" in studio.start()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is replaced at once or not at all."""
    file = tmp_path / "a" / "config.yaml"
    studio_start.replace(file, "old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        studio_start.replace(file, "new")
    assert [one.name for one in file.parent.iterdir()] == ["config.yaml"]
    assert file.read_text() == "old"
