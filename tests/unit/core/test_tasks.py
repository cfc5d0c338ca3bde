"""Work side by side: all of it is done, whatever becomes of a part."""

import asyncio

import pytest

from turnout.core.tasks import begun, together


async def test_what_has_nothing_to_wait_for_is_done_at_once() -> None:
    async def quick() -> str:
        return "done"

    assert begun(quick()).result() == "done"


async def test_works_run_side_by_side() -> None:
    met = asyncio.Barrier(3)

    async def meet() -> None:
        await met.wait()

    async with asyncio.timeout(5):
        await together(meet(), meet(), meet())


async def test_the_others_are_done_when_the_first_raises() -> None:
    done: list[str] = []

    async def breaks() -> None:
        raise ValueError("first")

    async def goes_on() -> None:
        await asyncio.sleep(0.01)
        done.append("other")

    with pytest.raises(ValueError, match="first"):
        await together(breaks(), goes_on())
    assert done == ["other"]


async def test_an_error_of_another_is_raised_when_all_are_done() -> None:
    done: list[str] = []

    async def breaks() -> None:
        raise ValueError("other")

    async def goes_on() -> None:
        await asyncio.sleep(0.01)
        done.append("first")

    with pytest.raises(ValueError, match="other"):
        await together(goes_on(), breaks())
    assert done == ["first"]
