"""The strategies of blend: how the answers come about that a synthesizer reads, and what it is told to do with them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from turnout.core.chat import Chat, Options
from turnout.core.errors import TurnoutError
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.modes import prompts
from turnout.modes.asking import Asking
from turnout.modes.gathering import Question, Whole, alike, gather

REVIEW = 4000
"""Tokens that a review may take, whatever the client's limit: it is not what the client reads."""


@dataclass(slots=True)
class Table:
    """One blend under way: what is asked of whom, the `causes` of those who failed, and how many were `heard`."""

    targets: tuple[Model, ...]
    chat: Chat
    ask: Asking
    options: Options
    causes: list[tuple[Model, TurnoutError]] = field(default_factory=list[tuple[Model, TurnoutError]])
    heard: int = 0

    async def gather(self, questions: Sequence[Question], layer: int = 0) -> tuple[Whole, ...]:
        """The whole answers."""
        gathered = await gather(questions, self.ask, layer)
        self.causes += gathered.causes
        self.heard += len(gathered.whole)
        return gathered.whole


@frozen
class Material:
    """What a synthesizer gets: answers, and the reviews of them if there are any."""

    answers: tuple[Whole, ...]
    reviews: tuple[Whole, ...] = ()

    def quoted(self) -> str:
        """As text."""
        found = (("answer", self.answers), ("review", self.reviews))
        told = (prompts.quoted(tag, numbered(texts)) for tag, texts in found if texts)
        return "\n\n".join(told)


type Candidates = Callable[[Table], Awaitable[Material]]


@frozen
class Strategy:
    """`prompt` is the synthesizer's. Of targets there may be `fewest` to `most`."""

    candidates: Candidates
    prompt: str
    fewest: int = 2
    most: int = 9


async def at_once(table: Table) -> Material:
    """Each answers the chat by itself."""
    return Material(await table.gather(alike(table.targets, table.chat)))


async def reviewed(table: Table) -> Material:
    """Each answers, then each reviews all answers."""
    first = await at_once(table)
    if len(first.answers) < 2:
        return first
    chat = replace(reading(table.chat, prompts.REVIEW, first.answers), response_format="text", max_tokens=REVIEW)
    return Material(first.answers, await table.gather(alike(table.targets, chat), layer=1))


async def layered(table: Table) -> Material:
    """Each answers; in each further layer, each answers again with all answers of the layer before at hand."""
    answers = (await at_once(table)).answers
    for layer in range(1, table.options.layers):
        if len(answers) < 2:
            break
        chat = reading(table.chat, prompts.MIXTURE, answers)
        answers = await table.gather(alike(table.targets, chat), layer) or answers
    return Material(answers)


async def sampled(table: Table) -> Material:
    """One model answers several times; a seed of the client's is moved on, or it would say the same each time."""
    chat, seed = table.chat, table.chat.seed
    chats = [replace(chat, seed=None if seed is None else seed + number) for number in range(table.options.samples)]
    return Material(await table.gather([Question(at, table.targets[0], one) for at, one in enumerate(chats)]))


async def chained(table: Table) -> Material:
    """One after the other, each with the draft of the one before; who fails is passed over."""
    draft: tuple[Whole, ...] = ()
    for number, model in enumerate(table.targets):
        chat = reading(table.chat, prompts.CHAIN, draft) if draft else table.chat
        draft = await table.gather([Question(number, model, chat)]) or draft
    return Material(draft)


def reading(chat: Chat, prompt: str, answers: Sequence[Whole]) -> Chat:
    """The chat for somebody who has the answers at hand."""
    return prompts.instructed(chat, prompt, prompts.quoted("answer", numbered(answers)))


def numbered(answers: Sequence[Whole]) -> list[tuple[str, str]]:
    """Without the names of the models: what is said counts."""
    return [(str(place), answer.text) for place, answer in enumerate(answers, start=1)]


STRATEGIES: Mapping[str, Strategy] = {
    "consensus": Strategy(at_once, prompts.CONSENSUS),
    "council": Strategy(reviewed, prompts.COUNCIL),
    "best_of": Strategy(at_once, prompts.BEST_OF),
    "chain": Strategy(chained, prompts.CHAIN),
    "moa": Strategy(layered, prompts.MIXTURE),  # mixture of agents: https://arxiv.org/abs/2406.04692
    "self_moa": Strategy(sampled, prompts.MIXTURE, fewest=1, most=1),  # https://arxiv.org/abs/2502.00674
}
DEFAULT = "consensus"
