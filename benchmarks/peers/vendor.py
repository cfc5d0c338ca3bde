"""A vendor that answers at once, in OpenAI's format: `python -m benchmarks.peers.vendor`.

A prompt with `tokens=400` in it gets 400 words, `tok0` to `tok399`, each in a frame of its own if streamed.
"""

import re
from collections.abc import Sequence
from functools import cache

from pydantic_core import to_json

from benchmarks.peers.instant import chunk, serve, whole

WANTED = re.compile(rb"tokens=(\d+)")
STREAMED = re.compile(rb'"stream"\s*:\s*true')
COUNTED = re.compile(rb'"include_usage"\s*:\s*true')
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
ABOUT = {"id": "chatcmpl-Cx8f2a", "created": 1_790_000_000, "model": "gpt-5.4-mini", "service_tier": "default"}


def answer(_head: bytes, body: bytes) -> Sequence[bytes]:
    """The response to a chat."""
    found = WANTED.search(body)
    tokens = int(found[1]) if found else 1
    if STREAMED.search(body):
        return streamed(tokens, counted=bool(COUNTED.search(body)))
    return (plain(tokens),)


@cache
def plain(tokens: int) -> bytes:
    """A whole answer."""
    message = {"role": "assistant", "content": "".join(words(tokens)), "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return whole(to_json({**ABOUT, "object": "chat.completion", "choices": [choice], "usage": usage(tokens)}))


@cache
def streamed(tokens: int, *, counted: bool) -> tuple[bytes, ...]:
    """A head, then frame by frame as OpenAI sends them."""
    deltas = [{"role": "assistant", "content": "", "refusal": None}, *({"content": word} for word in words(tokens))]
    frames = [frame([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]) for delta in deltas]
    frames.append(frame([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]))
    if counted:
        frames.append(frame([], usage(tokens)))
    return (STREAM_HEAD, *map(chunk, frames), chunk(b"data: [DONE]\n\n") + chunk(b""))


def frame(choices: Sequence[object], counts: object = None) -> bytes:
    """One chunk of a stream."""
    told = {**ABOUT, "object": "chat.completion.chunk", "choices": choices, "usage": counts, "obfuscation": "k3Jx0"}
    return b"data: %b\n\n" % to_json(told)


def words(tokens: int) -> list[str]:
    """As many as were asked for."""
    return [f"tok{number} " for number in range(tokens)]


def usage(tokens: int) -> dict[str, object]:
    """What it counted."""
    details = {"reasoning_tokens": 0, "audio_tokens": 0}
    return {
        "prompt_tokens": 20,
        "completion_tokens": tokens,
        "total_tokens": 20 + tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": details,
    }


if __name__ == "__main__":
    serve(answer)
