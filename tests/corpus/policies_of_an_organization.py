"""Policies that fit AWS's limits and deny nothing that they must not pass; those about other things are left alone."""
# config:
#   aws-native:region: eu-west-1
# expect: []
import json

import pulumi_aws as aws
import pulumi_aws_native as native


def policy(condition, actions="sagemaker:CreateEndpoint"):
    statement = {"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


EXCEPT = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BreakGlass"}}
MISSING = {"ForAllValues:StringNotEquals": {"aws:TagKeys": "cost-center"}}
scps = {
    "missing": policy({**MISSING, **EXCEPT}),
    "wider-values": policy({"StringNotLike": {"aws:RequestTag/cost-center": "ML-*"}, **EXCEPT}),
    "studio-keys": policy(
        {"ForAnyValue:StringNotLike": {"aws:TagKeys": ["cost-center", "environment", "project", "team", "sagemaker:*"]},
         "StringNotLike": {"aws:PrincipalTag/exempt": "yes"}},
        ["sagemaker:CreateEndpoint", "sagemaker:AddTags"],
    ),
    "a-region": policy({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}, "*"),
    "no-service": json.dumps({"Version": "2012-10-17",
                              "Statement": {"Effect": "Deny", "Action": "sagemaker:*", "Resource": "*"}}),
    "another-service": policy({"Null": {"aws:RequestTag/cost-center": "true"}}, "ec2:RunInstances"),
}
for name, content in scps.items():
    aws.organizations.Policy(name, content=content)
aws.iam.Policy("managed", policy=policy(MISSING))
aws.organizations.Policy(
    "tags",
    type="TAG_POLICY",
    content=json.dumps({"tags": {"cost-center": {
        "tag_key": {"@@assign": "cost-center"},
        "tag_value": {"@@assign": ["ML-*"]},
        "enforced_for": {"@@assign": ["sagemaker:training-job", "ec2:instance"]},
        "report_required_tag_for": {"@@assign": ["sagemaker:endpoint"]}}}}),
)
native.organizations.Policy("native", type="SERVICE_CONTROL_POLICY", content=json.loads(scps["missing"]))
aws.organizations.Policy("chatbot", type="CHATBOT_POLICY", content="{}")
