"""Made by tests/fuzz."""
# expect: []
# project: {"name": "corpus"}
# schema: "tags.yaml"
# config: {"aws-native:region": "eu-west-1", "corpus:tags": {}}
# environment: {"COSTTAGS_GATE": "embedded"}
# policies: {"default-tags": "remediate"}
import asyncio
import types

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native
from costtags.components import TaggedSpace, TaggedUserProfile, TaggedWorkteam


async def soon(value):
    await asyncio.sleep(0.01)
    return value


def edited(args, add, drop=()):
    """The tags of a resource, a map or a list of pairs or an output of either, with some more and without others."""
    native = args.type_.startswith("aws-native:")

    def edit(tags):
        if isinstance(tags, pulumi.Output):
            return tags.apply(edit)
        if not isinstance(tags, dict | list | None):
            return tags  # not known
        if native:
            gone = {*add, *drop}
            rows = [row for row in tags or [] if not (isinstance(row, dict) and plain_key(row) in gone)]
            return rows + [{"key": key, "value": value} for key, value in add.items()]
        return {key: value for key, value in (tags or {}).items() if key not in drop} | add

    return edit(args.props.get("tags"))


def plain_key(row):
    return row["key"] if isinstance(row.get("key"), str) else None


def of_type(args, *, name, on):
    if not args.name.startswith(name) or args.name.endswith("-source"):
        return False
    provider = args.type_.startswith("pulumi:providers:")
    component = not provider and not args.type_.startswith(("aws:sagemaker/", "aws:s3/", "aws-native:sagemaker:"))
    aws = args.type_.startswith("aws:sagemaker/")
    return {"aws": aws, "sagemaker": ":sagemaker" in args.type_, "all": True, "providers": provider, "components": component}[on]



def p0():
    r0 = aws.sagemaker.Domain.get("p0-r0", "d-abc")
    r1 = aws.sagemaker.Model("p0-r1", execution_role_arn="r", tags=r0.tags, opts=pulumi.ResourceOptions(replace_on_changes=['tags']))
    p2 = aws.Provider("p0-p2", region="eu-west-1", default_tags=aws.ProviderDefaultTagsArgs(tags={"project": "a1", "Name": True, "team": aws.get_caller_identity().account_id}))


p0()

def p1():
    source = aws.iam.Role("p1-source", assume_role_policy="{}", path="/p/")
    p0 = aws.Provider("p1-p0", region="eu-west-1", default_tags={"tags": source.unique_id.apply(lambda _: {"k" * 129: pulumi.Output.concat("x", source.unique_id), "cost-center": "ML-Research", "team": "ml-core", "project": "a1", "environment": soon("prod")})}, ignore_tags={"key_prefixes": ["environment"]})
    for number in range(2):
        aws.sagemaker.Model(f"p1-r1-{number}", execution_role_arn="r", tags=pulumi.Output.secret({"project": "churn", "environment": "prod", "日本": source.unique_id, "te-am": "data-platform", "cost-center": "ML-Sales"}), opts=pulumi.ResourceOptions(parent=p0, depends_on=p0))
    def r2_transform_old0(args):
        if not of_type(args, name='p1-', on='aws'):
            return None
        if args.type_.startswith('aws:'):
            args.opts = pulumi.ResourceOptions.merge(
                args.opts, pulumi.ResourceOptions(provider=p0)
            )
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    source.unique_id.apply(lambda _: native.sagemaker.ModelPackageGroup("p1-r2", model_package_group_name="g", tags=[{"key": "project", "value": pulumi.Output.format("{}{}", "churn", "")}, {"key": "environment", "value": "prod"}], opts=pulumi.ResourceOptions(transformations=[r2_transform_old0])))
    c3 = pulumi.ComponentResource("corpus:index:Team", "p1-c3", {"tags": {"environment": "prod", "cost-center": "ML-Sales", "project": "churn"}}, pulumi.ResourceOptions(providers=[p0]))
    r4 = aws.sagemaker.Endpoint("p1-r4", endpoint_config_name="c", tags={"environment": True, "project:": "churn", "project:": "a1"}, opts=pulumi.ResourceOptions(provider=p0))
    r5 = native.sagemaker.ModelPackageGroup("p1-r5", model_package_group_name="g", tags=[{"key": "environment", "value": "v" * 257}, {"key": "project:", "value": pulumi.Output.secret("a1")}])


