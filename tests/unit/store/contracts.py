"""What every request log and every store of keys does, the fakes included; subclasses bring the fixtures."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from turnout.core.events import Usage
from turnout.core.ports import Key, Keys, RequestLog
from turnout.core.records import Attempt, Drop, Record

BARE = Record(id="01JDEYB9A0BARE", at=1_800_000_000.0, key_id="key_1", requested="auto", stream=False)

FAILED_OVER = Record(
    id="01JDEYB9A0FULL",
    at=1_800_000_000.123456,
    key_id="key_1",
    requested="auto:cost",
    stream=True,
    goal="cost",
    task="code",
    reason="the cheapest that can use tools",
    session="s-1",
    policy="7",
    tags={"team": "räksmörgås", "empty": ""},
    candidates=("openai/gpt-5.2", "mistral/small"),
    dropped=(Drop("xai/grok", "reads no images"),),
    attempts=[
        Attempt("openai", "gpt-5.2", 1, 0, status=503, error="vendor_overloaded", message="busy", latency_ms=40),
        Attempt(
            vendor="mistral",
            model="small",
            number=1,
            started_ms=41,
            outcome="ok",
            status=200,
            latency_ms=900,
            first_token_ms=0,
            finish="stop",
            usage=Usage(input=10, cached_input=3, cache_write=1, output=7, reasoning=2, source="estimated"),
            cost_usd=Decimal("0.000000012345678901234567890123"),
            price_version="2026-11-01",
        ),
    ],
    vendor="mistral",
    model="small",
    outcome="ok",
    status=200,
    finish="stop",
    latency_ms=941,
    first_token_ms=41,
)


@dataclass
class Log:
    """A request log and the way to see what is in it."""

    port: RequestLog
    rows: Callable[[], Iterable[Record]]


class RequestLogContract:
    """Needs the fixture `log`."""

    @pytest.mark.parametrize("record", [BARE, FAILED_OVER], ids=["bare", "failed over"])
    async def test_a_row_comes_back_as_it_was_written(self, log: Log, record: Record) -> None:
        await log.port.write(record)
        assert list(log.rows()) == [record]

    async def test_rows_do_not_replace_each_other(self, log: Log) -> None:
        await log.port.write(BARE)
        await log.port.write(FAILED_OVER)
        assert sorted(row.id for row in log.rows()) == [BARE.id, FAILED_OVER.id]


@dataclass
class Issuing:
    """A store of keys and the way to put one in: takes a name and tags, returns the secret."""

    port: Keys
    issue: Callable[[str, dict[str, str]], Awaitable[str]]


class KeysContract:
    """Needs the fixture `keys`."""

    async def test_a_secret_is_known_by_name_and_tags(self, keys: Issuing) -> None:
        secret = await keys.issue("shop", {"team": "search"})
        key = await keys.port.find(secret)
        assert key == Key(id=key.id if key else "", name="shop", tags={"team": "search"})

    async def test_each_secret_is_its_own_key(self, keys: Issuing) -> None:
        one, other = [await keys.port.find(await keys.issue(name, {})) for name in ("one", "other")]
        assert one
        assert other
        assert one.id != other.id
        assert (one.name, other.name) == ("one", "other")

    @pytest.mark.parametrize("near", ["{}x", " {}", "{}\n", "Bearer {}"])
    async def test_only_the_very_secret_gets_in(self, keys: Issuing, near: str) -> None:
        secret = await keys.issue("shop", {})
        assert await keys.port.find(near.format(secret)) is None
        assert await keys.port.find(secret[:-1]) is None
        assert await keys.port.find(secret.swapcase()) is None

    @pytest.mark.parametrize("secret", ["", "sk-turnout-", "Bearer x", "sk-turnout-" + "é" * 43, "x" * 100_000, "\0"])
    async def test_what_is_no_key_is_not_found(self, keys: Issuing, secret: str) -> None:
        assert await keys.port.find(secret) is None
