"""What a program is about to deploy is tried on requests that nothing may deny, and held to AWS's limits."""
# config:
#   aws-native:region: eu-west-1
# expect:
#   - {resource: excepts-nobody, policy: organization-policy, code: policy-exception, says: excepts nobody}
#   - {resource: wildcard, policy: organization-policy, code: policy-denial, says: CreatePresignedDomainUrl}
#   - {resource: wildcard, policy: organization-policy, code: policy-denial, says: "without tags"}
#   - {resource: on-add-tags, policy: organization-policy, code: policy-denial, tag: environment, says: added later}
#   - {resource: closed, policy: organization-policy, code: policy-denial, says: "sagemaker:domain-arn"}
#   - {resource: narrow, policy: organization-policy, code: policy-denial, tag: cost-center, says: ML-Research}
#   - {resource: upside-down, policy: organization-policy, code: policy-denial, says: every tag of tags.yaml}
#   - {resource: managed-on-add-tags, policy: organization-policy, code: policy-denial, tag: environment}
#   - {resource: native, policy: organization-policy, code: policy-exception}
#   - {resource: too-large, policy: organization-policy, code: policy-size, says: split it}
#   - {resource: only-pretty, policy: organization-policy, code: policy-size, says: minify it}
#   - {resource: managed-too-large, policy: organization-policy, code: policy-size, says: "6144"}
#   - {resource: rcp, policy: organization-policy, code: policy-size, says: "5120"}
#   - {resource: no-json, policy: organization-policy, code: policy-malformed}
#   - {resource: tag-types, policy: organization-policy, code: tag-policy-type, tag: cost-center, says: "sagemaker:endpoint"}
#   - {resource: tag-types, policy: organization-policy, code: tag-policy-type, tag: cost-center, says: "sagemaker:training-job"}
#   - {resource: tag-types, policy: organization-policy, code: policy-denial, tag: cost-center, says: ML-Research}
#   - {resource: tag-key, policy: organization-policy, code: policy-malformed, tag: CostCenter}
#   - {resource: known-later, policy: tag-values-known, level: advisory, code: unknown-value}
import json

import pulumi_aws as aws
import pulumi_aws_native as native


def policy(condition, *actions):
    statement = {"Sid": "Mine", "Effect": "Deny", "Action": actions or ["sagemaker:CreateEndpoint"], "Resource": "*",
                 "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


EXCEPT = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BreakGlass"}}
MISSING = {"Null": {"aws:RequestTag/cost-center": "true"}}
KEYS = ["cost-center", "environment", "project", "team"]
large = policy({"StringNotLike": {"aws:PrincipalTag/x": ["y" * 100] * 100}})
scps = {
    "excepts-nobody": policy(MISSING),
    "wildcard": policy({**MISSING, **EXCEPT}, "sagemaker:Create*"),
    "on-add-tags": policy({**MISSING, **EXCEPT}, "sagemaker:CreateEndpoint", "sagemaker:AddTags"),
    "closed": policy({"ForAnyValue:StringNotEquals": {"aws:TagKeys": KEYS}, **EXCEPT}),
    "narrow": policy({"StringNotEquals": {"aws:RequestTag/cost-center": ["ML-Marketing", "ML-Sales"]}, **EXCEPT}),
    "upside-down": policy({"ForAllValues:StringEquals": {"aws:TagKeys": KEYS}, **EXCEPT}),
    "too-large": large,
}
for name, document in scps.items():
    aws.organizations.Policy(name, content=json.dumps(document))
small = policy({"StringNotLike": {"aws:PrincipalTag/x": ["y"] * 2000}})
aws.organizations.Policy("only-pretty", content=json.dumps(small, indent=2))
aws.organizations.Policy("no-json", content="{'Version': '2012-10-17'}")
aws.organizations.Policy("rcp", type="RESOURCE_CONTROL_POLICY", content=json.dumps(large))
aws.iam.Policy("managed-too-large", policy=json.dumps(large, indent=2))
aws.iam.Policy("managed-on-add-tags", policy=json.dumps(policy(MISSING, "sagemaker:AddTags")))
native.organizations.Policy("native", type="SERVICE_CONTROL_POLICY", content=policy(MISSING))
tags = {
    "tag-types": {"cost-center": {
        "tag_key": {"@@assign": "cost-center"},
        "tag_value": {"@@assign": ["ML-Marketing", "ML-Sales"]},
        "enforced_for": {"@@assign": ["sagemaker:training-job", "sagemaker:endpoint", "ec2:instance"]},
        "report_required_tag_for": {"@@append": ["sagemaker:endpoint", "sagemaker:training-job"]}}},
    "tag-key": {"cost-center": {"tag_key": {"@@assign": "CostCenter"}}},
}
for name, entries in tags.items():
    aws.organizations.Policy(name, type="TAG_POLICY", content=json.dumps({"tags": entries}))
topic = aws.sns.Topic("topic")
aws.organizations.Policy("known-later", content=topic.arn.apply(lambda arn: json.dumps({"Id": arn})))
