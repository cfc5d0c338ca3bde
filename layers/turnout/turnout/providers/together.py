"""Words that have arrived together are told together: a delta costs as much with one word in it as with twenty."""

from collections.abc import Iterable, Iterator

from turnout.core.errors import VendorError
from turnout.core.events import Delta, Done


def together(events: Iterable[Delta | Done]) -> Iterator[Delta | Done]:
    """The same events, those of plain words joined; what came before an error is told before it is raised."""
    held: Delta | None = None
    try:
        for event in events:
            joined = _joined(held, event) if held else None
            if held and not joined:
                yield held
            if not isinstance(event, Delta):
                yield event
            held = joined or (event if isinstance(event, Delta) else None)
    except VendorError:
        if held:
            yield held
        raise
    if held:
        yield held


def _joined(first: Delta, then: Delta | Done) -> Delta | None:
    """Both in one, where nothing is lost by that."""
    if not isinstance(then, Delta) or first.choice != then.choice:
        return None
    if then == Delta(then.choice, then.text) and first == Delta(first.choice, first.text):
        return Delta(first.choice, first.text + then.text)
    if then == Delta(then.choice, reasoning=then.reasoning) and first == Delta(first.choice, reasoning=first.reasoning):
        return Delta(first.choice, reasoning=first.reasoning + then.reasoning)
    return None
