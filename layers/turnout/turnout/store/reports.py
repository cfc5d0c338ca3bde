"""Reports in S3, each as a page and as JSON, under the day of their run.

    reports/2026/11/24/2026-11-24-030000.html
    reports/2026/11/24/2026-11-24-030000.json   written last: where it is, both are

So an id tells where its report is, and the newest are found by walking down the last folders.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from turnout.core.reporting import KeptReport, ReportNotWritten
from turnout.store import aws
from turnout.store.dynamo import ask

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = "reports/"
ID = re.compile(r"(\d{4})-(\d\d)-(\d\d)-[0-9A-Za-z]{1,40}")
TYPES: Mapping[str, str] = {"html": "text/html; charset=utf-8", "json": "application/json"}
"""The content type by the suffix of a key."""

_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
_ABSENT = frozenset({"NoSuchKey", "404"})


def client() -> "S3Client":
    """A thread-safe client for the whole process."""
    return aws.client("s3", _CONFIG)


def key_of(id_: str, suffix: str) -> str:
    """Where a report is: `suffix` is of TYPES. "" for what is no id of a report."""
    found = ID.fullmatch(id_)
    return f"{ROOT}{'/'.join(found.groups())}/{id_}.{suffix}" if found else ""


class S3Reports:
    """Reports in the bucket named `bucket`. What reads may raise StoreUnavailable."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    async def write(self, id_: str, page: str, json: bytes) -> str:
        """Keep a report, in place of an earlier one of this id; the page's key. Raises ReportNotWritten."""
        for suffix, body in (("html", page.encode()), ("json", json)):
            try:
                await asyncio.to_thread(self._put, key_of(id_, suffix), body, TYPES[suffix])
            except (BotoCoreError, ClientError) as error:
                where = f"s3://{self._bucket}/{key_of(id_, suffix)}"
                raise ReportNotWritten(f"The report could not be written to {where}: {error}") from error
        return key_of(id_, "html")

    async def read(self, id_: str, suffix: str) -> bytes | None:
        """A report as it was written, `suffix` of TYPES; None when there is none."""
        key = key_of(id_, suffix)
        return await ask(self._get, key) if key else None

    async def list(self, limit: int) -> Sequence[KeptReport]:
        """The newest, newest first."""
        return await ask(lambda: list(islice(self._newest(), limit)))

    def _put(self, key: str, body: bytes, content_type: str) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def _get(self, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                return None
            raise

    def _newest(self, folder: str = ROOT, depth: int = 3) -> Iterator[KeptReport]:
        """Those of the last years, months and days first; nothing is listed that nobody asks for."""
        pages = self._pages(folder)
        if depth:
            inner = sorted((one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())), reverse=True)
            for one in inner:
                yield from self._newest(one, depth - 1)
        else:
            kept = (_kept(one) for page in pages for one in page.get("Contents", ()) if one["Key"].endswith(".json"))
            yield from sorted(kept, key=lambda one: (one.written_at, one.id), reverse=True)

    def _pages(self, folder: str) -> Iterator[Mapping[str, Any]]:
        return iter(
            self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder, Delimiter="/")
        )


def _kept(item: Mapping[str, Any]) -> KeptReport:
    name = item["Key"].rpartition("/")[2].removesuffix(".json")
    return KeptReport(name, item["LastModified"].timestamp())
