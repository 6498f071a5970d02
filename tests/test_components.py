"""The components: what they create, what they refuse and in which words, and what they leave for later."""

import asyncio
import contextvars
import inspect
import json
import logging
import runpy
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.runtime import mocks, rpc, set_all_config
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_pulumi_func

from costtags import components
from costtags.catalog import tag_property
from costtags.check import grouped
from costtags.components import (
    TagError,
    TaggedDomain,
    TaggedEndpoint,
    TaggedNotebookInstance,
    TaggedUserProfile,
    stack_tags,
)
from costtags.components import domain as domain_module
from costtags.components import endpoint as endpoint_module
from costtags.components import notebook_instance as notebook_module
from costtags.components import user_profile as profile_module

from .engine import drive

# As Pulumi's own launcher does: a program that fails leaves futures unread, of which asyncio would complain.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)

ROOT = Path(__file__).parents[1]
SCHEMA = """\
version: 1
tags:
  cost-center: {values: [ML-Sales, ML-Research]}
  environment: {values: [dev, prod], default: dev, aliases: {prod: [production]}}
  team: {required: false, values: ["ml-*"]}
enforce:
  resources: ["aws:sagemaker/*"]
"""
CONFIG = {"cost-center": "ML-Research"}
TAGS = {"cost-center": "ML-Research", "environment": "dev"}

DOMAIN: Any = {
    "auth_mode": "IAM",
    "default_user_settings": {"execution_role": "arn:aws:iam::1:role/r", "security_groups": ["sg-1"]},
    "domain_name": "d",
    "subnet_ids": ["subnet-1"],
    "vpc_id": "vpc-1",
}
PROFILE: Any = {"domain_id": "d-1", "user_profile_name": "alice"}
NOTEBOOK: Any = {"instance_type": "ml.t3.medium", "role_arn": "arn:aws:iam::1:role/r"}
ENDPOINT: Any = {
    "model": {"execution_role_arn": "arn:aws:iam::1:role/r", "primary_container": {"image": "i"}},
    "config": {"production_variants": [{"instance_type": "ml.m5.large", "initial_instance_count": 1}]},
}
COMPONENTS = [
    (TaggedDomain, DOMAIN),
    (TaggedUserProfile, PROFILE),
    (TaggedNotebookInstance, NOTEBOOK),
    (TaggedEndpoint, ENDPOINT),
]
DOMAIN_TYPE = "aws:sagemaker/domain:Domain"


