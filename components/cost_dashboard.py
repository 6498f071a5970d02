"""The bill as pictures, in QuickSight: spend by each tag and by usage, what carries no tag, how much does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudformation, iam, quicksight

from costtags.components import cost_policies as policies
from costtags.components.arguments import check_arguments, users_line
from costtags.components.budget_policies import trust
from costtags.components.context import Tags, context, stack_tags
from costtags.components.cost_table import COLUMNS
from costtags.components.dashboard_definition import (
    DATA_SET,
    OWN_DATA_SET,
    OWN_DATA_SOURCE,
    columns,
    data_set_sql,
    definition,
    permissions,
    template,
    written,
)
from costtags.components.tags import overlay
from costtags.costs.layout import WrongLayout
from costtags.schema import Schema
from costtags.suggest import nearest
from costtags.yamlfile import quoted

TOKEN = "costtags:index:CostDashboard"

# What a template may be where it is not put into S3.
MAX_TEMPLATE = 51_200
_ARN_ROOM = 200
_IMPORT_MODES = ("SPICE", "DIRECT_QUERY")
_MOST_PRINCIPALS = 64
_PRINCIPAL = r"arn:aws[a-z-]*:quicksight:[a-z0-9-]*:\d{12}:(user|group|namespace)/.+"


class CostDashboardArgs(TypedDict):
    """Where the bill is, and who may see it."""

    account_id: str
    """The account's id, twelve digits."""
    owners: Sequence[str]
    """ARNs of QuickSight's users and groups that may change the dashboard and refresh its data."""
    database: pulumi.Input[str]
    """The database of the bill's table: that of CostExport."""
    table: pulumi.Input[str]
    """The bill's table: that of CostExport."""
    workgroup: pulumi.Input[str]
    """The workgroup in which QuickSight asks: that of CostExport."""
    bucket: pulumi.Input[str]
    """The bucket of the export: that of CostExport."""
    results_bucket: pulumi.Input[str]
    """The bucket of Athena's results: that of CostExport."""
    viewers: NotRequired[Sequence[str]]
    """ARNs of QuickSight's users, groups or a namespace that may look at the dashboard."""
    keys: NotRequired[Sequence[str]]
    """Keys of tags.yaml to show, each in a picture of its own: the required ones unless given."""
    import_mode: NotRequired[str]
    """SPICE, QuickSight's own memory filled every morning, unless DIRECT_QUERY is given: Athena at every look."""
    title: NotRequired[str]
    """What the dashboard is called: "SageMaker cost by tag" unless given."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """The key of the buckets, where CostExport was given one."""
    without_columns: NotRequired[Sequence[str]]
    """The columns that the export leaves out, where CostExport was given some."""
    region: NotRequired[pulumi.Input[str]]
    """The region of bucket, table and dashboard, where it is not the provider's."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of all that is created, over those of the stack."""


