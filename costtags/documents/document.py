"""Pieces of a document -> its parts as AWS takes them: assembled, minified, within their quota."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Plain = dict[str, Any]
"""A JSON object."""


class DocumentError(Exception):
    """A document cannot be made; ``messages`` says why, each for the person who must act."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))


@dataclass(frozen=True)
class Piece:
    """What must stay together: a statement of a policy, one tag of a tag policy, one budget.

    ``stops`` says whom it stops, or what it does, and why. ``halves`` makes two pieces that together decide as this
    one does; without it the piece cannot be split. ``excepted`` are the principals that it does not stop.
    """

    name: str
    body: Plain
    stops: str
    halves: "Callable[[], tuple[Piece, Piece] | None] | None" = None
    excepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What a builder makes: pieces in order, what is left out or made wider, with the reason, and what words mean."""

    pieces: tuple[Piece, ...]
    left_out: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quota:
    """How large a part may be, in characters of minified JSON, and how many parts can be in force together."""

    size: int
    parts: int
    what: str
    """What has that size, for messages."""
    room: str
    """What takes so many of them, for messages."""


@dataclass(frozen=True)
class Document:
    """A document that is ready to be used: ``parts`` holds one JSON object for each policy it was split over."""

    name: str
    parts: tuple[Plain, ...]
    draft: Draft

    @property
    def texts(self) -> tuple[str, ...]:
        """Each part as minified JSON."""
        return tuple(minified(part) for part in self.parts)

    @property
    def named_texts(self) -> tuple[tuple[str, str], ...]:
        """Each part's name and text: the document's name, and NAME-1, NAME-2 ... where it was split."""
        if len(self.parts) == 1:
            return ((self.name, self.texts[0]),)
        return tuple((f"{self.name}-{number}", text) for number, text in enumerate(self.texts, 1))

    @property
    def named_policies(self) -> tuple[tuple[str, str], ...]:
        """Each part's name and text as a policy of an account: the document's name, and NAME-2, NAME-3 ... for more.

        The first keeps its name where a change of tags.yaml splits the document: the policy is changed, not replaced.
        """
        names = [self.name, *(f"{self.name}-{number}" for number in range(2, len(self.parts) + 1))]
        return tuple(zip(names, self.texts, strict=True))


def minified(part: Plain) -> str:
    """Return JSON without white space; only ASCII, since IAM takes no characters beyond Latin-1.

    AWS stores what it gets and counts all of it:
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    """
    return json.dumps(part, separators=(",", ":"), ensure_ascii=True)


def assembled(name: str, draft: Draft, wrap: Callable[[Sequence[Piece]], Plain], quota: Quota | None) -> Document:
    """Put pieces together in as few parts as their order allows. Raises DocumentError where they cannot fit."""
    if quota is None:
        return Document(name, (wrap(draft.pieces),), draft)
    pieces, too_large = _fitting(draft.pieces, wrap, quota.size)
    if too_large:
        raise DocumentError([_too_large(name, piece, size, quota) for piece, size in too_large])
    groups = _grouped(pieces, wrap, quota.size)
    if len(groups) > quota.parts:
        raise DocumentError(
            [
                f"{name}: needs {len(groups)} policies of at most {quota.size} characters, and {quota.room}; shorten "
                "the lists of values in tags.yaml, require fewer tags, or include fewer actions"
            ]
        )
    return Document(name, tuple(wrap(group) for group in groups), replace(draft, pieces=tuple(pieces)))


def _too_large(name: str, piece: Piece, size: int, quota: Quota) -> str:
    return (
        f"{name}: {piece.name} does not fit: its smallest part has {size} characters, and {quota.what} takes "
        f"{quota.size}; shorten that tag's list of values in tags.yaml (a * in a value stands for many)"
    )


def _fitting(
    pieces: Sequence[Piece], wrap: Callable[[Sequence[Piece]], Plain], limit: int
) -> tuple[list[Piece], list[tuple[Piece, int]]]:
    """Halve what is too large; return what fits, and what cannot with the size of what cannot be halved."""
    fits: list[Piece] = []
    too_large: list[tuple[Piece, int]] = []
    for piece in pieces:
        size = len(minified(wrap([piece])))
        halves = piece.halves() if size > limit and piece.halves else None
        if size <= limit:
            fits.append(piece)
        elif halves is None:
            too_large.append((piece, size))
        else:
            more, worse = _fitting(halves, wrap, limit)
            fits += more
            too_large += [(piece, size) for _, size in worse[:1]]
    return fits, too_large


def _grouped(pieces: Sequence[Piece], wrap: Callable[[Sequence[Piece]], Plain], size: int) -> list[list[Piece]]:
    """Put each piece into the first group that still has room."""
    empty = len(minified(wrap(())))
    groups: list[list[Piece]] = []
    sizes: list[int] = []
    for piece in pieces:
        more = len(minified(wrap([piece]))) - empty + 1  # and the comma
        for index, so_far in enumerate(sizes):
            if so_far + more <= size:
                groups[index].append(piece)
                sizes[index] += more
                break
        else:
            groups.append([piece])
            sizes.append(empty + more - 1)
    return groups or [[]]
