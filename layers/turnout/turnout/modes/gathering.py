"""Whole answers to be judged or put together: asked for at once, each within its share of the time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from turnout.core.chat import Chat
from turnout.core.errors import Exhausted, InvalidRequest, TurnoutError, VendorError
from turnout.core.events import Choice, Delta, Done, Events, ModeEvent, Started
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.records import Part
from turnout.modes.asking import Asking
from turnout.modes.side_by_side import side_by_side


@frozen
class Whole:
    """The answer of `model`, the candidate of that number, in the pieces in which it came."""

    number: int
    model: Model
    pieces: tuple[Delta, ...]

    @property
    def text(self) -> str:
        """What it says, or why it will not."""
        choice = Choice()
        for piece in self.pieces:
            choice.add(piece)
        return choice.text or choice.refusal

    def shown(self, because: str) -> Iterator[ModeEvent]:
        """The events by which a client sees it."""
        yield Started(self.model, because=because)
        yield from self.pieces
        yield Done()


@frozen
class Question:
    """One chat for one candidate."""

    number: int
    model: Model
    chat: Chat


@frozen
class Gathered:
    """The answers that are whole, in the order of their numbers, and why the others are not."""

    whole: tuple[Whole, ...]
    causes: tuple[tuple[Model, TurnoutError], ...]


def plain(chat: Chat) -> Chat:
    """The chat as candidates are asked: nobody sees their answers come, so each has to be whole within its share."""
    return replace(chat, stream=False)


def alike(models: Iterable[Model], chat: Chat) -> list[Question]:
    """The same chat for all."""
    return [Question(number, model, chat) for number, model in enumerate(models)]


async def gather(questions: Sequence[Question], ask: Asking, layer: int = 0) -> Gathered:
    """Ask all at once. Raises no TurnoutError: who is late or fails is told among the causes."""
    calls = [_call(question, ask, layer) for question in questions]
    pieces: list[list[Delta]] = [[] for _ in questions]
    causes: dict[int, TurnoutError] = {}
    async with aclosing(side_by_side(calls)) as happenings:
        async for place, happening in happenings:
            match happening:
                case Delta():
                    pieces[place].append(happening)
                case TurnoutError():
                    causes[place] = happening
                case Done():
                    pass
    return Gathered(
        tuple(
            Whole(question.number, question.model, tuple(said))
            for place, (question, said) in enumerate(zip(questions, pieces, strict=True))
            if place not in causes
        ),
        tuple((questions[place].model, error) for place, error in causes.items()),
    )


async def _call(question: Question, ask: Asking, layer: int) -> Events:
    """Begun only when it is read, so that a deadline that is over fails one call and not the gathering."""
    part = Part("candidate", question.number, layer)
    async with aclosing(ask(plain(question.chat), question.model, more=True, part=part)) as events:
        async for event in events:
            yield event


def exhausted(causes: Sequence[tuple[Model, TurnoutError]]) -> TurnoutError:
    """What to raise when all have failed: the causes of all, or that the time was up."""
    vendors = [(model.id, error) for model, error in causes if isinstance(error, VendorError)]
    return Exhausted(vendors) if vendors else causes[0][1]


def check(targets: Sequence[Model], chat: Chat, mode: str, fewest: int, most: int) -> None:
    """Raises InvalidRequest for too few or too many models, and for what cannot be put side by side."""
    if not fewest <= len(targets) <= most:
        wanted = f"{fewest} to {most} models" if most > fewest else "one model"
        raise InvalidRequest(
            f"{mode} takes {wanted} here, and {len(targets)} can take this request. Name more or fewer.",
            param="turnout.models",
        )
    if chat.n != 1:
        raise InvalidRequest(f"Each model gives one answer in {mode}. Leave 'n' out.", param="n")


def check_text(chat: Chat, mode: str) -> None:
    """Raises InvalidRequest where answers could be calls of tools, of which no text can be made."""
    if chat.tools:
        raise InvalidRequest(f"{mode} reads answers, and takes no tools. Leave 'tools' out.", param="tools")
