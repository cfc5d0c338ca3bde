"""What goes around every call of a model: tries, the row's attempt, the circuit. Each takes an `Ask` and gives one.

From the outside in: `retrying(recorded(guarded(vendors.ask)))`, so that each try is an attempt of its own.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime

from turnout.catalog.pricing import cost, price_on
from turnout.catalog.tokens import estimate_answer, estimate_chat, estimate_images
from turnout.config import Retries
from turnout.core.errors import CircuitOpen, VendorError
from turnout.core.events import Answer, Done, Events, Usage
from turnout.core.ports import Ask, Call, Clock
from turnout.core.records import Attempt
from turnout.core.redaction import redacted
from turnout.policy.signals import signals
from turnout.routing.shared import AnyCircuits

LONGEST_MESSAGE = 500
"""Characters of a vendor's error that a row keeps."""

LONGEST_WORD = 100
"""Characters of a vendor's word for why it ended."""
MOST_TOKENS = 1_000_000_000
"""A vendor that counts more in one answer, or less than none, cannot count, and is not believed."""

type Jitter = Callable[[float, float], float]


def retrying(ask: Ask, retries: Retries, clock: Clock, jitter: Jitter = random.uniform) -> Ask:
    """Ask again what a second try may cure, as long as nothing was shown and the time allows the pause."""

    async def asked(call: Call) -> Events:
        for number in range(1, call.patience + 1):
            shown = False
            try:
                async with aclosing(ask(call)) as events:
                    async for event in events:
                        shown = True
                        yield event
                    return
            except VendorError as error:
                wait = pause(error, number, retries, jitter)
                if shown or not error.retryable or number == call.patience or wait >= call.share.left:
                    raise
                if wait > retries.longest:
                    raise
                await clock.sleep(wait)

    return asked


def pause(error: VendorError, number: int, retries: Retries, jitter: Jitter) -> float:
    """Seconds before try `number + 1`: what the vendor asks for, else full jitter.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    if error.retry_after is not None:
        return error.retry_after
    return jitter(0.0, min(retries.longest, retries.base * 2**number))


def recorded(ask: Ask, clock: Clock) -> Ask:
    """Write the attempt into the record: timed, priced and with its outcome, however it ends."""

    async def asked(call: Call) -> Events:
        attempt, answer, begun = _begin(call, clock), Answer(), clock.monotonic()
        call.record.attempts.append(attempt)
        try:
            async with aclosing(ask(call)) as events:
                async for event in events:
                    if attempt.first_token_ms is None:
                        attempt.first_token_ms = _ms(clock.monotonic() - begun)
                    answer.add(event)
                    if isinstance(event, Done):
                        _settle(attempt, call, answer, clock)
                        attempt.signals = signals(call.chat, answer)
                    yield event
            attempt.outcome, attempt.status = "ok", 200
        except VendorError as error:
            _failed(attempt, error)
            raise
        except (GeneratorExit, asyncio.CancelledError):
            attempt.outcome = "ok" if answer.done else "aborted"
            raise
        finally:
            attempt.latency_ms = _ms(clock.monotonic() - begun)
            if not answer.done and attempt.outcome != "skipped":
                _settle(attempt, call, answer, clock)

    return asked


def _begin(call: Call, clock: Clock) -> Attempt:
    target = call.model.vendor.name, call.model.name, call.part
    number = 1 + sum((a.vendor, a.model, a.part) == target for a in call.record.attempts)
    vendor, model, part = target
    return Attempt(vendor, model, number, started_ms=_ms(clock.time()), part=part)


def _failed(attempt: Attempt, error: VendorError) -> None:
    attempt.outcome = "skipped" if isinstance(error, CircuitOpen) else "error"
    attempt.status, attempt.error = error.vendor_status, error.code
    attempt.message = redacted(error.message)[:LONGEST_MESSAGE]  # it may quote the prompt
    attempt.blames = error.blames
    attempt.billed = error.billed or attempt.first_token_ms is not None  # what it has said is charged, however it ends


def _settle(attempt: Attempt, call: Call, answer: Answer, clock: Clock) -> None:
    """Usage, price and finish. What the vendor did not count is estimated; what it refused costs nothing."""
    attempt.usage = _usage(attempt, call, answer)
    price = price_on(call.model, datetime.fromtimestamp(clock.time(), UTC).date())
    attempt.price_version, attempt.cost_usd = price.since, cost(attempt.usage, price)
    finish = next((c.native_finish or c.finish or "" for c in answer.choices.values()), "")
    attempt.finish = finish[:LONGEST_WORD]


def _usage(attempt: Attempt, call: Call, answer: Answer) -> Usage:
    if answer.done and (told := answer.done.usage) and _credible(told):
        return told
    if answer.done or answer.choices or attempt.billed or attempt.outcome == "aborted":
        image = estimate_images(call.chat)
        prompt = estimate_chat(call.chat)
        return Usage(input=prompt - image, output=estimate_answer(answer), image=image, source="estimated")
    return Usage()


def _credible(told: Usage) -> bool:
    counts = (told.input, told.cached_input, told.cache_write, told.output, told.reasoning, told.image)
    return min(counts) >= 0 and sum(counts) <= MOST_TOKENS


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def guarded(ask: Ask, circuits: AnyCircuits) -> Ask:
    """Refuse what has failed too often lately, and tell the circuits how each call went."""

    async def asked(call: Call) -> Events:
        model, vendor = call.model.id, call.model.vendor.name
        _refuse_open(circuits, model, vendor)
        try:
            async with aclosing(ask(call)) as events:
                async for event in events:
                    yield event
            circuits.succeeded(model)
            circuits.succeeded(vendor)
        except VendorError as error:
            _blame(circuits, error, model, vendor)
            raise
        except (GeneratorExit, asyncio.CancelledError):
            circuits.released(model)
            circuits.released(vendor)
            raise

    return asked


def _refuse_open(circuits: AnyCircuits, *targets: str) -> None:
    for passed, target in enumerate(targets):
        if wait := circuits.wait(target):
            for other in targets[:passed]:
                circuits.released(other)  # if it was to be probed, it still is
            raise CircuitOpen(f"{target} failed too often lately; it is tried again in {wait:.0f} s", retry_after=wait)


def _blame(circuits: AnyCircuits, error: VendorError, model: str, vendor: str) -> None:
    blamed = {"model": model, "vendor": vendor}.get(error.blames)
    for target in (model, vendor):
        if target == blamed:
            circuits.failed(target)
        else:
            circuits.released(target)
