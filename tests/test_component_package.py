"""The components as a Pulumi package: the schema for other languages, and components made through the real engine."""

import inspect
import json
import re
import sys
import sysconfig
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.provider import server
from pulumi.runtime import rpc

from costtags import components
from costtags.components import provider
from costtags.components.arguments import users_line

from .engine import drive
from .test_components import SCHEMA, TAGS, Run, run

__all__ = ["run"]

ROOT = Path(__file__).parents[1]

# What other languages' SDKs do: the constructor names the component, and its package makes it.
REMOTE = """\
import pulumi, pulumi_aws as aws

class Remote(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(self, kind, name, inputs, opts=None):
        super().__init__(f"costtags:index:{kind}", name, {**inputs, "arn": None}, opts, remote=True)

NOTEBOOK = {"instanceType": "ml.t3.medium", "roleArn": "arn:aws:iam::1:role/r"}
"""
# The real plugin of pulumi_aws is too large to get for a test; its schema has the types that its SDK has.
AWS_PLUGIN = """\
import json, sys
from importlib.metadata import version
from pulumi.runtime.proto import provider_pb2
from pulumi_aws import sagemaker
from costtags.gate import dry_provider

class WithTypes(dry_provider.DryProvider):
    def GetSchema(self, _request, _context):
        names = [name.removesuffix("Args") for name in vars(sagemaker._inputs) if name.endswith("Args")]
        types = {f"aws:sagemaker/{name}:{name}": {"type": "object", "properties": {}} for name in names}
        schema = {"name": "aws", "version": version("pulumi_aws"), "types": types}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

dry_provider.DryProvider = WithTypes
sys.argv[1:] = ["aws"]
dry_provider.main()
"""

WRAPPED: list[tuple[Any, Any]] = [
    (components.TaggedDomainArgs, aws.sagemaker.DomainArgs),
    (components.TaggedUserProfileArgs, aws.sagemaker.UserProfileArgs),
    (components.TaggedNotebookInstanceArgs, aws.sagemaker.NotebookInstanceArgs),
    (components.TaggedEndpointModelArgs, aws.sagemaker.ModelArgs),
    (components.TaggedEndpointConfigArgs, aws.sagemaker.EndpointConfigurationArgs),
    (components.TaggedEndpointEndpointArgs, aws.sagemaker.EndpointArgs),
    (components.TaggedSpaceArgs, aws.sagemaker.SpaceArgs),
    (components.TaggedPipelineArgs, aws.sagemaker.PipelineArgs),
    (components.TaggedWorkteamArgs, aws.sagemaker.WorkteamArgs),
]


@pytest.fixture(scope="module")
def package() -> provider.Package:
    """The package as it is served."""
    return provider.Package()


@pytest.fixture(scope="module")
def schema(package: provider.Package) -> dict[str, Any]:
    """The schema that Pulumi gets."""
    return json.loads(package.schema or "")


# --- the schema


def test_every_component_is_there(schema: dict[str, Any]) -> None:
    """The package has all that costtags.components exports, with every argument and the outputs, described."""
    exported = [name for name in components.__all__ if inspect.isclass(getattr(components, name))]
    ours = {name for name in exported if issubclass(getattr(components, name), pulumi.ComponentResource)}
    assert set(schema["resources"]) == {f"costtags:index:{name}" for name in ours}
    assert (schema["name"], schema["version"]) == ("costtags", "0.1.0")
    for token, resource in schema["resources"].items():
        shape = getattr(components, f"{token.rsplit(':', 1)[1]}Args")
        assert len(resource["inputProperties"]) == len(shape.__required_keys__ | shape.__optional_keys__)
        assert len(resource["requiredInputs"]) == len(shape.__required_keys__)
        assert resource["isComponent"]
        assert resource["properties"]
        described = [resource, *resource["inputProperties"].values(), *resource["properties"].values()]
        assert all(one["description"] for one in described)


def test_descriptions(schema: dict[str, Any]) -> None:
    """Descriptions are not indented, and call an argument what it is called in the other languages."""
    text = schema["resources"]["costtags:index:TaggedDomain"]["description"]
    assert "\nTags are those of the stack" in text
    assert "``tagPropagation`` is ENABLED" in text
    assert not re.search("``[a-z]+_[a-z_]+``", json.dumps(schema))


