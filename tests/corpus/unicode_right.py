"""Keys and values beyond ASCII are right in the form that the schema has them in."""
# expect: []
# schema: unicode.yaml
# tags: {größe: {équipe: Genève}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("größe", model_package_group_name="g", tags={"équipe": "Genève"})
