"""YAML text as plain data with lines, and what our files may not hold."""

import io
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from costtags.yamlfile import MAX_BYTES, MAX_DEPTH, FileProblems, Plain, Problem, as_date, parse, quoted, read, scan


def problems(text: str) -> list[str]:
    """Return "LINE: message" of everything that is wrong with a text."""
    with pytest.raises(FileProblems) as caught:
        parse(text, "f.yaml")
    assert all(problem.file == "f.yaml" for problem in caught.value.problems)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_data_and_lines():
    """Every entry and list item knows its line, and an entry that is not there that of what is around it."""
    document = parse("a: x\nb:\n  - y\n  - z: [p,\n      q]\n", "f.yaml")
    assert document.data == {"a": "x", "b": ["y", {"z": ["p", "q"]}]}
    assert document.line(("a",)) == 1
    assert document.line(("b",)) == 2
    assert document.line(("b", 0)) == 3
    assert document.line(("b", 1, "z", 1)) == 5
    assert document.line(("b", 1, "nope", "deeper")) == 4
    assert document.line(("nope",)) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no", "a boolean to some YAML readers"),
        ("ON", "a boolean to some YAML readers"),
        ("y", "a boolean to some YAML readers"),
        ("true", "a boolean to YAML"),
        ("12", "a number to YAML"),
        ("-1.5e-3", "a number to YAML"),
        ("0x1F", "a number to YAML"),
        (".inf", "a number to YAML"),
        ("12:30:15", "a number to some YAML readers"),
        ("2024-01-31", "a date to YAML"),
        ("2024-01-31T10:00:00Z", "a date to YAML"),
        ("~", "nothing"),
        ("null", "nothing"),
        ("", "nothing"),
    ],
)
def test_what_yaml_takes_for_no_text(text, kind):
    """An unquoted scalar keeps its letters and says what YAML takes it for; in quotes it is text."""
    document = parse(f"a: {text}\nb: '{text}'\n{text or '~'}: c\n", "f.yaml")
    assert (document.data["a"], document.data["a"].kind) == (text, kind)
    assert type(document.data["b"]) is str
    key = list(document.data)[2]
    assert isinstance(key, Plain)


@pytest.mark.parametrize("text", ["nope", "1a", "a1", "2024-W01", "1.2.3", "yes please", "v1", "-", "=", "0xg"])
def test_what_is_text_without_quotes(text):
    """Words that only begin like a number or a date are text."""
    assert type(parse(f"a: {text}" if text != "-" else "a: '-'", "f.yaml").data["a"]) is str


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ['2: duplicate key "a": it is already on line 1']),
        ("a: {b: 1,\n  b: 2}\n", ['2: duplicate key "b": it is already on line 1']),
        ("a: &x 1\n", ['1: "&x" is a YAML anchor: write the value out where it is needed']),
        ("a: *x\n", ['1: "*x" is a YAML alias: write its value out; text that begins with * goes in quotes']),
        ("a: {<<: {b: c}}\n", ['1: "<<" is a YAML merge key: write the entries out']),
        ("a: !!int 1\n", ['1: the explicit type "!!int" is not read here: remove it; text goes in quotes']),
        ("a: !strange b\n", ['1: the explicit type "!strange" is not read here: remove it; text goes in quotes']),
        ("? [a]\n: b\n", ["1: a key must be text"]),
        ("a: b\n---\nc: d\n", ["2: a second document starts here: only one is read"]),
        ("\ta: b\n", ["1: has a tab where YAML wants spaces: put spaces in its place"]),
        ("a: [*]\n", ["1: is not YAML: * begins an alias; text that begins with it goes in quotes"]),
        ("a: b: c\n", [
            "1: is not YAML: mapping values are not allowed here: check the indentation; "
            "text that holds a colon and a space goes in quotes"
        ]),
        ("a:\n  b: c\n   d: e\n", [
            "3: is not YAML: mapping values are not allowed here: check the indentation; "
            "text that holds a colon and a space goes in quotes"
        ]),
        ("a:\n   b: [c]\n  d: e\n", [
            "3: is not YAML: expected <block end>, but found '<block mapping start>': check the indentation"
        ]),
        ("a: %b\n", [
            "1: is not YAML: found character '%' that cannot start any token: text that begins with it goes in quotes"
        ]),
        ('a: b\nc: "\\d"\n', [
            "2: is not YAML: found unknown escape character 'd': write \\\\ for a backslash, or use single quotes"
        ]),
        ("a: b\nc: \x07\n", ["2: holds the control character U+0007: remove it, or save the file as UTF-8"]),
        ('a: b\nc: "\\U00110000"\n', ["2: is not YAML: chr() arg not in range(0x110000)"]),
        ("%YAML 1.3\n---\na: b\n", ["1: is not YAML: version minor part can only be 2 or 1, got (1, 3)"]),
        ("a: [b\n", ["2: is not YAML: expected ',' or ']', but got '<stream end>'"]),
    ],
)  # fmt: skip
def test_what_is_refused(text, expected):
    """Each surprise of YAML has its own message, on its line."""
    assert problems(text) == expected