def _shapes(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in schema["resources"].items():
        yield f"{name}Args", one["inputProperties"]
    for name, one in schema["types"].items():
        yield f"{name}Args", one["properties"]


@pytest.mark.parametrize(("shape", "wrapped"), WRAPPED)
def test_nested_types_are_the_providers(schema: dict[str, Any], shape: Any, wrapped: Any) -> None:
    """An argument refers to the type that pulumi_aws itself gives it, and where that has none to none."""
    [properties] = [properties for name, properties in _shapes(schema) if name.endswith(f":{shape.__name__}")]
    annotations = inspect.get_annotations(wrapped.__init__)
    aws_version = schema["dependencies"][0]["version"]
    for name in shape.__required_keys__ | shape.__optional_keys__:
        if name == "pipeline_definition":
            continue  # taken as an object, too
        camel = re.sub("_([a-z])", lambda letter: letter[1].upper(), name)
        named = re.search(r"'(\w+)Args'", str(annotations[name]))
        refers = re.search(r'"\$ref": "([^"]+)"', json.dumps(properties[camel]))
        if named is None:
            assert refers is None, name
            continue
        assert hasattr(aws.sagemaker, f"{named[1]}Args")
        assert refers is not None, name
        assert refers[1] == f"/aws/v{aws_version}/schema.json#/types/aws:sagemaker%2F{named[1]}:{named[1]}"


def test_the_provider_is_a_dependency(schema: dict[str, Any]) -> None:
    """The schema names the one provider whose types it refers to, in the installed version."""
    plugin = json.loads((Path(aws.__file__).parent / "pulumi-plugin.json").read_text())
    assert schema["dependencies"] == [{"name": "aws", "version": plugin["version"]}]


# --- from the wire to the component


def test_wire_values(run: Run, package: provider.Package) -> None:
    """What comes over the wire reaches the resource: nested names, numbers, secrets, outputs, what is not known."""

    def program() -> None:
        unknown: Any = pulumi.output.UNKNOWN
        inputs = {
            "instanceType": pulumi.Output.secret("ml.t3.medium"),
            "roleArn": unknown,
            "volumeSize": 20.0,
            "securityGroups": ["sg-1", unknown],
            "tags": {"team": pulumi.Output.from_input("ml-x"), "my_tag": unknown},
        }
        package.construct("x", "costtags:index:TaggedNotebookInstance", inputs)

    [made] = run(program, preview=True).custom.values()
    assert rpc.unwrap_rpc_secret(made["instanceType"]) == "ml.t3.medium"
    assert rpc.is_rpc_secret(made["instanceType"])
    assert isinstance(made["roleArn"], pulumi.output.Unknown)
    assert made["volumeSize"] == 20
    assert made["securityGroups"][0] == "sg-1"
    assert isinstance(made["securityGroups"][1], pulumi.output.Unknown)
    assert isinstance(made["tags"].pop("my_tag"), pulumi.output.Unknown)
    assert made["tags"] == {**TAGS, "team": "ml-x"}


@pytest.mark.parametrize("secret", [False, True])
def test_wire_maps_have_one_order(run: Run, package: provider.Package, secret: bool) -> None:
    """A definition given as an object becomes the same text in every run: the wire has maps in any order."""

    def program() -> None:
        step = {"Type": "Fail", "Name": "a", "Arguments": {"z": 1.0, "b": 2.5}}
        definition: Any = {"Version": "1", "Steps": [step]}
        if secret:
            definition = pulumi.Output.secret(definition)
        inputs = {"pipelineName": "p", "pipelineDisplayName": "p", "pipelineDefinition": definition}
        package.construct("x", "costtags:index:TaggedPipeline", inputs)

    made = run(program).custom["aws:sagemaker/pipeline:Pipeline x"]["pipelineDefinition"]
    step = '{"Arguments": {"b": 2.5, "z": 1}, "Name": "a", "Type": "Fail"}'
    assert rpc.unwrap_rpc_secret(made) == f'{{"Steps": [{step}], "Version": "1"}}'
    assert rpc.is_rpc_secret(made) is secret


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        (
            "TaggedNotebookInstance",
            {"instanceTyp": "t", "volumeSize": 2.5},
            [
                'unknown argument "instanceTyp"; did you mean "instanceType"?',
                'argument "instanceType" is missing',
                'argument "roleArn" is missing',
                'argument "volumeSize" must be a whole number',
            ],
        ),
        (
            "TaggedEndpoint",
            {"model": pulumi.Output, "config": {"x": 1}, "endpoint": "e"},
            [
                'argument "model" must be known at once: no output of a resource, no secret',
                'unknown argument "x" of config',
                'argument "productionVariants" of config is missing',
                'argument "endpoint" must be an object',
            ],
        ),
        (
            "TagBudgets",
            {"accountId": "111122223333", "emails": ["a@example.com", pulumi.Output]},
            ['argument "emails[1]" must be known at once: no output of a resource, no secret'],
        ),
    ],
)
def test_wrong_arguments(run: Run, package: provider.Package, kind: str, inputs: Any, expected: list[str]) -> None:
    """All arguments that are wrong are one error, which calls them by their names in the schema."""

    def later(value: Any) -> Any:
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            made = {key: later(item) for key, item in pairs}
            return made if isinstance(value, dict) else list(made.values())
        return pulumi.Output.from_input("x") if value is pulumi.Output else value

    with pytest.raises(pulumi.RunError) as caught:
        run(lambda: package.construct("x", f"costtags:index:{kind}", later(inputs)))
    assert str(caught.value).split("\n  ") == [f'{kind} "x" cannot be made:', *expected]


