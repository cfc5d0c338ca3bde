"""The real stores over a DynamoDB that has the template's tables, wherever it is, and what can go wrong there."""

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from tests.fakes import FakeClock
from tests.unit.store.allowance_contract import LIFETIME, TEAM_BUDGET, World
from tests.unit.store.contracts import Issuing, Log
from turnout.core.allowance import TagBudget
from turnout.core.ports import Clock, Key
from turnout.store.accounts import DynamoAccounts
from turnout.store.allowances import DynamoAllowances
from turnout.store.dynamo import from_wire
from turnout.store.keyring import DynamoKeyring
from turnout.store.keys import DynamoKeys
from turnout.store.log import DynamoRequestLog, from_item
from turnout.store.tag_budgets import DynamoTagBudgets

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Answer = Callable[[], AWSResponse]

LOG_TABLE = "turnout-request-log"
KEYS_TABLE = "turnout-keys"
PEPPER = "a pepper of at least 32 characters"
ALLOWANCE_TABLE = "turnout-allowance"


def dynamo_log(dynamodb: "DynamoDBClient") -> Log:
    """The request log, read by a scan."""

    def items() -> list[dict[str, Any]]:
        return [from_wire(item) for item in dynamodb.scan(TableName=LOG_TABLE)["Items"]]

    return Log(DynamoRequestLog(dynamodb, LOG_TABLE, retention_days=90), lambda: map(from_item, items()))


def dynamo_keys(dynamodb: "DynamoDBClient") -> Issuing:
    """The store of keys, filled by its keyring."""
    clock = FakeClock()
    keys = DynamoKeys(dynamodb, KEYS_TABLE, cache_seconds=10, clock=clock, pepper=PEPPER)
    keyring = DynamoKeyring(dynamodb, KEYS_TABLE, clock, PEPPER)

    async def issue(name: str, tags: dict[str, str]) -> str:
        secret, _ = await keyring.create(Key("", name, tags))
        return secret

    return Issuing(keys, issue)


async def dynamo_allowances(dynamodb: "DynamoDBClient") -> World:
    """Routers that share accounts, with a budget of the tag team=search."""
    clock = FakeClock()
    await dynamo_tag_budgets(dynamodb, clock).set(TagBudget("team", "search", TEAM_BUDGET))

    def instance() -> DynamoAllowances:
        return DynamoAllowances(dynamo_accounts(dynamodb, clock), dynamo_tag_budgets(dynamodb, clock), clock)

    return World(clock, instance, dynamo_accounts(dynamodb, clock).read)


def dynamo_accounts(dynamodb: "DynamoDBClient", clock: Clock) -> DynamoAccounts:
    """The accounts, seen by one that has seen nothing yet."""
    return DynamoAccounts(dynamodb, ALLOWANCE_TABLE, clock, LIFETIME)


def dynamo_tag_budgets(dynamodb: "DynamoDBClient", clock: Clock) -> DynamoTagBudgets:
    """The budgets of tags, the same."""
    return DynamoTagBudgets(dynamodb, ALLOWANCE_TABLE, 10, clock)


class Outage:
    """While it lasts, calls end with `answer` and reach no DynamoDB; `calls` counts them."""

    def __init__(self, client: "DynamoDBClient", answer: Answer | None = None) -> None:
        self._events: Any = client.meta.events  # the stubs have no handler that answers
        self._answer = answer or silence
        self.calls = 0

    def __enter__(self) -> Self:
        self._events.register_first("before-send.dynamodb", self._send)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-send.dynamodb", self._send)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.calls += 1
        return self._answer()


def silence() -> AWSResponse:
    """No answer in time."""
    raise ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")


def refusal(code: str, status: int = 400) -> Answer:
    """An answer that says no."""
    body = f'{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}}'.encode()

    def answer() -> AWSResponse:
        return AWSResponse("https://dynamodb", status, HTTPHeaders(), _Body(body))

    return answer


class _Body(BytesIO):
    def stream(self, **_: object) -> "_Body":
        return self