class CostDashboard(pulumi.ComponentResource):
    """A dashboard of what SageMaker cost in this month and the 13 before it: amortised, by the tags of tags.yaml.

    Creates:
        - aws.iam.Role "NAME": what QuickSight may do, which is to ask this workgroup about this table
        - aws.quicksight.DataSource and DataSet "NAME", with aws.quicksight.RefreshSchedule where it is SPICE
        - aws.cloudformation.Stack "NAME": it holds one AWS::QuickSight::Dashboard with two sheets, Spend (a picture for
          each tag, and by usage group) and Attribution (what lacks a required tag; the share that carries each)

    The account needs a QuickSight subscription, Enterprise edition. Its sums leave out tax, support and unused
    commitment, and say so. The dashboard is made by CloudFormation because the Pulumi provider takes no definition of a
    dashboard, only a template.
    """

    dashboard_arn: pulumi.Output[str]
    """The dashboard's ARN."""
    data_set_arn: pulumi.Output[str]
    """The data set's ARN, for analyses of your own."""
    role_arn: pulumi.Output[str]
    """The ARN of QuickSight's role."""

    def __init__(self, name: str, args: CostDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, CostDashboardArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        schema = context().schema
        if said := list(_problems(given, schema)):
            title = f'{users_line()}{TOKEN.rsplit(":", 1)[1]} "{name}" cannot be made:'
            raise pulumi.RunError("\n  ".join([title, *said]))
        keys, required = _keys(given, schema), [tag.key for tag in schema.required]
        super().__init__(TOKEN, name, {"account_id": given["account_id"], "keys": keys}, opts)

        tags = overlay(stack_tags(), given.get("tags"))
        self._place = {"region": given["region"]} if "region" in given else {}
        self._id = re.sub(r"[^\w-]", "-", f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}", flags=re.ASCII)
        self._title = given.get("title", "SageMaker cost by tag")
        role, allowed = self._make_role(name, given, tags)
        data_set = self._make_data_set(name, given, tags, (keys, required), role, allowed)
        stack = cloudformation.Stack(
            name,
            template_body=data_set.arn.apply(
                lambda arn: written(template(given, self._id, self._title, definition(keys, required, arn)))
            ),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
            **self._place,
        )
        self.dashboard_arn = stack.outputs.apply(lambda outputs: str(outputs["Arn"]))
        self.data_set_arn, self.role_arn = data_set.arn, role.arn
        self.register_outputs(
            {"dashboard_arn": self.dashboard_arn, "data_set_arn": self.data_set_arn, "role_arn": self.role_arn}
        )

    def _make_role(self, name: str, given: Mapping[str, Any], tags: Tags) -> tuple[iam.Role, iam.RolePolicy]:
        child = pulumi.ResourceOptions(parent=self)
        role = iam.Role(name, assume_role_policy=trust("quicksight.amazonaws.com"), tags=tags, opts=child)
        document = policies.athena_reader(
            given["account_id"],
            given["database"],
            given["table"],
            given["workgroup"],
            given["bucket"],
            given["results_bucket"],
            given.get("kms_key_arn"),
        )
        return role, iam.RolePolicy(name, role=role.name, policy=document, opts=child)

    def _make_data_set(
        self,
        name: str,
        given: Mapping[str, Any],
        tags: Tags,
        shown: tuple[Sequence[str], Sequence[str]],
        role: iam.Role,
        allowed: iam.RolePolicy,
    ) -> quicksight.DataSet:
        """Make the data source, which QuickSight tries at once, the data set and its refresh."""
        account, mode = given["account_id"], given.get("import_mode", _IMPORT_MODES[0])
        child = pulumi.ResourceOptions(parent=self)
        source = quicksight.DataSource(
            name,
            aws_account_id=account,
            data_source_id=self._id,
            name=self._title,
            type="ATHENA",
            parameters={"athena": {"work_group": given["workgroup"], "role_arn": role.arn}},
            permissions=permissions(given["owners"], OWN_DATA_SOURCE),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
            **self._place,
        )
        keys, required = shown
        sql = pulumi.Output.all(given["database"], given["table"]).apply(
            lambda names: data_set_sql(keys, required, _table_columns(given), *names)
        )
        data_set = quicksight.DataSet(
            name,
            aws_account_id=account,
            data_set_id=self._id,
            name=self._title,
            import_mode=mode,
            physical_table_maps=[
                {
                    "physical_table_map_id": DATA_SET,
                    "custom_sql": {
                        "data_source_arn": source.arn,
                        "name": DATA_SET,
                        "sql_query": sql,
                        "columns": [
                            {"name": column, "type": type_} for column, type_ in columns([*keys, *required]).items()
                        ],
                    },
                }
            ],
            permissions=permissions(given["owners"], OWN_DATA_SET),
            tags=tags,
            opts=child,
            **self._place,
        )
        if mode == "SPICE":
            quicksight.RefreshSchedule(
                name,
                aws_account_id=account,
                data_set_id=data_set.data_set_id,
                schedule_id="daily",
                schedule={
                    "refresh_type": "FULL_REFRESH",
                    "schedule_frequency": {"interval": "DAILY", "time_of_the_day": "06:00", "timezone": "UTC"},
                },
                opts=child,
                **self._place,
            )
        return data_set


def _keys(given: Mapping[str, Any], schema: Schema) -> list[str]:
    """Return the keys to show: those given, else the required ones, else all."""
    return list(dict.fromkeys(given.get("keys") or [tag.key for tag in schema.required] or schema.tags))


def _table_columns(given: Mapping[str, Any]) -> dict[str, str]:
    return {column: type_ for column, type_ in COLUMNS.items() if column not in given.get("without_columns", ())}


def _problems(given: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    """Yield all that is wrong with the arguments."""
    if not re.fullmatch(r"\d{12}", str(given["account_id"])):
        yield f'"account_id" must be the twelve digits of an account, not {quoted(str(given["account_id"]))}'
    lists = [key for key in ("owners", "viewers", "keys", "without_columns") if key in given]
    if wrong := [key for key in lists if not isinstance(given[key], list | tuple)]:
        yield from (f'"{key}" must be a list' for key in wrong)
        return
    if not given["owners"]:
        yield '"owners" names nobody: name users or groups of QuickSight'
    for key in ("owners", "viewers"):
        for principal in given.get(key, ()):
            if not re.fullmatch(_PRINCIPAL, str(principal)):
                yield (
                    f'{quoted(str(principal))} of "{key}" is no ARN of a user or group of QuickSight, such as '
                    "arn:aws:quicksight:us-east-1:111122223333:group/default/finops"
                )
    if both := set(given["owners"]) & set(given.get("viewers", ())):
        yield from (f'"{one}" is among "owners" and "viewers": owners see it anyway' for one in sorted(both))
    if len({*given["owners"], *given.get("viewers", ())}) > _MOST_PRINCIPALS:
        yield f'"owners" and "viewers" name more than {_MOST_PRINCIPALS}, which is what QuickSight takes: name a group'
    if given.get("import_mode", "SPICE") not in _IMPORT_MODES:
        yield f'"import_mode" must be {" or ".join(_IMPORT_MODES)}'
    unknown = [key for key in given.get("keys", ()) if key not in schema.tags]
    for key in unknown:
        near = schema.meant_key(key) or nearest(key, schema.tags)
        hint = f'; did you mean "{near}"?' if near else ""
        yield f'{quoted(key)} of "keys" is no tag of {schema.path}{hint}'
    try:
        keys, required = _keys(given, schema), [tag.key for tag in schema.required]
        data_set_sql(keys, required, _table_columns(given), "d", "t")
    except WrongLayout as error:
        yield f'"without_columns": {error}'
    size = len(written(template(given, "x" * 100, given.get("title", ""), definition(keys, required, ""))))
    if size > MAX_TEMPLATE - _ARN_ROOM:
        yield (
            f"{len(keys)} keys make a dashboard of {size:,} characters, and CloudFormation takes {MAX_TEMPLATE:,}: "
            'name fewer in "keys"'
        )