class Recorder(mocks.Mocks):
    """Records what is registered: the inputs by type and name."""

    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}
        self.custom: dict[str, dict[str, Any]] = {}

    def call(self, _args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.inputs[f"{args.typ} {args.name}"] = args.inputs
        if args.custom:
            self.custom[f"{args.typ} {args.name}"] = args.inputs
        preview = pulumi.runtime.is_dry_run()
        made = {"arn": f"arn-of-{args.name}", "name": args.name}  # what AWS says of what it made
        return f"{args.name}-id", {**({} if preview else made), **args.inputs}

    def tags(self, type_: str, name: str = "x") -> Any:
        return self.custom[f"{type_} {name}"].get("tags")


Run = Callable[..., Recorder]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a program under the SDK's mocks; the recorder is there also where it fails."""
    (tmp_path / "tags.yaml").write_text(SCHEMA)
    monkeypatch.setenv("COSTTAGS_SCHEMA", str(tmp_path / "tags.yaml"))
    recorder = Recorder()

    def in_context(
        program: Callable[[], Any], config: dict[str, Any], secrets: list[str], project: str, preview: bool
    ) -> None:
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            # What the run before left behind hangs on its closed loop.
            SETTINGS.outputs.clear()
            set_root_resource(None)  # type: ignore[arg-type]
            mocks.set_mocks(recorder, project=project, stack="dev", preview=preview)
            set_all_config(texts, secrets)
            loop.run_until_complete(run_pulumi_func(lambda: program() and None))
        finally:
            loop.close()

    def start(
        program: Callable[[], Any],
        *,
        tags: Any = CONFIG,
        config: dict[str, Any] | None = None,
        secrets: list[str] | None = None,
        project: str = "ex",
        preview: bool = False,
    ) -> Recorder:
        settings = {**({} if tags is None else {"ex:tags": tags}), **(config or {})}
        contextvars.copy_context().run(in_context, program, settings, secrets or [], project, preview)
        return recorder

    yield start
    asyncio.set_event_loop(asyncio.new_event_loop())


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """Runs a program that must be refused, and returns the message."""

    def start(program: Callable[[], Any], **options: Any) -> str:
        with pytest.raises(pulumi.RunError) as caught:
            run(program, **options)
        return str(caught.value)

    return start


def exempt(tmp_path: Path, resource: str) -> None:
    soon = (datetime.now(tz=UTC) + timedelta(days=30)).date()
    (tmp_path / "exemptions.yaml").write_text(
        f'- {{resource: "{resource}", policies: [tag-values], owner: me, reason: old, expires: {soon}}}\n'
    )


# --- what is created


@pytest.mark.parametrize(("component", "args"), COMPONENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_every_child_is_tagged(run: Run, component: Any, args: Any) -> None:
    """Every resource of a component carries the stack's tags, its own tags and the schema's defaults."""
    recorder = run(lambda: component("x", {**args, "tags": {"team": "ml-core"}}))
    assert len(recorder.custom) == (3 if component is TaggedEndpoint else 1)
    assert all(inputs["tags"] == {**TAGS, "team": "ml-core"} for inputs in recorder.custom.values())


def test_own_tags_win(run: Run) -> None:
    """A component's own tag takes the place of the stack's, and that of a child the component's."""
    args = {**ENDPOINT, "tags": {"team": "ml-a"}, "endpoint": {"tags": {"team": "ml-b", "cost-center": "ML-Sales"}}}
    recorder = run(lambda: TaggedEndpoint("x", args))
    assert recorder.tags("aws:sagemaker/model:Model") == {**TAGS, "team": "ml-a"}
    assert recorder.tags("aws:sagemaker/endpoint:Endpoint") == {**TAGS, "cost-center": "ML-Sales", "team": "ml-b"}


def test_no_mutation(run: Run) -> None:
    """The arguments stay as the user gave them."""
    before = json.dumps([args for _, args in COMPONENTS])
    run(lambda: [component("x", args) for component, args in COMPONENTS])
    assert json.dumps([args for _, args in COMPONENTS]) == before


def test_policies_see_the_inputs(run: Run) -> None:
    """The component itself is registered with its inputs, so that policies can judge it."""
    recorder = run(lambda: TaggedDomain("x", DOMAIN))
    assert recorder.inputs["costtags:index:TaggedDomain x"]["tags"] == TAGS
    assert recorder.inputs["costtags:index:TaggedDomain x"]["vpc_id"] == "vpc-1"


def test_outputs(run: Run) -> None:
    """The wrapped resources and their useful outputs are attributes."""
    found: dict[str, Any] = {}

    def program() -> None:
        studio, churn = TaggedDomain("x", DOMAIN), TaggedEndpoint("y", ENDPOINT)
        assert isinstance(studio.domain, aws.sagemaker.Domain)
        assert isinstance(churn.model, aws.sagemaker.Model)
        assert isinstance(churn.config, aws.sagemaker.EndpointConfiguration)
        assert isinstance(churn.endpoint, aws.sagemaker.Endpoint)
        pulumi.Output.all(studio.arn, studio.domain_id, churn.arn).apply(lambda all_: found.update(outputs=all_))

    run(program)
    assert found == {"outputs": ["arn-of-x", "x-id", "arn-of-y"]}


def test_child_adopts_a_plain_resource(run: Run) -> None:
    """A resource that stood in the component's place becomes its child, by an alias."""
    found: list[Any] = []

    def program() -> None:
        for alias in TaggedDomain("x", DOMAIN).domain._aliases:
            pulumi.Output.from_input(alias).apply(found.append)

    run(program)
    assert f"urn:pulumi:dev::ex::{DOMAIN_TYPE}::x" in found


def test_stack_tags(run: Run) -> None:
    """The stack's tags are those of its config and the defaults of what neither it nor the provider gives."""
    found: list[Any] = []
    run(lambda: found.append(stack_tags()))
    run(lambda: found.append(stack_tags()), config={"aws:defaultTags": {"tags": {"environment": "prod"}}})
    run(lambda: found.append(stack_tags()), tags=None)
    assert found == [TAGS, CONFIG, {"environment": "dev"}]


# --- secure defaults, and that they yield


def test_domain_defaults(run: Run) -> None:
    """A domain propagates tags and keeps apps in the VPC, unless it is opened."""
    inputs = run(lambda: TaggedDomain("x", DOMAIN)).custom[f"{DOMAIN_TYPE} x"]
    assert (inputs["tagPropagation"], inputs["appNetworkAccessType"]) == ("ENABLED", "VpcOnly")
    opened = {**DOMAIN, "app_network_access_type": "PublicInternetOnly"}
    inputs = run(lambda: TaggedDomain("x", opened)).custom[f"{DOMAIN_TYPE} x"]
    assert inputs["appNetworkAccessType"] == "PublicInternetOnly"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (None, "Disabled", {"minimumInstanceMetadataServiceVersion": "2"})),
        ({"subnet_id": "s"}, ("Disabled", "Disabled", {"minimumInstanceMetadataServiceVersion": "2"})),
        (
            {"subnet_id": "s", "direct_internet_access": "Enabled", "root_access": "Enabled"},
            ("Enabled", "Enabled", {"minimumInstanceMetadataServiceVersion": "2"}),
        ),
        (
            {"instance_metadata_service_configuration": {"minimum_instance_metadata_service_version": "1"}},
            (None, "Disabled", {"minimumInstanceMetadataServiceVersion": "1"}),
        ),
    ],
)
def test_notebook_defaults(run: Run, given: Any, expected: Any) -> None:
    """A notebook has no root, version 2 of the metadata service and, in a subnet, no internet, unless given."""
    recorder = run(lambda: TaggedNotebookInstance("x", {**NOTEBOOK, **given}))
    [inputs] = recorder.custom.values()
    names = ("directInternetAccess", "rootAccess", "instanceMetadataServiceConfiguration")
    assert tuple(inputs.get(name) for name in names) == expected


