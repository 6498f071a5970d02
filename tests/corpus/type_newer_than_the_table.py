"""A SageMaker type that the table of taggable types does not know is not passed in silence."""
# expect:
#   - {resource: later, policy: tag-values-known, code: unknown-type, level: advisory, says: newer than}
import pulumi

pulumi.CustomResource("aws:sagemaker/somethingNew:SomethingNew", "later", {"tags": {}})
pulumi.CustomResource("aws:s3/somethingNew:SomethingNew", "out-of-scope", {"tags": {}})