p1()

def p2():
    source = aws.iam.Role("p2-source", assume_role_policy="{}", path="/p/")
    p0 = aws.Provider("p2-p0", region="eu-west-1", default_tags={"tags": {"cost-center": "ML-Research", "project": source.path.apply(lambda _: "churn"), "environment": "test"}})
    c1 = pulumi.ComponentResource("corpus:index:Team", "p2-c1", {"tags": {"cost-center": aws.get_region().region, "project": source.unique_id, "team": "data-platform", "environment": pulumi.Output.format("{}{}", "prod", "")}}, pulumi.ResourceOptions(ignore_changes=['tags["environment"]']))
    c2 = pulumi.ComponentResource("corpus:index:Team", "p2-c2", None, pulumi.ResourceOptions(parent=c1, providers={"aws": p0}))
    c3 = pulumi.ComponentResource("a:b/c:D", "p2-c3", None, pulumi.ResourceOptions(parent=p0, provider=p0, protect=True))
    def r4_transform_new0(args):
        if not of_type(args, name='p2-', on='aws'):
            return None
        if args.type_.startswith('aws:'):
            args.opts = pulumi.ResourceOptions.merge(
                args.opts, pulumi.ResourceOptions(provider=p0)
            )
        return pulumi.ResourceTransformResult(args.props, args.opts)

    r4 = native.sagemaker.Space("p2-r4", domain_id="d", space_name="s", tags=[{"key": "cost_center", "value": "ML-Research"}, {"key": "project", "value": "Marketing"}, {"key": "team", "value": "ml-core"}, {"key": "quo\"te", "value": "x"}, {"key": "environment", "value": pulumi.Output.secret(source.unique_id)}], opts=pulumi.ResourceOptions(transforms=[r4_transform_new0]))


p2()

def p3():
    source = aws.iam.Role("p3-source", assume_role_policy="{}", path="/p/")
    async def r0_transform_new0(args):
        if not of_type(args, name='p3-', on='aws'):
            return None
        await asyncio.sleep(0.01)
        args.props["tags"] = edited(args, {"environment": "dev", "COSTCODE": "ML-Research"})
        return pulumi.ResourceTransformResult(args.props, args.opts)

    def r0_transform_old0(args):
        if not of_type(args, name='p3-', on='aws'):
            return None
        args.props["tags"] = edited(args, {"COSTCODE": "ML-Sales", "project": "a1", "line\nend": "x"})
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    def r0_transform_old1(args):
        if not of_type(args, name='p3-', on='aws'):
            return None
        args.props["tags"] = edited(args, {"project": 4711, "environment": pulumi.Output.format("{}{}", "prod", ""), "project:": pulumi.Output.secret(source.unique_id), "cost-center": "ML-Sales"})
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    r0 = aws.sagemaker.Endpoint("p3-r0", endpoint_config_name="c", tags={"cost-center": "ML-Research", "project": "a1", "environment": "prod"}, opts=pulumi.ResourceOptions(transforms=[r0_transform_new0], transformations=[r0_transform_old0, r0_transform_old1]))
    pulumi.Output.secret("x").apply(lambda _: aws.sagemaker.Space("p3-r1", domain_id="d", space_name="s", tags={"environment": "prod", "cost-center": "ML-Research", "Project": "a1"}, opts=pulumi.ResourceOptions(parent=r0, protect=False, replace_on_changes=['tags'])))
    d2 = aws.organizations.Policy("p3-d2", type="CHATBOT_POLICY", content="{}", opts=pulumi.ResourceOptions(protect=False))


