"""The usual spellings of a tag key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtags.spellings import variants
from costtags.suggest import folded
from costtags.tagtext import impossible_key


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("environment", ("Environment", "ENVIRONMENT")),
        ("Environment", ("environment", "ENVIRONMENT")),
        (
            "cost-center",
            (
                "CostCenter",
                "costcenter",
                "COSTCENTER",
                "Cost-Center",
                "COST-CENTER",
                "Cost_Center",
                "cost_center",
                "COST_CENTER",
                "Cost Center",
                "cost center",
                "COST CENTER",
                "costCenter",
            ),
        ),
        ("ML", ("Ml", "ml")),
        ("a", ("A",)),
        ("2", ()),
        ("-", ()),
    ],
)
def test_variants(key: str, expected: tuple[str, ...]) -> None:
    """A key has the spellings in other cases and with other separators, in one order, without itself."""
    assert variants(key) == expected


@pytest.mark.parametrize("key", ["costCenter", "CostCenter", "cost_center", "COST CENTER"])
def test_words_are_found(key: str) -> None:
    """Where a key's words begin shows by a separator or by a capital."""
    assert {"cost-center", "CostCenter", "cost_center", "COST CENTER"} - {key} <= set(variants(key))


def test_capitals_in_a_row() -> None:
    """The last of several capitals begins the next word, where a small letter follows."""
    assert "ml-project" in variants("MLProject")


@given(st.text(st.characters(codec="utf-8"), max_size=130))
def test_variants_are_keys(key: str) -> None:
    """Whatever the key, its variants are keys that AWS accepts and that mean it, each once."""
    spelled = variants(key)
    assert len(set(spelled)) == len(spelled)
    assert key not in spelled
    assert all(folded(one) == folded(key) and not list(impossible_key(one)) for one in spelled)
