"""When the router does without the SDK, and what it can do then."""

import pytest

from layers.dependencies.trim import CALLED
from turnout.store import plain_dynamo
from turnout.store.plain_dynamo import PlainDynamo

LAMBDA = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


def test_what_lambda_gives_is_enough() -> None:
    assert isinstance(plain_dynamo.client(LAMBDA), PlainDynamo)


@pytest.mark.parametrize(
    "more",
    [
        {"AWS_SECRET_ACCESS_KEY": ""},
        {"AWS_REGION": ""},
        {"AWS_REGION": "cn-north-1"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"HTTPS_PROXY": "http://127.0.0.1:3128"},
    ],
    ids=str,
)
def test_what_lambda_does_not_give_is_for_botocore(more: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("turnout.store.dynamo.client", lambda: "botocore's")
    assert plain_dynamo.client(LAMBDA | more) == "botocore's"


def test_it_has_all_operations_that_are_called() -> None:
    called = CALLED["dynamodb"] - {"DeleteItem"}  # of a purge, which no router does
    snake = {"".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_") for name in called}
    assert snake <= set(dir(PlainDynamo))
