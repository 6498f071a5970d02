"""Writes a batch of generate.py as one labelled Python program of the form that tests/corpus has.

References to what is not there (any more) are left out, so that shrink.py may take any step away.
"""

import json
from collections.abc import Iterator
from typing import Any

from .generate import Data

HELPERS = {
    "soon": """\
async def soon(value):
    await asyncio.sleep(0.01)
    return value
""",
    "edited": '''\
def edited(args, add, drop=()):
    """The tags of a resource, a map or a list of pairs or an output of either, with some more and without others."""
    native = args.type_.startswith("aws-native:")

    def edit(tags):
        if isinstance(tags, pulumi.Output):
            return tags.apply(edit)
        if not isinstance(tags, dict | list | None):
            return tags  # not known
        if native:
            gone = {*add, *drop}
            rows = [row for row in tags or [] if not (isinstance(row, dict) and plain_key(row) in gone)]
            return rows + [{"key": key, "value": value} for key, value in add.items()]
        return {key: value for key, value in (tags or {}).items() if key not in drop} | add

    return edit(args.props.get("tags"))
''',
    "plain_key": """\
def plain_key(row):
    return row["key"] if isinstance(row.get("key"), str) else None
""",
    "of_type": """\
def of_type(args, *, name, on):
    if not args.name.startswith(name) or "-source" in args.name or "-g" in args.name:
        return False  # another program's, or what values come from, or only read
    provider = args.type_.startswith("pulumi:providers:")
    component = not provider and not args.type_.startswith(("aws:sagemaker/", "aws:s3/", "aws-native:sagemaker:"))
    aws = args.type_.startswith("aws:sagemaker/")
    kinds = {"aws": aws, "sagemaker": ":sagemaker" in args.type_, "providers": provider, "components": component}
    return on == "all" or kinds[on]
""",
}

SECRET_ROW = "hush"
"""The key of a row of a list of tags that is secret as a whole."""

RESOURCES = {
    "ModelPackageGroup": 'sagemaker.ModelPackageGroup({0}, model_package_group_name="g"',
    "NotebookInstance": 'sagemaker.NotebookInstance({0}, instance_type="ml.t3.medium", role_arn="r"',
    "Domain": 'sagemaker.Domain({0}, auth_mode="IAM", default_user_settings={{"execution_role": "r"}}, '
    'domain_name="d", subnet_ids=["s"], vpc_id="v"',
    "Model": 'sagemaker.Model({0}, execution_role_arn="r"',
    "Endpoint": 'sagemaker.Endpoint({0}, endpoint_config_name="c"',
    "UserProfile": 'sagemaker.UserProfile({0}, domain_id="d", user_profile_name="u"',
    "Space": 'sagemaker.Space({0}, domain_id="d", space_name="s"',
    "App": 'sagemaker.App({0}, app_name="a", app_type="JupyterLab", domain_id="d"',
    "Hub": 'sagemaker.Hub({0}, hub_name="h", hub_description="h"',
    "CodeRepository": 'sagemaker.CodeRepository({0}, code_repository_name="c", '
    'git_config={{"repository_url": "https://example.com"}}',
    "Device": 'sagemaker.Device({0}, device_fleet_name="f", device={{"device_name": "d"}}',
    "Pipeline": 'sagemaker.Pipeline({0}, pipeline_name="p", pipeline_display_name="p", pipeline_definition="{{}}"',
    "Image": 'sagemaker.Image({0}, image_name="i", role_arn="r"',
    "ImageVersion": 'sagemaker.ImageVersion({0}, image_name="i", base_image="b"',
    "Bucket": "s3.Bucket({0}",
    "Role": 'iam.Role({0}, assume_role_policy="{{}}"',
    "Topic": "sns.Topic({0}",
    "LogGroup": "logs.LogGroup({0}",
}
WITHOUT_TAGS = ("Device", "ImageVersion")

