"""Every fault, streamed and not, in every dialect: nothing hangs, nothing is cut in silence, every row is true."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from local.simulators import FAULTS
from local.simulators.faults import REFUSAL
from tests.e2e.fault_matrix import MATRIX, Answers, Expected, Way
from tests.e2e.world import ANSWER, VENDOR_KEY, Seen, World
from turnout.core.records import Record

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(30)]

TARGETS = {
    "openai_chat": ("openai/gpt-5.2", "anthropic/claude-haiku-4.5"),
    "anthropic_messages": ("anthropic/claude-haiku-4.5", "mistral/mistral-large"),
    "gemini": ("google/gemini-3-flash", "anthropic/claude-haiku-4.5"),
    "bedrock_converse": ("bedrock/nova-pro", "anthropic/claude-haiku-4.5"),
}
"""Of each dialect a model that fails, and one of another dialect that can also go on with what somebody else began."""

TOOL: dict[str, Any] = {
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
                    "required": ["city", "country"],
                },
            },
        }
    ]
}
SILENT = {"connect_timeout", "slow_headers", "stall_mid_body", "stall_after_first_token"}
"""The faults that take as long as they are waited for."""

BODIES = {"tool_arguments_cut": TOOL}
"""What a request needs beyond a prompt for a fault to befall it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault in one way of asking at one dialect."""

    fault: str
    way: Way
    dialect: str
    expected: Expected

    def __str__(self) -> str:
        return f"{self.fault}-{self.way}-{self.dialect}"

    @property
    def targets(self) -> tuple[str, str]:
        """The one that fails, and the one behind it."""
        return TARGETS[self.dialect]

    async def asked(self, world: World, *targets: str, times: int | None) -> tuple[Seen, Record]:
        """What the client saw, and the row, when the first of the targets fails so many times."""
        world.simulators[self.dialect].fault(self.fault, times)
        seen = await world.ask(*targets, stream=self.way == "stream", **BODIES.get(self.fault, {}))
        return seen, await world.row(seen.request_id)


WAYS: tuple[Way, ...] = ("plain", "stream")
CASES = [
    Case(fault, way, dialect, expected)
    for fault, row in MATRIX.items()
    for way in WAYS
    for dialect in TARGETS
    if (expected := row.of(way, dialect))
]
ONCE = [case for case in CASES if case.expected.once != case.expected.lasting and FAULTS[case.fault].gate == "open"]
"""Where it matters that the fault passes: elsewhere its target is asked no more than once. The faults of the listening
socket befall no single request, so none of them comes once."""


async def test_every_fault_that_there_is_has_its_expected_outcome() -> None:
    assert {name: row.plain is not None for name, row in MATRIX.items()} == {
        name: "plain" in fault.on for name, fault in FAULTS.items()
    }


@pytest_asyncio.fixture(loop_scope="session")
async def case_world(case: Case, a_world: World, a_hasty_world: World) -> World:
    """A world in which the case is soon over."""
    return a_hasty_world if case.fault in SILENT else a_world


@pytest.mark.parametrize("case", ONCE, ids=str)
async def test_a_fault_that_comes_once(case: Case, case_world: World) -> None:
    seen, row = await case.asked(case_world, *case.targets, times=1)
    check(case, seen, row, case.expected.once, failures=1)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_fault_that_lasts_with_another_target_behind(case: Case, case_world: World) -> None:
    seen, row = await case.asked(case_world, *case.targets, times=None)
    check(case, seen, row, case.expected.lasting, failures=case.expected.tries if case.expected.error else 0)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_fault_that_lasts_with_nobody_behind(case: Case, case_world: World) -> None:
    seen, row = await case.asked(case_world, case.targets[0], times=None)
    failures = case.expected.tries if case.expected.error else 0
    check(case, seen, row, "nobody" if failures else "first", failures=failures)


def check(case: Case, seen: Seen, row: Record, answers: Answers, *, failures: int) -> None:
    """What the client saw and what the row says are as expected, and agree with each other."""
    check_nothing_is_truncated_in_silence(case.expected, seen)
    check_seen(case, seen, answers)
    check_attempts(case, row, answers, failures)
    check_row(case, seen, row, answers)
    check_costs(case.expected, seen, row)
    assert VENDOR_KEY not in repr(row) + repr(seen)


def check_nothing_is_truncated_in_silence(expected: Expected, seen: Seen) -> None:
    """Whatever the fault: the whole answer, an answer that says why it is not whole, or an error."""
    whole = seen.text == ANSWER and not seen.arguments
    assert seen.code or whole or expected.words != "all"
    assert bool(seen.code) != bool(seen.finish), "an end is clean, or it is an error; never neither and never both"


def check_seen(case: Case, seen: Seen, answers: Answers) -> None:
    expected = case.expected
    if answers == "nobody":
        begun = expected.begun
        assert (seen.status, seen.code) == (200 if begun else expected.status, expected.error)
        assert bool(seen.text or seen.arguments) == begun
        assert ANSWER.startswith(seen.text)
    else:
        first = answers == "first"
        assert (seen.status, seen.finish) == (200, expected.finish if first else "stop")
        words, refusal = {
            "all": (ANSWER, ""),
            "half": (ANSWER[: len(ANSWER) // 2], None),
            "none": ("", None),
            "others": (REFUSAL, ""),
        }[expected.words if first else "all"]
        assert seen.text == words
        assert refusal is None or seen.refusal == refusal
        assert words or seen.refusal
    assert seen.resumed_on == ((case.targets[1],) if answers == "both" else ())


def check_attempts(case: Case, row: Record, answers: Answers, failures: int) -> None:
    """One for each call: so many of the first target that failed, and the one that went well."""
    first, second = case.targets
    failed = (first, "error", case.expected.error, case.expected.vendor_status)
    well = {"first": [first], "second": [second], "both": [second], "nobody": []}[answers]
    assert [(f"{a.vendor}/{a.model}", a.outcome, a.error, a.status) for a in row.attempts] == [
        *[failed] * failures,
        *((model, "ok", "", 200) for model in well),
    ]


def check_row(case: Case, seen: Seen, row: Record, answers: Answers) -> None:
    expected, (first, second) = case.expected, case.targets
    speaking = {"first": first, "second": second, "both": second, "nobody": first if expected.begun else "/"}[answers]
    assert f"{row.vendor}/{row.model}" == speaking
    assert (row.outcome, row.status, row.code, row.partial) == (
        ("error", expected.status, expected.error, expected.begun) if answers == "nobody" else ("ok", 200, "", False)
    )
    assert row.finish == seen.finish
    # OpenAI's client keeps of an error within a stream its `error` alone.
    assert bool(seen.note) == (not seen.code or seen.status != 200)
    if seen.note:
        assert [attempt["outcome"] for attempt in seen.note["attempts"]] == [a.outcome for a in row.attempts]


def check_costs(expected: Expected, seen: Seen, row: Record) -> None:
    """What the vendor will bill is priced, what it refused is free, and the sum is told everywhere."""
    for attempt in row.attempts:
        failed = attempt.outcome == "error"
        assert attempt.billed == (failed and expected.billed)
        assert (attempt.cost_usd > 0) == (not failed or expected.billed)
        assert not (failed and expected.billed) or attempt.usage.source == "estimated"
    assert row.cost_usd == sum((attempt.cost_usd for attempt in row.attempts), Decimal(0))
    if seen.note:
        assert seen.note["cost_usd"] == float(row.cost_usd)
