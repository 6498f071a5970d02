"""A definition that is no pipeline's is an error that says where, on either engine."""
# expect: []
# fails: 'pipeline_definition: Steps[0].Arguments.Tags must be a list of {"Key": ..., "Value": ...}, not an object'
# config: {"corpus:tags": {cost-center: ML-Sales, environment: prod, project: churn}}
import json

from costtags.components import TaggedPipeline

definition = {"Steps": [{"Name": "Train", "Type": "Training", "Arguments": {"Tags": {"project": "churn"}}}]}
TaggedPipeline(
    "nightly",
    {"pipeline_name": "n", "pipeline_display_name": "n", "pipeline_definition": json.dumps(definition)},
)
