"""Looks at what was counted: reads the rollups of a period, and makes of them a proposal and what a report tells."""

from collections.abc import Sequence
from datetime import UTC, datetime

from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.policies import Policy, Proposal
from turnout.optimizing.ports import Known, Rollups, Setting
from turnout.policy.drift import drifts, windows
from turnout.policy.history import Period
from turnout.policy.optimizer import propose
from turnout.policy.report_sums import Cells
from turnout.policy.reporting import Seen

DAY = 86_400.0


@frozen
class Look:
    """What came of looking."""

    proposal: Proposal
    seen: Seen


async def look(rollups: Rollups, known: Known, setting: Setting, current: Policy | None, now: float) -> Look:
    """The days up to `now`, epoch seconds, that day included. Raises StoreUnavailable."""
    since = now // DAY * DAY - (setting.days - 1) * DAY
    models = await rollups.cells("model", "day", since, now)
    routes = await rollups.cells("route", "day", since, now)
    keys = await rollups.cells("key", "day", since, now)
    proposal = propose(
        Period(_day(since), _day(now), models, await rollups.cells("choice", "day", since, now)),
        askable(known.models, models),
        known.prior,
        now=now,
        constraints=setting.constraints,
        current=current,
    )
    before, middle, until = windows(now)
    findings = drifts(
        await rollups.cells("model", "hour", before, middle), await rollups.cells("model", "hour", middle, until)
    )
    return Look(proposal, Seen(models, routes, keys, findings))


def askable(models: Sequence[Model], cells: Cells) -> list[Model]:
    """Those that can be asked: their vendor needs no key, or it has one, or it has answered.

    The optimizer has no business with the vendors' keys, and nothing can be proposed of whom nothing was asked.
    """
    answered = {cell["model"].partition("/")[0] for cell, counts in cells if counts.get("ak")}
    return [model for model in models if model.vendor.ready or model.vendor.name in answered]


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
