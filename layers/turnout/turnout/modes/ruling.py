"""One judge's opinion: what it is asked, how its answer is read, and how two opinions make a verdict."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from string import ascii_uppercase
from typing import Annotated

from pydantic import BaseModel, Field

from turnout.core.chat import JSON, Chat, JsonSchema, Message, Text
from turnout.core.frozen import frozen
from turnout.core.verdict import Score, Verdict
from turnout.modes import prompts
from turnout.modes.gathering import Whole

TIE = "tie"
LONGEST = 8000
"""Tokens that a judge may take to think and to write."""


class Mark(BaseModel):
    """What a judge writes of one answer."""

    reason: str
    score: Annotated[Decimal, Field(ge=0, le=10)]


class Ruling(BaseModel):
    """What a judge writes: answers by their letter, and its confidence in percent."""

    answers: dict[str, Mark]
    winner: str
    confidence: Annotated[int, Field(ge=0, le=100)]


@frozen
class Opinion:
    """Of one judge, by the numbers of the answers; `winner` None: a tie."""

    judge: str
    order: tuple[int, ...]
    winner: int | None
    marks: Mapping[int, Mark]
    confidence: Decimal


def asked(chat: Chat, answers: Sequence[Whole], criteria: Sequence[str]) -> Chat:
    """The chat by which a judge is asked of `answers`, in the order in which they are given."""
    letters = ascii_uppercase[: len(answers)]
    told = "\n".join(f"- {criterion}" for criterion in criteria or prompts.CRITERIA)
    texts = prompts.quoted("answer", zip(letters, (answer.text for answer in answers), strict=True))
    return Chat(
        messages=(
            Message("system", (Text(prompts.JUDGE.format(criteria=told)),)),
            Message("user", (*prompts.transcript(chat.messages), Text(texts))),
        ),
        response_format=JsonSchema("verdict", schema(letters), strict=True),
        max_tokens=LONGEST,
    )


def schema(letters: str) -> JSON:
    """What is asked for: the reason before the score, so that the score follows from it."""
    mark = _object(reason={"type": "string"}, score={"type": "number", "description": "From 0 to 10"})
    return _object(
        answers=_object(**dict.fromkeys(letters, mark)),
        winner={"type": "string", "enum": [*letters, TIE]},
        confidence={"type": "integer", "description": "In percent, 0 to 100"},
    )


def _object(**properties: JSON) -> JSON:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def read(text: str, judge: str, order: tuple[int, ...]) -> Opinion:
    """A judge's words on answers in this order. Raises ValueError for what is none, or contradicts itself."""
    ruling = Ruling.model_validate_json(text)
    numbers = dict(zip(ascii_uppercase, order, strict=False))
    if ruling.answers.keys() != numbers.keys() or ruling.winner not in {*numbers, TIE}:
        raise ValueError("it rules on other answers than those it was given")
    best = max(mark.score for mark in ruling.answers.values())
    if ruling.winner != TIE and ruling.answers[ruling.winner].score < best:
        raise ValueError("its winner has not the highest score")
    marks = {number: ruling.answers[letter] for letter, number in numbers.items()}
    return Opinion(judge, order, numbers.get(ruling.winner), marks, Decimal(ruling.confidence) / 100)


def verdict(opinions: Sequence[Opinion], seed: int) -> Verdict:
    """Of one or two opinions. Where they name different winners it is a tie: what turns with the order is no merit."""
    winners = {opinion.winner for opinion in opinions}
    first = opinions[0]
    return Verdict(
        winner=first.winner if len(winners) == 1 else None,
        scores=tuple(
            Score(number, _mean([opinion.marks[number].score for opinion in opinions]), first.marks[number].reason)
            for number in sorted(first.marks)
        ),
        confidence=_mean([opinion.confidence for opinion in opinions]),
        judges=tuple(opinion.judge for opinion in opinions),
        orders=tuple(opinion.order for opinion in opinions),
        seed=seed,
    )


def _mean(values: Sequence[Decimal]) -> Decimal:
    return (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.01"))
