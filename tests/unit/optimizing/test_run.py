"""A run of the optimizer: what it keeps and in which order, and that nothing is half-applied when something breaks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from pydantic_core import from_json

from tests.fakes import FakeClock, FakeLease, FakePolicies, FakeReports, a_policy
from tests.unit.policy.rollups import AT, DEAR, QUICK, SURE, Truth, attempts
from turnout.core.errors import Conflict
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Pointer, Policy
from turnout.core.records import Record
from turnout.core.reporting import ReportNotWritten
from turnout.optimizing.looking import askable
from turnout.optimizing.ports import Known, Setting
from turnout.optimizing.run import Optimizer
from turnout.policy.counting import entry
from turnout.policy.report import Report
from turnout.policy.rollup import Cell, Counts, Dimension, Grain

NOW = AT + 6.5 * 86_400
RUN = "2027-01-21-200000"
PRIOR_ROW = {model.id: Expected(0.8, 0.001, 1e-6, 1.0, count=25) for model in (SURE, QUICK, DEAR)}
PRIOR = Outcomes({"code": PRIOR_ROW}, PRIOR_ROW, version="priors")
WELL, BADLY = Truth(ms=600, usd="0.0002", quality=0.92), Truth(ms=9_000, usd="0.02", quality=0.9)
HISTORY = (*attempts(SURE, BADLY, 700, seed=1), *attempts(QUICK, WELL, 700, seed=2))


@dataclass
class FakeRollups:
    """The cells of rows, by day and hour."""

    rows: Sequence[Record]
    more: Sequence[tuple[Cell, Counts]] = field(default=())

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        found = [
            one
            for row in self.rows
            if since <= row.at < until
            for one in entry(row).increments.items()
            if (one[0].dimension, one[0].grain) == (dimension, grain)
        ]
        return [*found, *(one for one in self.more if (one[0].dimension, one[0].grain) == (dimension, grain))]


def an_optimizer(rows: Sequence[Record] = HISTORY, **changes: object) -> Optimizer:
    """Over fakes; the page is the report's headline."""
    clock = FakeClock(NOW)
    made = Optimizer(
        rollups=FakeRollups(rows),
        policies=FakePolicies(clock),
        reports=FakeReports(clock),
        lease=FakeLease(clock),
        known=Known((SURE, QUICK, DEAR), PRIOR),
        setting=Setting(),
        page=lambda report: report.headline,
        clock=clock,
    )
    return replace(made, **changes)  # pyright: ignore[reportArgumentType] - named as the fields are


async def kept(optimizer: Optimizer, id_: str = RUN) -> Report:
    """The report of a run."""
    found = await optimizer.reports.read(id_, "json")
    assert found
    return Report.model_validate_json(found)


async def test_a_run_keeps_its_report_and_recommends_what_is_better() -> None:
    optimizer = an_optimizer()
    result = await optimizer.run(RUN)
    told, listed = await kept(optimizer), await optimizer.policies.listed(result.policy)
    assert result.status == "done"
    assert result.message == f"Policy {result.policy} is recommended. Try it: turnout policy canary {result.policy}"
    assert listed
    assert (listed.state, listed.report) == ("recommended", f"reports/2027/01/21/{RUN}.html")
    assert listed.history[0].why == f"Run {RUN}: {told.headline}"
    assert told.policy.recommended == result.policy
    [change] = [one for goal in told.goals for one in goal.advice if goal.goal == "cost" and one.verdict == "change"]
    assert (change.now[0], change.proposed[0]) == (SURE.id, QUICK.id)
    assert all(one.change for one in change.effects if one.metric == "cost_usd")


async def test_the_page_and_the_json_are_of_the_same_report() -> None:
    optimizer = an_optimizer()
    await optimizer.run(RUN)
    page, told = await optimizer.reports.read(RUN, "html"), await kept(optimizer)
    assert page == told.headline.encode()
    assert (told.first_day, told.last_day, told.totals.requests) == ("2026-12-25", "2027-01-21", len(HISTORY))


async def test_of_two_at_once_one_wins_and_the_other_says_so() -> None:
    optimizer = an_optimizer()
    await optimizer.lease.take("2027-01-21-195959", 600)
    result = await optimizer.run(RUN)
    assert (result.status, result.message) == ("busy", "Nothing was done: run 2027-01-21-195959 is under way.")
    assert await optimizer.reports.read(RUN, "json") is None


async def test_a_run_that_never_came_back_holds_up_nobody_for_long() -> None:
    optimizer = an_optimizer()
    await optimizer.lease.take("2027-01-21-195959", 600)
    clock = optimizer.clock
    assert isinstance(clock, FakeClock)
    clock.now += 601
    assert (await optimizer.run(RUN)).status == "done"


async def test_where_s3_refuses_nothing_is_applied_and_the_next_try_does_it_all() -> None:
    optimizer = an_optimizer()
    reports = optimizer.reports
    assert isinstance(reports, FakeReports)
    reports.refuses = "AccessDenied"
    with pytest.raises(ReportNotWritten, match="AccessDenied"):
        await optimizer.run(RUN)
    assert await optimizer.policies.list() == []
    reports.refuses = ""
    assert (await optimizer.run(RUN)).status == "done"
    assert len(await optimizer.policies.list()) == 1


class Crash(Exception):
    """The process is gone."""