TAGGED = {
    "TaggedNotebookInstance": '"instance_type": "ml.t3.medium", "role_arn": "r"',
    "TaggedDomain": '"auth_mode": "IAM", "default_user_settings": {"execution_role": "r"}, "domain_name": "d", '
    '"subnet_ids": ["s"], "vpc_id": "v"',
    "TaggedUserProfile": '"domain_id": "d", "user_profile_name": "u"',
    "TaggedSpace": '"domain_id": "d", "space_name": "s"',
    "TaggedWorkteam": '"description": "d", "workteam_name": "w", '
    '"member_definitions": [{"oidc_member_definition": {"groups": ["g"]}}]',
    "TaggedPipeline": '"pipeline_name": "p", "pipeline_display_name": "p", "role_arn": "r", '
    '"pipeline_definition": {"Version": "2020-12-01", "Steps": []}',
    "TaggedEndpoint": '"model": {"execution_role_arn": "r"}, "config": {"production_variants": '
    '[{"instance_type": "ml.m5.large", "initial_instance_count": 1, "variant_name": "v"}]}',
}

BUDGET = 'budget_type="COST", limit_amount="10", limit_unit="USD", time_unit="MONTHLY"'


def _filter(values: str, name: str = "TagKeyValue") -> str:
    return f'aws.budgets.Budget({{0}}, cost_filters=[{{{{"name": "{name}", "values": {values}}}}}], {BUDGET}'


def _scp(statement: str, more: str = "") -> str:
    document = f'{{{{"Version": "2012-10-17", "Statement": [{{{{"Effect": "Deny", "Resource": "*", {statement}}}}}]}}}}'
    return f"aws.organizations.Policy({{0}}, content=json.dumps({document}){more}"


_EXCEPT = '"ArnNotLike": {{"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}'
_NULL = '"Null": {{"aws:RequestTag/cost-center": "true"}}'
_CREATE = '"Action": "sagemaker:CreateEndpoint"'

# Budgets and policies, right and wrong; the first three and numbers 8 and 9 are right under every schema.
DOCUMENTS = [
    f"aws.budgets.Budget({{0}}, {BUDGET}",
    _filter('["Amazon SageMaker"]', "Service"),
    _filter('["aws:createdBy$x"]'),
    _filter('["user:cost-center$ML-Sales"]'),
    _filter('["user:cost-center$Sales", "user:environment$prod"]'),
    _filter('["cost-center$ML-Sales"]'),
    _filter('["user:cost-center"]', "TagKeyValue"),
    _filter('["user:app$x"]'),
    'aws.organizations.Policy({0}, type="CHATBOT_POLICY", content="{{}}"',
    _scp(f'{_CREATE}, "Condition": {{{{"StringNotEquals": {{{{"aws:RequestedRegion": "eu-west-1"}}}}}}}}'),
    _scp(f'{_CREATE}, "Condition": {{{{{_NULL}}}}}'),
    _scp(f'{_CREATE}, "Condition": {{{{{_NULL}, {_EXCEPT}}}}}'),
    _scp(f'"Action": "sagemaker:Create*", "Condition": {{{{{_NULL}, {_EXCEPT}}}}}'),
    _scp(f'"Action": ["sagemaker:AddTags"], "Condition": {{{{{_NULL}, {_EXCEPT}}}}}'),
    'aws.iam.Policy({0}, policy=json.dumps({{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", '
    f'"Action": "sagemaker:AddTags", "Resource": "*", "Condition": {{{{{_NULL}}}}}}}}}]}}}})',
    "aws.organizations.Policy({0}, content=\"{{'no': 'json'}}\"",
    'aws.organizations.Policy({0}, type="TAG_POLICY", content=json.dumps({{"tags": {{"cost-center": {{"tag_key": '
    '{{"@@assign": "cost-center"}}, "tag_value": {{"@@assign": ["ML-Sales"]}}, '
    '"enforced_for": {{"@@assign": ["sagemaker:endpoint"]}}}}}}}})',
    'aws.organizations.Policy({0}, type="TAG_POLICY", content=json.dumps({{"tags": {{"a": {{"tag_key": '
    '{{"@@assign": "b"}}}}}}}})',
    _filter('[source.unique_id.apply(lambda text: f"user:cost-center${{text}}")]'),
    _filter('[pulumi.Output.secret("user:cost-center$Sales")]'),
    "aws.organizations.Policy({0}, content=source.unique_id",
    'aws.organizations.Policy({0}, content=pulumi.Output.secret(json.dumps({{"Statement": []}}))',
    'native.budgets.Budget({0}, budget={{"budget_type": "COST", "time_unit": "MONTHLY", '
    '"cost_filters": {{"TagKeyValue": ["user:cost-center$x"]}}}}',
    'native.organizations.Policy({0}, type="SERVICE_CONTROL_POLICY", content={{"Version": "2012-10-17", "Statement": '
    f'[{{{{"Effect": "Deny", {_CREATE}, "Resource": "*", "Condition": {{{{{_NULL}}}}}}}}}]}}}}',
]


