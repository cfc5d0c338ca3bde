"""The printed link to the reports: opens in a browser without a key being typed, for as long as this laptop runs.

The link has a random ticket in it, not the key. It is good for reports alone, and the laptop listens on the loopback
alone; in the cloud there is no such thing.
"""

from hmac import compare_digest
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

REPORTS = "/v1/reports/"


def ticketed(app: ASGIApp, ticket: str, secret: str) -> ASGIApp:
    """`app`, in which who shows the ticket sees the reports as the key `secret` does."""

    async def shown(scope: Scope, receive: Receive, send: Send) -> None:
        await app(_with_key(scope, secret) if _has(scope, ticket) else scope, receive, send)

    return shown


def _has(scope: Scope, ticket: str) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(REPORTS):
        return False
    [given, *_] = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])
    return compare_digest(given.encode(), ticket.encode())


def _with_key(scope: Scope, secret: str) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    return {**scope, "query_string": b"", "headers": [*headers, (b"authorization", f"Bearer {secret}".encode())]}
