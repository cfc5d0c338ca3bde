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
    if not (isinstance(then, Delta) and first.choice == then.choice and _only_words(first) and _only_words(then)):
        return None
    if first.text and then.text:
        return Delta(first.choice, first.text + then.text)
    if first.reasoning and then.reasoning:
        return Delta(first.choice, reasoning=first.reasoning + then.reasoning)
    return None


def _only_words(delta: Delta) -> bool:
    """Text or reasoning, and nothing else; where one has both, their order is the vendor's to tell."""
    rest = delta.refusal or delta.tool or delta.logprobs is not None or delta.finish
    return bool(delta.text) != bool(delta.reasoning) and not rest
