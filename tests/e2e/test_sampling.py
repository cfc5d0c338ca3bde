"""Sampled quality over HTTP: the client has its answer, and the row has what a second model and a judge made of it."""

from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest

from tests.e2e.world import ANSWER, ASKED, CLIENT_KEY, World, world
from tests.fakes import FakeKeys
from turnout.core.allowance import Sampling
from turnout.core.ports import Key
from turnout.core.records import Record
from turnout.policy.counting import entry
from turnout.policy.rollup import grouped

pytestmark = pytest.mark.timeout(30)
KEY = Key("key-1", sampling=Sampling(1.0, Decimal(1)))


@pytest.fixture
async def sampling_world() -> AsyncGenerator[World]:
    """One whose key has each request sampled, for a dollar a day."""
    async with world(keys=FakeKeys(**{CLIENT_KEY: KEY})) as everything:
        yield everything


async def ask(everything: World, *, stream: bool) -> tuple[str, Record]:
    """The text as the client has it, and the row."""
    seen = await everything.ask(stream=stream, turnout={"goal": "cost"})
    return seen.text, await everything.row(seen.request_id)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_second_model_answers_a_third_one_judges_and_each_score_is_counted_once(
    sampling_world: World, stream: bool
) -> None:
    text, row = await ask(sampling_world, stream=stream)
    assert (text, row.sample, row.outcome) == (ANSWER, "judged", "ok")
    first, second, *_ = row.attempts
    assert [attempt.part.role for attempt in row.attempts] == ["answer", "candidate", "verdict"]
    assert len({attempt.model for attempt in row.attempts}) == 3
    assert first.propensity == 1
    assert second.propensity
    assert 0 < second.propensity < 1
    cells = [item for item in entry(row).increments.items() if (item[0].dimension, item[0].grain) == ("model", "day")]
    verdicts = {name: rollup.verdicts("judge") for name, rollup in grouped(cells, lambda cell: cell["model"]).items()}
    for attempt in (first, second):
        told = verdicts[f"{attempt.vendor}/{attempt.model}"]
        assert (told.count, told.sum) == (1, attempt.judged)
        assert float(told.weight) == pytest.approx(1 / float(attempt.propensity or 0))
    assert sum(told.count for told in verdicts.values()) == 2


async def test_without_a_share_nothing_is_sampled() -> None:
    async with world() as everything:
        completion = await everything.client.chat.completions.create(model="auto", messages=ASKED)
        row = await everything.row((completion.model_extra or {})["turnout"]["request_id"])
        assert (row.sample, len(row.attempts)) == ("", 1)