def program_text(batch: Data) -> str:
    """Write a batch as a labelled program."""
    body = "\n".join(_body(batch))
    lines = ['"""Made by tests/fuzz."""', "# expect: []"]
    label = {"project": {"name": batch["project"]}, "exemptions": [*batch["exemptions"]]}
    label |= {key: batch[key] for key in ("schema", "config", "environment", "policies")}
    label["exemptions"] += [entry for program in batch["programs"] for entry in program["exemptions"]]
    lines += [f"# {key}: {json.dumps(value)}" for key, value in label.items() if value]
    standard = [
        name for name in ("asyncio", "json", "types") if f"{name}." in body or (name == "asyncio" and "soon(" in body)
    ]
    lines += [f"import {name}" for name in standard]
    lines += ["", "import pulumi"] if standard else ["import pulumi"]
    lines += [
        f"import pulumi_{name.replace('native', 'aws_native')} as {name}"
        for name in ("aws", "native")
        if f"{name}." in body
    ]
    used = sorted(
        {step["type"] for program in batch["programs"] for step in program["steps"] if step["do"] == "tagged"}
    )
    if used:
        lines.append(f"from costtags.components import {', '.join(used)}")
    for name, text in HELPERS.items():
        if f"{name}(" in body or (name == "plain_key" and "edited(" in body):
            lines += ["", "", text.rstrip("\n")]
    return "\n".join([*lines, "", "", body]) + "\n"


def _body(batch: Data) -> Iterator[str]:
    shared = [
        line
        for number, transform in enumerate(batch["transforms"])
        for line in _stack_transform(transform, f"shared{number}", _Names("", []))
    ]
    yield from _source("shared", shared)
    for program in batch["programs"]:
        yield from ["", f"def {program['name']}():"]
        lines = list(_program(program))
        yield from (f"    {line}".rstrip() for line in lines or ["pass"])
        yield from ["", "", f"{program['name']}()"]


class _Names:
    """The steps of a program that stand before the one that is written."""

    def __init__(self, program: str, steps: list[Data]) -> None:
        self.program = program
        self.steps = {step["name"]: step for step in steps}

    def has(self, name: str | None) -> bool:
        return name in self.steps

    def do(self, name: str | None) -> str | None:
        return self.steps[name]["do"] if name in self.steps else None


def _program(program: Data) -> Iterator[str]:
    made: list[str] = []
    before: list[Data] = []
    for step in program["steps"]:
        names = _Names(program["name"], before)
        made += list(_STEPS[step["do"]](step, names))
        if step["do"] != "stack" and step.get("how", "plain") == "plain":
            before.append(step)
    yield from _source(program["name"], made)


def _source(name: str, lines: list[str]) -> Iterator[str]:
    """Put a resource in front whose outputs are known or unknown, where the lines use it."""
    if any("source." in line for line in lines):
        yield f'source = aws.iam.Role("{name}-source", assume_role_policy="{{}}", path="/p/")'
    yield from lines


# ---- values and tags


def value(item: list[str], names: _Names) -> str:
    """Write the value of a tag."""
    kind, text = item
    quoted = _quoted(text)
    reads = [name for name, step in names.steps.items() if step["do"] == "read"]
    return {
        "plain": quoted,
        "secret": f"pulumi.Output.secret({quoted})",
        "known": f"pulumi.Output.from_input({quoted})",
        "unknown": "source.unique_id",
        "unknown-secret": "pulumi.Output.secret(source.unique_id)",
        "echo": f"source.path.apply(lambda _: {quoted})",
        "echo-secret": f"pulumi.Output.secret(source.path.apply(lambda _: {quoted}))",
        "concat": f"pulumi.Output.concat({quoted}, source.unique_id)",
        "format": f'pulumi.Output.format("{{}}{{}}", {quoted}, "")',
        "soon": f"soon({quoted})",
        "none": "None",
        "read": f"{reads[-1]}.domain_name" if reads else quoted,
        "region": "aws.get_region().region",
        "account": "aws.get_caller_identity().account_id",
        "config": 'pulumi.Config("aws-native").require("region")',
        "number": "4711",
        "bool": "True",
        "deep": '["a"]',
    }[kind]


