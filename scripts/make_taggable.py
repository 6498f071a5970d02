"""Turn the source of the installed pulumi_aws and pulumi_aws_native into `costtags/taggable.json`.

The SDKs are read as text: importing all their modules takes minutes and gigabytes.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from costtags import catalog

TAGGABLE = Path(__file__).resolve().parent.parent / "costtags" / "taggable.json"
PACKAGES = {"aws": "pulumi_aws", "aws-native": "pulumi_aws_native"}

Entry = str | dict[str, str | bool]
"""What the file says of one type: a form, if its input `tags` is what everyone expects, or the details."""

RESOURCE = re.compile(r'^@pulumi\.type_token\("([^"]+)"\)\nclass \w+\(pulumi\.CustomResource\):', re.M)
# Found by position: they are `<Name>Args`, or `<Name>InitArgs` where a nested type has taken that name.
ARGUMENTS = re.compile(r"^@pulumi\.input_type\nclass \w+Args:\n(.*?)^@pulumi\.", re.M | re.S)
PROPERTY = re.compile(r'^    @pulumi\.getter(?:\(name="(\w+)"\))?\n(?:    @.*\n)*    def (\w+)\(self\) -> (.+):$', re.M)
TAGS_ALL = '@pulumi.getter(name="tagsAll")'
NAMED_LIKE_TAGS = re.compile(r"[tT]ags(AtCreate)?$|[tT]agSpecifications$")

# aws-native's generator uses these two shared types for the property that CloudFormation's schema names as
# the tags, and for no other: https://github.com/pulumi/pulumi-aws-native (provider/pkg/schema).
NATIVE_TAG_LIST = re.compile(r"_root_inputs\.(CreateOnly)?TagArgs'")
TAG_MAP = re.compile(r"Mapping\[str, pulumi\.Input\[_builtins\.str\]\]")
TAG_LIST = re.compile(r"Sequence\[pulumi\.Input\[(Union\[)?'[\w.]+Args'")

ODD: dict[tuple[str, str], Entry] = {
    # Default tags do not reach it: https://registry.terraform.io/providers/hashicorp/aws/latest/docs#default_tags
    ("aws:autoscaling/group:Group", "tags"): {"property": "tags", "form": "list", "default_tags": False},
    # Items with propagateAtLaunch, and items of two shapes: aws-native merges default tags into both.
    ("aws-native:autoscaling:AutoScalingGroup", "tags"): "list",
    ("aws-native:appstream:AppBlock", "tags"): "list",
    ("aws-native:appstream:Application", "tags"): "list",
    ("aws-native:backup:BackupPlan", "backupPlanTags"): {"property": "backupPlanTags", "form": "map"},
    ("aws-native:backup:BackupVault", "backupVaultTags"): {"property": "backupVaultTags", "form": "map"},
    ("aws-native:backup:LogicallyAirGappedBackupVault", "backupVaultTags"): {
        "property": "backupVaultTags",
        "form": "map",
    },
    ("aws-native:backup:TieringConfiguration", "tieringConfigurationTags"): {
        "property": "tieringConfigurationTags",
        "form": "map",
    },
    ("aws-native:cognito:UserPool", "userPoolTags"): {"property": "userPoolTags", "form": "map"},
    # Whether default tags reach it is not documented. If they do, aws-native has put them into the input.
    ("aws-native:cognito:UserPoolReplica", "userPoolTagsAtCreate"): {
        "property": "userPoolTagsAtCreate",
        "form": "map",
        "default_tags": False,
    },
}
"""Tags in a property or a shape of their own, looked up one by one in the SDK's documentation."""

