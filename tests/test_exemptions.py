"""exemptions.yaml: who is excused from what, why, until when."""

from datetime import date
from pathlib import Path

import pytest

from costtags.exemptions import Exemptions, beside, load
from costtags.policies import EXEMPTIBLE
from costtags.yamlfile import FileProblems

TODAY = date(2026, 11, 22)
ALLOWED = ", ".join(EXEMPTIBLE)
FIELDS = "resource, policies, tags, owner, reason, expires"
NO_DATE = '6: "expires" must be a date such as 2027-11-22, not'
ENTRY = """- resource: "urn:pulumi:dev::ml::*::legacy-*"
  policies: [required-tags, tag-values]
  tags: [project]
  owner: ml-platform
  reason: being moved
  expires: 2027-01-31
"""


def loaded(folder: Path, text: str, today: date = TODAY) -> Exemptions:
    """Load an exemptions.yaml with this text."""
    path = folder / "exemptions.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, today)


def errors(folder: Path, text: str, today: date = TODAY) -> list[str]:
    """Return "LINE: message" of everything that is wrong with a text."""
    with pytest.raises(FileProblems) as caught:
        loaded(folder, text, today)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_an_entry(tmp_path):
    """Every field is read, with the line of the entry."""
    (entry,) = loaded(tmp_path, "# who\n" + ENTRY).valid
    assert entry.resource == "urn:pulumi:dev::ml::*::legacy-*"
    assert (entry.policies, entry.tags) == (("required-tags", "tag-values"), ("project",))
    assert (entry.owner, entry.reason, entry.expires) == ("ml-platform", "being moved", date(2027, 1, 31))
    assert entry.line == 2


URN = "urn:pulumi:dev::ml::aws:sagemaker/domain:Domain::legacy-1"


@pytest.mark.parametrize(
    ("resource", "policy", "tag", "excused"),
    [
        (URN, "required-tags", "project", True),
        (URN, "tag-values", "project", True),
        (URN, "tag-spelling", "project", False),
        (URN, "required-tags", "environment", False),
        (URN, "required-tags", None, False),
        (URN.replace("dev", "prod"), "required-tags", "project", False),
        (f"x{URN}", "required-tags", "project", False),
    ],
)
def test_what_an_entry_excuses(tmp_path, resource, policy, tag, excused):
    """An entry excuses only its resources, its policies and, where it names tags, those."""
    exemptions = loaded(tmp_path, ENTRY)
    assert (exemptions.excusing(resource, policy, tag) is not None) is excused


def test_without_tags_every_tag_is_excused(tmp_path):
    """An entry without tags excuses findings about any tag and about the whole."""
    exemptions = loaded(tmp_path, ENTRY.replace("  tags: [project]\n", ""))
    assert exemptions.excusing(URN, "required-tags", "anything")
    assert exemptions.excusing(URN, "required-tags", None)


def test_the_first_entry_that_excuses_is_named(tmp_path):
    """Of several entries the first in the file answers; expired ones never do."""
    text = ENTRY.replace("2027-01-31", "2026-11-21") + ENTRY.replace("moved", "kept") + ENTRY
    exemptions = loaded(tmp_path, text)
    assert [entry.line for entry in exemptions.expired] == [1]
    found = exemptions.excusing(URN, "required-tags", "project")
    assert found is not None
    assert (found.line, found.reason) == (7, "being kept")


@pytest.mark.parametrize(("expires", "valid"), [("2026-11-21", 0), ("2026-11-22", 1), ("2027-11-22", 1)])
def test_the_last_day_counts(tmp_path, expires, valid):
    """An entry holds on the day that it names; a year ahead is the most."""
    exemptions = loaded(tmp_path, ENTRY.replace("2027-01-31", expires))
    assert (len(exemptions.valid), len(exemptions.expired)) == (valid, 1 - valid)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_date_in_quotes(tmp_path, quote):
    """A date may be in quotes."""
    assert loaded(tmp_path, ENTRY.replace("2027-01-31", f"{quote}2027-01-31{quote}")).valid


@pytest.mark.parametrize("text", ["", "# none\n", "[]\n", "---\n", "null\n", "\ufeff"])
def test_no_entries(tmp_path, text):
    """An empty file, or an empty list, excuses nothing."""
    assert loaded(tmp_path, text) == Exemptions(str(tmp_path / "exemptions.yaml"))


