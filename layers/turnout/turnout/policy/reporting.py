"""Makes a report of a proposal and of the rollups behind it. Pure: the same in, the same out."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime

from turnout.core.frozen import frozen
from turnout.core.policies import Proposal
from turnout.policy.drift import FALSE_ALARMS, Finding
from turnout.policy.report import Drift, Drifts, Report, Version
from turnout.policy.report_advice import goals, headline, steps
from turnout.policy.report_sums import Cells, models, spending, totals
from turnout.policy.report_tradeoff import tradeoff


@frozen
class Seen:
    """What was read for a report: cells by the day, by dimension, and the tests for drift."""

    models: Cells
    routes: Cells
    keys: Cells
    findings: Sequence[Finding] = field(default=())


def report(
    id_: str, created_at: datetime, proposal: Proposal, active: str, seen: Seen, *, automatic: bool = False
) -> Report:
    """The report with this id; `active` is the version of the policy in force, "" for none.

    `automatic`: the proposed policy is tried without anybody's doing.
    """
    drift, whole = drifts(seen.findings), totals(seen.routes, proposal.first_day, proposal.last_day)
    return Report(
        id=id_,
        created_at=created_at,
        first_day=proposal.first_day,
        last_day=proposal.last_day,
        headline=headline(proposal, whole.requests),
        steps=steps(proposal, drift.found, automatic=automatic),
        policy=Version(recommended=proposal.policy.version if proposal.policy else "", active=active),
        totals=whole,
        goals=goals(proposal.advice, seen.routes),
        models=models(seen.models),
        drift=drift,
        tradeoff=tradeoff(proposal.outcomes, seen.models, seen.routes, proposal.advice),
        spending=spending(seen.models, seen.routes, seen.keys),
        unknown=proposal.unknown,
    )


def drifts(findings: Sequence[Finding]) -> Drifts:
    """Those that are named, the surest first."""
    named = sorted((one for one in findings if one.drifted), key=lambda one: one.p_value)
    return Drifts(
        tested=len(findings),
        false_alarms=FALSE_ALARMS,
        found=tuple(
            Drift(
                model=one.model,
                task=one.task,
                metric=one.metric,
                before=one.before,
                after=one.after,
                p_value=one.p_value,
            )
            for one in named
        ),
    )
