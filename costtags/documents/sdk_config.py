"""tags.yaml and the stack's tags -> the defaults file of the SageMaker Python SDK: tags with no change of code.

The SDK reads it as YAML, which JSON is, and refuses the whole file for one key that its schema lacks:
https://sagemaker.readthedocs.io/en/stable/overview.html#configuring-and-using-defaults-with-the-sagemaker-python-sdk
"""

from collections.abc import Iterator, Mapping, Sequence

from costtags.check import check
from costtags.documents.document import DocumentError, Draft, Piece, Plain
from costtags.documents.settings import Settings
from costtags.effective import EffectiveTags, TagValue
from costtags.schema import Schema

# Where the SDK's schema takes "Tags": sagemaker 2.257.7 and sagemaker-core 2.27.0 (the part of sagemaker 3 that reads
# the file), config_schema.py. `tests/test_sdk_config.py` compares it with the SDK where that is installed.
TAGGED_PATHS = (
    ("AutoMLJob",),
    ("AutoMLJobV2",),
    ("CompilationJob",),
    ("EdgePackagingJob",),
    ("Endpoint",),
    ("EndpointConfig",),
    ("FeatureGroup",),
    ("Model",),
    ("MonitoringSchedule",),
    ("Pipeline",),
    ("ProcessingJob",),
    ("PythonSDK", "Modules", "RemoteFunction"),
    ("TrainingJob",),
    ("TransformJob",),
)

LEFT_OUT = (
    "What is not made by the SageMaker Python SDK: boto3, the AWS CLI, the console and Canvas do not read this file.",
    "Inference components, notebook jobs, model packages and whatever else the SDK takes no default tags for. Tuning "
    "jobs take those of TrainingJob.",
    "A tag that the user's code gives itself wins; where its key differs in case, the resource gets both. ModelTrainer "
    "of the SDK's version 3 takes the defaults only where the code gives no tags at all.",
    "A list \"Tags\" in a user's own file replaces the one of the administrator's file, it does not add to it.",
)


def sdk_config(schema: Schema, settings: Settings) -> Draft:
    """Give the stack's tags, and the schema's defaults, wherever the SDK takes tags. Raises DocumentError if wrong."""
    tags = stack_tags(schema, settings)
    if problems := list(_problems(schema, tags)):
        raise DocumentError(problems)
    said = f"Stops no one: gives {', '.join(tags)} to what the SDK creates, where the user's code does not."
    return Draft((Piece("config", config(tags), said),), LEFT_OUT)


def wrap_sdk_config(pieces: Sequence[Piece]) -> Plain:
    """Return the file: the one piece, whole."""
    return {key: value for piece in pieces for key, value in piece.body.items()}


def config(tags: Mapping[str, str]) -> Plain:
    """Return a defaults file that gives these tags."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    service: Plain = {}
    for path in TAGGED_PATHS:
        place = service
        for name in path:
            place = place.setdefault(name, {})
        place["Tags"] = list(listed)
    return {"SchemaVersion": "1.0", "SageMaker": service}


def stack_tags(schema: Schema, settings: Settings) -> dict[str, str]:
    """Return the stack's tags over the schema's defaults, in the schema's order and then by key."""
    present = {schema.meant_key(key) or key for key in settings.tags}
    defaults = {tag.key: tag.default for tag in schema.tags.values() if tag.default is not None}
    merged = {**{key: value for key, value in defaults.items() if key not in present}, **settings.tags}
    keys = [*(key for key in schema.tags if key in merged), *sorted(key for key in merged if key not in schema.tags)]
    return {key: merged[key] for key in keys}


def _problems(schema: Schema, tags: Mapping[str, str]) -> Iterator[str]:
    findings = check(schema, EffectiveTags({key: TagValue(value, "resource") for key, value in tags.items()}))
    yield from (f"sdk-config: {finding.message}" for finding in findings)
    if not tags or any(finding.code == "missing" for finding in findings):
        yield (
            "sdk-config: it gives the same tags to all that the SDK creates: name them by "
            'costtags render sdk-config --tag KEY=VALUE, or as "tags" in the stack\'s config'
        )
    for key, value in tags.items():
        # JSON writes such a letter as two escapes, and PyYAML reads two halves of it: the SDK would refuse the file.
        if max(key + value, default="") > "\uffff":
            yield f'sdk-config: tag "{key}" has a character beyond U+FFFF, which the SDK does not read from its file'
