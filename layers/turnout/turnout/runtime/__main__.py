"""`python -m turnout.runtime`: the process that Lambda starts."""

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from typing import override

from turnout.runtime.loop import NotStarted, run
from turnout.runtime.runtime_api import RuntimeApi


class JsonLines(logging.Formatter):
    """One JSON object a line, in the fields of Lambda's own JSON log format."""

    converter = time.gmtime

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": getattr(record, "request_id", None),
            "stackTrace": self.formatException(record.exc_info) if record.exc_info else None,
        }
        # Plain ASCII: there are more line breaks in Unicode than readers of logs agree on.
        return json.dumps({name: value for name, value in line.items() if value is not None})


def main() -> int:
    """Serve until Lambda ends the environment; the exit code is 1 when the app could not be started."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO"), handlers=[handler])
    try:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(run(RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"]), os.environ["_HANDLER"]))
    except NotStarted:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