def test_everything_at_once():
    """All faults come together, even with a syntax error after them, in the order of their lines."""
    text = "a: &x 1\na: 2\nb:\n  c: *x\n  c: !foo d\n  <<: {}\ne: [f\n"
    assert problems(text) == [
        '1: "&x" is a YAML anchor: write the value out where it is needed',
        '2: duplicate key "a": it is already on line 1',
        '4: "*x" is a YAML alias: write its value out; text that begins with * goes in quotes',
        '5: duplicate key "c": it is already on line 4',
        '5: the explicit type "!foo" is not read here: remove it; text goes in quotes',
        '6: "<<" is a YAML merge key: write the entries out',
        "8: is not YAML: expected ',' or ']', but got '<stream end>'",
    ]


def test_scan_leaves_faults_to_be_told_later(tmp_path):
    """What can be stepped over is left in the document, with the entries that it hides."""
    path = tmp_path / "f.yaml"
    path.write_text("a: &x {b: c}\nd: {e: *x, f: g}\nh: {<<: *x}\n")
    document = scan(path)
    assert document.data == {"a": {"b": "c"}, "d": {"e": None, "f": "g"}, "h": {}}
    assert [problem.line for problem in document.faults] == [1, 2, 3, 3]
    assert document.is_hidden(("d", "e"))
    assert document.is_hidden(("d", "e", "deeper"))
    assert document.is_hidden(("h", "anything"))
    assert not document.is_hidden(("d", "f"))
    with pytest.raises(FileProblems):
        read(path)


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbfa: b\n", b"a: b\r\n", b"a: b\r", b"a: b"])
def test_marks_and_line_ends_are_accepted(tmp_path, raw):
    """A byte order mark, CRLF, CR and a missing last line end change nothing."""
    path = tmp_path / "f.yaml"
    path.write_bytes(raw)
    assert read(path).data == {"a": "b"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a: b\n".encode("utf-16"), "1: is not UTF-8 text: save it as UTF-8"),
        ("a: b\n".encode("utf-16-le"), "1: holds the control character U+0000: remove it, or save the file as UTF-8"),
        ("a: b\nc: ü\n".encode("latin-1"), "2: is not UTF-8 text: save it as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "1: is larger than 1 MB: is it the right file?"),
    ],
)
def test_files_that_are_no_text_of_ours(tmp_path, raw, expected):
    """Other encodings and overlarge files are refused with the line and what to do."""
    path = tmp_path / "f.yaml"
    path.write_bytes(raw)
    with pytest.raises(FileProblems) as caught:
        read(path)
    assert str(caught.value) == f"{path}:{expected}"


@pytest.mark.parametrize(("name", "reason"), [("nope.yaml", "No such file or directory"), (".", "Is a directory")])
def test_files_that_cannot_be_read(tmp_path, name, reason):
    """What the system says about a file is passed on."""
    with pytest.raises(FileProblems) as caught:
        read(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}:1: cannot be read: {reason}"


def test_depth_is_limited():
    """Nesting is read to a depth that no file of ours has, and refused beyond, long before Python's own limit."""
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json.dumps(parse(deep, "f.yaml").data) == deep
    assert problems(f"[{deep}]") == [f"1: is nested more than {MAX_DEPTH} levels deep"]
    assert problems("[" * 100_000) == [f"1: is nested more than {MAX_DEPTH} levels deep"]
    assert problems("a: &x\n" + "".join(" " * i + "a:\n" for i in range(1, 1000))) == [
        '1: "&x" is a YAML anchor: write the value out where it is needed',
        f"{MAX_DEPTH + 1}: is nested more than {MAX_DEPTH} levels deep",
    ]


