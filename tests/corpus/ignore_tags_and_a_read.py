"""The default provider is there as soon as a resource is read by it: what it ignores is said."""
# expect:
#   - {resource: default, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
# config:
#   aws:ignoreTags: {keys: [project]}
import pulumi_aws as aws

aws.sagemaker.Domain.get("existing", "d-abc")
