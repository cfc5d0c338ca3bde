"""A DynamoDB that takes every write and answers at once: `python -m benchmarks.peers.dynamo`.

It keeps no row of the request log, and of the rest what is put, such as keys: what is measured is what a gateway spends
on its rows, not what an emulator does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from benchmarks.peers.instant import serve, whole

JSON = b"application/x-amz-json-1.0"
ROWS = "turnout-request-log"

type Asked = Mapping[str, Any]

kept: list[dict[str, Any]] = []


def put(asked: Asked) -> Asked:
    """Take a row; keep it if it may be read again."""
    if asked["TableName"] != ROWS:
        kept.append(asked["Item"])
    return {}


def transact(asked: Asked) -> Asked:
    """Take them all."""
    for write in asked["TransactItems"]:
        if "Put" in write:
            put(write["Put"])
    return {}


def get(asked: Asked) -> Asked:
    """What was put last under that key."""
    wanted = asked["Key"].items()
    return next(({"Item": item} for item in reversed(kept) if wanted <= item.items()), {})


OPERATIONS: dict[bytes, Callable[[Asked], Asked]] = {
    b"putitem": put,
    b"getitem": get,
    b"transactwriteitems": transact,
    b"query": lambda _: {"Items": [], "Count": 0, "ScannedCount": 0},
}


def answer(head: bytes, body: bytes) -> Sequence[bytes]:
    """The response to one call."""
    _, _, target = head.lower().partition(b"x-amz-target: dynamodb_20120810.")
    operation = OPERATIONS.get(target.partition(b"\r\n")[0])
    return (whole(to_json(operation(from_json(body))) if operation else b"{}", JSON),)


if __name__ == "__main__":
    serve(answer)
