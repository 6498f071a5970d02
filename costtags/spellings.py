"""The ways in which people usually spell a tag key: what a document must list that cannot compare loosely."""

from collections.abc import Callable, Iterator

from costtags.suggest import folded
from costtags.tagtext import impossible_key

_SEPARATORS = "-_ "


def variants(key: str) -> tuple[str, ...]:
    """Return the usual spellings of a key other than its own: cost-center -> CostCenter, cost_center, COST-CENTER ...

    The same ones in the same order each time; only what AWS accepts as a key and ``Schema.meant_key`` recognises.
    """
    words = list(_words(key))
    spelled = [
        *(separator.join(map(case, words)) for separator in ("", *_SEPARATORS) for case in _CASES),
        "".join([*map(str.lower, words[:1]), *map(_title, words[1:])]),  # camelCase
    ]
    meant = folded(key)
    usable = (one for one in spelled if one != key and folded(one) == meant and not any(impossible_key(one)))
    return tuple(dict.fromkeys(usable))


def _title(word: str) -> str:
    return word[:1].upper() + word[1:].lower()


_CASES: tuple[Callable[[str], str], ...] = (_title, str.lower, str.upper)


def _words(key: str) -> Iterator[str]:
    """Split a key at separators, and where a capital begins a word: costCenter, MLProject."""
    word = ""
    for before, letter, after in zip(f" {key}", key, f"{key[1:]} ", strict=False):
        begins = letter.isupper() and (before.islower() or before.isdigit() or (before.isupper() and after.islower()))
        if (begins or letter in _SEPARATORS) and word:
            yield word
            word = ""
        word += letter.strip(_SEPARATORS)
    if word:
        yield word
