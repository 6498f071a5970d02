"""Under the gate the components leave the judging to the pack, which finds what each resource lacks."""
# expect:
#   - {resource: space, policy: required-tags, code: missing, tag: project}
#   - {resource: labelers, policy: required-tags, code: missing, tag: project}
#   - {resource: nightly, policy: required-tags, code: missing, tag: project}
# config: {"corpus:tags": {cost-center: ML-Sales}}
# engines: [embedded]
# reason: outside the gate the first component refuses at once
from costtags.components import TaggedPipeline, TaggedSpace, TaggedWorkteam

TaggedSpace("space", {"domain_id": "d-1", "space_name": "s"})
TaggedWorkteam(
    "labelers",
    {
        "description": "Who labels.",
        "workteam_name": "labelers",
        "member_definitions": [{"oidc_member_definition": {"groups": ["labelers"]}}],
    },
)
TaggedPipeline(
    "nightly",
    {
        "pipeline_name": "nightly",
        "pipeline_display_name": "nightly",
        "pipeline_definition": {"Steps": [{"Name": "Train", "Type": "Training", "Arguments": {}}]},
    },
)