def test_unknown_component(package: provider.Package) -> None:
    """A component that is not there is said to be so, beside those that are."""
    with pytest.raises(pulumi.RunError, match=r"costtags has no costtags:index:TagDomain \(there are: CostDashboard, "):
        package.construct("x", "costtags:index:TagDomain", {})


@pytest.mark.parametrize("file", ["/elsewhere/pulumi/provider/server.py", f"{sysconfig.get_path('purelib')}/server.py"])
def test_a_served_component_names_no_line(file: str) -> None:
    """What calls a component that is served is Pulumi, wherever it is installed, and below that no user's code."""
    space: dict[str, Any] = {"users_line": users_line, "__name__": server.__name__}
    exec(compile("found = users_line()", file, "exec"), space)
    assert space["found"] == ""
    space["__name__"] = "user"
    exec(compile("found = users_line()", "/elsewhere/user.py", "exec"), space)
    assert space["found"] == "/elsewhere/user.py:1: "


def test_the_wheel_has_the_plugin() -> None:
    """Where costtags is installed, the executable that Pulumi looks for on PATH is, too."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["pulumi-resource-costtags"] == f"{provider.__name__}:{provider.main.__name__}"


# --- on the real engine


@pytest.fixture
def remote(engine_environment: dict[str, str], tmp_path: Path) -> Callable[..., drive.Run]:
    """Runs a program that uses the components as a package: as `pulumi package add` writes it into Pulumi.yaml."""
    (tmp_path / "state").mkdir()
    (tmp_path / "tags.yaml").write_text(SCHEMA)
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)

    def start(
        program: str,
        command: Callable[..., drive.Run] = drive.preview,
        *,
        project: str = f"packages: {{costtags: {ROOT / 'components'}}}\n",
        tags: str = "{cost-center: ML-Research}",
        env: dict[str, str] | None = None,
        **options: Any,
    ) -> drive.Run:
        head = "name: ex\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
        (folder / "Pulumi.yaml").write_text(head + project)
        (folder / "Pulumi.dev.yaml").write_text(f"config: {{aws:region: eu-west-1, ex:tags: {tags}}}\n")
        (folder / "__main__.py").write_text(f"{REMOTE}\n{program}\n")
        backend = {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"}
        return command(folder, env={**engine_environment, **backend, **(env or {})}, **options)

    return start


def said(done: drive.Run) -> list[list[str]]:
    """Return the lines of each error that a component ended in, as they are shown at the end."""
    shown = done.stdout[done.stdout.rindex("Diagnostics:") :]
    blocks = re.findall(r"error: (costtags:index:.*?)\n(?: +error:|\n)", f"{shown}\n\n", re.DOTALL)
    return [[line.strip() for line in block.split("\n")] for block in blocks]


@pytest.mark.engine
def test_engine_gets_the_schema(engine_environment: dict[str, str], tmp_path: Path) -> None:
    """`pulumi package get-schema ./components` and `pulumi schema check`: every type that is referred to is there."""
    plugin = tmp_path / "bin" / "pulumi-resource-aws"
    plugin.parent.mkdir()
    (tmp_path / "plugin.py").write_text(AWS_PLUGIN)
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u -P {tmp_path / "plugin.py"} "$@"\n')
    plugin.chmod(0o755)
    env = {**engine_environment, "PATH": f"{plugin.parent}:{engine_environment['PATH']}"}
    done = drive.run(["package", "get-schema", "./components"], ROOT, env)
    assert done.exit_code == 0, done.stderr
    assert "error" not in done.stderr
    assert done.json["resources"].keys() == json.loads(provider.Package().schema or "")["resources"].keys()
    checked = drive.run(["schema", "check", "./components"], ROOT, env)
    assert checked.exit_code == 0, checked.output


@pytest.mark.engine
def test_engine_blocks_bad_tags_with_one_error(remote: Callable[..., drive.Run], tmp_path: Path) -> None:
    """Everything that is wrong with a component's tags is one message, with no frame of ours or the framework's."""
    done = remote('Remote("TaggedNotebookInstance", "n", {**NOTEBOOK, "tags": {"Team": "ml-x", "environment": "x"}})')
    assert done.exit_code != 0
    [message] = said(done)
    assert message == [
        "costtags:index:TaggedNotebookInstance resource 'n' has a problem: "
        'TaggedNotebookInstance "n" breaks the rules for tags',
        'tag "environment" has a value that is not allowed; allowed: dev, prod',
        'tag "Team" must be spelled "team"',
        "fix:",
        '"environment": "dev",  # or prod',
        'rename "Team" to "team"',
        f"judged by {tmp_path / 'tags.yaml'}; tags of the whole stack stand in its config ex:tags",
    ]
    assert str(ROOT / "components") not in done.output
    assert "aws:sagemaker" not in done.output


@pytest.mark.engine
def test_engine_makes_components(remote: Callable[..., drive.Run], tmp_path: Path) -> None:
    """Components of a program get their children, tagged, with nested settings and by the provider given to them."""
    program = """
