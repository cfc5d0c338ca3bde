"""The rollups in DynamoDB: entries are added exactly once, and cells are read by period.

Each transaction puts one marker for each entry and adds all that they increment, what is for the same cell in one sum.
So an entry is counted with its marker or not at all; one whose marker is there already cancels the transaction, is
dropped, and the others are sent again. Whatever a crash or a lost answer leaves open, sending it all again settles.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from turnout.core.frozen import frozen
from turnout.core.ports import Clock
from turnout.policy.rollup import Cell, Counts, Dimension, Entry, Grain, merged
from turnout.store import cells
from turnout.store.cells import Wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_ITEMS = 100
"""That DynamoDB takes in a transaction. Its other limit, 4 MB, is out of reach: a cell takes at most some 20 kB."""
MOST_ATTRIBUTES = 250
"""That we add to in one item: an expression may have 4 kB and 300 operators."""
TRIES = 5
BASE, LONGEST = 0.05, 2.0
"""Seconds: the pause before try n has full jitter up to BASE doubled n times, never more than LONGEST."""

type Pause = Callable[[float], None]
type Jitter = Callable[[float, float], float]

_PASSING = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_BAD_ENTRY = frozenset({"ItemCollectionSizeLimitExceeded", "ValidationError", "ValidationException"})


@frozen
class _Setback:
    """Why a transaction was not done. `codes` are DynamoDB's for each item, or the one for the whole call."""

    codes: tuple[str, ...]
    why: str

    def duplicates(self, sent: int) -> frozenset[int]:
        """Which of the entries that were sent had been counted before; their markers are the first items."""
        return frozenset(i for i, code in enumerate(self.codes[:sent]) if code == "ConditionalCheckFailed")

    @property
    def passing(self) -> bool:
        """Whether the same may succeed a little later."""
        return all(code in _PASSING for code in self.codes if code != "None")

    @property
    def somebodys(self) -> bool:
        """Whether one entry is at fault, so that the others may go in without it."""
        return any(code in _BAD_ENTRY for code in self.codes)


class DynamoRollups:
    """Rollups in the tables named `table` and, by the minute, `health_table`."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        health_table: str,
        clock: Clock,
        pause: Pause = time.sleep,
        jitter: Jitter = random.uniform,
    ) -> None:
        self._client = client
        self._table, self._health_table = table, health_table
        self._clock = clock
        self._pause, self._jitter = pause, jitter

    def apply(self, entries: Iterable[Entry]) -> dict[str, str]:
        """Count each entry that was not counted before. Gives the reason for each marker that could not be counted.

        Those it leaves out may be sent again at any time, alone or with others. Takes at most some half a minute for a
        transaction, when DynamoDB does not answer. Raises decimal.Inexact when a sum would have more than 38 digits.
        """
        parts = {part.marker: (entry.marker, part) for entry in entries for part in _parts(entry)}
        # Side by side, entries with cells in common take fewer transactions, and fewer writes of the same cell.
        akin = sorted((part for _, part in parts.values()), key=lambda part: tuple(part.increments))
        refused = [refusal for transaction in packed(akin) for refusal in self._commit(transaction)]
        return {parts[marker][0]: why for marker, why in refused}

    def read(self, dimension: Dimension, grain: Grain, since: float, until: float) -> Iterator[tuple[Cell, Counts]]:
        """All cells of the periods that have a part in [since, until), epoch seconds, in order of time.

        Reads page by page, so that memory does not grow with the period. Raises botocore's errors.
        """
        return cells.read(self._client, self._table_of(grain), dimension, grain, since, until)

    def _table_of(self, grain: Grain) -> str:
        return self._health_table if grain == "minute" else self._table

    def _commit(self, entries: Sequence[Entry]) -> list[tuple[str, str]]:
        tries = 1
        while entries:
            setback = self._send(entries)
            if setback is None:
                return []
            if duplicates := setback.duplicates(len(entries)):
                entries = [entry for i, entry in enumerate(entries) if i not in duplicates]
            elif setback.somebodys and len(entries) > 1:
                return [refusal for half in _halves(entries) for refusal in self._commit(half)]
            elif tries == TRIES or not setback.passing:
                return [(entry.marker, setback.why) for entry in entries]
            else:
                self._pause(self._jitter(0.0, min(LONGEST, BASE * 2**tries)))
                tries += 1
        return []

    def _send(self, entries: Sequence[Entry]) -> _Setback | None:
        try:
            self._client.transact_write_items(TransactItems=cast("Any", list(self._items(entries))))
        except ClientError as error:
            return _setback(error)
        except BotoCoreError as error:
            return _Setback(("ServiceUnavailable",), f"{type(error).__name__}: {error}")
        return None

    def _items(self, entries: Sequence[Entry]) -> Iterator[Wire]:
        for entry in entries:
            yield {"Put": cells.marker(self._table, entry.marker, self._clock.time())}
        for cell, counts in summed(entries).items():
            if counts:
                yield {"Update": cells.addition(self._table_of(cell.grain), cell, counts)}


def summed(entries: Iterable[Entry]) -> dict[Cell, dict[str, Any]]:
    """What entries add to each cell, all together."""
    found: dict[Cell, list[Counts]] = {}
    for entry in entries:
        for cell, counts in entry.increments.items():
            found.setdefault(cell, []).append(counts)
    return {cell: merged(many) for cell, many in found.items()}


def packed(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in runs that each fit into a transaction."""
    run: list[Entry] = []
    names: dict[Cell, set[str]] = {}
    for entry in entries:
        if run and not _fits(entry, run, names):
            yield run
            run, names = [], {}
        run.append(entry)
        for cell, counts in entry.increments.items():
            names.setdefault(cell, set()).update(counts)
    if run:
        yield run


def _fits(entry: Entry, run: Sequence[Entry], names: Mapping[Cell, set[str]]) -> bool:
    """Whether an entry goes into the transaction of a run, which adds to these attributes of these cells."""
    new = sum(cell not in names for cell in entry.increments)
    grown = (names[cell] | counts.keys() for cell, counts in entry.increments.items() if cell in names)
    return len(run) + 1 + len(names) + new <= MOST_ITEMS and all(len(all_) <= MOST_ATTRIBUTES for all_ in grown)


def _parts(entry: Entry) -> Iterator[Entry]:
    """The entry itself; one with too many cells for a transaction in parts, the same each time, with a marker each."""
    if len(entry.increments) < MOST_ITEMS:
        yield entry
        return
    for number, part in enumerate(batched(sorted(entry.increments.items()), MOST_ITEMS - 1, strict=False)):
        yield Entry(f"{entry.marker}#{number}" if number else entry.marker, dict(part))


def _halves(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    middle = len(entries) // 2
    return entries[:middle], entries[middle:]


def _setback(error: ClientError) -> _Setback:
    answer: dict[str, Any] = dict(error.response)
    codes = [reason.get("Code", "None") for reason in answer.get("CancellationReasons", ())]
    told = [reason.get("Message") for reason in answer.get("CancellationReasons", ()) if reason.get("Message")]
    code = answer.get("Error", {}).get("Code", "Unknown")
    return _Setback(tuple(codes or [code]), "; ".join(dict.fromkeys([str(error), *told])))
