"""Contents in S3, one object each: encrypted, forgotten by the bucket's lifecycle, and readable by its key alone.

An object is named after the key first, so that no request of one key can name another's, and all of a key's are found
together. The bucket keeps no versions: what is erased is gone.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter
from pydantic_core import to_json

from turnout.core.contents import Content
from turnout.store.dynamo import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "contents"
BATCH = 1000
"""Objects that one call lists or erases at most."""

ABSENT = frozenset({"NoSuchKey", "AccessDenied"})
"""What S3 says of an object that is not there: the latter to whom may read objects but not list them."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

log = logging.getLogger("turnout.store")


def s3_client() -> "S3Client":
    """A thread-safe client."""
    from turnout.store import aws  # noqa: PLC0415 - half of a cold start, and few keys need it

    return aws.client("s3")


class S3Contents:
    """A `core.contents.Contents` in a bucket; the client is made when it is first needed, which few keys ever do."""

    def __init__(self, bucket: str, client: "Callable[[], S3Client]" = s3_client) -> None:
        self._bucket = bucket
        self._client = cache(client)

    async def write(self, content: Content) -> None:
        """See the port."""
        try:
            await asyncio.to_thread(self._put, content)
        except Exception as error:  # noqa: BLE001 - the answer is out; and the error may quote what was to be kept
            log.warning("The content of request %s could not be kept: %s", content.request_id, type(error).__name__)

    async def read(self, key_id: str, request_id: str) -> Content | None:
        """See the port."""
        if not (_NAME.fullmatch(key_id) and _NAME.fullmatch(request_id)):
            return None
        try:
            return await asyncio.to_thread(self._get, _name(key_id, request_id))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ABSENT:
                return None
            raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error

    def erase(self, key_id: str, *, dry_run: bool = False) -> int:
        """Erase all contents of a key, and say how many there were. Raises botocore's errors."""
        erased = 0
        for names in self._of(key_id):
            erased += len(names)
            if not dry_run:
                objects = [{"Key": name} for name in names]
                self._client().delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})  # pyright: ignore[reportArgumentType] - a dict is its type
        return erased

    def _of(self, key_id: str) -> Iterator[list[str]]:
        """The names of a key's objects, up to BATCH at once; what is erased meanwhile does not matter."""
        pages = (
            self._client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self._bucket, Prefix=_name(key_id, ""), PaginationConfig={"PageSize": BATCH})
        )
        for page in pages:
            if found := [name for item in page.get("Contents", ()) if (name := item.get("Key"))]:
                yield found

    def _put(self, content: Content) -> None:
        self._client().put_object(
            Bucket=self._bucket,
            Key=_name(content.key_id, content.request_id),
            Body=to_json(content, inf_nan_mode="null"),
            ContentType="application/json",
            ServerSideEncryption="AES256",
        )

    def _get(self, name: str) -> Content:
        return _contents().validate_json(self._client().get_object(Bucket=self._bucket, Key=name)["Body"].read())


@cache
def _contents() -> TypeAdapter[Content]:
    return TypeAdapter(Content)


def _name(key_id: str, request_id: str) -> str:
    return f"{PREFIX}/{key_id}/{request_id}{'.json' if request_id else ''}"


def _unavailable() -> StoreUnavailable:
    return StoreUnavailable("Turnout's own store does not answer. Try again in a moment.")
