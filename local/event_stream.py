"""Writes AWS's binary event stream: https://smithy.io/2.0/aws/amazon-eventstream.html."""

import struct
from binascii import crc32
from collections.abc import Callable, Mapping

from pydantic_core import to_json

STRING = 7
"""The type of a header's value; the only one that vendors of models use."""


def event(name: str, data: object) -> bytes:
    """An event. `data` that is a string is sent as it is, all else as JSON."""
    return message({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, data)


def exception(name: str, data: object) -> bytes:
    """An error that the service's model knows, in its place in the stream."""
    return message({":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, data)


def message(headers: Mapping[str, str], data: object) -> bytes:
    """Any message: lengths and their checksum, headers, payload, checksum of it all."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    return _sealed(head, data.encode() if isinstance(data, str) else to_json(data))


def changed(sent: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The message with another payload, and still whole."""
    end = 12 + int.from_bytes(sent[4:8])
    return _sealed(sent[12:end], change(sent[end:-4]))


def _sealed(head: bytes, payload: bytes) -> bytes:
    lengths = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    checked = lengths + struct.pack("!I", crc32(lengths)) + head + payload
    return checked + struct.pack("!I", crc32(checked))


def _header(name: str, value: str) -> bytes:
    return struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", STRING, len(value)) + value.encode()
