"""The default provider is there as soon as it is asked something: what it ignores is said."""
# expect:
#   - {resource: default, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
# config:
#   aws:ignoreTags: {keys: [project]}
import pulumi_aws as aws

aws.get_region()
