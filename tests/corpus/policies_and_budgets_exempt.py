"""An exemption excuses a policy or a budget as it does any resource."""
# exemptions:
#   - {resource: "urn:pulumi:*::scp", policies: [organization-policy], owner: o, reason: r, expires: +30d}
#   - {resource: "urn:pulumi:*::budget", policies: [budget-tag-filter], tags: [team2], owner: o, reason: r, expires: +30d}
# expect:
#   - {resource: scp, policy: organization-policy, level: exempt, code: policy-exception}
#   - {resource: budget, policy: budget-tag-filter, level: exempt, code: filter-key, tag: team2}
#   - {resource: corpus-dev, policy: exemptions-in-use, level: advisory, code: exemption-used}
#   - {resource: corpus-dev, policy: exemptions-in-use, level: advisory, code: exemption-used}
import json

import pulumi_aws as aws

statement = {"Effect": "Deny", "Action": "sagemaker:CreateEndpoint", "Resource": "*",
             "Condition": {"Null": {"aws:RequestTag/cost-center": "true"}}}
aws.organizations.Policy("scp", content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
aws.budgets.Budget(
    "budget", budget_type="COST", limit_amount="10", limit_unit="USD", time_unit="MONTHLY",
    cost_filters=[{"name": "TagKeyValue", "values": ["user:team2$ml-x"]}],
)
