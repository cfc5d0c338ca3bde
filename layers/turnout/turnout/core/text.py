"""Text that somebody else wrote, made fit for a place where it could do harm."""

import re

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

LONGEST_HEADER = 300


def header_value(text: str) -> str:
    """`text` as the value of a header: printable ASCII on one line, not endless."""
    return _UNPRINTABLE.sub("?", text)[:LONGEST_HEADER].strip()


def terminal_text(text: str) -> str:
    """`text` without what moves a cursor, colours a terminal or turns the direction of writing; its lines stay."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
