"""Running SQL on Athena: against moto, and against a stand-in."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from costtags.costs import athena
from costtags.costs.athena import Column, QueryFailed, literal, price, quoted, quoted_table, run, size_text

from .stand_in import Body, Call, Fault, StandIn, serving

ID = "8c2a4d3e-0000-4000-8000-000000000001"


THROTTLED = Fault("TooManyRequestsException", "Rate exceeded")
REFUSED = Fault("InvalidRequestException", "no such workgroup")


@dataclass
class Service(StandIn):
    """Athena: what its queries give, and the states that they go through."""

    states: list[str] = field(default_factory=lambda: ["QUEUED", "RUNNING", "SUCCEEDED"])
    reason: str | None = None
    scanned: int = 30 * 2**20
    statement: str = "DML"
    columns: list[tuple[str, str]] = field(default_factory=lambda: [("name", "varchar"), ("cost", "decimal")])
    rows: list[list[str | None]] = field(default_factory=list)
    page: int = 1000
    on_poll: Callable[[], object] = lambda: None
    partitions: list[str] = field(default_factory=list)

    def StartQueryExecution(self, _: Call) -> Body:
        return {"QueryExecutionId": ID}

    def GetQueryExecution(self, _: Call) -> Body:
        self.on_poll()
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        status = {"State": state} | ({"StateChangeReason": self.reason} if self.reason else {})
        scanned = {} if state == "QUEUED" else {"DataScannedInBytes": self.scanned}
        return {"QueryExecution": {"Status": status, "Statistics": scanned, "StatementType": self.statement}}

    def GetQueryResults(self, call: Call) -> Body:
        request = call.body
        assert request["MaxResults"] <= 1000
        header = [[name for name, _ in self.columns]] if self.statement == "DML" else []
        rows = [*header, *self.rows]
        start = int(request.get("NextToken", "0"))
        end = start + min(self.page, request["MaxResults"])
        cells = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows[start:end]]
        columns = [{"Name": name, "Label": name, "Type": type_} for name, type_ in self.columns]
        more = {"NextToken": str(end)} if end < len(rows) else {}
        return {"ResultSet": {"Rows": cells, "ResultSetMetadata": {"ColumnInfo": columns}}, **more}

    def StopQueryExecution(self, _: Call) -> Body:
        return {}

    def GetTableMetadata(self, call: Call) -> Body:
        keys = [{"Name": name, "Type": "string"} for name in self.partitions]
        return {"TableMetadata": {"Name": call.body["TableName"], "PartitionKeys": keys}}


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with serving(made) as made.url:
        yield made


@pytest.fixture
def client(service: Service, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(athena, "_FIRST_WAIT", 0.001)
    session = botocore.session.Session()
    return session.create_client(
        "athena",
        region_name="eu-west-1",
        endpoint_url=service.url,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 3, "mode": "standard"}),
    )


def test_rows_of_all_pages(service: Service, client: Any) -> None:
    service.rows = [["a", "1.50"], [None, ""], ["name", "cost"], *([str(n), None] for n in range(2500))]
    told: list[str] = []
    result = run(
        client, "SELECT ? FROM t", workgroup="w", database="d", parameters=[literal("it's")], progress=told.append
    )
    assert result.columns == (Column("name", "varchar"), Column("cost", "decimal"))
    assert result.rows == [tuple(row) for row in service.rows]
    assert (result.scanned_bytes, result.query_id) == (30 * 2**20, ID)
    assert told[0] == "Athena: queued for 0 s, 0 B scanned"
    assert told[1] == "Athena: running for 0 s, 30.0 MB scanned"
    assert told[-1] == "2,503 rows"
    (start,) = service.asked("StartQueryExecution")
    assert start.pop("ClientRequestToken")
    assert start == {
        "QueryString": "SELECT ? FROM t",
        "WorkGroup": "w",
        "QueryExecutionContext": {"Database": "d"},
        "ExecutionParameters": ["'it''s'"],
    }
    assert service.operations() == ["StartQueryExecution", *["GetQueryExecution"] * 3, *["GetQueryResults"] * 3]


def test_statements_without_a_row_of_names(service: Service, client: Any) -> None:
    service.statement, service.columns, service.rows = "UTILITY", [("tab_name", "string")], [["tab_name"], ["t"]]
    assert run(client, "SHOW TABLES", workgroup="w").rows == [("tab_name",), ("t",)]
    service.statement, service.columns, service.rows = "DDL", [], []
    assert run(client, "DROP TABLE t", workgroup="w").rows == []


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (
            "FAILED",
            "SYNTAX_ERROR: line 1:8:\n Column 'x' cannot be resolved",
            f"query {ID} of Athena failed: SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved "
            "(30.0 MB had been scanned)",
        ),
        ("CANCELLED", None, f"query {ID} of Athena was cancelled: no reason given (30.0 MB had been scanned)"),
    ],
)
def test_failures_in_words(service: Service, client: Any, state: str, reason: str | None, expected: str) -> None:
    service.states, service.reason = ["RUNNING", state], reason
    with pytest.raises(QueryFailed) as error:
        run(client, "SELECT x", workgroup="w")
    assert str(error.value) == expected
    assert "StopQueryExecution" not in service.operations()


def test_throttling_is_waited_for(service: Service, client: Any) -> None:
    service.faults = {
        "StartQueryExecution": [THROTTLED] * 2, "GetQueryResults": [THROTTLED], "GetQueryExecution": [THROTTLED]
    }  # fmt: skip
    service.rows = [["a", "1"]]
    assert run(client, "SELECT 1", workgroup="w").rows == [("a", "1")]


def test_a_refused_start_stops_nothing(service: Service, client: Any) -> None:
    service.faults = {"StartQueryExecution": [REFUSED]}
    with pytest.raises(ClientError, match="no such workgroup"):
        run(client, "SELECT 1", workgroup="w")
    assert service.operations() == ["StartQueryExecution"]


def test_interrupted(service: Service, client: Any) -> None:
    """Ctrl-C stops the query: it would go on to scan, and cost."""
    service.states = ["RUNNING"]
    service.on_poll = lambda: signal.raise_signal(signal.SIGINT) if len(service.calls) > 3 else None
    with pytest.raises(KeyboardInterrupt):
        run(client, "SELECT 1", workgroup="w")
    assert service.operations()[-1] == "StopQueryExecution"
    assert service.asked("StopQueryExecution") == [{"QueryExecutionId": ID}]


def test_interrupted_and_not_stopped(service: Service, client: Any) -> None:
    service.faults = {"StopQueryExecution": [REFUSED], "GetQueryExecution": [REFUSED]}
    with pytest.raises(QueryFailed) as error:
        run(client, "SELECT 1", workgroup="w")
    assert str(error.value) == (
        f"query {ID} of Athena may go on, and cost: AWS refuses StopQueryExecution (InvalidRequestException: no such "
        f"workgroup); aws athena stop-query-execution --query-execution-id {ID}"
    )


@mock_aws
def test_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto gives what a test has queued."""
    from moto.athena.models import QueryResults, athena_backends
    from moto.core import DEFAULT_ACCOUNT_ID

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    backend = athena_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    rows = [{"Data": [{"VarCharValue": "n"}]}, {"Data": [{"VarCharValue": "1"}]}]
    backend.query_results_queue.append(QueryResults(rows=rows, column_info=[{"Name": "n", "Type": "integer"}]))
    client = botocore.session.Session().create_client("athena", region_name="us-east-1")
    result = run(client, "SELECT 1 AS n", workgroup="primary")
    assert (result.columns, result.rows) == ((Column("n", "integer"),), [("1",)])


