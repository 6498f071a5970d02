"""The default-tags policy changes nothing that the schema is not enforced on."""
# expect: []
# policies: {default-tags: remediate}
import pulumi_aws as aws

aws.s3.Bucket("bucket", tags={"project": "churn"})
aws.sagemaker.Device("device", device_fleet_name="f", device={"device_name": "d"})