def _quoted(text: str) -> str:
    if len(text) > 20 and len(set(text)) == 1:
        return f'"{text[0]}" * {len(text)}'
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _map(pairs: list[list[Any]], names: _Names) -> str:
    return "{" + ", ".join(f"{_quoted(key)}: {value(item, names)}" for key, item in pairs) + "}"


def _rows(pairs: list[list[Any]], names: _Names, how: str) -> str:
    rows = [f'{{"key": {_quoted(key)}, "value": {value(item, names)}}}' for key, item in pairs if item[0] != "none"]
    if how == "args":
        rows = [
            f"native.TagArgs(key={_quoted(key)}, value={value(item, names)})"
            for key, item in pairs
            if item[0] != "none"
        ]
    if how == "unknown-item":
        rows.append('source.unique_id.apply(lambda text: {"key": text, "value": "x"})')
    if how == "unknown-key":
        rows.append('{"key": source.unique_id, "value": "x"}')
    if how == "twice":
        rows += rows[:1]
    if how == "secret-row":
        rows.append(f'pulumi.Output.secret({{"key": "{SECRET_ROW}", "value": "x"}})')
    return f"[{', '.join(rows)}]"


def tags_text(tags: Data | None, names: _Names, rows: str | None = None) -> str | None:
    """Write the tags of a resource, as a list where ``rows`` says how its items are; None where it has none."""
    if tags is None or tags["form"] == "absent":
        return None
    inside = _map(tags["tags"], names) if rows is None else _rows(tags["tags"], names, rows)
    copied = "{**tags}" if rows is None else "[*tags]"
    other = tags["of"] if names.do(tags["of"]) in ("resource", "read") else None
    if other is not None:
        step = names.steps[other]
        fits = step["do"] == "read" or (step["package"] == "aws" and step["type"] not in WITHOUT_TAGS)
        other = other if fits and rows is None else None
    return {
        "map": inside,
        "output": f"pulumi.Output.from_input({inside})",
        "secret": f"pulumi.Output.secret({inside})",
        "all": f"pulumi.Output.all({'**' if rows is None else '*'}{inside})" if tags["tags"] else inside,
        "unknown": f"source.unique_id.apply(lambda _: {inside})",
        "echo": f"source.path.apply(lambda _: {inside})",
        "echo-secret": f"pulumi.Output.secret(source.path.apply(lambda _: {inside}))",
        "soon": f"soon({inside})",
        "apply": f"pulumi.Output.from_input({inside}).apply(lambda tags: {copied})",
        "none": "None",
        "empty": "{}" if rows is None else "[]",
        "tags-of": f"{other}.tags" if other else inside,
        "tags-all-of": f"{other}.tags_all" if other else inside,
        "proxy": f"types.MappingProxyType({inside})" if rows is None else inside,
    }[tags["form"]]


# ---- transforms


def _transform(made: Data, function: str, names: _Names) -> Iterator[str]:
    """Write a transform as a function."""
    new = made["api"] == "new"
    result = "ResourceTransformResult" if new else "ResourceTransformationResult"
    name = f"{names.program}-" if names.program else ""
    yield f"{'async ' if made['act'] == 'add-soon' else ''}def {function}(args):"
    yield f"    if not of_type(args, name={name!r}, on={made['on']!r}):"
    yield "        return None"
    yield from (f"    {line}" for line in _act(made, names, new=new))
    yield f"    return pulumi.{result}(args.props, args.opts)"
    yield ""


