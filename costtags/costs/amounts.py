"""Layout -> the SQL of a line's costs: as charged, and amortised by the rule for its line type."""

from costtags.costs.layout import Layout

# Ten decimals, as AWS bills: doubles would not add up to the cent, and more decimals would be a double's noise.
AMOUNT = "DECIMAL(38, 10)"

_SAVINGS_PLAN_COST = "savings_plan_{net}savings_plan_effective_cost"
_RESERVATION_COST = "reservation_{net}effective_cost"
_NET = (
    "line_item_net_unblended_cost",
    "savings_plan_net_savings_plan_effective_cost",
    "reservation_net_effective_cost",
)
_UNUSED = (
    "reservation_{net}unused_amortized_upfront_fee_for_billing_period",
    "reservation_{net}unused_recurring_fee",
)


def amount(layout: Layout, column: str) -> str:
    """Return a column's amount as a decimal; NULL where the bill has no such column."""
    return f"CAST({column if layout.has(column) else 'NULL'} AS {AMOUNT})"


def _zero_or(layout: Layout, column: str) -> str:
    """An amount that counts as nothing where it is not there."""
    return f"COALESCE({amount(layout, column)}, 0)" if layout.has(column) else f"CAST(0 AS {AMOUNT})"


def amortised(layout: Layout, net: str) -> str:
    """Return a line's amortised cost: the rule for each line type, as AWS's own dashboards have it.

    ``net`` is "" or "net_": after discounts, NULL where the bill has no net columns.

    https://docs.aws.amazon.com/cur/latest/userguide/cur-sp.html: the negation offsets the on-demand cost of what a plan
    covers, so both are replaced by the effective cost; of a plan's fee only the part that covered nothing is left, and
    what was paid upfront is in the effective costs already. Reservations are alike (amortized-reservation.html).
    """
    if net and not layout.has_net:
        return f"CAST(NULL AS {AMOUNT})"
    cost = amount(layout, f"line_item_{net}unblended_cost")
    unused_plan = (
        f"{_zero_or(layout, 'savings_plan_total_commitment_to_date')}"
        f" - {_zero_or(layout, 'savings_plan_used_commitment')}"
    )
    if net:  # There is no net commitment to date: the unused share of the net fees is taken.
        unused_plan = _net_unused_plan(layout, unused_plan)
    unused_reservation = " + ".join(_zero_or(layout, name.format(net=net)) for name in _UNUSED)
    rules = {
        # Without its effective cost such a line has none: it is told, and does not count as free.
        "SavingsPlanCoveredUsage": amount(layout, _SAVINGS_PLAN_COST.format(net=net)),
        "SavingsPlanRecurringFee": unused_plan,
        "SavingsPlanNegation": "0",
        "SavingsPlanUpfrontFee": "0",
        "DiscountedUsage": amount(layout, _RESERVATION_COST.format(net=net)),
        "RIFee": unused_reservation,
    }
    cases = " ".join(f"WHEN '{line_type}' THEN {rule}" for line_type, rule in rules.items())
    reserved = "reservation_reservation_a_r_n"
    # A fee with a reservation is what was paid upfront for it. NULL and '' both mean: none.
    fee = f"CASE WHEN {reserved} <> '' THEN 0 ELSE {cost} END" if layout.has(reserved) else cost
    by_type = f"CASE line_item_line_item_type {cases} WHEN 'Fee' THEN {fee} ELSE {cost} END"
    if not net:
        return by_type
    # CUR 2.0 has the net columns in any case, and leaves them empty where an account has no discounts.
    known = [name for name in _NET if layout.has(name)]
    return f"CASE WHEN {' AND '.join(f'{name} IS NULL' for name in known)} THEN NULL ELSE {by_type} END"


def _net_unused_plan(layout: Layout, unused: str) -> str:
    upfront, recurring = (
        "savings_plan_{}amortized_upfront_commitment_for_billing_period",
        "savings_plan_{}recurring_commitment_for_billing_period",
    )
    full = " + ".join(_zero_or(layout, name.format("")) for name in (upfront, recurring))
    net = " + ".join(_zero_or(layout, name.format("net_")) for name in (upfront, recurring))
    # Share by share in doubles: a decimal's division keeps too few digits in Trino.
    share = f"CAST({net} AS DOUBLE) / NULLIF(CAST({full} AS DOUBLE), 0)"
    return f"CAST(CAST({unused} AS DOUBLE) * COALESCE({share}, 1) AS {AMOUNT})"
