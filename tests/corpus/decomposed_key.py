"""A key in the decomposed Unicode form looks the same and is another key: misspelt."""
# expect:
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: "e\u0301quipe"}
# schema: unicode.yaml
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"e\u0301quipe": "Zürich"})
