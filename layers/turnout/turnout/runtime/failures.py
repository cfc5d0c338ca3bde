"""What Lambda is told of a failure: the Runtime API's error object, whole or short enough for a trailer."""

import base64
import traceback
from typing import Self

from pydantic_core import to_json

from turnout.core.frozen import frozen

ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
TRAILER_TYPE_CHARS = 128
TRAILER_MESSAGE_CHARS = 256


@frozen
class Failure:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror."""

    type: str
    message: str
    frames: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: BaseException, message: str) -> Self:
        """`error` with `message` for its own, which may quote a prompt: the caller says what is fit to be logged."""
        return cls(type(error).__name__, message, tuple(traceback.format_tb(error.__traceback__)))

    @property
    def headers(self) -> dict[str, str]:
        """For a report by `/error`."""
        return {"Content-Type": "application/json", ERROR_TYPE: _ascii(self.type)}

    def json(self) -> bytes:
        """For a report by `/error`."""
        return to_json({"errorType": self.type, "errorMessage": self.message, "stackTrace": self.frames})

    def trailers(self) -> bytes:
        """For a report after the first byte of a streamed answer.

        Short and without frames: Lambda's own HTTP server refuses trailers of 4 KiB ("suspiciously long trailer after
        chunked body") and then resets the environment.
        """
        short = Failure(self.type[:TRAILER_TYPE_CHARS], self.message[:TRAILER_MESSAGE_CHARS])
        lines = {ERROR_TYPE: _ascii(short.type), ERROR_BODY: base64.b64encode(short.json()).decode("ascii")}
        return "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode("ascii")


def _ascii(text: str) -> str:
    """`text`, fit to be the value of a header."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text)
