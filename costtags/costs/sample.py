"""Schema + seed -> a plausible bill whose totals are known by construction, for tests, the demo and the benchmark.

A bill is made of cells: lines that share everything but their time, with whole amounts that are spread over them. The
totals are added up from the cells, never read back. ``sample_files`` writes them in AWS's layouts.
"""

import random
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from costtags.costs.layout import column_name
from costtags.schema import Schema, Tag

MICRO = 1_000_000  # amounts are drawn in millionths of the currency
PAYER, ACCOUNTS = "111122223333", ("111122223333", "444455556666", "777788889999")
REGION = "us-east-1"
PLAN = f"arn:aws:savingsplans::{PAYER}:savingsplan/1c5f2a9e-sample"
RESERVATION = f"arn:aws:ec2:{REGION}:{PAYER}:reserved-instances/7b1d-sample"
SAGEMAKER, PLANS = "AmazonSageMaker", "MachineLearningSavingsPlans"

# Usage type -> the group that it must come out as, what its ids look like, its share of the spend.
_USAGE: Mapping[str, tuple[str, str, str, float]] = {
    "USE1-Host:ml.g5.2xlarge": ("Hosting", "RunInstance", "endpoint/search", 30),
    "USE1-Train:ml.p4d.24xlarge": ("Training", "RunInstance", "training-job/nightly", 28),
    "USE1-TrSpt:ml.g5.12xlarge": ("Training (spot)", "RunInstance", "training-job/sweep", 7),
    "USE1-TrainWarmPool:ml.g5.xlarge": ("Training (warm pools)", "RunInstance", "training-job/warm", 2),
    "USE1-Studio:KernelGateway-ml.t3.medium": ("Studio", "RunInstance", "app/d-1/ana/KernelGateway/a", 9),
    "USE1-Studio:JupyterLab-ml.g4dn.xlarge": ("Studio", "RunInstance", "app/d-1/ben/JupyterLab/default", 6),
    "USE1-RStudio:RStudioServerPro-ml.t3.large": ("RStudio", "RunInstance", "app/d-1/cem/RStudioServerPro/default", 2),
    "USE1-Notebk:ml.t3.xlarge": ("Notebook instances", "RunInstance", "notebook-instance/scratch", 5),
    "USE1-Processing:ml.m5.4xlarge": ("Processing", "RunInstance", "processing-job/features", 6),
    "USE1-Tsform:ml.c5.4xlarge": ("Batch transform", "RunInstance", "transform-job/score", 3),
    "USE1-Cluster:ml.p5.48xlarge": ("HyperPod", "RunInstance", "cluster/frontier", 9),
    "USE1-Canvas:Session-Hrs": ("Canvas", "Canvas", "app/d-1/dia/Canvas/default", 2),
    "USE1-Host:VolumeUsage.gp3": ("Hosting", "CreateVolume", "endpoint/search", 1),
    "USE1-Data-Bytes-Out": ("Hosting (data)", "InvokeEndpoint", "endpoint/search", 1),
    "USE1-MLflow-TrackingServer:Small": ("MLflow", "RunInstance", "mlflow-tracking-server/runs", 1),
    "USE1-FeatureStore:WriteRequestUnits": ("Other", "PutRecord", "feature-group/clicks", 1),
}
_STUDIO = ("USE1-Studio", "USE1-RStudio", "USE1-Canvas")
_NAMES = ("churn", "forecast", "ranking", "fraud", "vision", "platform")
_HOSTILE = ("=1+1", "@SUM(A1:A9)", "<b>team</b>", 'a "quoted", value', "日本チーム")


@dataclass(frozen=True)
class Cell:
    """Lines that differ only in their time. Amounts are in millionths, of all the lines together.

    ``hours`` are when they begin, counted from the month's first: negative ones lie in the month before. ``amortised``
    is what AWS's rules must give; ``plan_...`` and ``reserved_...`` are the columns that they are worked out from.
    """

    month: str
    account: str
    product: str
    usage_type: str | None
    group: str
    operation: str | None
    line_type: str
    part: str
    resource: str | None
    tags: Mapping[str, str] | None
    unblended: int
    amortised: int
    lines: int = 1
    hours: tuple[int, int] = (0, 1)
    currency: str = "USD"
    plan: str | None = None
    plan_cost: int = 0
    plan_total: int = 0
    plan_used: int = 0
    reservation: str | None = None
    reserved_cost: int = 0
    reserved_unused_upfront: int = 0
    reserved_unused_recurring: int = 0

    def value(self, key: str) -> str | None:
        """Return a tag's value as AWS's normalised columns show it: keys that collide are one, the first counts."""
        name = column_name(key)
        same = (value for other, value in sorted((self.tags or {}).items()) if column_name(other) == name and value)
        return next(same, None)