topic = aws.sns.Topic("t", tags={"cost-center": "ML-Research", "environment": "dev"})
euc = aws.Provider("euc", region="eu-central-1", default_tags={"tags": {"environment": "prod"}})
settings = {"executionRole": topic.arn, "securityGroups": ["sg-1"], "jupyterLabAppSettings": {"appLifecycleManagement":
    {"idleSettings": {"idleTimeoutInMinutes": 60}}}}
studio = Remote("TaggedDomain", "d", {"authMode": "IAM", "domainName": "d", "subnetIds": ["s", topic.arn], "vpcId": "v",
    "defaultUserSettings": settings, "tags": {"team": pulumi.Output.secret("ml-hush"), "topic": topic.arn}})
Remote("TaggedNotebookInstance", "n", NOTEBOOK, pulumi.ResourceOptions(providers={"aws": euc}))
Remote("TaggedEndpoint", "e", {
    "model": {"executionRoleArn": "r", "primaryContainer": {"image": "i", "environment": {"my_var": topic.arn}}},
    "config": {"productionVariants": [{"instanceType": "ml.m5.large", "initialInstanceCount": 1}]},
    "endpoint": {"tags": {"cost-center": "ML-Sales"}}})
pulumi.export("arn", studio.arn)
"""
    pack = {"policy_pack": ROOT / "policypack", "env": {"COSTTAGS_SCHEMA": str(tmp_path / "tags.yaml")}}
    done = remote(program, drive.up, extra=["--show-config"], **pack)
    assert done.exit_code == 0, done.output
    exported = remote("", lambda folder, env: drive.run(["stack", "export", "--stack", "dev"], folder, env)).json
    made = {one["urn"].split("::", 2)[2]: one for one in exported["deployment"]["resources"]}
    domain = made["costtags:index:TaggedDomain$aws:sagemaker/domain:Domain::d"]
    arn = "arn:aws:sns:eu-west-1:123456789012:topic/t"
    assert domain["inputs"]["defaultUserSettings"] == {
        "executionRole": arn,
        "securityGroups": ["sg-1"],
        "jupyterLabAppSettings": {"appLifecycleManagement": {"idleSettings": {"idleTimeoutInMinutes": 60}}},
    }
    assert domain["inputs"]["subnetIds"] == ["s", arn]
    assert (domain["inputs"]["tagPropagation"], domain["inputs"]["appNetworkAccessType"]) == ("ENABLED", "VpcOnly")
    assert "ciphertext" in domain["inputs"]["tags"].pop("team")
    assert domain["inputs"]["tags"] == {**TAGS, "topic": arn}
    notebook = made["costtags:index:TaggedNotebookInstance$aws:sagemaker/notebookInstance:NotebookInstance::n"]
    assert notebook["inputs"]["tags"] == {"cost-center": "ML-Research"}
    assert "::euc::" in notebook["provider"]
    model = made["costtags:index:TaggedEndpoint$aws:sagemaker/model:Model::e"]
    assert model["inputs"]["primaryContainer"]["environment"] == {"my_var": arn}
    endpoint = made["costtags:index:TaggedEndpoint$aws:sagemaker/endpoint:Endpoint::e"]
    assert endpoint["inputs"]["tags"] == {**TAGS, "cost-center": "ML-Sales"}
    assert made["pulumi:pulumi:Stack::ex-dev"]["outputs"] == {"arn": domain["outputs"]["arn"]}


@pytest.mark.engine
def test_engine_stops_what_is_known_only_later(remote: Callable[..., drive.Run]) -> None:
    """A tag that a preview does not know stops the deployment, by the same one error."""
    program = 'Remote("TaggedNotebookInstance", "n", {**NOTEBOOK, "tags": {"team": aws.sns.Topic("t").arn}})'
    assert remote(program).exit_code == 0
    done = remote(program, drive.up)
    assert done.exit_code != 0
    [message] = said(done)
    assert message[1:3] == ['tag "team" has a value that is not allowed; allowed: ml-*', "fix:"]
    assert "aws:sagemaker:NotebookInstance n creat" not in done.output.split("Updating")[1]


@pytest.mark.engine
def test_engine_knows_which_resource_is_excused(remote: Callable[..., drive.Run], tmp_path: Path) -> None:
    """exemptions.yaml is read beside tags.yaml, and the URN of a component at the top of the stack has no parent."""
    soon = (datetime.now(tz=UTC) + timedelta(days=30)).date()
    urn = "urn:pulumi:dev::ex::costtags:index:TaggedNotebookInstance$aws:sagemaker/notebookInstance:NotebookInstance::n"
    (tmp_path / "exemptions.yaml").write_text(
        f'- {{resource: "{urn}", policies: [tag-values], owner: me, reason: old, expires: {soon}}}\n'
    )
    for name, passes in (("n", True), ("m", False)):
        program = f'Remote("TaggedNotebookInstance", "{name}", {{**NOTEBOOK, "tags": {{"team": "x"}}}})'
        assert (remote(program).exit_code == 0) is passes


@pytest.mark.engine
def test_engine_finds_the_installed_plugin(remote: Callable[..., drive.Run], tmp_path: Path) -> None:
    """Where costtags is installed, its executable on PATH serves the components; COSTTAGS_SCHEMA names tags.yaml."""
    launcher = tmp_path / "bin" / "pulumi-resource-costtags"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m {provider.__package__} "$@"\n')
    launcher.chmod(0o755)
    path = f"{launcher.parent}:{drive.environment(tmp_path / 'env')['PATH']}"
    program = 'Remote("TaggedNotebookInstance", "n", NOTEBOOK)'
    (tmp_path / "tags.yaml").rename(tmp_path / "rules.yaml")
    env = {"PATH": path}
    [message] = said(remote(program, project="", env=env))
    assert message[-1].endswith(
        f"no tags.yaml in {tmp_path / 'program'} or above it says which tags are required: "
        "write one, or name one by COSTTAGS_SCHEMA"
    )
    env["COSTTAGS_SCHEMA"] = str(tmp_path / "rules.yaml")
    assert remote(program, project="", env=env).exit_code == 0
