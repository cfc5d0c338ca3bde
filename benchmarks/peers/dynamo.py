"""A DynamoDB that takes every write and answers at once: `python -m benchmarks.peers.dynamo`.

It keeps the rows of keys, which the gateway reads back, and no others: what is measured is what a gateway spends on
its rows, not what an emulator does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from benchmarks.peers.instant import serve, whole

JSON = b"application/x-amz-json-1.0"

type Asked = Mapping[str, Any]

keys: list[dict[str, Any]] = []


def put(asked: Asked) -> Asked:
    """Keep a key; take anything else."""
    if "hash" in asked["Item"]:
        keys.append(asked["Item"])
    return {}


def get(asked: Asked) -> Asked:
    """A key that was put."""
    wanted = asked["Key"].items()
    return next(({"Item": item} for item in keys if wanted <= item.items()), {})


OPERATIONS: dict[bytes, Callable[[Asked], Asked]] = {
    b"putitem": put,
    b"getitem": get,
    b"query": lambda _: {"Items": [], "Count": 0, "ScannedCount": 0},
}


def answer(head: bytes, body: bytes) -> Sequence[bytes]:
    """The response to one call."""
    _, _, target = head.lower().partition(b"x-amz-target: dynamodb_20120810.")
    operation = OPERATIONS.get(target.partition(b"\r\n")[0])
    return (whole(to_json(operation(from_json(body))) if operation else b"{}", JSON),)


if __name__ == "__main__":
    serve(answer)
