"""Outputs that are known in preview are judged: made from plain values, from a resource's own inputs, by apply."""
# expect:
#   - {resource: wrong, policy: tag-values, code: wrong-value, tag: project}
# tags:
#   input: {cost-center: ML-Sales, environment: prod, project: churn}
#   whole: {cost-center: ML-Sales, environment: prod, project: churn}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}", path="churn")
rest = {"cost-center": "ML-Sales", "environment": "prod"}
maps = {
    "plain": {**rest, "project": pulumi.Output.from_input("churn")},
    "input": {**rest, "project": role.path},
    "wrong": {**rest, "project": role.path.apply(str.upper)},
    "whole": pulumi.Output.all(**rest, project=role.path),
}
for name, tags in maps.items():
    aws.sagemaker.ModelPackageGroup(name, model_package_group_name=name, tags=tags)
