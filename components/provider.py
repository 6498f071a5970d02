"""The components as a Pulumi package: what programs in other languages get by `pulumi package add ./components`."""

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from types import ModuleType
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, Provider, server
from pulumi.provider.experimental.analyzer import (
    Analyzer,
    ComponentDefinition,
    PropertyDefinition,
    PropertyType,
    TypeDefinition,
    get_dependency_for_type,
)
from pulumi.provider.experimental.schema import generate_schema
from pulumi.provider.experimental.util import camel_case

from costtags import components
from costtags.components.context import PACKAGE
from costtags.suggest import nearest

NAME = "costtags"
DESCRIPTION = "Components for Amazon SageMaker that cannot be created without their cost allocation tags."

_OWN_TYPE = f"#/types/{NAME}:index:"


class Package(Provider):
    """Describes the components to Pulumi, and makes one when a program asks for it."""

    def __init__(self) -> None:
        self.components = {
            name: one
            for name, one in vars(components).items()
            if inspect.isclass(one) and issubclass(one, pulumi.ComponentResource)
        }
        found = _Inference().analyze(list(self.components.values()))
        self.definitions: dict[str, ComponentDefinition] = found["component_definitions"]
        self.types: dict[str, TypeDefinition] = found["type_definitions"]
        dependencies = sorted(found["dependencies"], key=lambda one: one.name)
        own = version(NAME)
        schema = generate_schema(NAME, own, None, self.definitions, self.types, dependencies).to_json()
        said = {"description": DESCRIPTION, "license": "Apache-2.0"}
        text = json.dumps(_described({**schema, **said}))
        # In the languages that have input types, Pulumi itself adds Args to their names.
        super().__init__(own, re.sub(rf"({NAME}:index:\w+)Args\b", r"\1", text))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, pulumi.Input[Any]],
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component of the inputs that came over the wire. Raises pulumi.RunError for what is wrong."""
        kind = resource_type.rsplit(":", 1)[-1]
        if kind not in self.components:
            raise pulumi.RunError(f"{NAME} has no {resource_type} (there are: {', '.join(self.components)})")
        definition = self.definitions[kind]
        wire = _Wire(self.types)
        args = wire.arguments(inputs, definition.inputs, definition.inputs_mapping)
        if wire.problems:
            raise pulumi.RunError("\n  ".join([f'{kind} "{name}" cannot be made:', *wire.problems]))
        made: Any = self.components[kind](name, args, options)  # type: ignore[arg-type]  # each has its own signature
        outputs = {key: getattr(made, attribute) for key, attribute in definition.outputs_mapping.items()}
        return ConstructResult(made.urn, {key: value for key, value in outputs.items() if value is not None})


class _Inference(Analyzer):
    """Pulumi's inference, and the nested types of the AWS provider, for which Any stands in the components."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self.provider_types: dict[str, dict[tuple[str, str], type]] = {}

    def analyze_property(self, arg: Any, typ: type, name: str, **how: Any) -> PropertyDefinition:
        """Describe one argument or output; what a type of the provider describes refers to the provider's schema."""
        found: PropertyDefinition = super().analyze_property(arg, typ, name, **how)
        if arg is Any:
            if typ.__module__ not in self.provider_types:
                self.provider_types[typ.__module__] = dict(_provider_types(sys.modules[typ.__module__]))
            written = self.provider_types[typ.__module__].get((typ.__name__, name))
            if written is not None:
                aws = get_dependency_for_type(written)
                self.dependencies.add(aws)
                found.ref = f"/{aws.name}/v{aws.version}/schema.json#/types/{token(written).replace('/', '%2F')}"
        return found


def token(args: type) -> str:
    """Return the Pulumi token of a nested input type of pulumi_aws, whose Python class does not know it.

    The provider is generated: aws:MODULE/NAME:NAME became pulumi_aws.MODULE.NAMEArgs.
    """
    module, name = args.__module__.split(".")[1], args.__name__.removesuffix("Args")
    return f"{PACKAGE}:{module}/{name}:{name}"


