"""A space, a work team and a pipeline of the components: all tagged, the pipeline's steps in their requests."""
# expect: []
# config: {"corpus:tags": {cost-center: ML-Sales, environment: prod, project: churn}}
# tags:
#   space: {cost-center: ML-Sales, environment: prod, project: churn, team: ml-core}
#   labelers: {cost-center: ML-Sales, environment: prod, project: churn}
#   nightly: {cost-center: ML-Sales, environment: prod, project: churn}
import json

from costtags.components import TaggedPipeline, TaggedSpace, TaggedWorkteam

TaggedSpace(
    "space",
    {
        "domain_id": "d-1",
        "space_name": "s",
        "ownership_settings": {"owner_user_profile_name": "alice"},
        "tags": {"team": "ml-core"},
    },
)
TaggedWorkteam(
    "labelers",
    {
        "description": "Who labels.",
        "workteam_name": "labelers",
        "member_definitions": [{"oidc_member_definition": {"groups": ["labelers"]}}],
    },
)
own = [{"Key": "environment", "Value": "dev"}, {"Key": "cost-center", "Value": {"Get": "Parameters.Payer"}}]
train = {"Name": "Train", "Type": "Training", "Arguments": {"Tags": own}}
pipeline = TaggedPipeline(
    "nightly",
    {
        "pipeline_name": "nightly",
        "pipeline_display_name": "nightly",
        "role_arn": "arn:aws:iam::123456789012:role/ml",
        "pipeline_definition": {
            "Version": "2020-12-01",
            "Steps": [{"Name": "If", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [train]}}],
        },
    },
)


def check(text):
    [step] = json.loads(text)["Steps"]
    assert step["Arguments"]["IfSteps"][0]["Arguments"]["Tags"] == [*own, {"Key": "project", "Value": "churn"}]


pipeline.pipeline_definition.apply(check)
