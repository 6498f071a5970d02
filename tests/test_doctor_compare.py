"""What `costtags doctor` says two policies have in common: by rewriting policies, and by an independent evaluator."""

import copy
import json
import random
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costtags.doctor.compare import compare
from costtags.doctor.rules import NotAPolicy, matches
from costtags.documents.settings import Settings
from costtags.documents.table import BY_NAME, render
from costtags.schema import Schema, load

from .evaluator import Case, Evaluator, request_tags

ROOT = Path(__file__).parents[1]
ACCOUNT = "111122223333"
SETTINGS = Settings(
    break_glass=("arn:aws:iam::*:role/BreakGlass",),
    deployers=("arn:aws:iam::*:role/PulumiDeploy",),
    taggers=("arn:aws:iam::*:role/TagRepair",),
)
SCHEMA = load(ROOT / "tags.yaml")
NAMES = [name for name in BY_NAME if name.startswith(("iam-", "scp-"))]
Policies = list[dict[str, Any]]


def rendered(name: str, schema: Schema = SCHEMA) -> Policies:
    text = _shipped(name) if schema is SCHEMA else json.dumps(render([name], schema, SETTINGS)[0].parts)
    return json.loads(text)  # type: ignore[no-any-return]


@cache
def _shipped(name: str) -> str:
    return json.dumps(render([name], SCHEMA, SETTINGS)[0].parts)


# --- The same, written otherwise --------------------------------------------------------------------------------------


