"""A component of a package: the line on which the user made it, for each of its children."""

from costtags.components import TaggedEndpoint


def endpoint(name, tags):
    return TaggedEndpoint(
        name,
        {
            "model": {"execution_role_arn": "role", "primary_container": {"image": "image"}},
            "config": {"production_variants": [{"instance_type": "ml.m5.large", "initial_instance_count": 1}]},
            "tags": tags,
        },
    )


TaggedEndpoint(
    "churn",
    {
        "model": {"execution_role_arn": "role", "primary_container": {"image": "image"}},
        "config": {"production_variants": [{"instance_type": "ml.m5.large", "initial_instance_count": 1}]},
        "tags": {"cost-center": "ML-Sales"},
    },
)
endpoint("made-by-a-function", {"cost-center": "ML-Sale", "environment": "dev"})
