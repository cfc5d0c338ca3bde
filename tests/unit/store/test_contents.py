"""What was said: found by the key whose it is, by no other, and gone when it is erased."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from local.tables import create_buckets
from tests.fakes import FakeClock, FakeContents
from turnout.core.contents import Content, Contents
from turnout.core.records import Record
from turnout.store import aws
from turnout.store.contents import S3Contents
from turnout.store.dynamo import StoreUnavailable
from turnout.store.log import DynamoRequestLog
from turnout.store.purge import Purge, Purged
from turnout.store.sessions import DynamoSessions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

BUCKET, LOG, HEALTH = "turnout-content", "turnout-request-log", "turnout-health"
NOW = 1_800_000_000.0


def a_content(request: str = "01REQUEST", key: str = "key_1") -> Content:
    return Content(request, key, NOW, {"model": "auto", "messages": [{"content": "räksmörgås"}]}, [{"index": 0}])


class Contract:
    async def test_what_was_kept_is_found_by_its_key_alone(self, contents: Contents) -> None:
        await contents.write(a_content())
        assert await contents.read("key_1", "01REQUEST") == a_content()
        assert await contents.read("key_2", "01REQUEST") is None
        assert await contents.read("key_1", "01OTHER") is None

    async def test_what_is_kept_again_replaces_it(self, contents: Contents) -> None:
        await contents.write(a_content())
        await contents.write(a_content())
        assert await contents.read("key_1", "01REQUEST") == a_content()


class TestFake(Contract):
    @pytest.fixture
    def contents(self) -> Contents:
        return FakeContents()


@pytest.fixture(scope="module")
def s3_client() -> "S3Client":
    """The product's own client, made once."""
    return aws.client("s3")


@pytest.fixture
def s3(s3_client: "S3Client") -> Iterator["S3Client"]:
    with mock_aws():
        create_buckets(s3_client)
        yield s3_client


@pytest.fixture
def in_s3(s3: "S3Client") -> S3Contents:
    return S3Contents(BUCKET, lambda: s3)


class TestS3(Contract):
    @pytest.fixture
    def contents(self, in_s3: S3Contents) -> Contents:
        return in_s3


async def test_an_object_is_encrypted(in_s3: S3Contents, s3: "S3Client") -> None:
    await in_s3.write(a_content())
    [item] = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    name = item.get("Key", "")
    assert name == "contents/key_1/01REQUEST.json"
    assert s3.head_object(Bucket=BUCKET, Key=name)["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize("name", ["", "../key_2/01REQUEST", "a/b", "x" * 65, "a\nb"])
async def test_no_name_leads_to_another_keys_object(in_s3: S3Contents, name: str) -> None:
    await in_s3.write(a_content(key="key_2"))
    assert await in_s3.read("key_1", name) is None
    assert await in_s3.read(name, "01REQUEST") is None


async def test_what_cannot_be_kept_is_told_without_a_word_of_it(
    s3: "S3Client", caplog: pytest.LogCaptureFixture
) -> None:
    contents = S3Contents("no-such-bucket", lambda: s3)
    await contents.write(a_content())
    assert "01REQUEST could not be kept: NoSuchBucket" in caplog.text
    assert "räksmörgås" not in caplog.text
    with pytest.raises(StoreUnavailable):
        await contents.read("key_1", "01REQUEST")


async def test_no_client_is_made_before_something_is_to_be_kept(s3: "S3Client") -> None:
    made: list[int] = []
    contents = S3Contents(BUCKET, lambda: (made.append(1), s3)[1])
    assert made == []
    await contents.write(a_content())
    await contents.write(a_content())
    assert made == [1]


async def test_a_purge_erases_all_of_a_key_and_counts(
    in_s3: S3Contents, dynamodb: "DynamoDBClient", s3: "S3Client"
) -> None:
    clock = FakeClock(NOW)
    log, sessions = DynamoRequestLog(dynamodb, LOG, 90), DynamoSessions(dynamodb, HEALTH, clock)
    for number, key in enumerate(["key_1", "key_1", "key_1", "key_2"]):
        conversation = f"c{min(number, 1)}" if key == "key_1" else "other"
        at = NOW - number * 86_400
        await log.write(Record(f"0{number}", at, key, "auto", stream=False, conversation=conversation))
        await sessions.keep(conversation, "acme/a")
        await in_s3.write(a_content(f"0{number}", key))
    purge = Purge(dynamodb, LOG, HEALTH, in_s3)
    everything = Purged(rows=3, contents=3, conversations=2)
    assert await asyncio.to_thread(lambda: purge.key("key_1", clock, 90, dry_run=True)) == everything
    assert await asyncio.to_thread(lambda: purge.key("key_1", clock, 90)) == everything
    assert await asyncio.to_thread(lambda: purge.key("key_1", clock, 90)) == Purged(0, 0, 0)
    assert [item["id"] for item in dynamodb.scan(TableName=LOG)["Items"]] == [{"S": "03"}]
    assert [item["pk"] for item in dynamodb.scan(TableName=HEALTH)["Items"]] == [{"S": "conversation#other"}]
    assert await in_s3.read("key_2", "03") == a_content("03", "key_2")
