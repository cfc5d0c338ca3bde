"""A request log that tells CloudWatch and X-Ray of each row, once it is written."""

import logging
from collections.abc import Callable, Iterable
from functools import cache

from turnout.core.ports import RequestLog
from turnout.core.records import Record

type Tell = Callable[[Record], None]

log = logging.getLogger(__name__)


class Observed:
    """A `core.ports.RequestLog` around another one. What cannot be told is not told, and fails no request."""

    def __init__(self, rows: RequestLog, tellers: Callable[[], Iterable[Tell]]) -> None:
        self._rows = rows
        self._tellers = tellers

    async def write(self, record: Record) -> None:
        """Keep the row, then tell of it. Never raises."""
        await self._rows.write(record)
        try:
            tellers = tuple(self._tellers())
        except Exception as error:  # noqa: BLE001 - the answer is out and its row is kept: no request fails for this
            _excuse(record, error)
            return
        for tell in tellers:
            try:
                tell(record)
            except Exception as error:  # noqa: BLE001 - the same, and the others still tell
                _excuse(record, error)


def observed(rows: RequestLog) -> Observed:
    """`rows`, observed as a deployment is: by the log, the metrics and the traces."""
    return Observed(rows, _tellers)


@cache
def _tellers() -> tuple[Tell, ...]:
    # Powertools is loaded when the first answer is out, so that no client of a cold start waits for it.
    from turnout.telemetry import logs, metrics, traces  # noqa: PLC0415 - see above

    return logs.tell, metrics.tell, traces.tell


def _excuse(record: Record, error: Exception) -> None:
    # Only the kind of the error: its text may quote what was to be told.
    log.warning("Telemetry failed: %s", type(error).__name__, extra={"request_id": record.id})