def shuffled(value: Any, chance: random.Random) -> Any:
    """Return JSON with the order of keys and items changed, and single items and lists of one exchanged."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, chance)) for key, item in value.items()]
        chance.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [shuffled(item, chance) for item in value]
        chance.shuffle(items)
        if len(items) == 1 and isinstance(items[0], str) and chance.random() < 0.5:
            return items[0]
        return items
    return value


def recased(statement: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    change = chance.choice([str, str.upper, str.lower])
    made = dict(statement)
    actions = made["Action"]
    made["Action"] = [change(one) for one in ([actions] if isinstance(actions, str) else actions)]
    condition = made.get("Condition", {})
    if condition:
        made["Condition"] = {
            change(operator): {change(key): values for key, values in keys.items()}
            for operator, keys in condition.items()
        }
    return made


def split(statement: dict[str, Any], chance: random.Random) -> list[dict[str, Any]]:
    """Return statements that together decide as one does: split by actions, or by values of which any matches."""
    actions = statement["Action"]
    if isinstance(actions, list) and len(actions) > 1 and chance.random() < 0.6:
        at = chance.randrange(1, len(actions))
        # What stands in both is no matter.
        return [{**statement, "Action": actions[: at + 1]}, {**statement, "Action": actions[at:]}]
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            if operator.lower().startswith("foranyvalue:stringequals") and isinstance(values, list) and len(values) > 1:
                halves = []
                for half in (values[::2], values[1::2]):
                    condition = {**statement["Condition"], operator: {**keys, key: half}}
                    halves.append({**statement, "Sid": "Half", "Condition": condition})
                return halves
    return [statement]


def like(statement: dict[str, Any]) -> dict[str, Any]:
    """Return a statement that says StringLike where StringEquals does the same."""
    condition = {
        operator.replace("StringEquals", "StringLike").replace("StringNotEquals", "StringNotLike")
        if "IgnoreCase" not in operator
        and operator.replace("Equals", "Like") not in statement["Condition"]
        and "*" not in str(keys)
        else operator: keys
        for operator, keys in statement.get("Condition", {}).items()
    }
    return {**statement, "Condition": condition} if condition else statement


def rewritten(policies: Policies, seed: int) -> Policies:
    """Return policies that decide the same, written in another way."""
    chance = random.Random(seed)
    statements = [copy.deepcopy(one) for policy in policies for one in policy["Statement"]]
    for change in (
        lambda one: split(one, chance),
        lambda one: split(one, chance),
        lambda one: [like(one)] if chance.random() < 0.3 else [one],
        lambda one: [recased(one, chance)],
        lambda one: [one, one] if chance.random() < 0.1 else [one],
        lambda one: [{name: part for name, part in one.items() if name != "Sid" or chance.random() < 0.5}],
    ):
        statements = [made for one in statements for made in change(one)]
    chance.shuffle(statements)
    groups: list[list[Any]] = [[] for _ in range(chance.randint(1, 4))]
    for one in statements:
        chance.choice(groups).append(one)
    made = [{"Version": "2012-10-17", "Statement": group} for group in groups if group]
    for policy in made:
        if len(policy["Statement"]) == 1 and chance.random() < 0.5:
            policy["Statement"] = policy["Statement"][0]  # type: ignore[assignment]
    return shuffled(made, chance)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_same_policy_written_otherwise_is_the_same(name: str, seed: int) -> None:
    policies = rendered(name)
    other = rewritten(policies, seed)
    assert compare(other, policies) == []
    assert compare(policies, other) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wider_by_wildcards_that_it_covers_is_the_same(name: str) -> None:
    policies = rendered(name)
    more = {"Effect": "Deny", "Action": "sagemaker:CreateEndpoint*", "Resource": "*"}
    less = {**more, "Action": ["sagemaker:CreateEndpointConfig", "sagemaker:CREATEENDPOINT"], "Sid": "Less"}
    wide = [*policies, {"Version": "2012-10-17", "Statement": [more]}]
    both = [*policies, {"Version": "2012-10-17", "Statement": [less, more]}]
    assert compare(both, wide) == []
    assert compare(wide, policies) != []


# --- Not the same -----------------------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any], random.Random], bool]


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list) else [given]


def drop_action(statement: dict[str, Any], chance: random.Random) -> bool:
    actions = _listed(statement["Action"])
    if len(actions) < 2:
        return False
    actions.remove(chance.choice(actions))
    statement["Action"] = actions
    return True


def change_action(statement: dict[str, Any], chance: random.Random) -> bool:
    actions = _listed(statement["Action"])
    actions[chance.randrange(len(actions))] = "sagemaker:ListModels"
    statement["Action"] = actions
    return True


def change_effect(statement: dict[str, Any], _: random.Random) -> bool:
    statement["Effect"] = "Allow"
    return True


def _values(statement: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    return [(keys, key) for keys in statement.get("Condition", {}).values() for key in keys]


def change_value(statement: dict[str, Any], chance: random.Random) -> bool:
    if not (places := _values(statement)):
        return False
    keys, key = chance.choice(places)
    values = _listed(keys[key])
    at = chance.randrange(len(values))
    others = {"true": "false", "false": "true"}
    values[at] = others.get(values[at], f"{values[at]}-other")
    keys[key] = values
    return True


def drop_value(statement: dict[str, Any], chance: random.Random) -> bool:
    places = [(keys, key) for keys, key in _values(statement) if len(_listed(keys[key])) > 1]
    if not places:
        return False
    keys, key = chance.choice(places)
    gone = chance.choice(keys[key])
    keys[key] = [one for one in keys[key] if one != gone]
    return True


def change_key(statement: dict[str, Any], chance: random.Random) -> bool:
    if not (places := _values(statement)):
        return False
    keys, key = chance.choice(places)
    keys[f"{key}2" if "/" in key else "aws:PrincipalOrgID"] = keys.pop(key)
    return True


def drop_condition(statement: dict[str, Any], chance: random.Random) -> bool:
    if not statement.get("Condition"):
        return False
    del statement["Condition"][chance.choice(list(statement["Condition"]))]
    return True


def except_someone(statement: dict[str, Any], _: random.Random) -> bool:
    excepted = statement.setdefault("Condition", {}).setdefault("ArnNotLike", {})
    excepted["aws:PrincipalArn"] = [*_listed(excepted.get("aws:PrincipalArn", [])), "arn:aws:iam::*:role/Scientist"]
    return True


CHANGES: list[Change] = [
    drop_action,
    change_action,
    change_effect,
    change_value,
    drop_value,
    change_key,
    drop_condition,
    except_someone,
]


def mutated(policies: Policies, change: Change, seed: int) -> Policies | None:
    chance = random.Random(seed)
    made = copy.deepcopy(policies)
    statements = [one for policy in made for one in policy["Statement"]]
    return made if change(chance.choice(statements), chance) and made != policies else None


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.__name__))
@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32))
def test_any_change_is_a_difference(change: Change, name: str, seed: int) -> None:
    policies = rendered(name)
    other = mutated(policies, change, seed)
    if other is not None:
        assert compare(other, policies)
        assert compare(policies, other)
        assert compare(rewritten(other, seed), policies)


PEOPLE = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("Scientist", "TagRepair")]
RIGHT = {"cost-center": "ML-Sales", "environment": "dev", "project": "churn", "team": "ml-core"}
OLD = {**RIGHT, "environment": "prod", "project": "other", "cost-center": "ML-Research"}
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
KINDS = {"CreateEndpoint": "endpoint"}


def cases() -> list[Case]:
    """A family of requests in which every part of the rendered statements tells."""
    tagged = [RIGHT, {}, *({k: v for k, v in RIGHT.items() if k != key} for key in RIGHT)]
    for tag in SCHEMA.tags.values():
        values = [*tag.exact_values, "", f"{tag.key}-other", "dev-other", "ml-zz"]
        tagged += [{**RIGHT, tag.key: value} for value in values]
        tagged += [{**RIGHT, spelling: "x"} for spelling in tag.misspellings]
        tagged.append({key.upper() if key == tag.key else key: value for key, value in RIGHT.items()})
    made = []
    for action, kind in KINDS.items():
        arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{kind}/one"
        made += [Case(f"sagemaker:{action}", arn, request_tags(tags)) for tags in tagged]
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/one"
    shown = {f"aws:ResourceTag/{key}": value for key, value in OLD.items()}
    for tags in [*tagged, {"environment": "dev"}, {"team": "data-platform"}]:
        made.append(Case("sagemaker:AddTags", arn, {**request_tags(tags), **shown}))
        made.append(Case("sagemaker:DeleteTags", arn, {"aws:TagKeys": list(tags)} if tags else {}))
    made.append(Case("sagemaker:AddTags", arn, {**request_tags(RIGHT), "sagemaker:TaggingAction": "CreateEndpoint"}))
    return made


def test_where_the_evaluator_decides_otherwise_there_is_a_difference(evaluator: Evaluator) -> None:
    """And where there is none, it decides the same: on mutated and rewritten policies."""
    asked = cases()

    def decisions(policies: Policies) -> list[Any]:
        return [
            decision.allowed
            for person in PEOPLE
            for decision in evaluator.decide([ALLOW_ALL, *policies], None, asked, person)
        ]

    shown = 0
    for name in ("iam-require-tags", "iam-protect-tags", "iam-deny-new-spend"):
        policies = rendered(name)
        before = decisions(policies)
        for seed in range(2):
            assert decisions(rewritten(policies, seed)) == before
            for change in CHANGES:
                other = mutated(policies, change, seed)
                if other is None:
                    continue
                differs = decisions(other) != before
                shown += differs
                assert bool(compare(other, policies)) or not differs, (name, change.__name__, seed)
    assert shown > 10


# --- In words ---------------------------------------------------------------------------------------------------------


def changed(name: str, old: str, new: str) -> list[str]:
    """Return what is said where the deployed policies have a text that differs."""
    there = json.loads(json.dumps(rendered(name)).replace(old, new))
    return [str(one) for one in compare(there, rendered(name))]


def test_a_value_that_came_and_one_that_went() -> None:
    assert changed("scp-require-tags", '"ML-Research"', '"ML-Ops"') == [
        "value ML-Ops of cost-center is still allowed there (sagemaker:AddTags and 16 more actions)",
        "value ML-Research of cost-center is not allowed there yet (sagemaker:AddTags and 16 more actions)",
    ]


def test_a_principal_is_not_excepted() -> None:
    assert changed("scp-protect-tags", "role/TagRepair", "role/Old") == [
        "principal arn:aws:iam::*:role/Old is excepted there, and no more here "
        "(sagemaker:AddTags, sagemaker:DeleteTags, sagemaker:UpdateProject)",
        "principal arn:aws:iam::*:role/TagRepair is not excepted there yet "
        "(sagemaker:AddTags, sagemaker:DeleteTags, sagemaker:UpdateProject)",
    ]


def test_an_action_is_missing() -> None:
    assert changed("iam-deny-new-spend", '"sagemaker:CreateCluster", ', "") == [
        "what tags.yaml has denied by statement NoNewSpend is not denied there (sagemaker:CreateCluster)"
    ]


def test_a_required_key_and_a_misspelling() -> None:
    there = rendered("scp-require-tags")
    statements = there[0]["Statement"]
    there[0]["Statement"] = [one for one in statements if one["Sid"] != "RequireProject"]
    misspelt = next(one for one in statements if one["Sid"] == "Misspelt")
    misspelt["Condition"]["ForAnyValue:StringEquals"]["aws:TagKeys"].remove("CostCode")
    assert [str(one) for one in compare(there, rendered("scp-require-tags"))] == [
        "key CostCode is not denied there yet (sagemaker:AddTags and 16 more actions)",
        'tag "project" is not required there yet (sagemaker:CreateCluster and 15 more actions)',
    ]


def test_braces_and_percents_in_a_deployed_policy_are_text() -> None:
    statement = {
        "Effect": "Deny",
        "Action": "sagemaker:{0}%s",
        "Resource": "*",
        "Condition": {"StringNotLike": {"aws:RequestTag/{x}%s": ["{value}", "${aws:nothing}"]}},
    }
    (said,) = compare([{"Version": "2012-10-17", "Statement": statement}], [])
    assert str(said) == (
        "there is denied what tags.yaml does not say: where stringnotlike aws:requesttag/{x}%s "
        "${aws:nothing}, {value} (sagemaker:{0}%s)"
    )


@pytest.mark.parametrize("policy", [{}, {"Statement": "x"}, {"Statement": [1]}, {"Statement": None}])
def test_what_is_no_policy(policy: dict[str, Any]) -> None:
    with pytest.raises(NotAPolicy, match="list of statements"):
        compare([policy], [])


_PATTERNS = st.text(alphabet="ab*?", max_size=6)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wide=_PATTERNS, narrow=_PATTERNS, text=st.text(alphabet="ab", max_size=6))
def test_a_pattern_that_covers_another_matches_all_that_it_matches(wide: str, narrow: str, text: str) -> None:
    if matches(wide, narrow) and matches(narrow, text):
        assert matches(wide, text)


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not matches("*a" * 500 + "b", "a" * 5000)


def test_variables_stand_for_themselves_in_the_older_language() -> None:
    new = rendered("iam-protect-tags")
    old: list[Mapping[str, Any]] = [{**policy, "Version": "2008-10-17"} for policy in new]
    assert compare(old, new) != []


def test_a_star_is_no_wildcard_to_string_equals() -> None:
    def policy(operator: str, value: str) -> dict[str, Any]:
        condition = {operator: {"aws:RequestTag/team": value}}
        statement = {"Effect": "Deny", "Action": "sagemaker:AddTags", "Resource": "*", "Condition": condition}
        return {"Version": "2012-10-17", "Statement": [statement]}

    assert compare([policy("StringEquals", "ml-*")], [policy("StringLike", "ml-*")]) != []
    assert compare([policy("StringEquals", "ml-*")], [policy("StringLike", "ml-${*}")]) == []
    assert compare([policy("StringEquals", "ml")], [policy("StringLike", "ml")]) == []
    assert compare([policy("StringEquals", "ml")], [policy("StringEqualsIgnoreCase", "ml")]) != []
