"""The policy config can make an ignored key block."""
# expect:
#   - {resource: ignoring, policy: ignored-tags, code: ignored-key, tag: project}
# policies: {ignored-tags: mandatory}
import pulumi_aws as aws

aws.Provider("ignoring", region="eu-west-1", ignore_tags={"keys": ["project"]})
