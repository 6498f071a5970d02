"""What AWS is asked for what Pulumi is given: inputs of resources -> requests, as the provider makes them.

    check_requests(recorder)

raises AssertionError where AWS's published models would not take one of them: structure, enums, patterns, limits.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from .aws_models import validate
from .test_components import Recorder

BUDGET, ACTION = "aws:budgets/budget:Budget", "aws:budgets/budgetAction:BudgetAction"
STACK, SUBSCRIPTION = "aws:cloudformation/stack:Stack", "aws:costexplorer/anomalySubscription:AnomalySubscription"
BUCKET, EXPORTED = "aws:s3/bucket:Bucket", "aws:bcmdata/export:Export"
TABLE, WORKGROUP = "aws:glue/catalogTable:CatalogTable", "aws:athena/workgroup:Workgroup"
DATA_SET, FUNCTION = "aws:quicksight/dataSet:DataSet", "aws:lambda/function:Function"
SCHEDULE, BUCKET_POLICY = "aws:scheduler/schedule:Schedule", "aws:s3/bucketPolicy:BucketPolicy"
ROLE_POLICY, IAM_POLICY = "aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"
ORGANIZATION, ATTACHMENT = "aws:organizations/policy:Policy", "aws:organizations/policyAttachment:PolicyAttachment"
PRINCIPALS = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "Role",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "Group",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "User",
}

Request = Callable[[Any, str], dict[str, Any]]


def check_requests(recorder: Recorder, named: Callable[[str], str] = str) -> None:
    """Raise AssertionError where a request is wrong, and KeyError for a type that is not known here.

    ``named`` gives a resource the name that Pulumi would.
    """
    for key, inputs in recorder.custom.items():
        type_, name = key.split(" ", 1)
        asked = REQUESTS[type_]
        if type_ == STACK:
            resources = json.loads(inputs["templateBody"])["Resources"].values()
            asked = [*asked, *(IN_TEMPLATES[resource["Type"]] for resource in resources)]
        for service, operation, request in asked:
            validate(service, operation, request(inputs, named(name)))


def of(recorder: Recorder, type_: str) -> dict[str, Any]:
    """Return the inputs of all resources of a type by their names, sorted: they are registered side by side."""
    found = (key.split(" ", 1) for key in recorder.custom)
    return {name: recorder.custom[f"{one} {name}"] for one, name in sorted(found) if one == type_}


def policies(recorder: Recorder) -> Iterator[tuple[str, Any]]:
    """Yield every policy that is written anywhere."""
    for key, inputs in recorder.custom.items():
        for name in ("policy", "assumeRolePolicy"):
            if name in inputs:
                yield key, json.loads(inputs[name])


def policy(recorder: Recorder, type_: str, name: str) -> Any:
    """Return the statements of a resource's policy."""
    return json.loads(recorder.custom[f"{type_} {name}"]["policy"])["Statement"]


def pairs(inputs: Any, key: str = "Key", value: str = "Value") -> Any:
    return [{key: one, value: text} for one, text in inputs["tags"].items()]


def capital(given: Any) -> Any:
    """Name what a resource takes as the API does, where the provider does nothing else."""
    if isinstance(given, list):
        return [capital(one) for one in given]
    if not isinstance(given, dict):
        return int(given) if isinstance(given, float) and given.is_integer() else given
    return {key[0].upper() + key[1:]: capital(value) for key, value in given.items()}


def budget_request(inputs: Any, _name: str = "") -> dict[str, Any]:
    """As the provider does it: internal/service/budgets/budget.go."""
    kinds = {"EMAIL": "subscriberEmailAddresses", "SNS": "subscriberSnsTopicArns"}
    notifications = [
        {
            "Notification": {
                "NotificationType": one["notificationType"],
                "ComparisonOperator": one["comparisonOperator"],
                "Threshold": one["threshold"],
                "ThresholdType": one["thresholdType"],
            },
            "Subscribers": [
                {"SubscriptionType": kind, "Address": address}
                for kind in ("SNS", "EMAIL")
                for address in one.get(kinds[kind], [])
            ],
        }
        for one in inputs.get("notifications", [])
    ]
    filters = {one["name"]: one["values"] for one in inputs.get("costFilters", [])}
    return {
        "AccountId": inputs["accountId"],
        "Budget": {
            "BudgetName": inputs["name"],
            "BudgetType": inputs["budgetType"],
            "BudgetLimit": {"Amount": inputs["limitAmount"], "Unit": inputs["limitUnit"]},
            "TimeUnit": inputs["timeUnit"],
            **({"CostFilters": filters} if filters else {}),
        },
        **({"NotificationsWithSubscribers": notifications} if notifications else {}),
        "ResourceTags": pairs(inputs),
    }


