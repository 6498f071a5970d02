"""Column names -> which layout a bill has: what is in it, what it lacks, where a tag key's values stand."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CUR2, LEGACY, MONTHLY = "CUR 2.0", "legacy CUR", "monthly cost allocation report"

# Without these the totals would be wrong.
_REQUIRED = (
    "bill_billing_period_start_date",
    "line_item_usage_start_date",
    "line_item_usage_account_id",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_currency_code",
    "line_item_unblended_cost",
)
# What amortised costs are made of. A legacy CUR has these columns only where there was such a line (its columns follow
# the use of AWS), so there is nothing to count where they are absent; of CUR 2.0 they were left out.
_AMORTISED = (
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "reservation_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "reservation_reservation_a_r_n",
)
_REQUIRED_MONTHLY = (
    "payer_account_id",
    "linked_account_id",
    "record_type",
    "billing_period_start_date",
    "product_code",
    "usage_type",
    "usage_start_date",
    "currency_code",
    "cost_before_tax",
    "tax_amount",
    "total_cost",
)

# A column that marks a layout -> the layout; the first that is there counts.
_MARKS = {
    "line_item_unblended_cost": CUR2,  # or legacy, by its tags
    "line_item_line_item_type": CUR2,
    "cost_before_tax": MONTHLY,
    "billed_cost": "FOCUS",
    "billedcost": "FOCUS",
}
# Columns that a legacy CUR never had.
_ONLY_CUR2 = {"bill_payer_account_name", "line_item_usage_account_name"}
TAG_COLUMNS = ("resource_tags", "tags", "user_", "aws_")
EXPORT = (
    "costtags reads CUR 2.0 (Billing and Cost Management > Data Exports > Standard data export > CUR 2.0, with "
    '"Include resource IDs"), legacy Cost and Usage Reports, and monthly cost allocation reports'
)


class WrongLayout(ValueError):
    """A bill cannot be read as it is; the message says what to export instead."""


@dataclass(frozen=True)
class Layout:
    """What kind of bill it is and which columns it has, by the names that Athena gives them."""

    name: str
    columns: frozenset[str]
    json_tags: bool = False
    """The maps are JSON text, as CSV has them, not maps."""

    def has(self, column: str) -> bool:
        """Say whether a column is there."""
        return column in self.columns

    @property
    def has_amortised(self) -> bool:
        """Say whether amortised costs can be told; the monthly report has only what was charged."""
        return self.name != MONTHLY

    @property
    def has_net(self) -> bool:
        """Say whether costs net of discounts can be told; AWS adds these columns where an account has discounts."""
        return self.has("line_item_net_unblended_cost")

    def needs(self, column: str) -> None:
        """Raise WrongLayout where a column that only some questions need is absent."""
        if self.name == MONTHLY:
            raise WrongLayout(f"a {self.name} has no resource ids; {EXPORT}")
        if not self.has(column):
            raise WrongLayout(_lacks(self.name, [column]))

    @property
    def has_tags(self) -> bool:
        """Say whether there is any tag in it."""
        return any(name.startswith(TAG_COLUMNS) for name in self.columns)


def recognise(columns: Iterable[str], *, json_tags: bool = False) -> Layout:
    """Tell a bill's layout by its columns, named as Athena names them (see ``column_name``).

    Raises WrongLayout, naming every column that is missing and the setting of the export that adds it.
    """
    present = frozenset(columns)
    mark = next((mark for mark in _MARKS if mark in present), None)
    kind = _MARKS[mark] if mark else None
    if kind == "FOCUS":
        raise WrongLayout(f"it is a FOCUS export, whose amounts are defined in another way; {EXPORT}")
    if kind is None:
        shown = ", ".join(sorted(present)[:8])
        raise WrongLayout(f"it is no bill that costtags knows (its columns: {shown}, ...); {EXPORT}")
    maps = {"resource_tags", "tags"} & present
    if kind == CUR2 and not maps and not present & _ONLY_CUR2:
        kind = LEGACY
    missing = [column for column in (_REQUIRED_MONTHLY if kind == MONTHLY else _REQUIRED) if column not in present]
    if kind == CUR2:
        missing += [column for column in _AMORTISED if column not in present]
        missing += [] if maps or any(name.startswith("resource_tags_") for name in present) else ["resource_tags"]
    if missing:
        raise WrongLayout(_lacks(kind, missing))
    return Layout(kind, present, json_tags)


def _lacks(kind: str, missing: list[str]) -> str:
    reasons: dict[str, list[str]] = {}
    for column in missing:
        reasons.setdefault(_SETTINGS.get(column, _ABSENT[kind]), []).append(column)
    parts = [f"{', '.join(names)} ({reason})" for reason, names in reasons.items()]
    return f"a {kind} without columns that are needed: {'; '.join(parts)}"


_ABSENT = {
    CUR2: "select it in the export's query",
    LEGACY: "every such report has it: the file was cut or edited; download it again",
    MONTHLY: "every such report has it: the file was cut or edited; download it again",
}
_SETTINGS = {"line_item_resource_id": 'turn on "Include resource IDs", INCLUDE_RESOURCES, in the export'}

_CAPITAL = re.compile("[A-Z]")
_OTHER = re.compile("[^a-z0-9]+")


def column_name(name: str) -> str:
    """Name a column as AWS does for Athena and Parquet: resourceTags/user:CostCenter -> resource_tags_user_cost_center.

    https://docs.aws.amazon.com/cur/latest/userguide/cur-ate-run.html, "Column names": an underscore before each
    capital, lower case, everything else but letters and digits to underscores, none twice, none at the ends.
    """
    return _OTHER.sub("_", _CAPITAL.sub(r"_\g<0>", name).lower()).strip("_")


def tag_column(key: str) -> str:
    """Name the column of ``bill`` that holds a tag key's values: cost-center -> tag_cost_center."""
    return f"tag_{column_name(key) or 'x'}"


def collisions(keys: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the keys that AWS gives one column, which so show one value: of each line, that of the first one found."""
    by_name: dict[str, list[str]] = {}
    for key in keys:
        by_name.setdefault(tag_column(key), []).append(key)
    return [tuple(sharing) for sharing in by_name.values() if len(sharing) > 1]


def named_as_athena(columns: Iterable[str]) -> Mapping[str, list[str]]:
    """Athena's name -> the columns of a CSV that get it; more than one where tag keys collide."""
    names: dict[str, list[str]] = {}
    for column in columns:
        names.setdefault(column_name(column), []).append(column)
    return names
