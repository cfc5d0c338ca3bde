"""Drift as the console tells it: the last days against those before, from the hourly rollups of all models."""

import asyncio
from collections.abc import Sequence

from turnout.api.console.rows import moment
from turnout.api.console.services import Rollups
from turnout.api.console.wire import DriftItem, DriftReport
from turnout.policy.drift import FALSE_ALARMS, Finding, drifts, windows


async def drift_report(rollups: Rollups, now: float) -> DriftReport:
    """The test of the last whole hours."""
    since, middle, until = windows(now)
    before = await rollups.cells("model", "hour", since, middle)
    after = await rollups.cells("model", "hour", middle, until)
    findings = await asyncio.to_thread(drifts, before, after)
    return {
        "before_from": moment(since),
        "recent_from": moment(middle),
        "to": moment(until),
        "tested": len(findings),
        "false_alarms": FALSE_ALARMS,
        "found": _items(findings),
    }


def _items(findings: Sequence[Finding]) -> list[DriftItem]:
    """Those that are named, the surest first."""
    return [
        {
            "model": finding.model,
            "task": finding.task,
            "metric": finding.metric,
            "before": finding.before,
            "after": finding.after,
            "shift": finding.shift,
            "p_value": finding.p_value,
        }
        for finding in sorted(findings, key=lambda finding: finding.p_value)
        if finding.drifted
    ]
