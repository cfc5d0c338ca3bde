"""How large a request may be, checked where that is cheap: bytes as they come, values before they are parsed.

Ten megabytes of brackets would become two hundred megabytes of empty objects, so what a body holds is counted first.
"""

import re
from collections.abc import AsyncIterable, Iterator

from turnout.api.messages import ImagePart, MessageTurn
from turnout.api.schema import ChatRequest
from turnout.config import Sizes
from turnout.core.errors import InvalidRequest, RequestTooLarge

SEPARATORS = b",[{"
"""Each value but the first of all follows one of these."""
_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
"""Nothing is tried twice, whatever the bytes: a string that does not end goes on to the end of all."""


async def read(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    """The whole body. Raises RequestTooLarge as soon as it has more than `limit` bytes."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise RequestTooLarge(
                f"The body has more than {limit} bytes, the limit here. Shorten the prompt, or send pictures by URL."
            )
    return bytes(body)


def weigh(body: bytes, most: int) -> bytes:
    """`body`, if it has at most `most` values. Raises RequestTooLarge; takes about a millisecond a megabyte."""
    if _separators(body) > most and _separators(_STRING.sub(b"", body)) > most:
        raise RequestTooLarge(
            f"The body has more than {most} values, the limit here. Send fewer messages, tools or items of an array."
        )
    return body


def _separators(body: bytes) -> int:
    return sum(map(body.count, SEPARATORS))


def check(request: ChatRequest, sizes: Sizes) -> None:
    """Raises InvalidRequest for too many messages or pictures, and for a picture that is too large."""
    if len(request.messages) > sizes.messages:
        raise InvalidRequest(
            f"'messages' may have at most {sizes.messages} items here. Leave the oldest turns out, or sum them up.",
            param="messages",
        )
    for number, (param, picture) in enumerate(_pictures(request.messages), start=1):
        if number > sizes.images:
            raise InvalidRequest(f"At most {sizes.images} pictures are taken here. Send fewer.", param=param)
        if len(url := picture.image_url.url) * 3 // 4 > sizes.image_bytes and not url.startswith("https://"):
            raise InvalidRequest(
                f"'{param}' has more than {sizes.image_bytes} bytes, the limit here. Send a smaller one, or its URL.",
                param=param,
            )


def _pictures(turns: list[MessageTurn]) -> Iterator[tuple[str, ImagePart]]:
    for index, turn in enumerate(turns):
        for place, part in enumerate(turn.content if isinstance(turn.content, list) else ()):
            if isinstance(part, ImagePart):
                yield f"messages[{index}].content[{place}].image_url.url", part