def _provider_types(module: ModuleType) -> Iterator[tuple[tuple[str, str], type]]:
    """Yield (class, field) and the type of pulumi_aws that type checkers see there.

    A component's module names those types where only type checkers look (`if TYPE_CHECKING:`), as
    NAME = sagemaker.DomainSettingsArgs | sagemaker.DomainSettingsArgsDict; fields are annotated with NAME.
    """
    tree = ast.parse(inspect.getsource(module))
    checking = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    named: dict[str, type] = {}
    for assign in (node for block in checking for node in block.body if isinstance(node, ast.Assign)):
        for part in ast.walk(assign.value):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.attr.endswith("Args"):
                named[ast.unparse(assign.targets[0])] = getattr(vars(module)[part.value.id], part.attr)
    for shape in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for one in (node for node in shape.body if isinstance(node, ast.AnnAssign)):
            for part in ast.walk(one.annotation):
                if isinstance(part, ast.Name) and part.id in named:
                    yield (shape.name, ast.unparse(one.target)), named[part.id]


def _described(schema: Any) -> Any:
    """Return a schema whose descriptions are not indented and call arguments by the names they have in it."""
    if isinstance(schema, list):
        return [_described(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _described(value) for key, value in schema.items() if value is not None}
    if isinstance(text := plain.get("description"), str):
        text = inspect.cleandoc(text)
        plain["description"] = re.sub("``([a-z_]+)``", lambda name: f"``{camel_case(name[1])}``", text)
    return plain


@dataclass
class _Wire:
    """Turns inputs as they come over the wire into a component's arguments; ``problems`` says what is wrong."""

    types: Mapping[str, TypeDefinition]
    problems: list[str] = field(default_factory=list)

    def arguments(
        self,
        given: Mapping[str, Any],
        properties: Mapping[str, PropertyDefinition],
        names: Mapping[str, str],
        where: str = "",
    ) -> dict[str, Any]:
        """Return arguments by their Python names."""
        of = f" of {where}" if where else ""
        for key in given:
            if key not in properties:
                near = nearest(key, sorted(properties))
                self.problems.append(f'unknown argument "{key}"{of}' + (f'; did you mean "{near}"?' if near else ""))
        for key, shape in properties.items():
            if given.get(key) is None and not shape.optional:
                self.problems.append(f'argument "{key}"{of} is missing')
        return {
            names[key]: self.value(value, properties[key], f"{where}.{key}" if where else key)
            for key, value in given.items()
            if key in properties and value is not None
        }

    def value(self, value: Any, shape: PropertyDefinition, where: str) -> Any:
        """Return one argument, or an item of one."""
        value = _lifted(_regular(value))
        if isinstance(value, pulumi.Output):
            if shape.plain:
                self.problems.append(f'argument "{where}" must be known at once: no output of a resource, no secret')
            return value
        if shape.ref is not None and shape.ref.startswith(_OWN_TYPE):
            own = self.types[shape.ref.removeprefix(_OWN_TYPE)]
            if isinstance(value, Mapping):
                return self.arguments(value, own.properties, own.properties_mapping, where)
            self.problems.append(f'argument "{where}" must be an object')
        elif shape.items is not None and isinstance(value, list):
            return [self.value(item, shape.items, f"{where}[{index}]") for index, item in enumerate(value)]
        elif shape.additional_properties is not None and isinstance(value, Mapping):
            return {key: self.value(item, shape.additional_properties, f"{where}.{key}") for key, item in value.items()}
        elif shape.type is PropertyType.INTEGER and isinstance(value, float):
            self.problems.append(f'argument "{where}" must be a whole number')
        return value


def _lifted(value: Any) -> Any:
    """Return a value with outputs for what is not known yet."""
    if isinstance(value, pulumi.output.Unknown):
        return pulumi.Output.from_input(value)
    if isinstance(value, Mapping):
        return {key: _lifted(item) for key, item in value.items()}
    return [_lifted(item) for item in value] if isinstance(value, list) else value


def _regular(value: Any) -> Any:
    """Return a value as it is in every run: the wire has maps in any order, and of numbers only floats."""
    if isinstance(value, pulumi.Output):
        return value.apply(_regular, True)
    if isinstance(value, Mapping):
        return {key: _regular(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_regular(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _say_plainly() -> None:
    """Let what a component refuses reach the user as it is said, with no stack of ours.

    Of all that goes wrong in a component, the SDK's servicer hands on this one error without its stack. It must be
    done there and not in the provider: tags that are known only later are refused after the constructor is through.
    """
    servicer: Any = server.ProviderServicer
    construct = servicer._construct

    async def construct_plainly(self: Any, request: Any, context: Any) -> Any:
        try:
            return await construct(self, request, context)
        except pulumi.RunError as error:
            raise InputPropertiesError(str(error), []) from None

    servicer._construct = construct_plainly


def main() -> None:
    """Serve the components to the engine that started this process."""
    _say_plainly()
    server.main(Package(), sys.argv[1:])
