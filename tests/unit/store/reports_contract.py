"""What holds of reports and of the lease wherever they are kept."""

from typing import Protocol

import pytest

from tests.fakes import FakeClock
from turnout.core.reporting import KeptReport, run_id
from turnout.optimizing.ports import Lease, Reports


class AllReports(Reports, Protocol):
    """With what the console asks."""

    async def list(self, limit: int) -> "list[KeptReport]": ...


class FullLease(Lease, Protocol):
    """With what the console asks."""

    async def holder(self) -> str: ...


class ReportsContract:
    """Subclasses give the fixture `reports`."""

    async def test_what_is_written_can_be_read_as_page_and_as_json(self, reports: AllReports) -> None:
        key = await reports.write("2026-11-24-030000", "<p>räksmörgås</p>", b'{"a": 1}')
        assert key == "reports/2026/11/24/2026-11-24-030000.html"
        assert await reports.read("2026-11-24-030000", "html") == "<p>räksmörgås</p>".encode()
        assert await reports.read("2026-11-24-030000", "json") == b'{"a": 1}'

    async def test_a_second_writing_replaces_the_first(self, reports: AllReports) -> None:
        await reports.write("2026-11-24-030000", "one", b"1")
        await reports.write("2026-11-24-030000", "two", b"2")
        assert await reports.read("2026-11-24-030000", "html") == b"two"
        assert [one.id for one in await reports.list(9)] == ["2026-11-24-030000"]

    @pytest.mark.parametrize("id_", ["2026-11-25-030000", "", "x", "../2026-11-24-030000", "2026-11-24-a/b"])
    async def test_what_is_not_there_is_none(self, reports: AllReports, id_: str) -> None:
        await reports.write("2026-11-24-030000", "", b"")
        assert await reports.read(id_, "json") is None

    async def test_the_newest_come_first_over_months_and_years(self, reports: AllReports) -> None:
        ids = ["2025-12-31-235959", "2026-01-01-000000", "2026-02-10-010101", "2026-02-09-020202", "2026-11-24-030000"]
        for id_ in ids:
            await reports.write(id_, "", b"")
        assert [one.id for one in await reports.list(9)] == sorted(ids, reverse=True)
        assert [one.id for one in await reports.list(2)] == ["2026-11-24-030000", "2026-02-10-010101"]

    async def test_of_none_the_list_is_empty(self, reports: AllReports) -> None:
        assert list(await reports.list(9)) == []


class LeaseContract:
    """Subclasses give the fixtures `clock` and `lease`."""

    async def test_one_holds_it_and_the_other_learns_who(self, lease: FullLease) -> None:
        assert await lease.holder() == ""
        assert await lease.take("one", 60) == "one"
        assert await lease.take("two", 60) == "one"
        assert await lease.holder() == "one"

    async def test_the_same_may_take_it_again(self, lease: FullLease) -> None:
        assert [await lease.take("one", 60) for _ in range(2)] == ["one", "one"]

    async def test_given_back_it_is_free(self, lease: FullLease) -> None:
        await lease.take("one", 60)
        await lease.give_back("one")
        assert await lease.holder() == ""
        assert await lease.take("two", 60) == "two"

    async def test_only_its_holder_gives_it_back(self, lease: FullLease) -> None:
        await lease.take("one", 60)
        await lease.give_back("two")
        assert await lease.holder() == "one"

    async def test_whoever_does_not_come_back_loses_it(self, lease: FullLease, clock: FakeClock) -> None:
        await lease.take("one", 60)
        clock.now += 61
        assert await lease.holder() == ""
        assert await lease.take("two", 60) == "two"
        await lease.give_back("one")
        assert await lease.holder() == "two"


def test_an_id_is_the_second_in_which_the_run_began() -> None:
    assert run_id(1_800_000_000.9) == "2027-01-15-080000"
