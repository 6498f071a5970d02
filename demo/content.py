"""The messy account: what a company of two teams has after three years, made by ordinary calls of boto3."""

from typing import Any

import boto3

TEAM = {"cost-center": "ML-Marketing", "environment": "prod", "project": "churn"}
RESEARCH = {"cost-center": "ML-Research", "environment": "dev", "project": "vision"}
SALES = {"cost-center": "ML-Sales", "environment": "prod", "project": "leads"}

# How tags go wrong: another spelling of the key, a value that was renamed, another case, one of three, none.
MISSPELT = {"CostCentre": "ML-Marketing", "environment": "prod", "project": "churn"}
RENAMED = {"cost-center": "Marketing", "environment": "production", "project": "churn"}
CAPITALS = {"Cost-Center": "ML-Research", "Environment": "dev", "Project": "vision"}
PARTLY = {"environment": "dev", "owner": "anna"}
NONE: dict[str, str] = {}

ROLE = "arn:aws:iam::123456789012:role/service-role/sagemaker"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/train:1"

NOTEBOOKS = {"churn-explore": TEAM, "mktg-scratch": MISSPELT, "mktg-old": RENAMED, "vision-lab": CAPITALS, "tmp": NONE}
MODELS = {"churn-v1": TEAM, "churn-v2": MISSPELT, "vision-v1": NONE, "leads-v1": SALES}
ENDPOINTS = {"churn": TEAM, "vision": NONE, "leads": SALES}
CONFIGS = {"churn-v2": RENAMED, "vision-v1": NONE, "leads-v1": SALES}
TRAINING = {"churn-2026-11-02": TEAM, "churn-2026-11-09": NONE, "vision-a1": CAPITALS, "vision-a2": NONE}
PROCESSING = {"churn-features": TEAM, "vision-resize": PARTLY, "mktg-export": NONE}
PIPELINES = {"churn-weekly": TEAM, "mktg-monthly": RENAMED, "vision-nightly": NONE}
AMERICAN = {"leads-us": SALES, "mktg-us": MISSPELT, "vision-us": NONE}


def fill(url: str, region: str, american: str) -> None:
    """Make everything, in two regions."""
    sagemaker = _client(url, region)
    marketing = _domain(sagemaker, "marketing", TEAM, {"anna": NONE, "ben": TEAM})
    research = _domain(sagemaker, "research", NONE, {"chen": NONE, "dora": CAPITALS})
    sagemaker.create_space(DomainId=marketing, SpaceName="campaigns", Tags=_tags(NONE))
    sagemaker.create_space(DomainId=research, SpaceName="shared", Tags=_tags(PARTLY))
    for domain, user in ((marketing, "anna"), (research, "chen")):
        sagemaker.create_app(DomainId=domain, UserProfileName=user, AppType="JupyterServer", AppName="default")
    sagemaker.create_app(DomainId=marketing, SpaceName="campaigns", AppType="JupyterLab", AppName="default")
    for name, tags in NOTEBOOKS.items():
        _notebook(sagemaker, name, tags)
    for name, tags in MODELS.items():
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://models/{name}"}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE, Tags=_tags(tags))
    for name, tags in CONFIGS.items():
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=_tags(tags))
    for (name, tags), config in zip(ENDPOINTS.items(), CONFIGS, strict=True):
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=_tags(tags))
    for name, tags in TRAINING.items():
        _training(sagemaker, name, tags)
    for name, tags in PROCESSING.items():
        sagemaker.create_processing_job(
            ProcessingJobName=name, RoleArn=ROLE, AppSpecification={"ImageUri": IMAGE},
            ProcessingResources={"ClusterConfig": _MACHINE}, Tags=_tags(tags),
        )  # fmt: skip
    for name, tags in PIPELINES.items():
        definition = '{"Version": "2020-12-01", "Steps": []}'
        sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=definition, ClientRequestToken="x" * 32, RoleArn=ROLE,
            Tags=_tags(tags),
        )  # fmt: skip
    abroad = _client(url, american)
    for name, tags in AMERICAN.items():
        _notebook(abroad, name, tags)
    _training(abroad, "leads-2026-11-16", PARTLY)


_MACHINE = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}


def _client(url: str, region: str) -> Any:
    return boto3.client(
        "sagemaker", region_name=region, endpoint_url=url, aws_access_key_id="AKIA123456789012",
        aws_secret_access_key="none",
    )  # fmt: skip


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _domain(sagemaker: Any, name: str, tags: dict[str, str], users: dict[str, dict[str, str]]) -> str:
    domain = sagemaker.create_domain(
        DomainName=name, AuthMode="IAM", DefaultUserSettings={"ExecutionRole": ROLE}, SubnetIds=["subnet-1"],
        VpcId="vpc-1", Tags=_tags(tags),
    )["DomainArn"].rpartition("/")[2]  # fmt: skip
    for user, own in users.items():
        sagemaker.create_user_profile(DomainId=domain, UserProfileName=user, Tags=_tags(own))
    return str(domain)


def _notebook(sagemaker: Any, name: str, tags: dict[str, str]) -> None:
    sagemaker.create_notebook_instance(
        NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE, Tags=_tags(tags)
    )


def _training(sagemaker: Any, name: str, tags: dict[str, str]) -> None:
    sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=ROLE, OutputDataConfig={"S3OutputPath": "s3://models"},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"}, ResourceConfig=_MACHINE,
        StoppingCondition={"MaxRuntimeInSeconds": 3600}, Tags=_tags(tags),
    )  # fmt: skip
