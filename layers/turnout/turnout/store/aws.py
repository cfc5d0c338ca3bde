"""Clients of AWS's services, all of one session: what the SDK has in files, and its credentials, are read once."""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session


def client(service: str, config: Config | None = None) -> Any:
    """A thread-safe client. Region, credentials and `AWS_ENDPOINT_URL` are botocore's to find.

    The clients that boto3 would give; boto3 itself is a part of a cold start that no call needs.
    """
    return _session().create_client(service, config=config)  # pyright: ignore[reportArgumentType, reportCallIssue]


@cache
def _session() -> Session:
    return get_session()
