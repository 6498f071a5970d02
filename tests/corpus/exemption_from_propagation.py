"""An exemption excuses a domain from handing on its tags."""
# expect:
#   - {resource: domain, policy: tag-propagation, code: no-propagation, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory}
# exemptions:
#   - resource: "urn:pulumi:*:Domain::domain"
#     policies: [tag-propagation]
#     owner: ml-platform
#     reason: nobody launches anything there
#     expires: +30d
import pulumi_aws as aws

aws.sagemaker.Domain(
    "domain",
    domain_name="d",
    auth_mode="IAM",
    vpc_id="vpc-1",
    subnet_ids=["subnet-1"],
    default_user_settings={"execution_role": "arn:aws:iam::123456789012:role/ml"},
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
)
