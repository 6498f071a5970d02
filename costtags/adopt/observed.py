"""Tags that resources carry -> a draft: keys and values by use, other spellings grouped under the most used one."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from costtags.adopt.draft import CannotDraft, Draft, Key, Value, count, listed, scalar
from costtags.suggest import folded
from costtags.tagtext import MAX_TAGS, impossible_value, key_problems, value_problems
from costtags.yamlfile import quoted

REQUIRED_FROM = 80
"""The percentage of resources from which on a key counts as required."""
MAX_VALUES = 40
_MAX_ALIASES = 20
_MAX_ALIASED = 900  # YAML's keys have at most 1024 characters, and escapes make them longer
_NEAR = 0.85
_LABEL = {True: "SageMaker resource", False: "resource"}


@dataclass(frozen=True)
class Resource:
    """What one resource carries; the value is None where it is secret or not known.

    ``family`` says what kind of resource it is, in the words of the source.
    """

    tags: Mapping[str, str | None]
    family: str
    sagemaker: bool


def drafted(resources: Sequence[Resource], source: str, head: tuple[str, ...] = ()) -> Draft:
    """Return a draft of what is in use. Raises CannotDraft where no resource carries a tag that can be ruled."""
    sagemaker = any(resource.sagemaker for resource in resources)
    base = frozenset(i for i, resource in enumerate(resources) if resource.sagemaker or not sagemaker)
    groups, left_out = _groups(resources)
    counted = _Counted(base, _LABEL[sagemaker])
    keys: list[Key] = []
    for group in groups:
        made = _key(group, counted)
        if isinstance(made, str):
            left_out.append(made)
        elif len(keys) < MAX_TAGS:
            keys.append(_with_near(made, keys))
        else:
            left_out.append(f"{quoted(made.key)}: AWS allows {MAX_TAGS} tags on a resource, and others are used more")
    if not keys:
        raise CannotDraft("\n".join([f"no tags found that tags.yaml could hold, in {source}", *left_out]))
    note = (
        f"Keys are sorted by how many resources carry them, and required where {REQUIRED_FROM}% of the "
        f"{counted.label}s do. The number behind a value is how many resources have it."
    )
    return Draft(source, tuple(keys), (*head, note), tuple(left_out), _elsewhere(resources, sagemaker=sagemaker))


def _elsewhere(resources: Sequence[Resource], *, sagemaker: bool) -> tuple[str, ...]:
    others = Counter(resource.family for resource in resources if not resource.sagemaker)
    if not others:
        return ()
    shown = [f"{name} ({number})" for name, number in _by_use(others)]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    also = "Seen too" if sagemaker else "No SageMaker resource was seen, but"
    return (f'{also}: {", ".join(shown[:12])}{more}. Add globs such as "aws:s3/*" where the tags are enforced too.',)


def _by_use(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True)
class _Counted:
    """The resources that coverage is counted on."""

    base: frozenset[int]
    label: str

    def required(self, carriers: set[int]) -> bool:
        return bool(self.base) and len(carriers & self.base) * 100 >= REQUIRED_FROM * len(self.base)

    def coverage(self, carriers: set[int]) -> str:
        on, total = len(carriers & self.base), len(self.base)
        # Rounded down: 100% is all of them.
        share = f"{on * 100 // total}%" if on * 100 >= total else "under 1%" if on else "none"
        beyond = len(carriers - self.base)
        more = f", and on {count(beyond, 'other')}" if beyond else ""
        return f"On {share} of {count(total, self.label)}{more}."


@dataclass
class _Group:
    """A key in all its spellings: spelling -> number of the resource -> value."""

    spellings: dict[str, dict[int, str | None]]

    @property
    def carriers(self) -> set[int]:
        """The resources that carry it with a value."""
        return {i for values in self.spellings.values() for i, value in values.items() if value != ""}

    @property
    def by_use(self) -> list[tuple[str, int]]:
        return _by_use({spelling: len(values) for spelling, values in self.spellings.items()})


def _groups(resources: Sequence[Resource]) -> tuple[list[_Group], list[str]]:
    """Group keys that differ in case and separators only, the most used first; say which are no one's to rule."""
    groups: dict[str, _Group] = {}
    aws: set[str] = set()
    private: set[str] = set()
    for i, resource in enumerate(resources):
        for key, value in resource.tags.items():
            if key.lower().startswith(("aws:", "sagemaker:")):
                aws.add(key)
            elif looks_private(key):
                private.add(key)
            else:
                group = groups.setdefault(folded(key), _Group({}))
                group.spellings.setdefault(key, {})[i] = value
    left_out = []
    if aws:
        left_out.append(f"keys of AWS and SageMaker, which always pass: {listed(sorted(aws))}")
    if private:
        left_out.append(f"{count(len(private), 'key')} that may be personal or secret: tags are no place for that")
    ordered = sorted(groups.values(), key=lambda group: (-len(group.carriers), group.by_use[0]))
    return ordered, left_out


def _key(group: _Group, counted: _Counted) -> Key | str:
    """Return the key of a group, or why there can be none."""
    spellings = group.by_use
    key = next((spelling for spelling, _ in spellings if not any(key_problems(spelling))), None)
    if key is None:
        return f"{quoted(spellings[0][0])}: {next(key_problems(spellings[0][0]))}"
    carriers = group.carriers
    if not carriers:
        return f"{quoted(key)}: it has no value wherever it was seen, and an empty one is as good as no tag"
    notes = [counted.coverage(carriers)]
    others = [f"{quoted(spelling)} ({number})" for spelling, number in spellings if spelling != key]
    if others:
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        notes.append(f"Also spelled {', '.join(others[:8])}{more}: recognised anyway.")
    made = Key(key, counted.required(carriers), tuple(notes))
    return _with_values(made, group, len(carriers))