def test_no_file(tmp_path):
    """A file that is not there excuses nothing."""
    path = beside(tmp_path / "tags.yaml")
    assert path == tmp_path / "exemptions.yaml"
    assert load(path, TODAY) == Exemptions(str(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resource: x\n", ['1: must hold a list of entries, each beginning with "- resource:"']),
        ("none\n", ['1: must hold a list of entries, each beginning with "- resource:"']),
        ("- x\n-\n- [y]\n", [f"{line}: an exemption holds entries: {FIELDS}" for line in (1, 2, 3)]),
        (
            "- {}\n",
            [
                '1: "resource" is missing',
                '1: "owner" is missing',
                '1: "reason" is missing',
                '1: "expires" is missing',
                f'1: "policies" is missing; allowed: {ALLOWED}',
            ],
        ),
        (
            ENTRY.replace("owner", "owners").replace("reason", "why"),
            [
                '1: "owner" is missing',
                '1: "reason" is missing',
                f'4: unknown key "owners"; did you mean "owner"? allowed here: {FIELDS}',
                f'5: unknown key "why"; allowed here: {FIELDS}',
            ],
        ),
        (ENTRY.replace("ml-platform", "''"), ['4: "owner" must be text']),
        (ENTRY.replace("ml-platform", "~"), ['1: "owner" is missing']),
        (ENTRY.replace("being moved", "[x]"), ['5: "reason" must be text']),
        (
            ENTRY.replace("tag-values]", "tag-value, all, default-tags]"),
            [
                f'2: "tag-value" is no policy that can be exempted; did you mean "tag-values"? allowed: {ALLOWED}',
                f'2: "all" is no policy that can be exempted; allowed: {ALLOWED}',
                f'2: "default-tags" is no policy that can be exempted; allowed: {ALLOWED}',
            ],
        ),
        (ENTRY.replace("[required-tags, tag-values]", "required-tags"), ['2: "policies" must be a list of names']),
        (ENTRY.replace("[required-tags, tag-values]", "[]"), ['2: "policies" must be a list of names']),
        (ENTRY.replace("[project]", "['']"), ['3: "tags" must be a list of names']),
        (ENTRY.replace("[project]", "[[a]]"), ['3: "tags" must be a list of names']),
        (
            ENTRY.replace("2027-01-31", "2027-11-23"),
            ['6: "expires" is 2027-11-23, more than a year ahead: the latest is 2027-11-22'],
        ),
        (ENTRY.replace("2027-01-31", "never"), [f'{NO_DATE} "never"']),
        (ENTRY.replace("2027-01-31", "2027-02-30"), [f'{NO_DATE} "2027-02-30"']),
        (ENTRY.replace("01-31", "01-31 10:00"), [f'{NO_DATE} "2027-01-31 10:00"']),
        (ENTRY.replace("2027-01-31", "[]"), ['6: "expires" must be text']),
        (ENTRY.replace("  expires: 2027-01-31\n", ""), ['1: "expires" is missing']),
        (ENTRY + "  owner: me\n", ['7: duplicate key "owner": it is already on line 4']),
    ],
)  # fmt: skip
def test_errors(tmp_path, text, expected):
    """Each error names the field, on its line, and what is allowed."""
    assert errors(tmp_path, text) == expected


def test_all_errors_at_once(tmp_path):
    """Errors of every entry and of the YAML come together, without those that only follow from others."""
    text = ENTRY.replace("2027-01-31", "soon") + "- &x {}\n- *x\n" + ENTRY.replace("project", "''")
    assert errors(tmp_path, text)[:3] == [
        f'{NO_DATE} "soon"',
        '7: "&x" is a YAML anchor: write the value out where it is needed',
        '7: "resource" is missing',
    ]
    assert errors(tmp_path, text)[-2:] == [
        '8: "*x" is a YAML alias: write its value out; text that begins with * goes in quotes',
        '11: "tags" must be a list of names',
    ]


def test_a_leap_day(tmp_path):
    """A year after 29 February is 28 February."""
    today = date(2028, 2, 29)
    assert loaded(tmp_path, ENTRY.replace("2027-01-31", "2029-02-28"), today).valid
    assert errors(tmp_path, ENTRY.replace("2027-01-31", "2029-03-01"), today) == [
        '6: "expires" is 2029-03-01, more than a year ahead: the latest is 2029-02-28'
    ]


def test_a_folder_of_that_name(tmp_path):
    """What is there and cannot be read is an error, not an absence of exemptions."""
    (tmp_path / "exemptions.yaml").mkdir()
    with pytest.raises(FileProblems) as caught:
        load(tmp_path / "exemptions.yaml", TODAY)
    assert str(caught.value) == f"{tmp_path / 'exemptions.yaml'}:1: cannot be read: Is a directory"