def _act(made: Data, names: _Names, *, new: bool) -> Iterator[str]:
    tags, act = made["tags"], made["act"]
    pairs = _map(tags["tags"], names)
    provider = made["provider"] if names.do(made["provider"]) == "provider" else None
    if act in ("add", "add-soon"):
        if act == "add-soon":
            yield "await asyncio.sleep(0.01)"
        yield f'args.props["tags"] = edited(args, {pairs})'
    elif act == "drop":
        yield f'args.props["tags"] = edited(args, {{}}, {[key for key, _ in tags["tags"]]!r})'
    elif act == "set":
        native = tags_text(tags, names, "plain")
        yield f'args.props["tags"] = {native} if args.type_.startswith("aws-native:") else {tags_text(tags, names)}'
    elif act == "delete":
        yield 'args.props.pop("tags", None)'
    elif act == "none":
        yield 'args.props["tags"] = None'
    elif act == "spoil":
        yield 'if isinstance(args.props.get("tags"), dict):'
        yield f'    args.props["tags"].update({pairs})'
    elif act == "read-tags":
        yield 'tags = args.props.get("tags")'
        yield 'args.props["tags"] = tags.copy() if isinstance(tags, dict) else tags'
    elif act == "options":
        yield "args.opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))"
    elif act == "move" and provider:
        package = "aws:" if names.steps[provider]["package"] == "aws" else "aws-native:"
        yield f"if args.type_.startswith({package!r}):"
        yield "    args.opts = pulumi.ResourceOptions.merge("
        yield f"        args.opts, pulumi.ResourceOptions(provider={provider})"
        yield "    )"
    elif act == "give" and provider:
        custom = "not args.custom" if new else "not isinstance(args.resource, pulumi.CustomResource)"
        yield f"if {custom}:"
        yield "    args.opts = pulumi.ResourceOptions.merge("
        yield f"        args.opts, pulumi.ResourceOptions(providers=[{provider}])"
        yield "    )"
    elif act == "provider-tags":
        texts = {key: item[1] for key, item in tags["tags"]}
        yield 'if args.type_.startswith("pulumi:providers:aws"):'
        yield f'    args.props["{"defaultTags" if new else "default_tags"}"] = json.dumps({{"tags": {texts!r}}})'
    elif act == "pass":
        yield "return None"


def _stack_transform(made: Data, function: str, names: _Names) -> Iterator[str]:
    yield from _transform(made, function, names)
    register = "register_resource_transform" if made["api"] == "new" else "register_stack_transformation"
    yield f"pulumi.runtime.{register}({function})"
    yield ""


# ---- steps


def _options(step: Data, names: _Names) -> tuple[list[str], str]:
    """Return the lines that stand before a resource, and its options as text."""
    given = step["opts"]
    lines: list[str] = []
    made: list[str] = []
    if names.has(given.get("parent")):
        made.append(f"parent={given['parent']}")
    if names.do(given.get("provider")) == "provider":
        made.append(f"provider={given['provider']}")
    providers = [name for name in given.get("providers", ()) if names.do(name) == "provider"]
    if providers:
        if given.get("providers-form") == "map":
            packages = {"aws": "aws", "native": "aws-native"}
            entries = {packages[names.steps[name]["package"]]: name for name in providers}
            made.append("providers={" + ", ".join(f'"{package}": {name}' for package, name in entries.items()) + "}")
        else:
            unique = {names.steps[name]["package"]: name for name in providers}
            made.append(f"providers=[{', '.join(unique.values())}]")
    for option in ("depends_on", "deleted_with"):
        if names.has(given.get(option)):
            made.append(f"{option}={given[option]}")
    if given.get("aliases"):
        made.append(f'aliases=[pulumi.Alias(name="{given["aliases"]}")]')
    plain = ("ignore_changes", "protect", "retain_on_delete", "delete_before_replace", "replace_on_changes")
    for option in (*plain, "additional_secret_outputs", "version", "plugin_download_url", "import_"):
        if option in given:
            made.append(f"{option}={given[option]!r}")
    for option in ("transforms", "transformations"):
        functions = []
        for number, transform in enumerate(given.get(option, ())):
            function = f"{step['name']}_{option[:9]}_{'new' if option == 'transforms' else 'old'}{number}"
            lines += list(_transform(transform, function, names))
            functions.append(function)
        if functions:
            made.append(f"{option}=[{', '.join(functions)}]")
    return lines, f"pulumi.ResourceOptions({', '.join(made)})" if made else ""


