"""Default tags for code that runs in SageMaker Studio, with no change of that code."""

import base64
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import sagemaker

from costtags.components.arguments import check_arguments, child_options, users_line
from costtags.components.context import context
from costtags.components.tags import Child, checked_tags
from costtags.documents.sdk_config import TAGGED_PATHS
from costtags.schema import Schema, Tag

TOKEN = "costtags:index:StudioTagDefaults"
CHILD_TYPE = "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig"

# StudioLifecycleConfigContent and StudioLifecycleConfigName of the SageMaker API
MAX_CONTENT = 16_384
MAX_NAME = 63


def _built_in(arn: pulumi.Output[str]) -> dict[str, Any]:
    """Run it always: of those that are not built in, the user chooses one or none.

    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-lifecycle-configurations.html
    """
    return {"built_in_lifecycle_config_arn": arn}


def _default(arn: pulumi.Output[str]) -> dict[str, Any]:
    return {"lifecycle_config_arns": [arn], "default_resource_spec": {"lifecycle_config_arn": arn}}


# Type of app -> where and how a domain, a user profile or a space names its lifecycle configuration.
SETTINGS: dict[str, tuple[str, Callable[[pulumi.Output[str]], dict[str, Any]]]] = {
    "JupyterLab": ("jupyter_lab_app_settings", _built_in),
    "CodeEditor": ("code_editor_app_settings", _built_in),
    "KernelGateway": ("kernel_gateway_app_settings", _default),
}
APP_TYPES = ("JupyterLab", "CodeEditor")


class StudioTagDefaultsArgs(TypedDict):
    """Which apps get the defaults."""

    app_types: NotRequired[Sequence[str]]
    """JupyterLab and CodeEditor, unless given; KernelGateway is that of Studio Classic."""
    region: NotRequired[pulumi.Input[str]]
    """The region, where it is not the provider's."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of the lifecycle configurations themselves, over those of the stack."""


