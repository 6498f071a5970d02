"""An exemption can name a provider."""
# expect:
#   - {resource: ignoring, policy: ignored-tags, code: ignored-key, tag: project, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory}
# exemptions:
#   - resource: urn:pulumi:dev::corpus::pulumi:providers:aws::ignoring
#     policies: [ignored-tags]
#     tags: [project]
#     owner: ml-platform
#     reason: another tool sets it
#     expires: +30d
import pulumi_aws as aws

aws.Provider("ignoring", region="eu-west-1", ignore_tags={"keys": ["project"]})
