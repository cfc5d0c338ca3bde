"""The bench's arithmetic: what is added, how much better, what is missing, and what a client got."""

import pytest

from benchmarks.peers import report
from benchmarks.peers.measure import Measured, Spread, added, quantile
from benchmarks.peers.outcome import Heard, Kind
from benchmarks.peers.soak import Memory
from benchmarks.peers.vendor import answer
from local.simulators.faults import REFUSAL


def run(p50: float, rate: float = 100.0, cpu: float | None = 2.0) -> Measured:
    return Measured(p50=p50, p95=p50, p99=p50, first_p50=p50, first_p95=p50, rate=rate, cpu=cpu)


ROUNDS = {
    "plain, 1 client": {
        "direct": [run(0.1, cpu=None), run(0.2, cpu=None)],
        "Turnout": [run(1.1, rate=800), run(1.2, rate=1000)],
        "LiteLLM": [run(20.1, rate=50), run(20.2, rate=60)],
        "Portkey": [],
    }
}


def test_the_vendors_own_time_is_taken_off_in_each_round() -> None:
    figures = added(ROUNDS, "direct")["plain, 1 client"]
    assert figures["Turnout"]["p50"] == Spread.of([1.0, 1.0])
    assert figures["Turnout"]["rate"] == Spread(900, 800, 1000)
    assert "direct" not in figures


def test_better_is_less_time_and_more_requests() -> None:
    rows = {row["what"]: row for row in report.ratios(added(ROUNDS, "direct"), "Turnout", ["LiteLLM", "Portkey"])}
    assert rows["added latency p50, 1 client"]["Turnout better than LiteLLM"] == pytest.approx(20)
    assert rows["added latency p50, 1 client"]["Turnout better than Portkey"] is None


def test_a_gateway_that_is_missing_is_in_the_table_all_the_same() -> None:
    rows = report.ratios(added(ROUNDS, "direct"), "Turnout", ["LiteLLM", "Portkey"])
    told = report.ratio_table(rows, "Turnout", ["LiteLLM", "Portkey"], {"Portkey": "there is no npm on the PATH"})
    assert "missing" in told
    assert "failed" in report.ratio_table(rows, "Turnout", ["LiteLLM", "Portkey"], {})


def test_growth_is_told_from_2000_requests_on() -> None:
    told = report.memory_table({"Turnout": Memory(50, 60, 63, 20_000), "LiteLLM": Memory(300, None, 310, 1_000)})
    assert "+5.0%" in told
    assert "| 1,000 |" in told


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_quantile_is_one_of_the_values(share: float, value: int) -> None:
    assert quantile(range(1, 101), share) == value


@pytest.mark.parametrize("stream", [b'{"stream": true}', b'{"stream":true}'])
def test_the_vendor_says_as_many_words_as_it_is_asked_for(stream: bytes) -> None:
    told = b"".join(answer(b"", stream + b"tokens=40"))
    assert told.count(b"tok") == 40 + told.count(b"_tokens")
    assert told.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


WHOLE = {"choices": [{"message": {"content": "all of it"}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (WHOLE, "right"),
        ({"choices": []}, "truncated"),
        ({"choices": [{"delta": {"content": "all of"}, "finish_reason": "stop"}]}, "truncated"),
        ({"choices": [{"delta": {"content": "all of it"}}]}, "truncated"),
        ({"choices": [{"message": {"content": "all"}, "finish_reason": "content_filter"}]}, "right"),
        ({"choices": [{"message": {"refusal": REFUSAL}, "finish_reason": "stop"}]}, "right"),
        ({"error": {"message": "no"}}, "error"),
        ("a page", "truncated"),
    ],
    ids=str,
)
def test_what_a_client_got_is_told_apart(body: object, kind: Kind) -> None:
    heard = Heard()
    heard.read(body)
    assert heard.kind("all of it") == kind
