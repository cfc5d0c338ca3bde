"""How Lambda delivers a batch of a stream: in order, again what failed, by halves, and at last to the dead letters.

- A handler that raises has failed with the whole batch. One that names failures has done what lies before the first.
- The rest is sent again: split in two where the mapping bisects, which costs no retry, else after a pause.
- What is still failing when its retries are used up, or is too old, is buried, and the stream goes on.
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local.stream_poller.mapping import EventSource

type StreamRecord = dict[str, Any]
type Batch = Sequence[StreamRecord]
type Handler = Callable[[dict[str, Any]], Any]

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0


class FunctionError(Exception):
    """The handler raised; the message is what a dead letter says of it."""


@dataclass(frozen=True, slots=True)
class Buried:
    """Records that are given up, and why: `RetryAttemptsExhausted` or `RecordAgeExceeded`."""

    records: Batch
    condition: str
    invocations: int
    error: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What delivering needs. `done` hears of each run of records that is settled, in order; `now` is epoch seconds."""

    source: EventSource
    handler: Handler
    bury: Callable[[Buried], None]
    done: Callable[[Batch], None]
    wait: Callable[[float], None]
    now: Callable[[], float]

    def deliver(self, batch: Batch) -> None:
        """Until every record of it is settled."""
        waiting: list[tuple[Batch, int]] = [(batch, 0)]
        while waiting:
            records, tries = waiting.pop()
            settled, error = self._invoke(records)
            if settled:
                self.done(records[:settled])
            if left := records[settled:]:
                waiting.extend(reversed(self._again(left, 0 if settled else tries, error)))

    def _again(self, records: Batch, tries: int, error: str) -> Sequence[tuple[Batch, int]]:
        """What is still to be delivered, in order."""
        if self.source.bisect and len(records) > 1:
            middle = len(records) // 2
            return (records[:middle], 0), (records[middle:], 0)
        if condition := self._condition(records, tries):
            self.bury(Buried(records, condition, tries + 1, error))
            self.done(records)
            return ()
        self.wait(min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE))
        return ((records, tries + 1),)

    def _condition(self, records: Batch, tries: int) -> str:
        if self.source.retries is not None and tries >= self.source.retries:
            return "RetryAttemptsExhausted"
        age = self.now() - records[0]["dynamodb"]["ApproximateCreationDateTime"]
        if self.source.longest_age is not None and age > self.source.longest_age:
            return "RecordAgeExceeded"
        return ""

    def _invoke(self, records: Batch) -> tuple[int, str]:
        """How many records from the first on are done, and the error if the handler raised."""
        try:
            answer = self.handler({"Records": list(records)})
        except FunctionError as error:
            return 0, str(error)
        return (first_failure(answer, records) if self.source.partial else len(records)), ""


def first_failure(answer: Any, records: Batch) -> int:
    """The index of the first record that failed; their number when none has. An answer that makes no sense: 0."""
    if answer is None or answer == {}:
        return len(records)
    try:
        failed = [one["itemIdentifier"] for one in answer["batchItemFailures"] or ()]
    except (KeyError, TypeError):
        return 0
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    return min((numbers.index(one) if one in numbers else 0 for one in failed), default=len(records))