def _with_values(key: Key, group: _Group, carriers: int) -> Key:
    pairs = {(i, value) for values in group.spellings.values() for i, value in values.items()}
    left_out = []
    if empty := sum(value == "" for _, value in pairs):
        left_out.append(f"the empty value of {count(empty, 'resource')}: it is as good as no tag")
    if hidden := sum(value is None for _, value in pairs):
        left_out.append(f"what is secret or not known, on {count(hidden, 'resource')}")
    counts = Counter(value for _, value in pairs if value)
    key = replace(key, left_out=tuple(left_out))
    if any(map(looks_private, counts)):
        reason = "its values, some of which look like e-mail addresses or credentials: neither belongs in a tag"
        return replace(key, left_out=(*key.left_out, reason))
    right, wrong, impossible = _grouped(counts)
    if pattern := _pattern(right, carriers):
        note = f"All of its {len(right)} values seen match the pattern."
        return replace(key, notes=(*key.notes, note), pattern=pattern)
    if len(right) > MAX_VALUES or _identifies(len(right), carriers):
        each = "each once" if len(right) == carriers else "most of them once"
        if len(right) > MAX_VALUES:
            each = "more than a list should hold"
        note = f"Seen: {listed(right, 6)} ({each}). Any is allowed: add values or a pattern if you can."
        return replace(key, notes=(*key.notes, note))
    if impossible:
        key = replace(key, left_out=(*key.left_out, impossible))
    aliases = {value: tuple(seen[:_MAX_ALIASES]) for value, seen in wrong.items() if len(scalar(value)) < _MAX_ALIASED}
    return replace(key, values=tuple(_noted(right)), aliases=aliases)


def _identifies(different: int, carriers: int) -> bool:
    """Say whether a key has about one value a resource, as names have, or was seen too rarely to tell."""
    return different == carriers or (different >= 6 and different * 2 > carriers)


def _grouped(counts: Mapping[str, int]) -> tuple[dict[str, int], dict[str, list[str]], str]:
    """Return the values with their counts, their other spellings, and what is wrong with those that cannot be."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for value, number in _by_use(counts):
        groups.setdefault(_folded_value(value), []).append((value, number))
    right: dict[str, int] = {}
    wrong: dict[str, list[str]] = {}
    impossible: list[str] = []
    reasons: list[str] = []
    for group in groups.values():
        best = next((value for value, _ in group if not any(value_problems(value))), None)
        if best is not None:
            right[best] = sum(number for _, number in group)
        for value, _ in group:
            if best is not None and value != best and not any(impossible_value(value, value)):
                wrong.setdefault(best, []).append(value)
            elif value != best:
                impossible.append(value)
                reasons.append(next(value_problems(value)))
    ordered = dict(_by_use(right))
    said = ""
    if impossible:
        said = f"{listed(impossible)}: {'; '.join(dict.fromkeys(reasons[:8]))}"
    return ordered, {value: wrong[value] for value in ordered if value in wrong}, said


def _folded_value(value: str) -> str:
    """Fold as keys are, but keep digits apart: 1-12 is not 11-2."""
    composed = unicodedata.normalize("NFKC", value).casefold()
    return re.sub(r"[-_\s]+", "", re.sub(r"(?<=\d)[-_\s]+(?=\d)", ".", composed))


def _noted(values: Mapping[str, int]) -> Iterator[Value]:
    for value, number in values.items():
        often = [
            other for other, times in values.items() if times >= 10 * number and not _differ_in_digits(value, other)
        ]
        near = difflib.get_close_matches(value.casefold(), [other.casefold() for other in often], n=1, cutoff=_NEAR)
        meant = next((other for other in often if near and other.casefold() == near[0]), None)
        yield Value(value, f"{number}; {quoted(meant)} misspelt?" if meant else str(number))


def _differ_in_digits(one: str, other: str) -> bool:
    return re.findall(r"\d", one) != re.findall(r"\d", other)


def _with_near(key: Key, before: Iterable[Key]) -> Key:
    """Point out a key that is spelled nearly as one used more; whether it means the same is not ours to say."""
    by_fold = {folded(other.key): other.key for other in before}
    near = difflib.get_close_matches(folded(key.key), list(by_fold), n=1, cutoff=_NEAR)
    if not near or _differ_in_digits(key.key, by_fold[near[0]]):
        return key
    note = f"Near to {quoted(by_fold[near[0]])}: if it means that, list it there under misspellings instead."
    return replace(key, notes=(*key.notes, note))


_CODE = re.compile(r"([A-Za-z]*[-_/]?)([0-9]{2,12})")


def _pattern(values: Mapping[str, int], carriers: int) -> str | None:
    """Return a pattern where it is plain to see: many values, all of them one prefix and as many digits."""
    if len(values) <= MAX_VALUES and not (len(values) >= 20 and _identifies(len(values), carriers)):
        return None
    codes = {(code[1], len(code[2])) if (code := _CODE.fullmatch(value)) else None for value in values}
    if len(codes) != 1 or (only := codes.pop()) is None:
        return None
    prefix, digits = only
    return f"{prefix}[0-9]{{{digits}}}"


_PRIVATE = re.compile(r"[^@\s]@[^@\s]+\.\w|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20}|\bxox[abprs]-")


def looks_private(text: str) -> bool:
    """Say whether a text looks like an e-mail address or a credential: neither is written into a file."""
    return _PRIVATE.search(text) is not None