By = Callable[[Cell], Hashable]


def totals(
    cells: Sequence[Cell], *by: By, measure: str = "amortised", part: str | None = "sagemaker"
) -> dict[tuple[Hashable, ...], Decimal]:
    """Add up a bill's cells by what the functions return; ``part`` None takes the whole bill."""
    sums: dict[tuple[Hashable, ...], int] = defaultdict(int)
    for cell in cells:
        if part is None or cell.part == part:
            sums[tuple(field(cell) for field in by)] += getattr(cell, measure)
    return {group: Decimal(amount) / MICRO for group, amount in sums.items()}


def sample_cells(
    schema: Schema, months: Sequence[str], *, lines: int = 5000, seed: int = 1, last_day: int | None = None
) -> list[Cell]:
    """Return a bill's cells: ``lines`` lines in all, or as few as show every case once. The same for the same input.

    ``last_day`` is where the last month ends so far; without it, it is a whole one.
    """
    drawn = random.Random(seed)
    cells: list[Cell] = []
    resources = max(2, min(1200, lines // 400 // max(1, len(months)) // len(_USAGE)))
    for at, month in enumerate(months):
        growth = 1 + 0.15 * at
        end = 24 * (last_day if last_day and month == months[-1] else monthrange(*map(int, month.split("-")))[1])
        for usage_type, (group, operation, base, share) in _USAGE.items():
            for number in range(resources):
                amount = int(drawn.uniform(0.4, 1.6) * share * 400 * growth / resources * MICRO)
                tags = _tags(schema, drawn, number + at, usage_type)
                cell = Cell(
                    month=month,
                    account=ACCOUNTS[number % len(ACCOUNTS)],
                    product=SAGEMAKER,
                    usage_type=usage_type,
                    group=group,
                    operation=operation,
                    line_type="Usage",
                    part="sagemaker",
                    resource=f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[number % len(ACCOUNTS)]}:{base}-{number}",
                    tags=tags,
                    unblended=amount,
                    amortised=amount,
                    hours=(0, end),
                )
                cells += _split(cell, number, usage_type)
        cells += _special(month, drawn, cells)
    cells = _with_lines(cells, lines)
    drawn.shuffle(cells)
    return cells


def _split(cell: Cell, number: int, usage_type: str) -> Iterator[Cell]:
    """A resource's lines; some are covered by a Savings Plan, and some resources gained their tags in mid-month."""
    end = cell.hours[1]
    middle = max(24, end // 24 // 3 * 24)
    if usage_type.startswith(("USE1-Host:ml", "USE1-Notebk")) and number % 2 == 0:
        effective = cell.unblended * 64 // 100
        yield replace(cell, line_type="SavingsPlanCoveredUsage", amortised=effective, plan=PLAN, plan_cost=effective)
        # AWS groups negations by plan and usage type: they have neither resource nor tags.
        yield replace(
            cell,
            line_type="SavingsPlanNegation",
            resource=None,
            tags=None,
            unblended=-cell.unblended,
            amortised=0,
            plan=PLAN,
        )
    elif number % 5 == 1:
        before = cell.unblended * 3 // 10
        yield replace(cell, tags=None, unblended=before, amortised=before, hours=(0, middle))
        after = cell.unblended - before
        yield replace(cell, unblended=after, amortised=after, hours=(middle, end))
    elif number % 7 == 3:  # the month's bill holds usage that began in the month before
        yield replace(cell, hours=(-24, end - 24))
    else:
        yield cell


def _special(month: str, drawn: random.Random, cells: Sequence[Cell]) -> Iterator[Cell]:
    """What a bill holds besides usage: discounts, credits, refunds, plan fees, tax, support, other products."""
    usage = next(cell for cell in cells if cell.month == month and cell.line_type == "Usage" and cell.tags)

    def cell(
        line_type: str, amount: float, part: str = "sagemaker", product: str = SAGEMAKER, **changed: object
    ) -> Cell:
        units = int(amount * drawn.uniform(0.8, 1.2) * MICRO)
        plain: dict[str, object] = {
            "line_type": line_type,
            "part": part,
            "product": product,
            "unblended": units,
            "amortised": units,
            "account": PAYER,
            "resource": None,
            "tags": None,
        }
        return replace(usage, **(plain | changed))  # type: ignore[arg-type]

    yield cell("EdpDiscount", -40, resource=usage.resource, tags=usage.tags)
    yield cell("Credit", -120, usage_type=usage.usage_type)
    yield cell("Credit", -15, resource=usage.resource, tags=usage.tags)
    yield cell("Refund", -30, resource=usage.resource, tags=usage.tags)
    yield cell("Tax", 700, "tax", usage_type=None, group="Other", operation=None)
    yield cell("Usage", 900, "other", "AmazonS3", usage_type="TimedStorage-ByteHrs", group="Other", tags=usage.tags)

    used = sum(one.plan_cost for one in cells if one.month == month and one.line_type == "SavingsPlanCoveredUsage")
    unused, upfront = 35 * MICRO, 90 * MICRO  # the upfront payment's share of the month
    plan = {"usage_type": "MachineLearningSP:1yrPartialUpfront", "group": "Other", "operation": None, "plan": PLAN}
    fee = used + unused - upfront
    yield replace(
        cell("SavingsPlanRecurringFee", 0, "commitment", PLANS, **plan),
        unblended=fee,
        amortised=unused,
        plan_total=used + unused,
        plan_used=used,
    )
    yield cell("SavingsPlanUpfrontFee", 1080, "commitment", PLANS, **plan, amortised=0)

    yield cell("Fee", 150, "support", "AWSSupportBusiness", usage_type="Dollar", group="Other", operation=None)
    ec2 = {"usage_type": "BoxUsage:m5.large", "group": "Other", "reservation": RESERVATION}
    discounted = cell("DiscountedUsage", 60, "other", "AmazonEC2", **ec2)
    yield replace(discounted, unblended=0, reserved_cost=discounted.amortised)
    yield replace(
        cell("RIFee", 44, "other", "AmazonEC2", **ec2),
        amortised=5 * MICRO,
        reserved_unused_upfront=2 * MICRO,
        reserved_unused_recurring=3 * MICRO,
    )
    yield cell("Fee", 365, "other", "AmazonEC2", **ec2, amortised=0)
    for number in range(40):
        yield cell(
            "Usage", 50, "other", "AmazonEC2", usage_type="BoxUsage:m5.large", group="Other", resource=f"i-{number:08x}"
        )


def _tags(schema: Schema, drawn: random.Random, number: int, usage_type: str) -> dict[str, str] | None:
    """Tags of a resource: mostly right, some missing, wrong, misspelt, many, empty, or none at all."""
    if drawn.random() < 0.12:
        return None if drawn.random() < 0.5 else {}
    tags = {
        tag.key: _value(tag, drawn) for tag in schema.tags.values() if drawn.random() < (0.93 if tag.required else 0.6)
    }
    kind = drawn.randrange(20)
    first = next(iter(schema.tags.values()))
    if kind == 0 and tags:
        tags[drawn.choice(sorted(tags))] = ""
    elif kind == 1 and tags:
        tags[drawn.choice(sorted(tags))] = drawn.choice(_HOSTILE)
    elif kind == 2:
        tags |= {f"extra-{extra:02d}": f"value {extra}" for extra in range(1, 51 - len(tags))}
    elif kind == 3 and first.key in tags:  # AWS's columns cannot tell this key from the right one
        tags[first.key.replace("-", "_").upper().replace("_", "__").lower()] = tags.pop(first.key)
    elif kind == 4 and first.meaning:
        tags[first.key] = drawn.choice(sorted(first.meaning))
    if usage_type.startswith(_STUDIO):
        user = _NAMES[number % len(_NAMES)]
        domain = f"arn:aws:sagemaker:{REGION}:{PAYER}:domain/d-1"
        tags |= {
            "sagemaker:domain-arn": domain,
            "sagemaker:user-profile-arn": f"{domain.replace(':domain/', ':user-profile/')}/{user}",
        }
    return tags


def _value(tag: Tag, drawn: random.Random) -> str:
    """A value of a tag that is mostly right, else one of its known wrong values."""
    if tag.meaning and drawn.random() < 0.04:
        return drawn.choice(sorted(tag.meaning))
    values = [value.replace("*", drawn.choice(_NAMES)) for value in tag.values or _NAMES]
    allowed = [value for value in values if tag.allows(value)]
    return drawn.choice(allowed or [tag.default or "sample"])


def _with_lines(cells: Sequence[Cell], lines: int) -> list[Cell]:
    """Spread the lines over the cells that are usage; each cell has at least one."""
    many = [cell.line_type in ("Usage", "SavingsPlanCoveredUsage", "SavingsPlanNegation") for cell in cells]
    left = max(0, lines - len(cells))
    each, more = divmod(left, sum(many))
    spread = []
    for cell, is_usage in zip(cells, many, strict=True):
        extra = each + (1 if more > 0 else 0) if is_usage else 0
        more -= is_usage
        spread.append(replace(cell, lines=1 + extra))
    return spread