NOT_ITS_TAGS: dict[tuple[str, str], str] = {
    (
        "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag",
        "principalTags",
    ): "of sessions",
    (
        "aws:drs/replicationConfigurationTemplate:ReplicationConfigurationTemplate",
        "stagingAreaTags",
    ): "of servers",
    ("aws:ec2/instance:Instance", "volumeTags"): "of the volumes",
    ("aws:ec2/launchTemplate:LaunchTemplate", "tagSpecifications"): "of what it launches",
    ("aws:ec2/spotInstanceRequest:SpotInstanceRequest", "volumeTags"): "of the volumes",
    ("aws:ec2/vpcIpamPool:VpcIpamPool", "allocationResourceTags"): "a condition on others",
    (
        "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
        "resourceTags",
    ): "of repositories made later",
    ("aws:fms/policy:Policy", "resourceTags"): "selects resources",
    ("aws:fsx/lustreFileSystem:LustreFileSystem", "finalBackupTags"): "of the last backup",
    ("aws:fsx/ontapVolume:OntapVolume", "finalBackupTags"): "of the last backup",
    ("aws:fsx/openZfsFileSystem:OpenZfsFileSystem", "finalBackupTags"): "of the last backup",
    ("aws:fsx/windowsFileSystem:WindowsFileSystem", "finalBackupTags"): "of the last backup",
    ("aws:imagebuilder/imageRecipe:ImageRecipe", "amiTags"): "of images made later",
    (
        "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
        "resourceTags",
    ): "of what it builds",
    ("aws:inspector/resourceGroup:ResourceGroup", "tags"): "selects instances",
    ("aws:lakeformation/resourceLfTags:ResourceLfTags", "lfTags"): "Lake Formation's own kind of tag",
    ("aws:backup/selection:Selection", "selectionTags"): "selects resources",
    ("aws:lex/v2modelsBot:V2modelsBot", "testBotAliasTags"): "of the test alias",
    ("aws:rbin/rule:Rule", "excludeResourceTags"): "selects resources",
    ("aws:rbin/rule:Rule", "resourceTags"): "selects resources",
    ("aws-native:bedrock:Agent", "testAliasTags"): "of the test alias",
    ("aws-native:bedrock:Flow", "testAliasTags"): "of the test alias",
    ("aws-native:certificatemanager:AcmeEndpoint", "certificateTags"): "of certificates made later",
    (
        "aws-native:cognito:UserPoolRegionalConfigurationAttachment",
        "userPoolTags",
    ): "of the pool it is attached to",
    ("aws-native:cognito:IdentityPoolPrincipalTag", "principalTags"): "of sessions",
    ("aws-native:connect:SecurityProfile", "allowedAccessControlTags"): "a condition on others",
    ("aws-native:datazone:Project", "resourceTags"): "of resources in the project",
    ("aws-native:datazone:ProjectProfile", "projectResourceTags"): "of resources in its projects",
    ("aws-native:drs:ReplicationConfigurationTemplate", "stagingAreaTags"): "of servers",
    ("aws-native:ec2:IpamPool", "allocationResourceTags"): "a condition on others",
    ("aws-native:ecr:RepositoryCreationTemplate", "resourceTags"): "of repositories made later",
    ("aws-native:fms:Policy", "resourceTags"): "selects resources",
    ("aws-native:imagebuilder:ImagePipeline", "imageTags"): "of images made later",
    ("aws-native:imagebuilder:ImageRecipe", "amiTags"): "of images made later",
    ("aws-native:imagebuilder:InfrastructureConfiguration", "resourceTags"): "of what it builds",
    ("aws-native:inspector:ResourceGroup", "resourceGroupTags"): "selects instances",
    ("aws-native:lakeformation:TagAssociation", "lfTags"): "Lake Formation's own kind of tag",
    ("aws-native:lex:Bot", "testBotAliasTags"): "of the test alias",
    ("aws-native:mgn:NetworkMigrationDefinition", "scopeTags"): "selects servers",
    ("aws-native:rbin:Rule", "excludeResourceTags"): "selects resources",
    ("aws-native:rbin:Rule", "resourceTags"): "selects resources",
    ("aws-native:workspacesthinclient:Environment", "deviceCreationTags"): "of devices made later",
    # Tags nested by resource type (`tagSpecifications: [{resourceType, tags}]`): no form for them here.
    ("aws-native:ec2:CapacityReservation", "tagSpecifications"): "nested",
    ("aws-native:ec2:CapacityReservationFleet", "tagSpecifications"): "nested",
    ("aws-native:ec2:Ec2Fleet", "tagSpecifications"): "nested",
    ("aws-native:ec2:LaunchTemplate", "tagSpecifications"): "nested",
    ("aws-native:workspacesinstances:Volume", "tagSpecifications"): "nested",
}
"""Inputs with the look of tags that are not the resource's own, or neither a map nor a list, and why."""


