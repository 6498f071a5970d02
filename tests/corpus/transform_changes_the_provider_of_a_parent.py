"""What has a resource above it takes that resource's provider, also where a transform or an option changed it."""
# expect:
#   - {resource: default, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
# config:
#   aws:ignoreTags: {keys: [project]}
# sources:
#   child: {cost-center: provider, environment: provider, project: resource}
#   grandchild: {cost-center: provider, environment: provider, project: resource}
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": "prod"}},
)


def move(args):
    return pulumi.ResourceTransformResult(
        args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(provider=tagging))
    )


def group(name, parent):
    return aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name="g",
        tags={"project": "churn"},
        opts=pulumi.ResourceOptions(parent=parent),
    )


bucket = aws.s3.Bucket(
    "bucket", opts=pulumi.ResourceOptions(transforms=[lambda args: move(args) if args.name == "bucket" else None])
)
group("grandchild", group("child", bucket))
old = aws.s3.Bucket("old", opts=pulumi.ResourceOptions(version="7.0.0"))
aws.s3.Bucket("old-child", opts=pulumi.ResourceOptions(parent=old))
