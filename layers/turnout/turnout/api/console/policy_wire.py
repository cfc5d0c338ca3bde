"""What the console sends of policies, runs and reports, as typed dicts; the OpenAPI document shows the same."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from turnout.api.console.rows import moment
from turnout.core.outcomes import Expected
from turnout.core.policies import Listed, Pointer, Policy
from turnout.core.reporting import KeptReport


class ChangeItem(TypedDict):
    """A version entered a state, and why."""

    state: str
    at: str
    why: str


class PolicyItem(TypedDict):
    """A version, and all that became of it, oldest first. `report` is the id of its report, null when it has none."""

    id: str
    object: Literal["policy"]
    state: str
    created_at: str
    based_on: str | None
    report: str | None
    note: str
    history: Sequence[ChangeItem]


class Deciding(TypedDict):
    """Which versions decide, null where none does: the `canary` for `share` of the sessions, else the `active` one."""

    active: str | None
    canary: str | None
    share: float | None
    revision: int


class PolicyPage(TypedDict):
    """All versions, the newest first."""

    object: Literal["list"]
    data: Sequence[PolicyItem]
    deciding: Deciding


class PolicyDetail(PolicyItem):
    """A version with its chains, by goal and task, and with what was known of the models, by task and model."""

    chains: Mapping[str, Mapping[str, Sequence[str]]]
    outcomes: Mapping[str, Mapping[str, Expected]]


class Moved(TypedDict):
    """The policy after a move."""

    object: Literal["policy.move"]
    policy: PolicyItem
    deciding: Deciding


class Optimization(TypedDict):
    """A run that was started. Its report is at `report` when it is done, after some seconds."""

    id: str
    object: Literal["optimization"]
    report: str


class ReportItem(TypedDict):
    """A report that is kept."""

    id: str
    object: Literal["report.item"]
    written_at: str
    html: str
    json: str


class ReportPage(TypedDict):
    """The newest reports, newest first."""

    object: Literal["list"]
    data: Sequence[ReportItem]


def policy_item(listed: Listed) -> PolicyItem:
    """As it is in a list."""
    return {
        "id": listed.version,
        "object": "policy",
        "state": listed.state,
        "created_at": moment(listed.created_at),
        "based_on": listed.based_on or None,
        "report": listed.report.rpartition("/")[2].rpartition(".")[0] or None,
        "note": listed.note,
        "history": [{"state": one.state, "at": moment(one.at), "why": one.why} for one in listed.history],
    }


def policy_detail(listed: Listed, policy: Policy) -> PolicyDetail:
    """All of it."""
    chains: dict[str, Any] = {goal: dict(tasks) for goal, tasks in policy.chains.items()}
    return {**policy_item(listed), "chains": chains, "outcomes": policy.outcomes.rows}


def deciding(pointer: Pointer) -> Deciding:
    """The pointer, as it is told."""
    return {
        "active": pointer.active or None,
        "canary": pointer.canary or None,
        "share": pointer.share if pointer.canary else None,
        "revision": pointer.revision,
    }


def report_item(kept: KeptReport) -> ReportItem:
    """As it is in a list."""
    path = f"/v1/reports/{kept.id}"
    return {
        "id": kept.id,
        "object": "report.item",
        "written_at": moment(kept.written_at),
        "html": f"{path}.html",
        "json": f"{path}.json",
    }