class Unusable(Exception):
    """The installed SDKs cannot be turned into the table."""


@functools.cache
def untaggable_types() -> tuple[str, ...]:
    """Every other type of the installed SDKs, sorted: a type in neither table is newer than both."""
    tokens = {found.group(1) for source in resource_sources() if (found := RESOURCE.search(source))}
    return tuple(sorted(tokens - installed_types().keys()))


@functools.cache
def installed_types() -> Mapping[str, Entry]:
    """Every taggable type of the installed SDKs, sorted by token."""
    entries: dict[str, Entry] = {}
    unknown: list[str] = []
    for token, name, annotation, has_tags_all in tag_like_inputs():
        entry = classify(token, name, annotation, has_tags_all=has_tags_all)
        if entry is not None:
            entries[token] = entry
        elif (token, name) not in NOT_ITS_TAGS:
            unknown.append(f"  {token} {name}: {annotation}")
    if unknown:
        raise Unusable(
            "inputs that look like tags and that no rule knows; add them to ODD or NOT_ITS_TAGS:\n"
            + "\n".join(sorted(unknown))
        )
    return dict(sorted(entries.items()))


def tag_like_inputs() -> Iterator[tuple[str, str, str, bool]]:
    """Token, input, annotation, and whether there is a `tagsAll`, for each input that may hold tags."""
    for source in resource_sources():
        resource = RESOURCE.search(source)
        arguments = ARGUMENTS.search(source)
        if resource is None or arguments is None:
            continue
        has_tags_all = source.find(TAGS_ALL, resource.end()) > 0
        for wire_name, python_name, annotation in PROPERTY.findall(arguments.group(1)):
            name = wire_name or python_name
            named = NAMED_LIKE_TAGS.search(name) or NATIVE_TAG_LIST.search(annotation)
            if named and could_hold_tags(annotation):
                yield resource.group(1), name, annotation, has_tags_all


def resource_sources() -> Iterator[str]:
    """The text of every module that defines a resource."""
    for package in PACKAGES.values():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise Unusable(f"{package} is not installed")
        for path in Path(spec.origin).parent.rglob("*.py"):
            if not path.name.startswith(("_", "get_", "outputs.")):
                yield path.read_text(encoding="utf-8")


def classify(token: str, name: str, annotation: str, *, has_tags_all: bool) -> Entry | None:
    """What the file says of a type with this input, or None if the input is not the resource's own tags."""
    if (token, name) in ODD:
        return ODD[token, name]
    if (token, name) in NOT_ITS_TAGS:
        return None
    if token.startswith("aws:"):
        return "map" if name == "tags" and has_tags_all and TAG_MAP.search(annotation) else None
    if NATIVE_TAG_LIST.search(annotation):
        return "list" if name == "tags" else {"property": name, "form": "list"}
    if name != "tags":
        return None
    if TAG_MAP.search(annotation):
        return "map"
    # CloudFormation calls these tags "Json" and takes a map; default tags are not merged into untyped ones.
    return {"property": "tags", "form": "map", "default_tags": False} if "Any" in annotation else None


def could_hold_tags(annotation: str) -> bool:
    """Whether the annotation is a map, a list of objects, or untyped."""
    return bool(TAG_MAP.search(annotation) or TAG_LIST.search(annotation) or "Any" in annotation)


def document() -> dict[str, object]:
    """The whole file as a plain dict."""
    return {
        "version": 1,
        "providers": {name: metadata.version(package) for name, package in PACKAGES.items()},
        "sagemaker_studio": studio_tokens(),
        "types": installed_types(),
        "untaggable": untaggable_types(),
    }


