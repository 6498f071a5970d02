"""A tag of one step, which the pack does not see, is refused by the component, on either engine."""
# expect: []
# fails: 'tag "environment" has a value that is not allowed'
# config: {"corpus:tags": {cost-center: ML-Sales, environment: prod, project: churn}}
from costtags.components import TaggedPipeline

TaggedPipeline(
    "nightly",
    {
        "pipeline_name": "nightly",
        "pipeline_display_name": "nightly",
        "pipeline_definition": {
            "Steps": [
                {"Name": "Load", "Type": "Processing", "Arguments": {}},
                {"Name": "Train", "Type": "Training", "Arguments": {"Tags": [{"Key": "environment", "Value": "live"}]}},
            ]
        },
    },
)