class CrashingPolicies(FakePolicies):
    """Policies that crash when one is added, or just after."""

    before = after = False

    async def add(self, policy: Policy, why: str) -> None:
        if self.before:
            raise Crash
        await super().add(policy, why)
        if self.after:
            raise Crash


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_between_report_and_policy_is_mended_by_the_same_run(moment: str) -> None:
    policies = CrashingPolicies(FakeClock(NOW))
    optimizer = an_optimizer(policies=policies)
    setattr(policies, moment, True)
    with pytest.raises(Crash):
        await optimizer.run(RUN)
    recommended = (await kept(optimizer)).policy.recommended
    setattr(policies, moment, False)
    result = await optimizer.run(RUN)
    assert (result.status, result.policy) == ("done", recommended)
    assert [one.version for one in await policies.list()] == [recommended]


async def test_the_same_run_again_changes_nothing() -> None:
    optimizer = an_optimizer()
    once = await optimizer.run(RUN)
    first = await kept(optimizer)
    assert isinstance(optimizer.rollups, FakeRollups)
    optimizer.rollups.rows = ()  # what was counted since does not matter
    assert await optimizer.run(RUN) == once
    assert await kept(optimizer) == first


async def test_another_run_that_finds_the_same_leaves_the_version_as_it_is() -> None:
    optimizer = an_optimizer()
    once, again = await optimizer.run(RUN), await optimizer.run("2027-01-21-200001")
    assert once.policy == again.policy
    assert len(await optimizer.policies.list()) == 1


async def test_without_any_history_there_is_a_report_that_says_so_and_no_policy() -> None:
    optimizer = an_optimizer(rows=())
    result = await optimizer.run(RUN)
    assert (result.status, result.policy, result.message) == ("done", "", "The policy stays.")
    assert result.headline.startswith("Nothing was asked in this period")
    assert await optimizer.policies.list() == []


async def test_of_one_model_alone_there_is_nothing_to_choose() -> None:
    optimizer = an_optimizer(rows=attempts(SURE, WELL, 300), known=Known((SURE,), PRIOR))
    result = await optimizer.run(RUN)
    assert result.policy == ""
    told = await kept(optimizer)
    assert [model.model for model in told.models] == [SURE.id]


async def test_what_was_counted_of_an_unknown_model_or_day_is_reported_and_breaks_nothing() -> None:
    tomorrow = (date(2027, 1, 21) + timedelta(3)).isoformat()
    stray = [
        (Cell("day", "2027-01-20", "model", ("gone/model", "code", "")), {"rq": 9, "aq": 9, "ak": 9}),
        (Cell("day", tomorrow, "model", (SURE.id, "code", "")), {"rq": 5, "aq": 5, "ak": 5}),
    ]
    optimizer = an_optimizer(rollups=FakeRollups(HISTORY, stray))
    assert (await optimizer.run(RUN)).status == "done"
    told = await kept(optimizer)
    assert "gone/model" in {model.model for model in told.models}
    assert any("gone/model" in one for one in told.unknown)


class TestAutomaticCanary:
    SETTING = Setting(mode="canary", share=0.2)

    async def test_what_is_better_is_tried_by_itself(self) -> None:
        optimizer = an_optimizer(setting=self.SETTING)
        result = await optimizer.run(RUN)
        pointer = await optimizer.policies.pointer()
        assert (pointer.canary, pointer.share) == (result.policy, 0.2)
        assert result.message == f"Policy {result.policy} is tried on 20% of the sessions."
        assert (await kept(optimizer)).steps[0].command == f"turnout policy show {result.policy}"

    async def test_a_canary_that_is_under_way_is_not_cut_short(self) -> None:
        optimizer = an_optimizer(setting=self.SETTING)
        await optimizer.policies.add(a_policy("p-1"), "before")
        await optimizer.policies.canary("p-1", 0.1, "before")
        result = await optimizer.run(RUN)
        assert (await optimizer.policies.pointer()).canary == "p-1"
        assert result.message.endswith("is recommended, and not tried: p-1 is being tried.")

    async def test_the_same_run_again_does_not_try_twice(self) -> None:
        optimizer = an_optimizer(setting=self.SETTING)
        once = await optimizer.run(RUN)
        before = await optimizer.policies.pointer()
        again = await optimizer.run(RUN)
        assert await optimizer.policies.pointer() == before
        assert again.message == f"Policy {once.policy} is canary."

    async def test_somebody_who_was_quicker_is_told_of(self) -> None:
        optimizer = an_optimizer(setting=self.SETTING, policies=Outrun(FakeClock(NOW)))
        result = await optimizer.run(RUN)
        assert result.message.endswith("is recommended, and not tried: Somebody else was quicker.")


class Outrun(FakePolicies):
    """Somebody else always moves the pointer first."""

    async def canary(self, version: str, share: float, why: str, revision: int | None = None) -> Pointer:
        raise Conflict("Somebody else was quicker.")


async def test_a_vendor_without_a_key_here_is_asked_about_if_it_has_answered() -> None:
    locked = replace(SURE, vendor=replace(SURE.vendor, key=""))
    assert askable([locked], []) == []
    cell = Cell("day", "2027-01-20", "model", (locked.id, "code", ""))
    assert askable([locked], [(cell, {"ae": 3})]) == []
    assert askable([locked], [(cell, {"ak": 1})]) == [locked]


async def test_the_chain_of_the_active_policy_is_what_is_compared_with() -> None:
    optimizer = an_optimizer()
    first = await optimizer.run(RUN)
    await optimizer.policies.activate(first.policy, "it is better")
    second = await optimizer.run("2027-01-21-210000")
    assert second.policy == ""
    told = await kept(optimizer, "2027-01-21-210000")
    assert told.policy.active == first.policy
    assert from_json(await optimizer.reports.read("2027-01-21-210000", "json") or b"")["policy"]["recommended"] == ""
