"""Amounts by month -> charts as SVG to stand in a page: no script, no style of their own, text as text.

Drawn by pygal; colours and fonts come from the page, so that it can be light, dark or on paper.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    import pygal

_WIDTH, _HEIGHT = 860, 300
_LABELS = 14  # more months than this, and not each has its name under it
_NEEDLESS = ("style", "script", "defs", "title")
_NAMESPACE = "{http://www.w3.org/2000/svg}"

Lines = Sequence[tuple[str, str, Sequence[float | None]]]
"""Name, CSS class and a number for each month; None leaves a gap."""


def bars(name: str, title: str, said: str, months: Sequence[str], lines: Lines, unit: str) -> str:
    """Draw a bar for each month, of parts on top of each other. ``said`` is the chart in words."""
    import pygal

    chart = pygal.StackedBar(**_settings(months), spacing=30, margin_bottom=10)
    return _drawn(chart, name, title, said, months, lines, lambda value: f"{value:,.2f} {unit}")


def shares(name: str, title: str, said: str, months: Sequence[str], lines: Lines) -> str:
    """Draw a line for each of several shares, from 0 to 1, over the months."""
    import pygal

    within = all(value is None or 0 <= value <= 1 for *_, line in lines for value in line)
    whole = {"range": (0, 1)} if within else {}
    chart = pygal.Line(**_settings(months), **whole, dots_size=4, margin_bottom=10, margin_right=30)
    return _drawn(chart, name, title, said, months, lines, lambda value: f"{value:.1%}", axis=lambda v: f"{v:.0%}")


def _settings(months: Sequence[str]) -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "js": [],
        "show_legend": False,
        "max_scale": 6,
        "margin": 4,
        "margin_top": 10,
        "x_labels_major_every": -(-len(months) // _LABELS),
        "show_minor_x_labels": False,
    }


def _drawn(
    chart: "pygal.Graph",
    name: str,
    title: str,
    said: str,
    months: Sequence[str],
    lines: Lines,
    exact: Callable[[float], str],
    axis: Callable[[float], str] = lambda value: f"{value:,.0f}",
) -> str:
    chart.x_labels = list(months)
    chart.value_formatter = axis
    for _, _, numbers in lines:
        # Labels are put on afterwards: pygal would cut them.
        chart.add("", [None if number is None else {"value": number, "formatter": exact} for number in numbers])
    # Read anew: pygal's own tree is one of lxml where that is installed.
    root = ElementTree.fromstring(chart.render())
    for element in root.iter():
        element.tag = element.tag.removeprefix(_NAMESPACE)
    _clean(root)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    root.attrib.pop("id", None)
    for tag, text in (("desc", said), ("title", title)):
        element = ElementTree.Element(tag, {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(0, element)
    classes = {f"serie-{at}": (label, css) for at, (label, css, _) in enumerate(lines)}
    for group in root.iter():
        names = set((group.get("class") or "").split())
        for serie in names & classes.keys():
            label, css = classes[serie]
            group.set("class", f"series {css}")
            _name_marks(group, label)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _clean(root: ElementTree.Element) -> None:
    """Take out what only pygal's own script and style need."""
    for parent in list(root.iter()):
        for child in list(parent):
            css = child.get("class") or ""
            if child.tag in _NEEDLESS or css.endswith(("text-overlay", "tooltip-overlay")) or css == "titles":
                parent.remove(child)


def _name_marks(group: ElementTree.Element, label: str) -> None:
    """Give each bar or dot a title, which a browser shows where the pointer is: value, month, amount."""
    for mark in group.iter("g"):
        told = {child.get("class"): child.text or "" for child in mark if child.tag == "desc"}
        for child in [child for child in mark if child.tag == "desc"]:
            mark.remove(child)
        if "value" in told:
            title = ElementTree.Element("title")
            title.text = f"{label}, {told.get('x_label', '')}: {told['value']}"
            mark.insert(0, title)
