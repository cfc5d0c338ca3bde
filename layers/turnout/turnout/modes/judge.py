"""Judge: several models answer, another one says which answer is best, and the client sees that one.

The judge sees the answers without names, in an order drawn by the request's seed: some judges favour a place, or their
own words. A second opinion, by another judge or by the same, is asked in the reverse order.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from random import Random

from turnout.core.chat import Chat, Options, Request
from turnout.core.errors import InvalidRequest, TurnoutError
from turnout.core.events import ModeEvents, collect
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.records import Part
from turnout.core.verdict import Verdict
from turnout.modes import ruling
from turnout.modes.asking import Asking, Terms
from turnout.modes.gathering import Whole, alike, check, check_text, exhausted, gather

FEWEST, MOST = 2, 4
TRIES = 2
"""How often a judge is asked that writes rubbish."""
MOST_JUDGES = 3
"""How many are asked for one opinion, one after the other, before there is none."""


@frozen
class Bench:
    """What an opinion takes: the chat, its answers, the judges in order, and how to ask."""

    chat: Chat
    answers: tuple[Whole, ...]
    criteria: tuple[str, ...]
    judges: tuple[Model, ...]
    ask: Asking

    async def opinion(self, number: int, order: tuple[int, ...]) -> ruling.Opinion | None:
        """Of the first judge that gives one; who writes rubbish is asked once more, then replaced."""
        by_number = {answer.number: answer for answer in self.answers}
        chat = ruling.asked(self.chat, [by_number[one] for one in order], self.criteria)
        for place, model in enumerate(self.judges, start=1):
            for _ in range(TRIES):
                try:
                    text = await self._said(chat, model, Part("verdict", number), more=place < len(self.judges))
                    return ruling.read(text, model.id, order)
                except ValueError:
                    continue
                except TurnoutError:
                    break
        return None

    async def _said(self, chat: Chat, model: Model, part: Part, *, more: bool) -> str:
        async with aclosing(self.ask(chat, model, more=more, part=part)) as events:
            answer = await collect(events)
        return answer.choices[0].text if answer.choices else ""


async def judge(targets: tuple[Model, ...], chat: Chat, ask: Asking, terms: Terms) -> ModeEvents:
    """The verdict, then the best answer. Raises InvalidRequest, or Exhausted when no model has answered.

    Where a single one has, or no judge gives a verdict, an answer is shown without one, and says so.
    """
    check(targets, chat, "judge", FEWEST, MOST)
    check_text(chat, "judge")
    judges = judges_of(targets, terms)
    gathered = await gather(alike(targets, chat), ask)
    if not gathered.whole:
        raise exhausted(gathered.causes)
    best, because = gathered.whole[0], "the only one that answered"
    if len(gathered.whole) > 1:
        bench = Bench(chat, gathered.whole, terms.options.criteria, judges, ask)
        because = "no judge gave a verdict; the first that answered"
        if found := await verdict_of(bench, terms):
            yield found
            best, because = winner_of(found, gathered.whole), _told(found)
    for event in best.shown(because):
        yield event


def judges_of(targets: Sequence[Model], terms: Terms) -> tuple[Model, ...]:
    """Those of the panel that are no contestants. Raises InvalidRequest when the one that was named is."""
    if terms.options.judge and terms.panel and terms.panel[0] in targets:
        raise InvalidRequest("The judge is one of the models to be judged. Name another.", param="turnout.judge")
    if not (judges := judges_among(terms.panel, targets)):
        raise InvalidRequest("No model is left that could judge this. Name one.", param="turnout.judge")
    return judges


def judges_among(panel: Sequence[Model], contestants: Sequence[Model]) -> tuple[Model, ...]:
    """Those that may judge, the best choice first: nobody judges itself."""
    return tuple(model for model in panel if model not in contestants)[:MOST_JUDGES]


async def verdict_of(bench: Bench, terms: Terms) -> Verdict | None:
    """One opinion, or two at once; None when no judge gave any."""
    numbers = [answer.number for answer in bench.answers]
    Random(terms.seed).shuffle(numbers)  # noqa: S311 - a draw that can be repeated from the record
    order = tuple(numbers)
    asked = [bench.opinion(0, order)]
    if second := terms.options.second_opinion:
        first, *others = bench.judges
        turned = replace(bench, judges=(*others, first)) if second == "judge" else bench
        asked.append(turned.opinion(1, order[::-1]))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(opinion) for opinion in asked]
    opinions = [opinion for task in tasks if (opinion := task.result())]
    return ruling.verdict(opinions, terms.seed) if opinions else None


def winner_of(verdict: Verdict, answers: Sequence[Whole]) -> Whole:
    """The winner; of a tie the one with the most points, of those alike the first."""
    points = {score.number: score.points for score in verdict.scores}
    return max(answers, key=lambda answer: (answer.number == verdict.winner, points[answer.number], -answer.number))


def _told(verdict: Verdict) -> str:
    by = " and ".join(dict.fromkeys(verdict.judges))
    return f"a tie, judged by {by}" if verdict.winner is None else f"the best, judged by {by}"


def panel(request: Request) -> Request:
    """What a judge must be able to take: the conversation, and a schema for its verdict."""
    options = Options(goal=request.options.goal, task="judging")  # its own prompt needs no classifying
    return Request(replace(ruling.asked(request.chat, (), ()), stream=False), "auto", options)
