"""`turnout budgets`: what tags may spend, and what is left; and settlements that are recovered."""

import asyncio
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from turnout.cli.__main__ import run
from turnout.clock import SystemClock
from turnout.core.allowance import Budget, Estimate
from turnout.core.ports import Key
from turnout.policy.account import Terms
from turnout.store.accounts import DynamoAccounts, Wanted
from turnout.store.keyring import DynamoKeyring
from turnout.store.settlements import Settlement, unsaved_line

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CENTS = Decimal("0.25")


def said(*arguments: str, stdin: str = "") -> list[str]:
    out = StringIO()
    assert run(arguments, {}, StringIO(stdin), out) == 0
    return out.getvalue().splitlines()


def spend(dynamodb: "DynamoDBClient", account: str, request_id: str) -> Settlement:
    """A request under way, and what settles it."""
    clock = SystemClock()
    at = clock.time()
    DynamoAccounts(dynamodb, "turnout-allowance", clock, 180).hold(
        Terms(account), Wanted(request_id, at, Estimate(CENTS, 1))
    )
    return Settlement(account, request_id, at, CENTS, Decimal("0.125"))


def test_a_budget_is_set_seen_and_removed(dynamodb: "DynamoDBClient") -> None:
    assert said("budgets", "set", "team=search", "--credits", "1250") == [
        "team=search: 12.5 USD, month; everywhere within 10 seconds"
    ]
    spend(dynamodb, "tag#team=search", "01R")
    seen = said("budgets", "show", "team=search")
    assert seen == [
        "team=search  day    0.250000 USD spent, no budget",
        "team=search  month  0.250000 USD spent, of 12.5 USD, 12.250000 left",
        "team=search  total  0.250000 USD spent, no budget",
    ]
    assert said("budgets", "list") == seen
    said("budgets", "remove", "team=search")
    assert said("budgets", "list") == []
    assert run(["budgets", "remove", "team=search"], {}, StringIO(), StringIO()) == (
        "turnout budgets: there is no budget for team=search with the period 'month'"
    )


async def test_a_key_shows_what_it_has_left(dynamodb: "DynamoDBClient") -> None:
    keyring = DynamoKeyring(dynamodb, "turnout-keys", SystemClock(), "")
    _, issued = await keyring.create(Key("", "web", budgets=(Budget(Decimal(5)),)))
    spend(dynamodb, f"key#{issued.key.id}", "01R")
    seen = await asyncio.to_thread(said, "budgets", "show", issued.key.id)
    assert seen[-1] == f"{issued.key.id}  total  0.250000 USD spent, of 5 USD, 4.750000 left"


@pytest.mark.parametrize("amount", ["much", "-1", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_refused(amount: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["budgets", "set", "a=b", f"--usd={amount}"], {}, StringIO(), StringIO())
    assert "is no amount such as 12.50" in capsys.readouterr().err


def test_a_settlement_of_the_functions_log_counts_once(dynamodb: "DynamoDBClient") -> None:
    line = unsaved_line(spend(dynamodb, "tag#team=search", "01R"), OSError("no route"))
    for _ in range(2):
        assert said("recover", "-", stdin=f"2026 {line}\n")[1:] == [
            "1 settlements of keys and tags, of which each counts once"
        ]
    assert said("budgets", "show", "team=search")[2] == "team=search  total  0.125000 USD spent, no budget"
