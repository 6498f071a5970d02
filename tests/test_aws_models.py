"""The helper that judges requests: what botocore's own validator passes and AWS would not."""

import re
import warnings
from typing import Any

import botocore.session
import pytest

from .aws_models import problems, python_pattern, validate

SERVICES = [
    "athena",
    "bcm-data-exports",
    "budgets",
    "ce",
    "cloudformation",
    "events",
    "glue",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "quicksight",
    "s3",
    "sagemaker",
    "scheduler",
    "sns",
    "sqs",
]
NAME = r"^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$"


def budget(**changes: Any) -> dict[str, Any]:
    made = {"BudgetName": "a", "TimeUnit": "MONTHLY", "BudgetType": "COST", **changes}
    return {"AccountId": "123456789012", "Budget": made}


def test_a_right_request() -> None:
    """A request that AWS takes has no problems."""
    validate("budgets", "CreateBudget", budget(BudgetLimit={"Amount": "10.5", "Unit": "USD"}))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            budget(TimeUnit="WEEKLY"),
            "Budget.TimeUnit: 'WEEKLY' is not one of DAILY, MONTHLY, QUARTERLY, ANNUALLY, CUSTOM",
        ),
        (budget(BudgetLimit={"Amount": "1e3", "Unit": "USD"}), r"does not match ([0-9]*\.)?[0-9]+"),
        (budget(BudgetName="a/action/b"), "'a/action/b' does not match"),
        (budget(BudgetName="a<SCRIPT></Script>"), "'a<SCRIPT></Script>' does not match"),
        (budget(BudgetName="a" * 101), "Budget.BudgetName: 101 is more than 100"),
        (budget(BudgetName=""), "Invalid length for parameter Budget.BudgetName, value: 0, valid min length: 1"),
        (budget(Metrics=["Hours", "BlendedCost"]), "Budget.Metrics: 2 is more than 1"),
        (budget(Nonsense=1), 'Unknown parameter in Budget: "Nonsense"'),
        ({"AccountId": "123456789012"}, 'Missing required parameter in input: "Budget"'),
        ({**budget(), "AccountId": "12345678901x"}, r"AccountId: '12345678901x' does not match \d{12}"),
        (
            {**budget(), "ResourceTags": [{"Key": "k", "Value": "v" * 257}]},
            "ResourceTags[0].Value: 257 is more than 256",
        ),
    ],
)
def test_problems(body: dict[str, Any], problem: str) -> None:
    """Each kind of problem is found, with its place."""
    assert problem in "\n".join(problems("budgets", "CreateBudget", body))
    with pytest.raises(AssertionError, match=r"^budgets CreateBudget:\n"):
        validate("budgets", "CreateBudget", body)


def test_maps_and_tokens() -> None:
    """Keys and values of maps are judged; what botocore fills in by itself may be left out."""
    assert problems("cloudformation", "ListExports", {}) == []
    tags = {"Name": "n", "Tags": [{"Key": "\U0001f600", "Value": "v"}]}
    said = problems(
        "ce",
        "CreateAnomalyMonitor",
        {"AnomalyMonitor": {"MonitorName": "m", "MonitorType": "CUSTOM"}, "ResourceTags": tags["Tags"]},
    )
    assert len(said) == 1
    assert said[0].startswith("ResourceTags[0].Key: ")
    assert problems("sns", "CreateTopic", {"Name": "t", "Attributes": {"KmsMasterKeyId": "k"}}) == []


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        (NAME, ["ml-all"], ["x/action/", "<script></SCRIPT>", "a:b"]),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", ["Größe 1", "日本"], ["a!", "\U0001f600"]),
        (r"[\w-_]*", ["a-_"], ["ä", "a b"]),
        (r"\P{C}*", ["ab"], ["a\x00"]),
        (r"(?i)ab|c", ["AB", "C"], ["AC"]),
        (r"x(a(?i)b|c)d", ["xaBd", "xCd"], ["xABd", "xaBD"]),
        (r"\Aab\z", ["ab"], ["ab\n"]),
        (r"[ -\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["a\U0001f600"], ["\x01"]),
        (r"[^/][^\p{Cc}]*", ["ab"], ["/", "a\x01"]),
        (r"[\p{Alnum}\-]+", ["a-1"], ["_"]),
        (r"^(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$)|(\d{12})", ["ou-abcd-12345678", "1" * 12], ["1" * 13]),
    ],
)
def test_patterns(pattern: str, right: list[str], wrong: list[str]) -> None:
    """Java's patterns mean in Python what they mean to AWS."""
    compiled = re.compile(python_pattern(pattern), re.ASCII)
    assert [text for text in right if not compiled.fullmatch(text)] == []
    assert [text for text in wrong if compiled.fullmatch(text)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_compiles(service: str) -> None:
    """Each pattern of the services that this project uses can be judged."""
    model = botocore.session.get_session().get_service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        for pattern in patterns:
            re.compile(python_pattern(pattern), re.ASCII)