def _resource(step: Data, names: _Names) -> Iterator[str]:
    lines, opts = _options(step, names)
    yield from lines
    native = step["package"] == "native"
    arguments = ""
    if step["type"] not in WITHOUT_TAGS:
        tags = tags_text(step["tags"], names, step.get("rows", "plain") if native else None)
        arguments += f", tags={tags}" if tags is not None else ""
    if step.get("propagation") is not None:
        text = value([{"secret": "secret", "known": "known"}.get(step["propagation"], "plain"), "ENABLED"], names)
        text = {"unknown": "source.unique_id", "DISABLED": '"DISABLED"'}.get(step["propagation"], text)
        arguments += f", tag_propagation={text}"
    arguments += f", opts={opts}" if opts else ""
    name = f"{names.program}-{step['name']}"
    quoted = f'f"{name}-{{number}}"' if step["how"] == "loop" else json.dumps(name)
    made = f"{'native' if native else 'aws'}.{RESOURCES[step['type']].format(quoted)}{arguments})"
    if step["how"] == "loop":
        yield from ["for number in range(2):", f"    {made}"]
        return
    origin = {
        "apply": 'pulumi.Output.from_input("x")',
        "apply-unknown": "source.unique_id",
        "apply-secret": 'pulumi.Output.secret("x")',
    }.get(step["how"])
    yield f"{origin}.apply(lambda _: {made})" if origin else f"{step['name']} = {made}"


def _provider(step: Data, names: _Names) -> Iterator[str]:
    lines, opts = _options(step, names)
    yield from lines
    package = step["package"]
    arguments = ""
    tags = tags_text(step["default"], names)
    if tags is not None:
        wrapped = {
            "args": f"{package}.ProviderDefaultTagsArgs(tags={tags})",
            "output": f'pulumi.Output.from_input({{"tags": {tags}}})',
            "absent-inside": "{}",
        }.get(step["form"], f'{{"tags": {tags}}}')
        arguments += f", default_tags={wrapped}"
    if "ignore" in step:
        [(field, keys)] = step["ignore"].items()
        items = ", ".join("source.unique_id" if key == "unknown" else _quoted(key) for key in keys)
        arguments += f', ignore_tags={{"{field}": [{items}]}}'
    arguments += f", opts={opts}" if opts else ""
    yield f'{step["name"]} = {package}.Provider("{names.program}-{step["name"]}", region="eu-west-1"{arguments})'


def _component(step: Data, names: _Names) -> Iterator[str]:
    lines, opts = _options(step, names)
    yield from lines
    tags = tags_text(step["tags"], names)
    props = "None" if tags is None else f'{{"tags": {tags}}}'
    more = f", {props}, {opts}" if opts else f", {props}" if tags else ""
    yield f'{step["name"]} = pulumi.ComponentResource("{step["type"]}", "{names.program}-{step["name"]}"{more})'


def _tagged(step: Data, names: _Names) -> Iterator[str]:
    lines, opts = _options(step, names)
    yield from lines
    arguments = TAGGED[step["type"]]
    tags = tags_text(step["tags"], names)
    arguments += f', "tags": {tags}' if tags is not None else ""
    more = f", {opts}" if opts else ""
    yield f'{step["name"]} = {step["type"]}("{names.program}-{step["name"]}", {{{arguments}}}{more})'


def _read(step: Data, names: _Names) -> Iterator[str]:
    lines, opts = _options(step, names)
    yield from lines
    tags = tags_text(step["tags"], names)
    more = (f", tags={tags}" if tags is not None else "") + (f", opts={opts}" if opts else "")
    yield f'{step["name"]} = aws.sagemaker.Domain.get("{names.program}-{step["name"]}", "d-abc"{more})'


def _document(step: Data, names: _Names) -> Iterator[str]:
    lines, opts = _options(step, names)
    yield from lines
    call = DOCUMENTS[step["pool"]].format(json.dumps(f"{names.program}-{step['name']}"))
    yield f"{step['name']} = {call}{f', opts={opts}' if opts else ''})"


def _stack(step: Data, names: _Names) -> Iterator[str]:
    yield from _stack_transform(step["transform"], f"stack_{step['name']}", names)


_STEPS = {
    "resource": _resource,
    "provider": _provider,
    "component": _component,
    "tagged": _tagged,
    "read": _read,
    "document": _document,
    "stack": _stack,
}