p3()

def p4():
    r0 = aws.sagemaker.ModelPackageGroup("p4-r0", model_package_group_name="g", tags=pulumi.Output.secret({"project": "churn", "team": "ml-core", "cost-center": "ML-Sales"}))
    c1 = pulumi.ComponentResource("corpus:index:Team", "p4-c1")
    r2 = aws.sagemaker.Pipeline("p4-r2", pipeline_name="p", pipeline_display_name="p", pipeline_definition="{}", tags=r0.tags)
    def stack_s3(args):
        if not of_type(args, name='p4-', on='aws'):
            return None
        if isinstance(args.props.get("tags"), dict):
            args.props["tags"].update({"cost-center": "ML-Sales", "environment": pulumi.Output.format("{}{}", "prod", ""), "project": "*"})
        return pulumi.ResourceTransformResult(args.props, args.opts)

    pulumi.runtime.register_resource_transform(stack_s3)



p4()

def p5():
    source = aws.iam.Role("p5-source", assume_role_policy="{}", path="/p/")
    def r0_transform_new0(args):
        if not of_type(args, name='p5-', on='aws'):
            return None
        args.props["tags"] = edited(args, {"cost-center": "prod "})
        return pulumi.ResourceTransformResult(args.props, args.opts)

    r0 = aws.sagemaker.Domain("p5-r0", auth_mode="IAM", default_user_settings={"execution_role": "r"}, domain_name="d", subnet_ids=["s"], vpc_id="v", tags=soon({"日本": source.path.apply(lambda _: "x"), "cost-center": "Zurich", "environment": "prod", "project": "a1"}), tag_propagation=source.unique_id, opts=pulumi.ResourceOptions(retain_on_delete=True, delete_before_replace=True, transforms=[r0_transform_new0]))


p5()

def p6():
    source = aws.iam.Role("p6-source", assume_role_policy="{}", path="/p/")
    source.unique_id.apply(lambda _: aws.sagemaker.Image("p6-r0", image_name="i", role_arn="r", tags=None, opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True)))
    r1 = aws.sagemaker.App("p6-r1", app_name="a", app_type="JupyterLab", domain_id="d", tags=types.MappingProxyType({"CostCenter": "ML-Sales", "project": " ", "environment": "dev"}))
    r2 = native.sagemaker.Domain("p6-r2", auth_mode="IAM", default_user_settings={"execution_role": "r"}, domain_name="d", subnet_ids=["s"], vpc_id="v", tags=[{"key": "environment", "value": "dev"}, {"key": "Kostenstelle", "value": pulumi.Output.concat("ML-Sales", source.unique_id)}, {"key": "team", "value": "ml-core"}, {"key": "project", "value": "churn"}], tag_propagation="DISABLED", opts=pulumi.ResourceOptions(depends_on=r1))


p6()

def p7():
    source = aws.iam.Role("p7-source", assume_role_policy="{}", path="/p/")
    def stack_s0(args):
        if not of_type(args, name='p7-', on='aws'):
            return None
        args.props["tags"] = edited(args, {"project": "churn"})
        return pulumi.ResourceTransformResult(args.props, args.opts)

    pulumi.runtime.register_resource_transform(stack_s0)

    r1 = aws.sagemaker.App("p7-r1", app_name="a", app_type="JupyterLab", domain_id="d", tags=source.unique_id.apply(lambda _: {" environment": 4711, "cost-center": "ML-Research", "team": soon("ml-core")}))
    r2 = aws.sagemaker.Domain.get("p7-r2", "d-abc", tags=pulumi.Output.from_input({"cost-center": pulumi.Output.from_input("ML-Research"), "project": "churn", "environment": "prod"}), opts=pulumi.ResourceOptions(parent=r1))
    r3 = aws.sagemaker.App("p7-r3", app_name="a", app_type="JupyterLab", domain_id="d", tags=None)
    def r4_transform_old0(args):
        if not of_type(args, name='p7-', on='aws'):
            return None
        args.props["tags"] = edited(args, {"te-am": "data-platform", "project": " "})
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    def r4_transform_old1(args):
        if not of_type(args, name='p7-', on='aws'):
            return None
        args.opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.Output.from_input("x").apply(lambda _: aws.iam.Role("p7-r4", assume_role_policy="{}", tags=pulumi.Output.secret({"team": "data-platform", "environment": pulumi.Output.concat("dev", source.unique_id), "cost-center": 4711}), opts=pulumi.ResourceOptions(ignore_changes=['tags'], transformations=[r4_transform_old0, r4_transform_old1])))
    t5 = TaggedUserProfile("p7-t5", {"domain_id": "d", "user_profile_name": "u", "tags": pulumi.Output.secret({"project": "a1", "cost-center": "ML-Sales", "environment": "prod"})})


