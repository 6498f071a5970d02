"""ignoreTags can name keys by how they begin."""
# expect:
#   - {resource: ignoring, policy: ignored-tags, code: ignored-key, tag: environment, level: advisory}
#   - {resource: ignoring, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
import pulumi_aws as aws

aws.Provider("ignoring", region="eu-west-1", ignore_tags={"key_prefixes": ["env", "project", "x"]})