def studio_tokens() -> list[str]:
    """Tokens of what Studio launches, from the catalog: the policy pack has no time to read YAML."""
    return sorted(token for row in catalog.sagemaker_types() if row.studio for token in row.tokens)


def render(content: Mapping[str, object]) -> str:
    """The file's text: small, with one type a line so that a diff of two versions reads well."""
    types = content["types"]
    assert isinstance(types, Mapping)
    untaggable = content["untaggable"]
    assert isinstance(untaggable, tuple)
    head = compact({key: value for key, value in content.items() if key not in ("types", "untaggable")})
    lines = ",\n".join(f"{compact(token)}:{compact(entry)}" for token, entry in types.items())
    others = ",\n".join(map(compact, untaggable))
    return f'{head[:-1]},"types":{{\n{lines}\n}},"untaggable":[\n{others}\n]}}\n'


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def differences(committed: Mapping[str, object], current: Mapping[str, object]) -> list[str]:
    """One line for each type, and each token of Studio's, that the two documents do not agree on."""
    before, after = committed.get("types"), current["types"]
    assert isinstance(before, Mapping)
    assert isinstance(after, Mapping)
    lines = [f"  added: {token}" for token in sorted(after.keys() - before.keys())]
    lines += [f"  removed: {token}" for token in sorted(before.keys() - after.keys())]
    lines += [
        f"  changed: {token}: {compact(before[token])} is now {compact(after[token])}"
        for token in sorted(after.keys() & before.keys())
        if before[token] != after[token]
    ]
    others_before, others_after = committed.get("untaggable"), current["untaggable"]
    assert isinstance(others_before, list)
    assert isinstance(others_after, tuple)
    # A type that gained or lost its tags is named above.
    gone, come = set(others_before) - {*others_after, *after}, set(others_after) - {*others_before, *before}
    lines += [f"  added, untaggable: {token}" for token in sorted(come)]
    lines += [f"  removed, untaggable: {token}" for token in sorted(gone)]
    studio_before, studio_after = committed.get("sagemaker_studio"), current["sagemaker_studio"]
    if studio_before != studio_after:
        lines.append(f"  changed: sagemaker_studio: {compact(studio_before)} is now {compact(studio_after)}")
    return lines


def check(path: Path, current: Mapping[str, object]) -> list[str]:
    """What is wrong with the committed file, as lines to print."""
    try:
        committed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [f"{path} cannot be read: {error}"]
    tables = {"types": dict, "untaggable": list}
    if not isinstance(committed, dict) or not all(isinstance(committed.get(k), v) for k, v in tables.items()):
        return [f"{path} has no types"]
    lines = differences(committed, current)
    if not lines:
        return []
    providers = current["providers"]
    assert isinstance(providers, Mapping)
    versions = ", ".join(f"{name} {version}" for name, version in providers.items())
    return [
        f"{path.name} is not what the installed providers ({versions}) have; run scripts/make_taggable.py",
        *lines,
    ]


def counts(types: Mapping[str, Entry]) -> str:
    """One line that says how many types there are."""
    aws = sum(token.startswith("aws:") for token in types)
    sagemaker = [
        sum(token.startswith(prefix) for token in types) for prefix in ("aws:sagemaker/", "aws-native:sagemaker:")
    ]
    return (
        f"{len(types)} taggable types: aws {aws} ({sagemaker[0]} of sagemaker), "
        f"aws-native {len(types) - aws} ({sagemaker[1]} of sagemaker)"
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or with --check compare it with the installed providers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if the file is not current; write nothing")
    parser.add_argument("--file", type=Path, default=TAGGABLE, help="default: costtags/taggable.json")
    options = parser.parse_args(arguments)
    try:
        current = document()
        types = installed_types()
    except (Unusable, metadata.PackageNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.check:
        problems = check(options.file, current)
        print("\n".join(problems or [f"current: {counts(types)}"]), file=sys.stderr if problems else sys.stdout)
        return 1 if problems else 0
    options.file.write_text(render(current), encoding="utf-8")
    print(counts(types))
    return 0


if __name__ == "__main__":
    sys.exit(main())