def test_model_is_isolated(run: Run) -> None:
    """A model reaches no network, unless it is let."""
    inputs = run(lambda: TaggedEndpoint("x", ENDPOINT)).custom["aws:sagemaker/model:Model x"]
    assert inputs["enableNetworkIsolation"] is True
    let = {**ENDPOINT, "model": {**ENDPOINT["model"], "enable_network_isolation": False}}
    inputs = run(lambda: TaggedEndpoint("x", let)).custom["aws:sagemaker/model:Model x"]
    assert inputs["enableNetworkIsolation"] is False


# --- what passes through


@pytest.mark.parametrize(
    "settings",
    [
        aws.sagemaker.DomainDefaultUserSettingsArgs(execution_role="r", security_groups=["sg"]),
        {"execution_role": "r", "security_groups": ["sg"]},
        {"executionRole": "r", "securityGroups": ["sg"]},
        pulumi.Output,
    ],
    ids=["object", "dict", "wire", "output"],
)
def test_nested_arguments_pass(run: Run, settings: Any) -> None:
    """Nested settings reach the resource as Args objects, dicts in either case, and outputs."""

    def program() -> None:
        given = settings
        if given is pulumi.Output:
            given = pulumi.Output.from_input({"execution_role": "r", "security_groups": ["sg"]})
        TaggedDomain("x", {**DOMAIN, "default_user_settings": given})

    inputs = run(program).custom[f"{DOMAIN_TYPE} x"]
    assert inputs["defaultUserSettings"] == {"executionRole": "r", "securityGroups": ["sg"]}


