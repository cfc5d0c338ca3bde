"""The timer of the laptop: again and again, whatever fails, until its block ends."""

import asyncio

import pytest

from local.timer import every


async def test_work_is_done_again_though_it_fails_and_ends_with_the_block(caplog: pytest.LogCaptureFixture) -> None:
    times = 0
    enough = asyncio.Event()

    async def work() -> None:
        nonlocal times
        times += 1
        if times == 3:
            enough.set()
        if times == 1:
            raise RuntimeError("not today")

    async with every(0, work):
        await enough.wait()
    done = times
    await asyncio.sleep(0)
    assert times == done
    assert "not today" in caplog.text


async def test_the_first_time_can_be_later() -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    async with every(3_600, work, first=0.01):
        await asyncio.sleep(0)
        assert not done.is_set()
        await done.wait()
