"""A value in the decomposed Unicode form is another value, and the composed one is proposed."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: équipe, says: did you mean "Zürich"}
# schema: unicode.yaml
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"équipe": "Zu\u0308rich"})