@pytest.mark.parametrize(
    ("scanned", "expected"),
    [
        (0, "0.0000476837158203125"),
        (10 * 2**20, "0.0000476837158203125"),
        (10 * 2**20 + 1, "0.00005245208740234375"),
        (2**40, "5"),
        (3 * 2**39, "7.5"),
    ],
)
def test_price(scanned: int, expected: str) -> None:
    assert price(scanned, "eu-west-1") == Decimal(expected)
    assert price(scanned, "cn-north-1") is None


def test_sizes() -> None:
    assert [size_text(size) for size in (0, 1023, 1024, 1536 * 2**20, 2**60)] == [
        *("0 B", "1023 B", "1.0 KB", "1.5 GB", "1024.0 PB")
    ]
    assert athena.cost_text(2**40, "us-east-1") == (
        "1.0 TB scanned, 5.0000 USD by the list price of most regions (5 USD/TB)"
    )
    assert athena.cost_text(2**40, "cn-north-1") == "1.0 TB scanned"


@given(st.text(min_size=1, max_size=40))
def test_names_and_texts_stay_what_they_are(text: str) -> None:
    written = literal(text)
    assert written[1:-1].replace("''", "").count("'") == 0
    assert written[1:-1].replace("''", "'") == text
    if text.isprintable():
        assert quoted(text)[1:-1].replace('""', '"') == text
        assert quoted(text)[1:-1].replace('""', "").count('"') == 0
    else:
        with pytest.raises(ValueError, match="is no name"):
            quoted(text)


def test_tables() -> None:
    assert quoted_table('logs.a"b') == '"logs"."a""b"'
    assert quoted_table("cat.logs.trail") == '"cat"."logs"."trail"'
    for wrong in ("trail", "a.b.c.d", "", "a."):
        with pytest.raises(ValueError, match="is no"):
            quoted_table(wrong)