def action_request(inputs: Any, _name: str) -> dict[str, Any]:
    definition = inputs["definition"]
    iam, scp = definition.get("iamActionDefinition"), definition.get("scpActionDefinition")
    return {
        "AccountId": inputs["accountId"],
        "BudgetName": inputs["budgetName"],
        "NotificationType": inputs["notificationType"],
        "ActionType": inputs["actionType"],
        "ActionThreshold": {
            "ActionThresholdValue": inputs["actionThreshold"]["actionThresholdValue"],
            "ActionThresholdType": inputs["actionThreshold"]["actionThresholdType"],
        },
        "Definition": {
            **({"IamActionDefinition": capital(iam)} if iam else {}),
            **({"ScpActionDefinition": capital(scp)} if scp else {}),
        },
        "ExecutionRoleArn": inputs["executionRoleArn"],
        "ApprovalModel": inputs["approvalModel"],
        "Subscribers": [
            {"SubscriptionType": one["subscriptionType"], "Address": one["address"]} for one in inputs["subscribers"]
        ],
        "ResourceTags": pairs(inputs),
    }


def function_request(inputs: Any, name: str) -> dict[str, Any]:
    logging = inputs["loggingConfig"]
    return {
        "FunctionName": name,
        "Role": inputs["role"],
        "Runtime": inputs["runtime"],
        "Handler": inputs["handler"],
        "Description": inputs["description"],
        "Timeout": int(inputs["timeout"]),
        **({"MemorySize": int(inputs["memorySize"])} if "memorySize" in inputs else {}),
        "Architectures": inputs["architectures"],
        "Code": {"ZipFile": b"zip"},
        "Environment": {"Variables": inputs["environment"]["variables"]},
        "DeadLetterConfig": {"TargetArn": inputs["deadLetterConfig"]["targetArn"]},
        "LoggingConfig": {"LogFormat": logging["logFormat"], "LogGroup": logging["logGroup"]},
        "Tags": inputs["tags"],
    }


def anomaly_request(inputs: Any, _name: str) -> dict[str, Any]:
    def expression(given: Any) -> Any:
        if "ands" in given:
            return {"And": [expression(one) for one in given["ands"]]}
        one = given["dimension"]
        return {"Dimensions": {"Key": one["key"], "MatchOptions": one["matchOptions"], "Values": one["values"]}}

    return {
        "AnomalySubscription": {
            "SubscriptionName": "x",
            "MonitorArnList": inputs["monitorArnLists"],
            "Frequency": inputs["frequency"],
            "Subscribers": [{"Type": one["type"], "Address": one["address"]} for one in inputs["subscribers"]],
            "ThresholdExpression": expression(inputs["thresholdExpression"]),
        },
        "ResourceTags": pairs(inputs),
    }


def monitor_request(inputs: Any, _name: str) -> dict[str, Any]:
    """What CloudFormation asks for the resource in a template."""
    given = json.loads(inputs["templateBody"])["Resources"]["Monitor"]["Properties"]
    return {"AnomalyMonitor": {**given, "MonitorSpecification": json.loads(given["MonitorSpecification"])}}


def queue_request(inputs: Any, name: str) -> dict[str, Any]:
    attributes = {
        "MessageRetentionPeriod": str(int(inputs["messageRetentionSeconds"])),
        "SqsManagedSseEnabled": str(inputs["sqsManagedSseEnabled"]).lower(),
    }
    return {"QueueName": name, "Attributes": attributes, "tags": inputs["tags"]}


def subscribe_request(inputs: Any, _name: str) -> dict[str, Any]:
    redrive = {"RedrivePolicy": inputs["redrivePolicy"]} if "redrivePolicy" in inputs else {}
    asked = {"TopicArn": inputs["topic"], "Protocol": inputs["protocol"], "Endpoint": inputs["endpoint"]}
    return asked | {"Attributes": redrive}


