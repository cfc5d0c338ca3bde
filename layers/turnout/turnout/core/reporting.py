"""Reports as they are kept, and why one could not be."""

from datetime import UTC, datetime

from turnout.core.errors import RequestError, TurnoutError
from turnout.core.frozen import frozen


@frozen
class KeptReport:
    """A report that is there, and when it was written, in epoch seconds."""

    id: str
    written_at: float


class ReportNotWritten(TurnoutError):
    """The report could not be kept; so nothing that it recommends was, either."""

    status = 503
    code = "report_not_written"


class UnknownReport(RequestError):
    """No report of that id."""

    status = 404
    code = "report_not_found"


class OptimizerBusy(RequestError):
    """Another run is under way."""

    status = 409
    code = "optimizer_busy"


def run_id(at: float) -> str:
    """The id of a run that begins at `at`, in epoch seconds, and of its report: 2026-11-24-030000, in UTC.

    Runs that are to begin in the same second are the same run.
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d-%H%M%S")
