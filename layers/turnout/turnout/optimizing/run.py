"""One run: looks at what was counted, keeps the report, then adds the policy that it recommends.

In this order, so that a crash leaves nothing half-applied: a report without its policy says what would be recommended,
and the same run again mends it; a policy never comes without its report. Of two runs at once one wins, by a lease.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from turnout.core.errors import Conflict
from turnout.core.frozen import frozen
from turnout.core.policies import Policy
from turnout.core.ports import Clock, Policies
from turnout.optimizing.looking import look
from turnout.optimizing.ports import Known, Lease, Reports, Result, Rollups, Setting
from turnout.policy.report import Report
from turnout.policy.reporting import report

LEASE_SECONDS = 600.0
"""After which a run that never came back is taken for dead: longer than its function may take."""


@frozen
class Optimizer:
    """`page` draws a report."""

    rollups: Rollups
    policies: Policies
    reports: Reports
    lease: Lease
    known: Known
    setting: Setting
    page: Callable[[Report], str]
    clock: Clock

    async def run(self, id_: str) -> Result:
        """Do it, once for each id: what a run left undone, the same run again does.

        Raises ReportNotWritten or StoreUnavailable; then no policy was added.
        """
        holder = await self.lease.take(id_, LEASE_SECONDS)
        if holder != id_:
            return Result(id_, "busy", "", f"Nothing was done: run {holder} is under way.")
        try:
            told = await self._done_before(id_) or await self._look(id_)
            return Result(id_, "done", told.headline, await self._follow(told), told.policy.recommended)
        finally:
            await self.lease.give_back(id_)

    async def _done_before(self, id_: str) -> Report | None:
        """The report of this run, where that and its policy are there already."""
        kept = await self.reports.read(id_, "json")
        told = Report.model_validate_json(kept) if kept else None
        version = told.policy.recommended if told else ""
        return told if not version or await self.policies.listed(version) else None

    async def _look(self, id_: str) -> Report:
        now, active = self.clock.time(), (await self.policies.pointer()).active
        current = await self.policies.find(active) if active else None
        found = await look(self.rollups, self.known, self.setting, current, now)
        automatic = self.setting.mode == "canary"
        told = report(id_, datetime.fromtimestamp(now, UTC), found.proposal, active, found.seen, automatic=automatic)
        key = await self.reports.write(id_, self.page(told), told.model_dump_json().encode())
        if policy := found.proposal.policy:
            await self._add(replace(policy, report=key), f"Run {id_}: {told.headline}")
        return told

    async def _add(self, policy: Policy, why: str) -> None:
        try:
            await self.policies.add(policy, why)
        except Conflict:  # a version is named by its content: an earlier run has found the same
            if not await self.policies.listed(policy.version):
                raise

    async def _follow(self, told: Report) -> str:
        """What is done with the recommendation, in a sentence."""
        version = told.policy.recommended
        if not version:
            return "The policy stays."
        if self.setting.mode == "recommend":
            return f"Policy {version} is recommended. Try it: turnout policy canary {version}"
        return await self._try(version, f"Run {told.id}: {told.headline}")

    async def _try(self, version: str, why: str) -> str:
        listed, pointer = await self.policies.listed(version), await self.policies.pointer()
        if not listed or listed.state != "recommended":
            return f"Policy {version} is {listed.state if listed else 'gone'}."
        if pointer.canary:
            return f"Policy {version} is recommended, and not tried: {pointer.canary} is being tried."
        try:
            await self.policies.canary(version, self.setting.share, why, pointer.revision)
        except Conflict as error:
            return f"Policy {version} is recommended, and not tried: {error.message}"
        return f"Policy {version} is tried on {self.setting.share:.0%} of the sessions."