def export_request(inputs: Any, _name: str) -> dict[str, Any]:
    export = inputs["export"]
    (query,) = export["dataQueries"]
    (destination,) = export["destinationConfigurations"][0]["s3Destinations"]
    (output,) = destination["s3OutputConfigurations"]
    (cadence,) = export["refreshCadences"]
    return {
        "Export": {
            "Name": export["name"],
            "Description": export["description"],
            "DataQuery": {
                "QueryStatement": query["queryStatement"],
                "TableConfigurations": query["tableConfigurations"],
            },
            "DestinationConfigurations": {
                "S3Destination": {
                    "S3Bucket": destination["s3Bucket"],
                    "S3Prefix": destination["s3Prefix"],
                    "S3Region": destination["s3Region"],
                    "S3OutputConfigurations": capital(output),
                }
            },
            "RefreshCadence": capital(cadence),
        },
        "ResourceTags": [{"Key": key, "Value": value} for key, value in inputs["tags"].items()],
    }


def table_request(inputs: Any, _name: str) -> dict[str, Any]:
    store = inputs["storageDescriptor"]
    serde = store["serDeInfo"]
    return {
        "DatabaseName": inputs["databaseName"],
        "TableInput": {
            "Name": inputs["name"],
            "Description": inputs["description"],
            "TableType": inputs["tableType"],
            "Parameters": inputs["parameters"],
            "PartitionKeys": capital(inputs["partitionKeys"]),
            "StorageDescriptor": {
                "Columns": capital(store["columns"]),
                "Location": store["location"],
                "InputFormat": store["inputFormat"],
                "OutputFormat": store["outputFormat"],
                "SerdeInfo": {
                    "SerializationLibrary": serde["serializationLibrary"],
                    "Parameters": serde["parameters"],
                },
            },
        },
    }


def workgroup_request(inputs: Any, name: str) -> dict[str, Any]:
    given = inputs["configuration"]
    result = given["resultConfiguration"]
    encryption = result["encryptionConfiguration"]
    key = {"KmsKey": encryption["kmsKeyArn"]} if "kmsKeyArn" in encryption else {}
    return {
        "Name": name,
        "Description": inputs["description"],
        "Configuration": {
            "EnforceWorkGroupConfiguration": given["enforceWorkgroupConfiguration"],
            "PublishCloudWatchMetricsEnabled": given["publishCloudwatchMetricsEnabled"],
            "BytesScannedCutoffPerQuery": int(given["bytesScannedCutoffPerQuery"]),
            "ResultConfiguration": {
                "OutputLocation": result["outputLocation"],
                "ExpectedBucketOwner": result["expectedBucketOwner"],
                "EncryptionConfiguration": {"EncryptionOption": encryption["encryptionOption"], **key},
            },
        },
        "Tags": pairs(inputs),
    }


def encryption_request(inputs: Any, _name: str) -> dict[str, Any]:
    (rule,) = inputs["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    key = {"KMSMasterKeyID": default["kmsMasterKeyId"]} if "kmsMasterKeyId" in default else {}
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": default["sseAlgorithm"], **key},
            "BucketKeyEnabled": rule["bucketKeyEnabled"],
        }
    ]
    return {"Bucket": inputs["bucket"], "ServerSideEncryptionConfiguration": {"Rules": rules}}


