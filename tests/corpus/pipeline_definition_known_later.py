"""A definition that a preview does not know, in part or as a whole: the pipeline is tagged, its steps later."""
# expect: []
# config: {"corpus:tags": {cost-center: ML-Sales, environment: prod, project: churn}}
# tags:
#   part: {cost-center: ML-Sales, environment: prod, project: churn}
#   whole: {cost-center: ML-Sales, environment: prod, project: churn}
import pulumi
import pulumi_aws as aws

from costtags.components import TaggedPipeline

role = aws.iam.Role("role", assume_role_policy="{}").arn
definition = {"Steps": [{"Name": "Train", "Type": "Training", "Arguments": {"RoleArn": role}}]}
for name, given in {"part": definition, "whole": pulumi.Output.json_dumps(definition)}.items():
    TaggedPipeline(
        name,
        {"pipeline_name": name, "pipeline_display_name": name, "role_arn": role, "pipeline_definition": given},
    )
