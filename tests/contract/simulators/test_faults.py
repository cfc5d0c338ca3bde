"""Every fault in the table, for every dialect, streamed and not, as it looks on the wire."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import pytest
from pydantic_core import from_json

from local.simulators import FAULTS, Simulator
from tests.contract.simulators.conftest import AT_ONCE
from tests.contract.simulators.wire import DIALECTS, TEXT, Ended, Heard, Patience, hear, is_error, objects, text_of

FOREVER = 3600.0
NOTHING_COMES = Patience(first=0.2)
NO_MORE_COMES = Patience(next=0.3)


@dataclass(frozen=True)
class Expected:
    """What is heard. `says`: all of the answer, the start of it, nothing; None: it is in a tool call."""

    status: int | None = 200
    ended: Ended = "whole"
    says: Literal["all", "start", "nothing"] | None = "nothing"
    also: Callable[[Heard], bool] = lambda _: True


def kind(mime: str) -> Callable[[Heard], bool]:
    return lambda heard: heard.headers["content-type"].startswith(mime)


def in_band_error(heard: Heard) -> bool:
    return is_error(list(objects(heard.body))[-1])


def waits_a_second(heard: Heard) -> bool:
    return heard.headers["retry-after"] == "1"


def waits_until_soon(heard: Heard) -> bool:
    until = parsedate_to_datetime(heard.headers["retry-after"])
    return 0 < (until - datetime.now(UTC)).total_seconds() <= 2


def cuts_json(heard: Heard) -> bool:
    return not list(objects(heard.body)) and int(heard.headers["content-length"]) == len(heard.body)


def promises_more(heard: Heard) -> bool:
    return int(heard.headers["content-length"]) > len(heard.body) > 0


def is_no_json(heard: Heard) -> bool:
    with pytest.raises(ValueError, match=r"."):
        from_json(heard.body)
    return len(heard.body) > 0


def is_empty(heard: Heard) -> bool:
    return heard.body == b""


def splits_characters(heard: Heard) -> bool:
    def undecodable(chunk: bytes) -> bool:
        return "�" in chunk.decode(errors="replace")

    return any(map(undecodable, heard.chunks)) and "�" not in heard.body.decode(errors="replace")


def splits_line_ends(heard: Heard) -> bool:
    ends = heard.body.count(b"\r\n")
    return splits_characters(heard) and ends > 0 and ends == sum(chunk.endswith(b"\r") for chunk in heard.chunks)


def splits_frames(heard: Heard) -> bool:
    """The first character that is no ASCII is parted too."""
    return any(chunk.endswith("ü".encode()[:1]) for chunk in heard.chunks)


def names_a_tool(heard: Heard) -> bool:
    return b"weather" in heard.body


def refuses(heard: Heard) -> bool:
    return b"sorry" in heard.body


def error(status: int) -> Expected:
    return Expected(status, also=lambda heard: kind("application/json")(heard) and in_band_error(heard))


SAME: dict[str, Expected] = {
    "refused": Expected(None, "refused"),
    "reset": Expected(None, "reset"),
    "connect_timeout": Expected(None, "silent"),
    "slow_headers": Expected(None, "silent"),
    "context_length": error(400),
    "bad_parameter": error(400),
    "unauthorized": error(401),
    "forbidden": error(403),
    "model_missing": error(404),
    "request_timeout": error(408),
    "conflict": error(409),
    "too_large": error(413),
    "unprocessable": error(422),
    "rate_limited_seconds": Expected(429, also=waits_a_second),
    "rate_limited_date": Expected(429, also=waits_until_soon),
    "quota_exhausted": error(429),
    "server_error": error(500),
    "bad_gateway_html": Expected(502, also=kind("text/html")),
    "unavailable": error(503),
    "gateway_timeout": error(504),
    "overloaded": error(529),
    "empty_200": Expected(also=is_empty),
    "wrong_content_type": Expected(also=kind("text/html")),
    "content_filter": Expected(says="start"),
    "refusal": Expected(also=refuses),
}
PLAIN: dict[str, Expected] = SAME | {
    "stall_mid_body": Expected(ended="silent", also=promises_more),
    "malformed_json": Expected(also=is_no_json),
    "truncated_json": Expected(also=cuts_json),
    "truncated_json_closed": Expected(ended="closed", also=promises_more),
    "split_in_character": Expected(says="all", also=splits_characters),
}
STREAM: dict[str, Expected] = SAME | {
    "stall_mid_body": Expected(ended="silent", says="start"),
    "malformed_json": Expected(also=is_no_json),
    "truncated_json": Expected(says="start"),
    "truncated_json_closed": Expected(ended="closed", says="start"),
    "split_in_character": Expected(says="all", also=splits_line_ends),
    "cut_before_first_token": Expected(ended="closed", also=lambda heard: len(heard.body) > 0),
    "cut_after_first_token": Expected(ended="closed", says="start"),
    "stall_after_first_token": Expected(ended="silent", says="start"),
    "bad_json_line": Expected(says=None, also=lambda heard: b"{," in heard.body),
    "error_before_first_token": Expected(also=in_band_error),
    "error_after_first_token": Expected(says="start", also=in_band_error),
    "lifecycle_then_error": Expected(also=in_band_error),
    "missing_done": Expected(says="all"),
    "tool_arguments_cut": Expected(says="nothing", also=names_a_tool),
}
ELSEWISE: dict[tuple[str, str, bool], Expected] = {
    # A guardrail declines in the model's place; a binary frame has no lines.
    ("bedrock_converse", "refusal", False): Expected(says=None, also=refuses),
    ("bedrock_converse", "refusal", True): Expected(says=None, also=refuses),
    ("bedrock_converse", "split_in_character", True): Expected(says="all", also=splits_frames),
}
OWN_END = {"content_filter", "refusal", "malformed_json", "bad_json_line", "split_in_character"}
"""The faults under which a stream still ends as its format demands."""
CASES = [(name, False, one) for name, one in PLAIN.items()] + [(name, True, one) for name, one in STREAM.items()]


@pytest.fixture(params=DIALECTS)
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    """Stalls last for ever here: a test that does not hang shows that leaving ends them."""
    async with Simulator(request.param, pace=AT_ONCE, hold=FOREVER) as simulator:
        yield simulator


def test_the_tables_here_and_there_are_the_same() -> None:
    assert PLAIN.keys() == {name for name, fault in FAULTS.items() if "plain" in fault.on}
    assert STREAM.keys() == {name for name, fault in FAULTS.items() if "stream" in fault.on}


@pytest.mark.parametrize(("name", "stream", "expected"), CASES, ids=[f"{name}-{way}" for name, way, _ in CASES])
async def test_a_fault_is_on_the_wire_as_it_is_told(
    simulator: Simulator, name: str, stream: bool, expected: Expected
) -> None:
    simulator.fault(name)
    expected = ELSEWISE.get((simulator.dialect, name, stream), expected)
    silence = NO_MORE_COMES if expected.status else NOTHING_COMES
    heard = await hear(simulator, stream=stream, patience=silence if expected.ended == "silent" else Patience())
    assert (heard.status, heard.ended) == (expected.status, expected.ended)
    assert expected.also(heard)
    said = text_of(simulator, heard)
    assert expected.says is None or shown(said) == expected.says
    assert not stream or has_end(simulator, heard) == (name in OWN_END)


def has_end(simulator: Simulator, heard: Heard) -> bool:
    return DIALECTS[simulator.dialect].end.search(heard.body) is not None


def shown(said: str) -> str:
    if said == TEXT:
        return "all"
    return "start" if said and TEXT.startswith(said) else "nothing" if not said else f"something else: {said}"


@pytest.mark.parametrize("stream", [False, True])
async def test_after_slow_headers_all_is_well(simulator: Simulator, stream: bool) -> None:
    simulator.fault("slow_headers", hold=0.01)
    heard = await hear(simulator, stream=stream)
    assert (heard.status, heard.ended, text_of(simulator, heard)) == (200, "whole", TEXT)


@pytest.mark.parametrize("name", ["stall_mid_body", "stall_after_first_token"])
async def test_after_a_stall_the_connection_is_reset(simulator: Simulator, name: str) -> None:
    simulator.fault(name, hold=0.01)
    heard = await hear(simulator, stream=True)
    assert (heard.status, heard.ended) == (200, "reset")


@pytest.mark.parametrize("stream", [False, True])
async def test_without_a_fault_the_answer_is_whole(simulator: Simulator, stream: bool) -> None:
    heard = await hear(simulator, stream=stream)
    assert (heard.status, heard.ended, text_of(simulator, heard)) == (200, "whole", TEXT)
    assert not stream or has_end(simulator, heard)


async def test_bad_json_is_one_line_only(simulator: Simulator) -> None:
    simulator.fault("bad_json_line")
    heard = await hear(simulator, stream=True)
    said = text_of(simulator, heard)
    assert said.startswith("You")
    assert said.endswith("hier")
    assert heard.body.count(b"{,") == 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_tool_arguments_are_those_of_a_right_call_up_to_the_cut(dialect: str) -> None:
    bodies = list[bytes]()
    for name in (None, "tool_arguments_cut"):
        async with Simulator(dialect, pace=AT_ONCE) as simulator:
            if name:
                simulator.fault(name)
            heard = await hear(simulator, stream=True, text="call the weather tool")
            bodies.append(re.sub(rb'"created":\d+', b"", heard.body))
    right, cut = bodies
    assert right.startswith(cut)
    assert b'"weather"' in cut
    assert b"country" in right.removeprefix(cut)


async def test_without_a_tool_the_cut_is_in_the_text(simulator: Simulator) -> None:
    simulator.fault("tool_arguments_cut")
    heard = await hear(simulator, stream=True, tools=False)
    assert heard.ended == "whole"
    assert not heard.body.endswith(b"\n\n")
    assert not has_end(simulator, heard)


@pytest.mark.parametrize("name", ["refused", "connect_timeout"])
async def test_a_shut_port_opens_again(simulator: Simulator, name: str) -> None:
    simulator.fault(name)
    assert (await hear(simulator, stream=False, patience=NOTHING_COMES)).status is None
    simulator.clear()
    assert (await hear(simulator, stream=False)).status == 200