def lifecycle_request(inputs: Any, _name: str) -> dict[str, Any]:
    (rule,) = inputs["rules"]
    days = int(rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"])
    asked = {
        "ID": rule["id"],
        "Status": rule["status"],
        "Filter": {"Prefix": rule["filter"]["prefix"]},
        "Expiration": {"Days": int(rule["expiration"]["days"])},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }
    return {"Bucket": inputs["bucket"], "LifecycleConfiguration": {"Rules": [asked]}}


def public_request(inputs: Any, _name: str) -> dict[str, Any]:
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return {
        "Bucket": inputs["bucket"],
        "PublicAccessBlockConfiguration": capital({name: inputs[name] for name in names}),
    }


def source_request(inputs: Any, _name: str) -> dict[str, Any]:
    athena = inputs["parameters"]["athena"]
    return {
        "AwsAccountId": inputs["awsAccountId"],
        "DataSourceId": inputs["dataSourceId"],
        "Name": inputs["name"],
        "Type": inputs["type"],
        "DataSourceParameters": {"AthenaParameters": capital(athena)},
        "Permissions": capital(inputs["permissions"]),
        "Tags": pairs(inputs),
    }


def data_set_request(inputs: Any, _name: str) -> dict[str, Any]:
    (physical,) = inputs["physicalTableMaps"]
    return {
        "AwsAccountId": inputs["awsAccountId"],
        "DataSetId": inputs["dataSetId"],
        "Name": inputs["name"],
        "ImportMode": inputs["importMode"],
        "PhysicalTableMap": {physical["physicalTableMapId"]: {"CustomSql": capital(physical["customSql"])}},
        "Permissions": capital(inputs["permissions"]),
        "Tags": pairs(inputs),
    }


def refresh_request(inputs: Any, _name: str) -> dict[str, Any]:
    schedule = inputs["schedule"]
    when = schedule["scheduleFrequency"]
    return {
        "AwsAccountId": inputs["awsAccountId"],
        "DataSetId": inputs["dataSetId"],
        "Schedule": {
            "ScheduleId": inputs["scheduleId"],
            "RefreshType": schedule["refreshType"],
            "ScheduleFrequency": {
                "Interval": when["interval"],
                "TimeOfTheDay": when["timeOfTheDay"],
                "Timezone": when["timezone"],
            },
        },
    }


def dashboard_request(inputs: Any, _name: str) -> dict[str, Any]:
    """What CloudFormation asks for the resource in a template."""
    (resource,) = json.loads(inputs["templateBody"])["Resources"].values()
    return dict(resource["Properties"])


def invoke_config_request(inputs: Any, _name: str) -> dict[str, Any]:
    given = inputs.get("destinationConfig")
    told = {"DestinationConfig": {"OnFailure": {"Destination": given["onFailure"]["destination"]}}} if given else {}
    return {
        "FunctionName": inputs["functionName"],
        "MaximumRetryAttempts": int(inputs["maximumRetryAttempts"]),
        "MaximumEventAgeInSeconds": int(inputs["maximumEventAgeInSeconds"]),
        **told,
    }


def schedule_request(inputs: Any, name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Description": inputs["description"],
        "ScheduleExpression": inputs["scheduleExpression"],
        "ScheduleExpressionTimezone": inputs["scheduleExpressionTimezone"],
        "FlexibleTimeWindow": capital(inputs["flexibleTimeWindow"]),
        "Target": capital(inputs["target"]),
    }


def dynamodb_request(inputs: Any, name: str) -> dict[str, Any]:
    return {
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": o["name"], "AttributeType": o["type"]} for o in inputs["attributes"]
        ],
        "KeySchema": [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}],
        "BillingMode": inputs["billingMode"],
        "Tags": pairs(inputs),
    }


