"""What is known of SageMaker's resources beyond the catalogue: their parents, their roles, when they have ended."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from costtags.account.audit import PREFIX
from costtags.catalog import SageMakerType, sagemaker_types

# What a rule may inherit from: the rule's word -> the catalogue's type.
KINDS = {
    "automl-job": "automl-job",
    "device-fleet": "device-fleet",
    "domain": "domain",
    "endpoint": "endpoint",
    "endpoint-config": "endpoint-config",
    "experiment": "experiment",
    "hub": "hub",
    "labeling-job": "labeling-job",
    "model": "model",
    "model-package-group": "model-package-group",
    "monitoring-schedule": "monitoring-schedule",
    "pipeline": "pipeline",
    "profile": "user-profile",
    "space": "space",
    "training-job": "training-job",
    "tuning-job": "hyper-parameter-tuning-job",
}


@dataclass(frozen=True, slots=True)
class InArn:
    """A parent that a resource's own ARN names; ``variable`` is the catalogue's name for that part."""

    kind: str
    variable: str


@dataclass(frozen=True, slots=True)
class InTag:
    """A parent whose ARN is the value of a tag that SageMaker itself sets."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class InAnswer:
    """A parent whose ARN or name the Describe call gives; ``[]`` in the path stands for each item of a list."""

    kind: str
    path: str


# https://docs.aws.amazon.com/sagemaker/latest/dg/custom-tags.html, and for the pipeline
# https://github.com/getindata/kedro-sagemaker/issues/20
TAG_PARENTS = (
    InTag("space", "sagemaker:space-arn"),
    InTag("profile", "sagemaker:user-profile-arn"),
    InTag("domain", "sagemaker:domain-arn"),
    InTag("pipeline", "sagemaker:pipeline-execution-arn"),
)
# An app's ARN names its domain for certain; the second part is a profile or a space: see relatives.py.
ARN_PARENTS: Mapping[str, tuple[InArn, ...]] = {
    "app": (InArn("domain", "DomainId"),),
    "device": (InArn("device-fleet", "DeviceFleetName"),),
    "hub-content": (InArn("hub", "HubName"),),
    "space": (InArn("domain", "DomainId"),),
    "user-profile": (InArn("domain", "DomainId"),),
}
ANSWER_PARENTS: Mapping[str, tuple[InAnswer, ...]] = {
    "app": (InAnswer("space", "SpaceName"), InAnswer("profile", "UserProfileName")),
    "endpoint": (InAnswer("endpoint-config", "EndpointConfigName"),),
    "endpoint-config": (InAnswer("model", "ProductionVariants[].ModelName"),),
    "experiment-trial": (InAnswer("experiment", "ExperimentName"),),
    "inference-component": (InAnswer("endpoint", "EndpointArn"),),
    "model-package": (InAnswer("model-package-group", "ModelPackageGroupName"),),
    "monitoring-schedule": (InAnswer("endpoint", "EndpointName"),),
    "processing-job": (
        InAnswer("automl-job", "AutoMLJobArn"),
        InAnswer("monitoring-schedule", "MonitoringScheduleArn"),
        InAnswer("training-job", "TrainingJobArn"),
    ),
    "space": (InAnswer("profile", "OwnershipSettings.OwnerUserProfileName"),),
    "training-job": (
        InAnswer("tuning-job", "TuningJobArn"),
        InAnswer("automl-job", "AutoMLJobArn"),
        InAnswer("labeling-job", "LabelingJobArn"),
    ),
    "transform-job": (InAnswer("automl-job", "AutoMLJobArn"), InAnswer("labeling-job", "LabelingJobArn")),
}
# Parents whose name is told only together with the domain they are in.
IN_DOMAIN = ("profile", "space")

# Where a Describe call gives the execution role, when it is not at the usual place.
ROLES: Mapping[str, str] = {
    "cluster": "ClusterRole",
    "domain": "DefaultUserSettings.ExecutionRole",
    "endpoint-config": "ExecutionRoleArn",
    "hyper-parameter-tuning-job": "TrainingJobDefinition.RoleArn",
    "model": "ExecutionRoleArn",
    "monitoring-schedule": "MonitoringScheduleConfig.MonitoringJobDefinition.RoleArn",
    "partner-app": "ExecutionRoleArn",
    "user-profile": "UserSettings.ExecutionRole",
}
USUAL_ROLE = "RoleArn"

