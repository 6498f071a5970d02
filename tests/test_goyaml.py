"""Pulumi's files are read as its CLI reads them; the CLI itself is asked what it makes of each scalar."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from costtags.gate.goyaml import NotConfig, load
from costtags.gate.values import config_text

from .engine import drive

SCALARS = [
    ("plain", "plain"),
    ("010", "8"),
    ("08", "8"),
    ("0x10", "16"),
    ("0o17", "15"),
    ("0b11", "3"),
    ("1_000", "1000"),
    ("+5", "5"),
    ("-0", "0"),
    ("1.10", "1.1"),
    ("1e3", "1000"),
    ("1e21", "1e+21"),
    ("1.5e-7", "1.5e-7"),
    ("1e-10", "1e-10"),
    ("0.000001", "0.000001"),
    ("-0.00000123", "-0.00000123"),
    ("1e20", "100000000000000000000"),
    ("12345678.9", "12345678.9"),
    ("0.1e1", "1"),
    ("18446744073709551616", "18446744073709552000"),
    ("-9223372036854775808", "-9223372036854775808"),
    (".5", "0.5"),
    ("5.", "5"),
    ("null", ""),
    ("No", "No"),
    ("0x_1f", "31"),
    ("1:30", "1:30"),
    ("18446744073709551615", "18446744073709551615"),
    ("True", "true"),
    ("yes", "yes"),
    ("~", ""),
    ('"010"', "010"),
    ("2024-01-01", "2024-01-01 00:00:00 +0000 UTC"),
    ("2024-01-01T10:00:00Z", "2024-01-01 10:00:00 +0000 UTC"),
    ("2024-01-01T10:00:00+02:00", "2024-01-01 10:00:00 +0200 +0200"),
    ("2024-01-01 10:00:00.5", "2024-01-01 10:00:00.5 +0000 UTC"),
    ("2024-99-01", "2024-99-01"),
    ("1.2.3", "1.2.3"),
    ("[1.10, 010, True]", "[1.1,8,true]"),
    ("{a: 1e3, b: [x]}", '{"a":1000,"b":["x"]}'),
]


@pytest.mark.engine
def test_the_cli_reads_the_same(project: Callable[..., Path], engine_environment: dict[str, str]) -> None:
    """`pulumi config` prints the texts of the table."""
    lines = "".join(f"  ml:k{number}: {written}\n" for number, (written, _) in enumerate(SCALARS))
    folder = project("", f"config:\n{lines}")
    drive.select(folder, "dev", engine_environment)
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n{lines}")
    done = drive.run(["config", "--json", "--stack", "dev"], folder, engine_environment)
    printed = {key: entry["value"] for key, entry in json.loads(done.stdout).items()}
    assert printed == {f"ml:k{number}": text for number, (_, text) in enumerate(SCALARS)}


@pytest.mark.parametrize(("written", "text"), SCALARS)
def test_scalars(written: str, text: str) -> None:
    """A config value is the text that the CLI hands to programs."""
    assert config_text(load(f"key: {written}")["key"]) == text


def test_anchors_and_merge_keys() -> None:
    """Aliases and merge keys are followed; own entries win over merged ones."""
    text = "base: &base {a: 1, b: 2}\nmade: {<<: *base, b: 3}\nmany: {<<: [{a: 9}, *base]}\n"
    assert load(text) == {"base": {"a": 1, "b": 2}, "made": {"a": 1, "b": 3}, "many": {"a": 9, "b": 2}}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: .inf\n", 2, ".inf is no value that Pulumi's config can hold"),
        ("a: [\n", 2, "is not YAML: expected the node content, but found '<stream end>'"),
        ("a: &x [*x]\n", 1, "holds an alias of what it stands in"),
    ],
)
def test_what_the_cli_could_not_read_either(text: str, line: int, message: str) -> None:
    """What cannot be read is an error with its line."""
    with pytest.raises(NotConfig) as raised:
        load(text)
    assert (raised.value.line, str(raised.value)) == (line, message)
