"""How the pointer to the policy may move: recommended → canary → active → superseded, or rolled back."""

from collections.abc import Mapping
from dataclasses import replace

from turnout.core.errors import Conflict, InvalidRequest
from turnout.core.frozen import frozen
from turnout.core.policies import Listed, Pointer, State

REMEMBERED = 20
"""How many versions that were active are kept in the pointer, to go back to."""

FROM: Mapping[State, frozenset[State]] = {
    "recommended": frozenset(),
    "canary": frozenset({"recommended", "superseded", "rolled_back"}),
    "active": frozenset({"recommended", "canary", "superseded"}),
    "superseded": frozenset({"canary", "active"}),
    "rolled_back": frozenset({"canary", "active"}),
}
"""From which states a version may get into each. What was rolled back has to be a canary again first."""


@frozen
class Move:
    """The pointer as it will be, and the states that versions enter with it."""

    pointer: Pointer
    states: Mapping[str, State]


def activated(pointer: Pointer, listed: Listed, now: float) -> Move:
    """`listed` decides for all. Raises Conflict when its state does not allow it."""
    _check(listed, "active")
    left = [version for version in (pointer.active, pointer.canary) if version not in {"", listed.version}]
    after = Pointer(
        active=listed.version,
        active_since=now,
        before=(*pointer.before, pointer.active)[-REMEMBERED:],
        revision=pointer.revision + 1,
    )
    return Move(after, {**dict.fromkeys(left, "superseded"), listed.version: "active"})


def canaried(pointer: Pointer, listed: Listed, share: float, now: float) -> Move:
    """`listed` decides for a share of the sessions. Raises Conflict, and InvalidRequest for a share that is none."""
    if not 0 < share < 1:
        raise InvalidRequest("The share of a canary must be above 0 and below 1, such as 0.1.", param="share")
    if pointer.canary:
        raise Conflict(
            f"{pointer.canary} is a canary already, and there is one at a time. Activate it or roll it back first."
        )
    _check(listed, "canary")
    after = replace(pointer, canary=listed.version, canary_since=now, share=share, revision=pointer.revision + 1)
    return Move(after, {listed.version: "canary"})


def rolled_back(pointer: Pointer, now: float) -> Move:
    """The canary is taken back, else the active version. Raises Conflict when there is neither."""
    after = replace(pointer, canary="", canary_since=0.0, share=0.0, revision=pointer.revision + 1)
    if pointer.canary:
        return Move(after, {pointer.canary: "rolled_back"})
    if not pointer.active:
        raise Conflict("There is nothing to roll back: no version is a canary or active.")
    *before, last = [version for version in pointer.before if version != pointer.active] or [""]
    after = replace(after, active=last, active_since=now, before=tuple(before))
    return Move(after, {pointer.active: "rolled_back", **({last: "active"} if last else {})})


def _check(listed: Listed, state: State) -> None:
    if listed.state not in FROM[state]:
        raise Conflict(
            f"{listed.version} is {_WORDS[listed.state]}, so it cannot become {_WORDS[state]}.{_help(listed)}"
        )


def _help(listed: Listed) -> str:
    return " Try it as a canary first." if listed.state == "rolled_back" else ""


_WORDS: Mapping[State, str] = {
    "recommended": "recommended",
    "canary": "a canary",
    "active": "active",
    "superseded": "superseded",
    "rolled_back": "rolled back",
}