# What ends, and where its Describe call says so. Nothing that has ended is billed again.
JOB_STATUS: Mapping[str, str] = {
    "ai-benchmark-job": "AIBenchmarkJobStatus",
    "ai-recommendation-job": "AIRecommendationJobStatus",
    "automl-job": "AutoMLJobStatus",
    "compilation-job": "CompilationJobStatus",
    "edge-packaging-job": "EdgePackagingJobStatus",
    "hyper-parameter-tuning-job": "HyperParameterTuningJobStatus",
    "inference-recommendations-job": "Status",
    "job": "JobStatus",
    "labeling-job": "LabelingJobStatus",
    "optimization-job": "OptimizationJobStatus",
    "processing-job": "ProcessingJobStatus",
    "training-job": "TrainingJobStatus",
    "transform-job": "TransformJobStatus",
}
ENDED = frozenset({"COMPLETED", "FAILED", "STOPPED", "DELETED"})
"""The ends of a job; AWS writes them in capitals for some types."""

# Tags that say who else may set them back: key -> what owns the resource, and what to change there.
OWNER_SIGNS: Mapping[str, str] = {
    "aws:cloudformation:stack-name": "the CloudFormation stack {value} owns it: change its template too",
    "aws:servicecatalog:provisionedProductArn": "Service Catalog owns it ({value}): change its product too",
    "sagemaker:project-name": "the SageMaker project {value} owns it: change its template too",
    "AmazonDataZoneProject": "the SageMaker Unified Studio project {value} owns it: change its project profile's "
    "projectResourceTags too",
}
MANAGERS = ("terraform", "pulumi", "cdk", "cloudformation", "opentofu", "crossplane")
"""What a tag such as managed-by names when a program owns the resource."""
MANAGED_BY = ("managedby", "provisionedby", "createdby", "iac", "deployedby", "provisioner")


@cache
def catalogue() -> Mapping[str, SageMakerType]:
    """The catalogue's rows by name."""
    return {row.name: row for row in sagemaker_types()}


def bare_type(type_: str) -> str:
    """Return the catalogue's name of a type that an audit names: sagemaker:endpoint -> endpoint."""
    return type_.removeprefix(PREFIX)


@dataclass(frozen=True, slots=True)
class Arn:
    """The parts of an ARN of SageMaker."""

    partition: str
    region: str
    account: str
    resource: str

    @property
    def of_type(self) -> str:
        """The first part of the resource: notebook-instance."""
        return self.resource.partition("/")[0]


_ARN = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):([0-9]{12}):([A-Za-z0-9-]+/\S.*)", re.DOTALL)


def parse_arn(arn: str) -> Arn | None:
    """Return the parts of an ARN of SageMaker; None for any other text."""
    found = _ARN.fullmatch(arn)
    return Arn(*found.groups()) if found and arn.isprintable() else None


def arn_parts(row: SageMakerType, arn: str) -> Mapping[str, str]:
    """Return the parts of an ARN by the catalogue's names for them: DomainId, UserProfileName ..."""
    read = parse_arn(arn)
    if read is None or row.arn is None:
        return {}
    names = re.findall(r"\$\{(\w+)\}", row.arn.rpartition("}:")[2])
    values = read.resource.split("/")
    shape = row.arn.rpartition("}:")[2].split("/")
    if len(values) != len(shape):
        return {}
    return dict(zip(names, (v for v, part in zip(values, shape, strict=True) if part.startswith("$")), strict=True))


def at_path(answer: Any, path: str) -> list[str]:
    """Return the texts at a path of an answer: TrainingJobDefinition.RoleArn, ProductionVariants[].ModelName."""
    found = [answer]
    for name in path.split("."):
        each = name.endswith("[]")
        found = [one.get(name.removesuffix("[]")) for one in found if isinstance(one, Mapping)]
        if each:
            found = [item for items in found for item in _listed(items)]
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and one))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()
