"""A pack with one policy that does nothing: what our pack is measured against."""

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

PolicyPack(
    name="noop",
    policies=[
        ResourceValidationPolicy(
            name="nothing",
            description="Does nothing.",
            enforcement_level=EnforcementLevel.MANDATORY,
            validate=lambda args, report: None,  # noqa: ARG005
        )
    ],
)