# What CloudFormation asks for the resources of a template.
IN_TEMPLATES: dict[str, tuple[str, str, Request]] = {
    "AWS::CE::AnomalyMonitor": ("ce", "CreateAnomalyMonitor", monitor_request),
    "AWS::QuickSight::Dashboard": ("quicksight", "CreateDashboard", dashboard_request),
}
REQUESTS: dict[str, list[tuple[str, str, Request]]] = {
    BUDGET: [("budgets", "CreateBudget", budget_request)],
    ACTION: [("budgets", "CreateBudgetAction", action_request)],
    FUNCTION: [("lambda", "CreateFunction", function_request)],
    SUBSCRIPTION: [("ce", "CreateAnomalySubscription", anomaly_request)],
    "aws:sqs/queue:Queue": [("sqs", "CreateQueue", queue_request)],
    "aws:sns/topicSubscription:TopicSubscription": [("sns", "Subscribe", subscribe_request)],
    "aws:sns/topic:Topic": [
        (
            "sns",
            "CreateTopic",
            lambda given, name: {
                "Name": name,
                "Attributes": {"KmsMasterKeyId": given["kmsMasterKeyId"]} if "kmsMasterKeyId" in given else {},
                "Tags": pairs(given),
            },
        )
    ],
    "aws:sns/topicPolicy:TopicPolicy": [
        (
            "sns",
            "SetTopicAttributes",
            lambda given, _: {
                "TopicArn": given["arn"],
                "AttributeName": "Policy",
                "AttributeValue": given["policy"],
            },
        )
    ],
    "aws:sqs/queuePolicy:QueuePolicy": [
        (
            "sqs",
            "SetQueueAttributes",
            lambda given, _: {"QueueUrl": given["queueUrl"], "Attributes": {"Policy": given["policy"]}},
        )
    ],
    "aws:kms/key:Key": [
        (
            "kms",
            "CreateKey",
            lambda given, _: {
                "Policy": given["policy"],
                "Description": given["description"],
                "Tags": pairs(given, "TagKey", "TagValue"),
            },
        )
    ],
    "aws:cloudwatch/logGroup:LogGroup": [
        ("logs", "CreateLogGroup", lambda given, name: {"logGroupName": name, "tags": given["tags"]}),
        (
            "logs",
            "PutRetentionPolicy",
            lambda given, name: {"logGroupName": name, "retentionInDays": int(given["retentionInDays"])},
        ),
    ],
    "aws:iam/role:Role": [
        (
            "iam",
            "CreateRole",
            lambda given, name: {
                "RoleName": name,
                "AssumeRolePolicyDocument": given["assumeRolePolicy"],
                "Tags": pairs(given),
            },
        )
    ],
    ROLE_POLICY: [
        (
            "iam",
            "PutRolePolicy",
            lambda given, name: {"RoleName": given["role"], "PolicyName": name, "PolicyDocument": given["policy"]},
        )
    ],
    "aws:lambda/permission:Permission": [
        (
            "lambda",
            "AddPermission",
            lambda given, name: {
                "FunctionName": given["function"],
                "StatementId": name,
                "Action": given["action"],
                "Principal": given["principal"],
                "SourceArn": given["sourceArn"],
            },
        )
    ],
    STACK: [
        (
            "cloudformation",
            "CreateStack",
            lambda given, name: {"StackName": name, "TemplateBody": given["templateBody"], "Tags": pairs(given)},
        )
    ],
    BUCKET: [("s3", "CreateBucket", lambda given, name: {"Bucket": given.get("bucket", name)})],
    BUCKET_POLICY: [
        ("s3", "PutBucketPolicy", lambda given, _: {"Bucket": given["bucket"], "Policy": given["policy"]}),
    ],
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": [("s3", "PutPublicAccessBlock", public_request)],
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": [
        ("s3", "PutBucketEncryption", encryption_request)
    ],
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": [
        ("s3", "PutBucketLifecycleConfiguration", lifecycle_request)
    ],
    EXPORTED: [("bcm-data-exports", "CreateExport", export_request)],
    "aws:glue/catalogDatabase:CatalogDatabase": [
        (
            "glue",
            "CreateDatabase",
            lambda given, _: {
                "DatabaseInput": {"Name": given["name"], "Description": given["description"]},
                "Tags": given["tags"],
            },
        )
    ],
    TABLE: [("glue", "CreateTable", table_request)],
    WORKGROUP: [("athena", "CreateWorkGroup", workgroup_request)],
    "aws:athena/namedQuery:NamedQuery": [
        (
            "athena",
            "CreateNamedQuery",
            lambda given, _: {
                "Name": given["name"],
                "Description": given["description"],
                "Database": given["database"],
                "QueryString": given["query"],
                "WorkGroup": given["workgroup"],
            },
        )
    ],
    "aws:quicksight/dataSource:DataSource": [("quicksight", "CreateDataSource", source_request)],
    DATA_SET: [("quicksight", "CreateDataSet", data_set_request)],
    "aws:quicksight/refreshSchedule:RefreshSchedule": [("quicksight", "CreateRefreshSchedule", refresh_request)],
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": [
        ("lambda", "PutFunctionEventInvokeConfig", invoke_config_request)
    ],
    SCHEDULE: [("scheduler", "CreateSchedule", schedule_request)],
    "aws:dynamodb/table:Table": [
        ("dynamodb", "CreateTable", dynamodb_request),
        (
            "dynamodb",
            "UpdateTimeToLive",
            lambda given, name: {"TableName": name, "TimeToLiveSpecification": capital(given["ttl"])},
        ),
    ],
    IAM_POLICY: [
        (
            "iam",
            "CreatePolicy",
            lambda given, name: {
                "PolicyName": name,
                "PolicyDocument": given["policy"],
                "Description": given["description"],
                "Tags": pairs(given),
            },
        )
    ],
    **{
        type_: [
            (
                "iam",
                f"Attach{kind}Policy",
                lambda given, _, kind=kind: {
                    f"{kind}Name": given[kind.lower()],
                    "PolicyArn": given["policyArn"],
                },
            )
        ]
        for type_, kind in PRINCIPALS.items()
    },
    ORGANIZATION: [
        (
            "organizations",
            "CreatePolicy",
            lambda given, _: {
                **{member: given[member.lower()] for member in ("Name", "Type", "Content", "Description")},
                "Tags": pairs(given),
            },
        )
    ],
    ATTACHMENT: [
        (
            "organizations",
            "AttachPolicy",
            lambda given, _: {"PolicyId": given["policyId"], "TargetId": given["targetId"]},
        )
    ],
}
