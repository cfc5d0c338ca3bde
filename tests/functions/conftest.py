"""The functions as Lambda loads them, over an AWS in memory that has the template's own tables, bucket and secret."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws
from pydantic_core import from_json

from local.tables import create_buckets, create_tables
from turnout.core.keyring import Issued, Secret
from turnout.core.ports import Key
from turnout.store.dynamo import client, to_wire
from turnout.store.key_rows import key_row, secret_row
from turnout.store.keys import fingerprint

ROOT = Path(__file__).parents[2]
SECRET = "turnout/vendor-keys"
KEY = Key("key_01ke0000000000000000000000", "the events'", scopes=frozenset({"admin"}))
MANAGED = Key("key_01ke0000000000000000000001", "another's")
DELETED = Key("key_01ke0000000000000000000002", "a third")

type Load = Callable[[str], ModuleType]


def event(name: str) -> dict[str, Any]:
    """One of the events that `sam local invoke` takes too."""
    return from_json((ROOT / "events" / f"{name}.json").read_bytes())


def create_secret(name: str, text: str) -> None:
    """One in Secrets Manager, of whose client we have no types."""
    secrets = cast("Any", boto3).client("secretsmanager")
    secrets.create_secret(Name=name, SecretString=text)


def put_keys(dynamodb: Any, table: str, key: Key = KEY, pepper: str = "") -> None:
    """The key that the events carry, and those that they manage and delete, in the table."""
    secret = event("router.chat")["headers"]["Authorization"].removeprefix("Bearer ")
    for one, text in ((key, secret), (MANAGED, "the second"), (DELETED, "the third")):
        kept = Secret(fingerprint(text, pepper), 0)
        issued = Issued(one, created_at=0, secrets=(kept,))
        for row in (key_row(issued), secret_row(issued, kept)):
            dynamodb.put_item(TableName=table, Item=to_wire(row))


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with the stack in it, the key of the events, and one vendor's key."""
    with mock_aws():
        settings = create_tables(client()) | create_buckets(boto3.client("s3"))  # pyright: ignore[reportUnknownMemberType]
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        # Behind botocore is moto; without the like of this the router does without botocore.
        monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "turnout")
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Turnout")
        create_secret(SECRET, '{"OPENAI_API_KEY": "sk-of-the-vendor"}')
        put_keys(client(), settings["TURNOUT_KEYS_TABLE"])
        yield


@pytest.fixture
def load() -> Load:
    """The module `app` of a function, fresh, with what the environment says now."""
    return _load


def _load(function: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
