"""Signature Version 4 of a call in AWS's JSON protocol: a POST to `/`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from turnout.core.frozen import frozen

ALGORITHM = "AWS4-HMAC-SHA256"


@frozen
class Credentials:
    """A role's or a user's; a role's come with a token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


@frozen
class Scope:
    """What signatures are good for."""

    region: str
    service: str


def signed(
    headers: Mapping[str, str], body: bytes, credentials: Credentials, scope: Scope, now: datetime
) -> dict[str, str]:
    """`headers`, which have lower-case names and a `host`, with those that sign them and the body. `now` is UTC."""
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    token = {"x-amz-security-token": credentials.token} if credentials.token else {}
    all_ = {**headers, **token, "x-amz-date": stamp}
    ordered = sorted(all_)
    names = ";".join(ordered)
    lines = "\n".join([f"{name}:{all_[name]}" for name in ordered])
    canonical = f"POST\n/\n\n{lines}\n\n{names}\n{sha256(body).hexdigest()}"
    where = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = f"{ALGORITHM}\n{stamp}\n{where}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_key(credentials.secret_key, where), text.encode(), "sha256").hex()
    all_["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{where}, SignedHeaders={names}, Signature={signature}"
    )
    return all_


@lru_cache(maxsize=2)
def _key(secret_key: str, where: str) -> bytes:
    """The key of a day, a region and a service."""
    key = b"AWS4" + secret_key.encode()
    for part in where.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