class StudioTagDefaults(pulumi.ComponentResource):
    """What a user of Studio creates by the SageMaker Python SDK carries the tags of domain, user and space.

    Creates, for each of ``app_types``:
        - aws.sagemaker.StudioLifecycleConfig, of the component's name and the app's type

    Its script runs whenever an app starts. It reads the tags of the domain, of the user's profile over them and of
    the space over those, keeps those that tags.yaml names and allows, and writes them as the SDK's default tags into
    /etc/xdg/sagemaker/config.yaml, over which the user's own ~/.config/sagemaker/config.yaml goes. Where it fails
    the app starts all the same, and its log says why (CloudWatch, /aws/sagemaker/studio).

    Attach it by ``user_settings``, which names the built-in lifecycle configurations of the apps:

        defaults = StudioTagDefaults("defaults", {})
        TaggedDomain("studio", {..., "default_user_settings": {"execution_role": role.arn, **defaults.user_settings}})

    and for shared spaces put the setting of the app's type into ``default_space_settings``. The execution role needs
    sagemaker:ListTags, sagemaker:DescribeSpace and sagemaker:DescribeUserProfile, and the network the SageMaker API.

    A lifecycle configuration cannot be changed: when tags.yaml changes, another one with another name takes its place.
    The old one is left in the account, since AWS deletes none that a running app uses; it costs nothing.
    """

    arns: pulumi.Output[Mapping[str, str]]
    """The ARN of the lifecycle configuration of each app type."""

    def __init__(self, name: str, args: StudioTagDefaultsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, StudioTagDefaultsArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        app_types = _app_types(name, given.pop("app_types", APP_TYPES))
        own = given.pop("tags", None)
        child = Child("lifecycle configuration", CHILD_TYPE, own)
        names = {app: f"{name}-{app.lower()}" for app in app_types}
        tags = {app: checked_tags(TOKEN, names[app], opts, [child])[0] for app in app_types}
        content = base64.b64encode(fitting_script(context().schema).encode()).decode()
        super().__init__(TOKEN, name, {**given, "app_types": app_types, "tags": tags[app_types[0]]}, opts)

        self.lifecycle_configs = {
            app: sagemaker.StudioLifecycleConfig(
                names[app],
                **given,
                studio_lifecycle_config_app_type=app,
                studio_lifecycle_config_content=content,
                studio_lifecycle_config_name=config_name(name, app, content),
                tags=tags[app],
                opts=pulumi.ResourceOptions.merge(
                    child_options(self, opts), pulumi.ResourceOptions(retain_on_delete=True)
                ),
            )
            for app in app_types
        }
        arns = {app: config.arn for app, config in self.lifecycle_configs.items()}
        self.arns = pulumi.Output.all(**arns)
        self.user_settings = dict(_setting(app, arn) for app, arn in arns.items())
        self.register_outputs({"arns": self.arns})


def _app_types(name: str, given: Any) -> list[str]:
    wrong = given if isinstance(given, str) or not given else [app for app in given if app not in SETTINGS]
    if not given or wrong:
        known = ", ".join(SETTINGS)
        raise pulumi.RunError(
            f'{users_line()}app_types of StudioTagDefaults "{name}" are some of {known}, not {wrong!r}'
        )
    return list(dict.fromkeys(given))


def config_name(name: str, app: str, content: str) -> str:
    """Return a name that is another one in each stack and with each content: none can be changed, only replaced."""
    identity = "\n".join([pulumi.get_project(), pulumi.get_stack(), name, app, content])
    end = f"-{app.lower()}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
    start = re.sub("[^a-zA-Z0-9]+", "-", name)[: MAX_NAME - len(end)].strip("-")
    return f"{start or 'tags'}{end}"


def fitting_script(schema: Schema) -> str:
    """Return the script, with as many lists of values as it can hold; of the longest ones it accepts any value."""
    rules = {tag.key: _rule(tag) for tag in schema.tags.values()}
    while True:
        script = _script(rules)
        if len(base64.b64encode(script.encode())) <= MAX_CONTENT:
            return script
        longest = max(rules, key=lambda key: len(repr(rules[key])))
        if not rules[longest].keys() - {"required"}:
            raise pulumi.RunError(
                f"{schema.path}: its tags' keys alone are too long for a Studio lifecycle configuration"
            )
        pulumi.warn(f'what StudioTagDefaults runs in Studio is too small for the values of tag "{longest}": takes any')
        rules[longest] = {"required": True} if schema.tags[longest].required else {}


def _rule(tag: Tag) -> dict[str, Any]:
    rule: dict[str, Any] = {"required": True} if tag.required else {}
    if tag.values is not None:
        rule["values"] = list(tag.values)
    elif tag.pattern is not None and _means_the_same(tag.pattern):
        rule["pattern"] = tag.pattern
    return rule


# Groups with flags, classes in classes, classes that begin with ], ranges of both ends open, doubled repetitions.
_TOLD_APART = re.compile(r"\(\?|\[[^\]]*\[|\[\^?\]|--|\{,|[*+?}][*+{]|\?\?\?|[*+}]\?\?")


def _means_the_same(pattern: str) -> bool:
    """Say whether Python, which the script is in, surely understands a pattern as Rust does; else any value passes."""
    if not re.fullmatch(r"[A-Za-z0-9 _.:/=@,|(){}\[\]*?+^$-]*", pattern) or _TOLD_APART.search(pattern):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Python warns of what may one day mean something else
        try:
            re.compile(pattern)
        except (re.error, FutureWarning):
            return False
    return True


def _script(rules: Mapping[str, Any]) -> str:
    """Return a shell script that runs the Python of studio_start.py, apart from what lies in the user's folders."""
    source = (Path(__file__).parent / "studio_start.py").read_text(encoding="utf-8")
    call = f"main(json.loads({json.dumps(rules)!r}), {[['SageMaker', *path] for path in TAGGED_PATHS]!r})"
    return f"""\
#!/bin/bash
# Made by costtags (StudioTagDefaults) from tags.yaml: the default tags of the SageMaker Python SDK.
for python in python3 /opt/conda/bin/python3; do
  "$python" -I -c 'import boto3' 2>/dev/null && break
done
"$python" -I - <<'COSTTAGS' 2>&1 || echo "costtags: the SageMaker SDK gets no default tags"
{source}

{call}
COSTTAGS
exit 0
"""


def _setting(app: str, arn: pulumi.Output[str]) -> tuple[str, Any]:
    key, setting = SETTINGS[app]
    return key, setting(arn)