@pytest.mark.parametrize(
    ("variant", "model"),
    [
        ({"instance_type": "t"}, "given by the model"),
        ({"instanceType": "t", "modelName": "other"}, "other"),
        (aws.sagemaker.EndpointConfigurationProductionVariantArgs(instance_type="t"), "given by the model"),
        (aws.sagemaker.EndpointConfigurationProductionVariantArgs(instance_type="t", model_name="other"), "other"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_variants_serve_the_model(run: Run, variant: Any, model: str, later: bool) -> None:
    """A variant that names no model serves the component's, in whatever form it is given."""
    args = {**ENDPOINT, "model": {**ENDPOINT["model"], "name": "given by the model"}}

    def program() -> None:
        variants = pulumi.Output.from_input([variant]) if later else [variant]
        TaggedEndpoint("x", {**args, "config": {"production_variants": variants}})

    inputs = run(program).custom["aws:sagemaker/endpointConfiguration:EndpointConfiguration x"]
    assert inputs["productionVariants"] == [{"instanceType": "t", "modelName": model}]


@pytest.mark.parametrize(
    ("args", "wrapped", "left_out"),
    [
        (components.TaggedDomainArgs, aws.sagemaker.DomainArgs, set()),
        (components.TaggedUserProfileArgs, aws.sagemaker.UserProfileArgs, set()),
        (components.TaggedNotebookInstanceArgs, aws.sagemaker.NotebookInstanceArgs, set()),
        (components.TaggedEndpointModelArgs, aws.sagemaker.ModelArgs, set()),
        (components.TaggedEndpointConfigArgs, aws.sagemaker.EndpointConfigurationArgs, set()),
        (components.TaggedEndpointEndpointArgs, aws.sagemaker.EndpointArgs, {"endpoint_config_name"}),
    ],
)
def test_arguments_are_those_of_the_provider(args: Any, wrapped: Any, left_out: set[str]) -> None:
    """The arguments are all that the wrapped resource takes, and as required."""
    parameters = inspect.signature(wrapped.__init__).parameters.values()
    required = {one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty}
    every = {one.name for one in parameters if one.kind is one.KEYWORD_ONLY}
    assert args.__required_keys__ == required - left_out
    assert args.__required_keys__ | args.__optional_keys__ == every - left_out


def test_schema_for_other_languages() -> None:
    """Pulumi can infer the components' schema, and every argument in it is described."""
    found = Analyzer("costtags").analyze([component for component, _ in COMPONENTS])
    definitions = found["component_definitions"]
    assert set(definitions) == {"TaggedDomain", "TaggedUserProfile", "TaggedNotebookInstance", "TaggedEndpoint"}
    assert definitions["TaggedDomain"].inputs["defaultUserSettings"].ref == "pulumi.json#/Any"
    described = [*definitions.values(), *found["type_definitions"].values()]
    fields = [field for one in described for field in (getattr(one, "inputs", None) or one.properties).values()]
    assert all(field.description for field in fields if field.ref is None)
    for module in (domain_module, profile_module, notebook_module, endpoint_module):
        assert "from __future__" not in inspect.getsource(module)


# --- what is refused at once


def test_message(refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error names the user's line, every wrong tag, what is allowed, and the lines to paste."""
    monkeypatch.chdir(ROOT)
    tags = {"environment": "production", "Team": "ml-x"}
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    message = refused(lambda: TaggedDomain("x", {**DOMAIN, "tags": tags, "tag_propagation": "DISABLED"}), tags=None)
    assert message == (
        f'{Path(__file__).resolve().relative_to(Path.cwd())}:{line}: TaggedDomain "x" breaks the rules for tags\n'
        '  tag "cost-center" is missing; allowed: ML-Sales, ML-Research\n'
        '  tag "environment" has a value that is not allowed; allowed: dev, prod; did you mean "prod"?\n'
        '  tag "Team" must be spelled "team"\n'
        "  tagPropagation is not ENABLED: what Studio launches will carry no tags of the domain and its users\n"
        "fix:\n"
        '    "cost-center": "...",  # one of ML-Sales, ML-Research\n'
        '    "environment": "prod",  # or dev\n'
        '    rename "Team" to "team"\n'
        '    tag_propagation="ENABLED"\n'
        f"judged by {tmp_path / 'tags.yaml'}; tags of the whole stack stand in its config ex:tags"
    )


def test_wording_is_the_packs(run: Run) -> None:
    """The findings are those of the check, in the words that the pack uses, with the URNs that they would have."""
    with pytest.raises(TagError) as caught:
        run(lambda: TaggedDomain("x", DOMAIN), tags={"cost-center": "ML-sales"})
    [(urn, type_, finding)] = caught.value.findings
    assert urn == f"urn:pulumi:dev::ex::costtags:index:TaggedDomain${DOMAIN_TYPE}::x"
    assert (type_, finding.policy, finding.code, finding.tag) == (
        DOMAIN_TYPE,
        "tag-values",
        "wrong-value",
        "cost-center",
    )
    assert grouped([finding]) in str(caught.value)


@pytest.mark.parametrize(("component", "args"), COMPONENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_nothing_is_registered(run: Run, component: Any, args: Any) -> None:
    """What is refused at once registers neither the component nor a resource."""
    with pytest.raises(TagError):
        run(lambda: component("x", args), tags=None)
    assert run(lambda: None).inputs == {}


def test_all_children_in_one_error(refused: Callable[..., str]) -> None:
    """An endpoint's error names the resources where they differ, and lists what all lack once."""
    args = {**ENDPOINT, "endpoint": {"tags": {"team": "x"}}}
    message = refused(lambda: TaggedEndpoint("x", args), tags=None)
    missing = 'tag "cost-center" is missing; allowed: ML-Sales, ML-Research'
    wrong = 'tag "team" has a value that is not allowed; allowed: ml-*'
    fix = '    "cost-center": "...",  # one of ML-Sales, ML-Research'
    body = message.split("\n", 1)[1].rsplit("\n", 1)[0]
    assert body == (
        f"on model, config:\n{missing}\nfix:\n{fix}\n"
        f'on endpoint:\n  {missing}\n  {wrong}\nfix:\n{fix}\n    "team": "...",  # one of ml-*'
    )
    alike = refused(lambda: TaggedEndpoint("x", ENDPOINT), tags=None)
    assert alike.split("\n")[1:4] == [missing, "fix:", fix]


def test_misspelt_arguments(refused: Callable[..., str]) -> None:
    """Misspelt and missing arguments are one error as well, before anything is registered."""
    args: Any = {"model": {"image": "i"}, "config": ENDPOINT["config"], "endpont": {}}
    assert refused(lambda: TaggedEndpoint("x", args)).split("\n")[1:] == [
        '  unknown argument "endpont"; did you mean "endpoint"?',
        '  unknown argument "image" of model',
        '  argument "execution_role_arn" of model is missing',
    ]


@pytest.mark.parametrize("tags", ["no json", ["a"], "3"])
def test_config_is_no_map(refused: Callable[..., str], tags: Any) -> None:
    """Stack tags that are no map are an error that names the config and shows nothing of it."""
    message = refused(lambda: TaggedDomain("x", DOMAIN), tags=tags, secrets=["ex:tags"])
    assert message == "config ex:tags must be a map of tag keys to values"


def test_config_values_become_text(run: Run, refused: Callable[..., str]) -> None:
    """Numbers and booleans in the config become the text that AWS stores; lists are refused."""
    recorder = run(lambda: TaggedDomain("x", DOMAIN), tags={**CONFIG, "n": 7, "b": True, "none": None})
    assert recorder.tags(DOMAIN_TYPE) == {**TAGS, "n": "7", "b": "true"}
    message = refused(lambda: TaggedDomain("x", DOMAIN), tags={**CONFIG, "l": ["a"]})
    assert message == "config ex:tags must hold one text a tag; these hold something else: l"


def test_broken_files(refused: Callable[..., str], tmp_path: Path) -> None:
    """All errors of tags.yaml and exemptions.yaml are shown, each with its line."""
    (tmp_path / "tags.yaml").write_text("version: 1\ntags:\n  a: {value: [x]}\n")
    (tmp_path / "exemptions.yaml").write_text("- {resource: x}\n")
    message = refused(lambda: TaggedDomain("x", DOMAIN))
    assert message.startswith("tags cannot be judged:\n")
    assert f"{tmp_path / 'tags.yaml'}:3: " in message
    assert f"{tmp_path / 'exemptions.yaml'}:1: " in message


def test_no_schema(refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a tags.yaml nothing is created, and the error says how to get one."""
    monkeypatch.delenv("COSTTAGS_SCHEMA")
    (tmp_path / "tags.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    assert refused(lambda: TaggedDomain("x", DOMAIN)) == (
        f"no tags.yaml in {tmp_path} or above it says which tags are required: "
        "write one, or name one by COSTTAGS_SCHEMA"
    )


def test_nearest_schema(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest tags.yaml upwards counts where none is named."""
    monkeypatch.delenv("COSTTAGS_SCHEMA")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert run(lambda: TaggedDomain("x", DOMAIN)).tags(DOMAIN_TYPE) == TAGS


# --- what is judged later


@pytest.mark.parametrize(
    "tags",
    [
        lambda bad: {"team": bad},
        lambda bad: pulumi.Output.all(bad).apply(lambda known: {"team": known[0]}),
        lambda _bad: pulumi.Output.secret({"team": "wrong"}),
        lambda _bad: {"team": pulumi.Output.secret("wrong")},
    ],
    ids=["value", "map", "secret map", "secret value"],
)
def test_outputs_are_judged_when_known(run: Run, refused: Callable[..., str], tags: Any) -> None:
    """A tag that is known only in the deployment stops it before any resource of the component is created."""

    def program() -> None:
        TaggedEndpoint("x", {**ENDPOINT, "endpoint": {"tags": tags(aws.sns.Topic("b").arn)}})

    message = refused(program)
    assert 'on endpoint:\ntag "team" has a value that is not allowed; allowed: ml-*' in message
    assert "wrong" not in message
    assert list(run(lambda: None).custom) == ["aws:sns/topic:Topic b"]


def test_unknown_is_left_to_the_pack(run: Run) -> None:
    """A tag that a preview does not know is no error there, and the other tags stay known."""
    recorder = run(lambda: TaggedDomain("x", {**DOMAIN, "tags": {"team": aws.sns.Topic("b").arn}}), preview=True)
    tags = recorder.tags(DOMAIN_TYPE)
    assert isinstance(tags.pop("team"), pulumi.output.Unknown)
    assert tags == TAGS


def test_certain_findings_do_not_wait(refused: Callable[..., str]) -> None:
    """What is certainly wrong is refused at once, also where another tag is known only later."""

    def program() -> None:
        TaggedDomain("x", {**DOMAIN, "tags": {"team": "x", "project": aws.sns.Topic("b").arn}})

    assert 'tag "team" has a value that is not allowed' in refused(program, preview=True)


def test_known_outputs_pass(run: Run) -> None:
    """Right values that come as outputs, awaitables or secrets are used, and secrets stay secret."""

    async def later() -> str:
        return "prod"

    def program() -> None:
        tags: Any = {"environment": later(), "team": pulumi.Output.secret("ml-x"), "a": pulumi.Output.from_input("b")}
        TaggedDomain("x", {**DOMAIN, "tags": tags})

    tags = run(program).tags(DOMAIN_TYPE)
    assert rpc.unwrap_rpc_secret(tags) == {
        "cost-center": "ML-Research",
        "environment": "prod",
        "team": "ml-x",
        "a": "b",
    }
    assert rpc.is_rpc_secret(tags)


@pytest.mark.parametrize("whole", [False, True])
def test_awaitables_reach_every_child(run: Run, whole: bool) -> None:
    """Tags that can be awaited once, singly or as a map, stand on every resource of a component."""

    async def later() -> str:
        return "ml-x"

    async def all_later() -> dict[str, str]:
        return {"team": "ml-x"}

    def program() -> None:
        TaggedEndpoint("x", {**ENDPOINT, "tags": all_later() if whole else {"team": later()}})

    recorder = run(program)
    for child in ("model:Model", "endpointConfiguration:EndpointConfiguration", "endpoint:Endpoint"):
        assert recorder.tags(f"aws:sagemaker/{child}")["team"] == "ml-x"


def test_secret_config(run: Run, refused: Callable[..., str]) -> None:
    """Secret stack tags stay secret, and a wrong one is refused without being shown."""
    recorder = run(lambda: TaggedDomain("x", DOMAIN), secrets=["ex:tags"])
    assert rpc.is_rpc_secret(recorder.tags(DOMAIN_TYPE))
    message = refused(lambda: TaggedDomain("x", DOMAIN), tags={"cost-center": "hush"}, secrets=["ex:tags"])
    assert 'tag "cost-center" has a value that is not allowed' in message
    assert "hush" not in message


# --- the provider's default tags


def test_config_default_tags(run: Run, refused: Callable[..., str]) -> None:
    """Default tags of the stack's provider satisfy the schema, are judged, and yield to no default of the schema."""
    config = {"aws:defaultTags": {"tags": {"cost-center": "ML-Sales", "environment": "prod"}}}
    assert run(lambda: TaggedDomain("x", DOMAIN), tags=None, config=config).tags(DOMAIN_TYPE) == {}
    config = {"aws:defaultTags": {"tags": {"cost-center": "x"}}}
    message = refused(lambda: TaggedDomain("x", DOMAIN), tags=None, config=config)
    assert 'tag "cost-center" (from the provider\'s default tags) has a value that is not allowed' in message


def test_environment_default_tags(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default tags that the provider takes from the environment satisfy the schema."""
    monkeypatch.setenv("TF_AWS_DEFAULT_TAGS_cost-center", "ML-Sales")
    assert run(lambda: TaggedDomain("x", DOMAIN), tags=None).tags(DOMAIN_TYPE) == {"environment": "dev"}


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize("how", ["provider", "providers", "map", "parent"])
def test_provider_default_tags(run: Run, preview: bool, how: str) -> None:
    """Default tags of a provider object satisfy the schema, however the component gets the provider."""

    def program() -> None:
        default_tags = {"tags": {"cost-center": "ML-Sales", "environment": "prod"}}
        provider = aws.Provider("p", default_tags=default_tags)  # type: ignore[arg-type]
        options = {
            "provider": pulumi.ResourceOptions(provider=provider),
            "providers": pulumi.ResourceOptions(providers=[provider]),
            "map": pulumi.ResourceOptions(providers={"aws": provider}),
        }
        if how == "parent":
            above = pulumi.ComponentResource("a:b:C", "above", {}, pulumi.ResourceOptions(providers=[provider]))
            options["parent"] = pulumi.ResourceOptions(parent=above)
        TaggedDomain("x", DOMAIN, options[how])

    assert run(program, tags=None, preview=preview).tags(DOMAIN_TYPE) == {}


def test_provider_without_the_tag(run: Run, refused: Callable[..., str]) -> None:
    """What neither the component nor its provider object has is missing, before a resource is created."""
    provided = {"tags": {"environment": "prod"}}

    def program() -> None:
        provider = aws.Provider("p", default_tags=provided)  # type: ignore[arg-type]
        TaggedDomain("x", DOMAIN, pulumi.ResourceOptions(provider=provider))

    for preview in (True, False):
        assert 'tag "cost-center" is missing' in refused(program, tags=None, preview=preview)
    assert list(run(lambda: None).custom) == ["pulumi:providers:aws p"]


def test_own_tags_beside_a_provider_object(run: Run) -> None:
    """With a provider object the stack's tags and the schema's defaults are used as without one."""

    def program() -> None:
        TaggedDomain("x", DOMAIN, pulumi.ResourceOptions(provider=aws.Provider("p")))

    assert run(program, preview=True).tags(DOMAIN_TYPE) == TAGS


def test_unknown_provider_default_tags(run: Run, refused: Callable[..., str]) -> None:
    """Default tags that a preview does not know leave what is missing open; the deployment is judged."""

    def program() -> None:
        default_tags: Any = {"tags": {"owner": aws.sns.Topic("b").arn}}
        TaggedDomain("x", DOMAIN, pulumi.ResourceOptions(provider=aws.Provider("p", default_tags=default_tags)))

    run(program, tags=None, preview=True)
    assert 'tag "cost-center" is missing' in refused(program, tags=None)


# --- exemptions, and the gate


def test_exemption(run: Run, refused: Callable[..., str], tmp_path: Path) -> None:
    """What exemptions.yaml excuses of a resource is not refused; of another it is."""
    exempt(tmp_path, f"urn:pulumi:dev::ex::*TaggedDomain${DOMAIN_TYPE}::x")
    wrong = {"cost-center": "old"}
    assert run(lambda: TaggedDomain("x", DOMAIN), tags=wrong).tags(DOMAIN_TYPE)["cost-center"] == "old"
    assert 'tag "cost-center" has a value' in refused(lambda: TaggedDomain("y", DOMAIN), tags=wrong)


@pytest.mark.parametrize(
    ("resource", "excused"), [("urn:pulumi:*a:b:C$costtags:index:TaggedDomain$*::x", True), ("urn:pulumi:*::y", False)]
)
def test_exemption_of_a_nested_component(run: Run, tmp_path: Path, resource: str, excused: bool) -> None:
    """An exemption is found by the full URN also where the component stands in another."""
    exempt(tmp_path, resource)

    def program() -> None:
        above = pulumi.ComponentResource("a:b:C", "above")
        TaggedDomain("x", DOMAIN, pulumi.ResourceOptions(parent=above))

    if excused:
        assert run(program, tags={"cost-center": "old"}).tags(DOMAIN_TYPE)["cost-center"] == "old"
    else:
        with pytest.raises(TagError, match='tag "cost-center" has a value'):
            run(program, tags={"cost-center": "old"})


def test_gate(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a preview of the gate the pack judges, so that all resources are; a deployment is refused all the same."""
    monkeypatch.setenv("COSTTAGS_GATE", "embedded")
    args: Any = {**DOMAIN, "tag_propagation": "DISABLED"}
    recorder = run(lambda: TaggedDomain("x", args), tags=None, preview=True)
    assert recorder.custom[f"{DOMAIN_TYPE} x"]["tagPropagation"] == "DISABLED"
    with pytest.raises(TagError):
        run(lambda: TaggedDomain("x", args), tags=None)


def test_propagation_known_later(refused: Callable[..., str]) -> None:
    """A propagation setting that is known only later is judged then."""

    def program() -> None:
        TaggedDomain("x", {**DOMAIN, "tag_propagation": pulumi.Output.from_input("DISABLED")})

    assert "tagPropagation is not ENABLED" in refused(program)


# --- the example


def test_example(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example program tags every resource that can carry tags, by the config of its stack."""
    from ruamel.yaml import YAML

    monkeypatch.setenv("COSTTAGS_SCHEMA", str(ROOT / "tags.yaml"))
    monkeypatch.syspath_prepend(str(ROOT))  # as Pulumi has the program's folder
    name = YAML(typ="safe").load((ROOT / "Pulumi.yaml").read_text())["name"]
    config = YAML(typ="safe").load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    recorder = run(lambda: runpy.run_path(str(ROOT / "__main__.py")) and None, tags=None, config=config, project=name)
    taggable = {key: inputs for key, inputs in recorder.custom.items() if tag_property(key.split(" ")[0])}
    assert len(taggable) > 20
    tags = {key: rpc.unwrap_rpc_secret(inputs.get("tags")) for key, inputs in taggable.items()}
    assert [key for key, found in tags.items() if found != config["costtags-example:tags"]] == []
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60


# --- on the real engine


def _project(folder: Path, program: str) -> Path:
    (folder / "Pulumi.yaml").write_text("name: ex\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {aws:region: eu-west-1, ex:tags: {cost-center: ML-Research}}\n")
    (folder / "__main__.py").write_text(
        "import pulumi, pulumi_aws as aws\nfrom costtags.components import TaggedDomain\n"
        f"DOMAIN = {DOMAIN!r}\n{program}\n"
    )
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture
def on_engine(engine_environment: dict[str, str], tmp_path: Path) -> Callable[..., drive.Run]:
    """Runs a program on the real engine, by the tags.yaml of these tests, in a backend of its own."""
    (tmp_path / "tags.yaml").write_text(SCHEMA)
    (tmp_path / "state").mkdir()
    env = {**engine_environment, "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"}
    return lambda program, run=drive.preview, **options: run(_project(tmp_path, program), env=env, **options)


@pytest.mark.engine
def test_engine_stops_a_wrong_output(on_engine: Callable[..., drive.Run]) -> None:
    """A deployment stops at a tag that the preview did not know, with our message and no traceback of ours."""
    program = 'TaggedDomain("x", {**DOMAIN, "tags": {"team": aws.sns.Topic("t").arn}})'
    assert on_engine(program).exit_code == 0
    stopped = on_engine(program, drive.up)
    assert stopped.exit_code != 0
    assert '__main__.py:4: TaggedDomain "x" breaks the rules for tags' in stopped.output
    assert 'tag "team" has a value that is not allowed; allowed: ml-*' in stopped.output
    assert "Traceback" not in stopped.output
    assert "aws:sagemaker:Domain x creat" not in stopped.output.split("Updating")[1]


@pytest.mark.engine
@pytest.mark.parametrize(("key", "passes"), [("cost-center", True), ("owner", False)])
def test_engine_tells_a_providers_default_tags(on_engine: Callable[..., drive.Run], key: str, passes: bool) -> None:
    """The real engine answers which default tags a provider object has."""
    provider = f'aws.Provider("p", default_tags={{"tags": {{"{key}": "ML-Sales"}}}})'
    program = f'TaggedDomain("x", DOMAIN, pulumi.ResourceOptions(provider={provider}))'
    done = on_engine(program, config={"ex:tags": "{}"})
    assert (done.exit_code == 0) is passes
    assert ('tag "cost-center" is missing' in done.output) is not passes


@pytest.mark.engine
def test_engine_adopts_a_plain_resource(on_engine: Callable[..., drive.Run]) -> None:
    """A plain domain that becomes the component's is updated, neither deleted nor created anew."""
    assert on_engine('aws.sagemaker.Domain("x", **DOMAIN)', drive.up).exit_code == 0
    steps = on_engine('TaggedDomain("x", DOMAIN)', as_json=True).json["steps"]
    operations = {step["urn"].split("::")[2]: step["op"] for step in steps}
    assert operations[f"costtags:index:TaggedDomain${DOMAIN_TYPE}"] == "update"
    assert "delete" not in operations.values()
