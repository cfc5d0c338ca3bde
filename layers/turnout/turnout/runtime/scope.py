"""From an API Gateway event to an ASGI request.

The event is that of a REST API's proxy integration, format 1.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html.
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from turnout.runtime.asgi import Scope
from turnout.runtime.invocation import Invocation


class NotHttp(ValueError):
    """The event is not a request that came through a REST API."""


def to_request(invocation: Invocation, state: Mapping[str, Any]) -> tuple[Scope, bytes]:
    """The ASGI scope and the body. Raises NotHttp."""
    if not _is_http(invocation.event):
        raise NotHttp("this function answers requests of an API Gateway REST API; the event is of another kind")
    event: Mapping[str, Any] = invocation.event
    headers = _headers(event)
    path = unquote(event["path"])
    scope: Scope = {
        "type": "http",
        # 2.4: send() raises OSError when nobody takes the answer, so that no task need wait for a disconnect
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": event["httpMethod"],
        "scheme": dict(headers).get(b"x-forwarded-proto", b"https").decode("latin-1"),
        "path": path,
        "raw_path": quote(path).encode("ascii"),
        "query_string": urlencode(event.get("multiValueQueryStringParameters") or {}, doseq=True).encode("ascii"),
        "root_path": "",
        "headers": headers,
        "client": (event["requestContext"].get("identity", {}).get("sourceIp", ""), 0),
        "server": (dict(headers).get(b"host", b"").decode("latin-1"), 443),
        "state": dict(state),
        "aws.context": invocation.context,
    }
    return scope, _body(event)


def _is_http(event: Any) -> bool:
    return isinstance(event, dict) and {"httpMethod", "path", "requestContext"} <= event.keys()


def _headers(event: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    single: Mapping[str, str] = event.get("headers") or {}
    many: Mapping[str, list[str]] = event.get("multiValueHeaders") or {name: [value] for name, value in single.items()}
    # HTTP allows bytes beyond ASCII in a value; API Gateway hands them over as UTF-8 text
    return [(name.lower().encode(), value.encode()) for name, values in many.items() for value in values]


def _body(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
