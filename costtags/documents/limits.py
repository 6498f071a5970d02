"""How many characters AWS takes in a policy of each kind.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html (SCPs: 10,240 since May 2026)
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

SERVICE_CONTROL_POLICY = 10_240
RESOURCE_CONTROL_POLICY = 5_120
TAG_POLICY = 10_000
MANAGED_POLICY = 6_144