def test_problems_are_sorted_by_line_and_told_once():
    """Problems of one line keep the order in which they were found; the same one is said once."""
    made = [
        Problem("b", 2, "z"),
        Problem("b", 10, "y"),
        Problem("b", 2, "a"),
        Problem("a", 9, "x"),
        Problem("b", 2, "z"),
    ]
    assert str(FileProblems(made)) == "a:9: x\nb:2: z\nb:2: a\nb:10: y"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ("a\nb\x1b[31m", r'"a\u000ab\u001b[31m"'),
        ("zero\u200bwidth \u202eright-to-left", r'"zero\u200bwidth \u202eright-to-left"'),
        ("\ud800", r'"\ud800"'),
        ("Zürich 東京 😀", '"Zürich 東京 😀"'),
        ("x" * 61, '"' + "x" * 60 + '..."'),
    ],
)
def test_quoted(text, shown):
    """Text of a file cannot act on the terminal that shows a message, nor fill it."""
    assert quoted(text) == shown


@pytest.mark.parametrize("text", ["2027-1-31", "20270131", "2027-02-30", "2027-W01-1", "２０２７-01-31", "soon", ""])
def test_as_date_of_no_date(text):
    """Only YYYY-MM-DD of a day that exists is a date."""
    assert as_date(text) is None


def test_as_date():
    """A day of the calendar is read."""
    assert as_date("2028-02-29") == date(2028, 2, 29)


PIECES = st.sampled_from(
    ["a", "b: ", "- ", "? ", ": ", "[", "]", "{", "}", ", ", "&x ", "*x", "!!str ", "!t ", "| ", ">\n", "|2-\n", "'",
     '"', '"\\x41"', '"\\U00110000"', "%YAML 1.3\n", "%TAG ! t:a\n", "---\n", "...\n", "\n", "\n  ", "<<: ", "\t", "#",
     "!<", "\\", "~", "\ufeff", "\x85", "\u2028", "\x00", "\ud800", "😀", "1", "no"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_is_read_or_refused(text):
    """Whatever the text, the only exception is FileProblems, and each problem is of a line of the text."""
    found: list[Problem] = []
    try:
        parse(text, "f.yaml")
    except FileProblems as error:
        found = error.problems or [Problem("f.yaml", 0, "no reason")]
    lines = len(text.splitlines()) + 1
    assert all(1 <= problem.line <= lines and "\n" not in problem.message for problem in found)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
DATA = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def dumped(data: object) -> str:
    """Write data as block YAML with every scalar in quotes."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_style = '"'
    yaml.default_flow_style = False
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


@settings(max_examples=200, deadline=None)
@given(DATA)
def test_quoted_scalars_are_read_as_other_readers_do(data):
    """Where every scalar is quoted, the data are those of ruamel.yaml's safe loader."""
    text = dumped(data)
    assert parse(text, "f.yaml").data == YAML(typ="safe", pure=True).load(text) == data


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | TEXTS.map(json.dumps), max_size=15).map("".join))
def test_accepted_text_is_read_as_other_readers_do(text):
    """What is accepted and holds only text is read as ruamel.yaml's safe loader reads it."""
    try:
        data = parse(text, "f.yaml").data
    except FileProblems:
        return
    if data is not None and not any(isinstance(leaf, Plain) for leaf in leaves(data)):
        assert data == YAML(typ="safe", pure=True).load(text)


def leaves(data: object) -> list[object]:
    """Return the scalars and keys of data."""
    if isinstance(data, dict):
        return [leaf for key, value in data.items() for leaf in [key, *leaves(value)]]
    if isinstance(data, list):
        return [leaf for item in data for leaf in leaves(item)]
    return [data]


def test_read_takes_a_path(tmp_path: Path):
    """The file of a problem is the path as it was given."""
    path = tmp_path / "f.yaml"
    path.write_text("a: b")
    assert read(path).file == str(path)