p7()

def p8():
    source = aws.iam.Role("p8-source", assume_role_policy="{}", path="/p/")
    t0 = TaggedWorkteam("p8-t0", {"description": "d", "workteam_name": "w", "member_definitions": [{"oidc_member_definition": {"groups": ["g"]}}], "tags": soon({"project": "a1", "cost-center": "ML-Research"})})
    t1 = TaggedSpace("p8-t1", {"domain_id": "d", "space_name": "s", "tags": pulumi.Output.secret({"project": "churn", "cost-center": "ML-Sales", "environment": "dev"})})
    r2 = aws.sagemaker.Hub("p8-r2", hub_name="h", hub_description="h", tags={})
    r3 = native.sagemaker.Space("p8-r3", domain_id="d", space_name="s", tags=[{"key": "environment", "value": "prod"}, {"key": "cost-center", "value": "ML-Research"}, {"key": "team", "value": "ml-core"}, {"key": "quo\"te", "value": "x"}], opts=pulumi.ResourceOptions(parent=t1, depends_on=r2))
    def c4_transform_new0(args):
        if not of_type(args, name='p8-', on='components'):
            return None
        return None
        return pulumi.ResourceTransformResult(args.props, args.opts)

    c4 = pulumi.ComponentResource("corpus:index:Team", "p8-c4", None, pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")], transforms=[c4_transform_new0]))
    p5 = aws.Provider("p8-p5", region="eu-west-1", default_tags={"tags": {"project": "a1", "quo\"te": "x", "cost-center": "Marketing", "environment": ""}})
    def c6_transform_new0(args):
        if not of_type(args, name='p8-', on='components'):
            return None
        return None
        return pulumi.ResourceTransformResult(args.props, args.opts)

    c6 = pulumi.ComponentResource("Team", "p8-c6", None, pulumi.ResourceOptions(transforms=[c6_transform_new0]))
    r7 = aws.sagemaker.ModelPackageGroup("p8-r7", model_package_group_name="g", tags={"environment": "prod", "cost-center": "prod ", "project": source.path.apply(lambda _: "churn"), "app:tier": "x", "Project": "a1"}, opts=pulumi.ResourceOptions(parent=r2, provider=p5))


p8()

def p9():
    source = aws.iam.Role("p9-source", assume_role_policy="{}", path="/p/")
    p0 = aws.Provider("p9-p0", region="eu-west-1", default_tags={"tags": {"cost-center": aws.get_region().region, "project": ""}})
    last = aws.sagemaker.Image("p9-last", image_name="i", role_arn="r", tags={"cost-center": pulumi.Output.secret(source.path.apply(lambda _: "ML-Research")), "environment": pulumi.Output.from_input("prod"), "project": pulumi.Output.from_input("a1")}, opts=pulumi.ResourceOptions(parent=p0, depends_on=p0))


p9()

def p10():
    source = aws.iam.Role("p10-source", assume_role_policy="{}", path="/p/")
    p0 = aws.Provider("p10-p0", region="eu-west-1", default_tags=aws.ProviderDefaultTagsArgs(tags=pulumi.Output.secret({"cost-center": "ML-Sales", "Project": "churn", "environment": "dev"})), ignore_tags={"keys": ["cost-center", "cost"]}, opts=pulumi.ResourceOptions(version='7.1.0'))
    r1 = native.sagemaker.ModelPackageGroup("p10-r1", model_package_group_name="g", tags=pulumi.Output.from_input([{"key": "project", "value": "churn"}, {"key": "cost-center", "value": "ML-Sales"}, {"key": "environment", "value": pulumi.Output.format("{}{}", "prod", "")}]).apply(lambda tags: [*tags]), opts=pulumi.ResourceOptions(parent=p0, protect=True))
    c2 = pulumi.ComponentResource("Team", "p10-c2", None, pulumi.ResourceOptions(providers=[p0]))
    r3 = aws.sagemaker.UserProfile("p10-r3", domain_id="d", user_profile_name="u", tags={"environment": source.path.apply(lambda _: "prod"), "app:tier": "x", "project": pulumi.Output.from_input("Zurich"), "cost-center": "ML-Research"}, opts=pulumi.ResourceOptions(parent=p0, provider=p0, replace_on_changes=['tags'], version='6.9.1'))
    t4 = TaggedSpace("p10-t4", {"domain_id": "d", "space_name": "s", "tags": pulumi.Output.secret({"cost-center": "ML-Research", "project": "a1", "team": source.unique_id, "environment": "dev"})}, pulumi.ResourceOptions(providers=[p0], aliases=[pulumi.Alias(name="old")]))
    def r5_transform_old0(args):
        if not of_type(args, name='p10-', on='aws'):
            return None
        args.opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    r5 = native.sagemaker.ModelPackageGroup("p10-r5", model_package_group_name="g", tags=[], opts=pulumi.ResourceOptions(parent=c2, transformations=[r5_transform_old0]))
    r6 = aws.sagemaker.Domain.get("p10-r6", "d-abc", opts=pulumi.ResourceOptions(parent=r5))
    r7 = aws.sagemaker.Domain.get("p10-r7", "d-abc")


p10()

def p11():
    source = aws.iam.Role("p11-source", assume_role_policy="{}", path="/p/")
    r0 = aws.sagemaker.ModelPackageGroup("p11-r0", model_package_group_name="g", tags={"cost-center": "ML-Research", "project": "a1", "environment": "prod", "Team": True})
    r1 = aws.sagemaker.Space("p11-r1", domain_id="d", space_name="s", tags=source.path.apply(lambda _: {"environment": pulumi.Output.from_input("prod"), "COSTCODE": soon("ML-Sales"), "project": pulumi.Output.secret("churn")}), opts=pulumi.ResourceOptions(parent=r0))
    p2 = aws.Provider("p11-p2", region="eu-west-1", default_tags={"tags": {"cost-center": "ML-Sales", "ENVIRONMENT": source.unique_id, "environment": aws.get_caller_identity().account_id, "Project": "churn", "team": "semi;colon"}})
    r3 = native.sagemaker.ModelPackageGroup("p11-r3", model_package_group_name="g", tags=[{"key": "team", "value": source.unique_id}, {"key": "te-am", "value": "data-platform"}, {"key": "environment", "value": "dev"}, {"key": "project", "value": "a1"}, {"key": "cost-center", "value": "ML-Research"}], opts=pulumi.ResourceOptions(parent=p2))
    r4 = aws.sagemaker.Domain.get("p11-r4", "d-abc", tags=source.unique_id.apply(lambda _: {"Name": "x", "project": source.path.apply(lambda _: "a1"), "cost-center": "ML-Research"}), opts=pulumi.ResourceOptions(parent=r1))
    c5 = pulumi.ComponentResource("aws:sagemaker:Team", "p11-c5", None, pulumi.ResourceOptions(provider=p2))


p11()
