"""A transform can be a coroutine."""
# expect: []
import asyncio

import pulumi
import pulumi_aws as aws


async def add(args):
    await asyncio.sleep(0.05)
    return pulumi.ResourceTransformResult(
        {**args.props, "tags": {**args.props["tags"], "environment": "prod"}}, args.opts
    )


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "project": "churn"},
    opts=pulumi.ResourceOptions(transforms=[add]),
)
