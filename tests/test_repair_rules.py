"""A rule file -> rules, and every error in it at its line."""

from pathlib import Path

import pytest

from costtags.repair.rules import load
from costtags.schema import Schema
from costtags.schema import load as load_schema
from costtags.yamlfile import FileProblems

from .repairing import TAGS


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Schema:
    monkeypatch.chdir(tmp_path)
    Path("tags.yaml").write_text(TAGS, encoding="utf-8")
    return load_schema(Path("tags.yaml"))


def errors(text: str, schema: Schema) -> list[str]:
    Path("rules.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FileProblems) as caught:
        load(Path("rules.yaml"), "rules.yaml", schema)
    return [str(problem) for problem in caught.value.problems]


def test_every_error_is_told_at_once_at_its_line(schema: Schema) -> None:
    text = """\
- match: {nmae: "x*", type: [endpont, "*-job"]}
  set:
    cost-centre: ML-Sales
    environment: prd
    team:
- match:
    name: []
  sets: {environment: dev}
- inherit: [profil, domain]
  keys: [stage]
- match: {account: 123456789012}
  set: {environment: dev}
  keys: [environment]
- just a text
"""
    assert errors(text, schema) == [
        'rules.yaml:1: "nmae" is not known here; did you mean name? (known: name, arn, type, account, region, tag, '
        "domain, profile, space, parent, role)",
        'rules.yaml:1: no type of SageMaker is called "endpont"; did you mean "endpoint"?',
        'rules.yaml:3: "cost-centre" is no key of tags.yaml; did you mean "cost-center"?',
        'rules.yaml:4: "prd" is not allowed for "environment"; allowed: dev, prod; did you mean "prod"?',
        'rules.yaml:5: "team" needs a value; allowed: ml-*',
        "rules.yaml:6: the rule gives nothing: it needs set or inherit",
        "rules.yaml:7: must be a text, or a list of texts",
        'rules.yaml:8: "sets" is not known here; did you mean set? (known: match, set, inherit, keys)',
        'rules.yaml:9: "profil" is not known here; did you mean profile? (known: automl-job, device-fleet, domain, '
        "endpoint, endpoint-config, experiment, hub, labeling-job, model, model-package-group, monitoring-schedule, "
        "pipeline, profile, space, training-job, tuning-job)",
        'rules.yaml:10: "stage" is not known here (known: cost-center, environment, team)',
        "rules.yaml:13: keys says which keys are inherited: it needs inherit",
        "rules.yaml:14: a rule must be a mapping with match, and set or inherit",
    ]


@pytest.mark.parametrize("text", ["", "rules: []", "x"])
def test_a_file_that_is_no_list_says_what_a_rule_looks_like(text: str, schema: Schema) -> None:
    assert errors(text, schema) == [
        'rules.yaml:1: must be a list of rules, each like "- match: {name: mktg-*}" with "set" or "inherit"'
    ]


def test_a_bare_star_is_told_to_go_in_quotes(schema: Schema) -> None:
    said = errors("- match: {type: *-job}\n  set: {environment: dev}\n", schema)
    assert "goes in quotes" in said[0]
    assert said[0].startswith("rules.yaml:1: ")


def test_a_rule_without_match_is_about_everything(schema: Schema) -> None:
    Path("rules.yaml").write_text("- set: {environment: dev}\n", encoding="utf-8")
    (rule,) = load(Path("rules.yaml"), "rules.yaml", schema)
    assert (rule.tests, rule.values, rule.value_at) == ({}, {"environment": "dev"}, {"environment": "rules.yaml:1"})
