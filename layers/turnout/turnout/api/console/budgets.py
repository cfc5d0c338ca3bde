"""The console's endpoints on money and limits: what a key has left, and the budgets of tags."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response

from turnout.api import access, sizes
from turnout.api.console.budget_wire import BudgetLeft, CreditsItem, LimitsLeft, RateLeft
from turnout.api.console.queries import BudgetBody, BudgetQuestion, CreditsQuestion, asked, checked
from turnout.api.console.services import ConsoleServices
from turnout.api.console.wire import Sent, encode
from turnout.core.allowance import CREDITS_PER_USD, Budget, Period, Rate, Scope, TagBudget
from turnout.core.errors import Forbidden, RequestError
from turnout.core.frozen import frozen
from turnout.core.ports import Key
from turnout.policy.account import Account, Terms, left, terms_of_key, terms_of_tags, used

MOST_BODY_BYTES = 16_384


class UnknownBudget(RequestError):
    """There is none for this tag, value and period."""

    status = 404
    code = "budget_not_found"


@frozen
class Budgets:
    """One method for each route."""

    services: ConsoleServices

    async def credits(self, request: Request) -> Response:
        """Show what a key has left: its own budgets and limits, and the budgets of its tags."""
        key = await self._shown(await self._admit(request), asked(CreditsQuestion, request.query_params.multi_items()))
        of_tags = await self.services.budgets.all()
        shared = terms_of_tags(one for one in of_tags if key.tags.get(one.tag) == one.value)
        own, accounts = await self._account(terms_of_key(key)), await self._accounts(shared)
        return _json(self._credits(key, own, accounts))

    async def list_budgets(self, request: Request) -> Response:
        """List the budgets of tags, and what was spent of them."""
        await self._admit(request, "read")
        accounts = await self._accounts(terms_of_tags(await self.services.budgets.all()))
        return _json({"object": "list", "data": list(self._items(accounts))})

    async def set_budget(self, request: Request) -> Response:
        """Set what all requests with a tag may spend together. Replaces the budget for the same period, if any."""
        await self._admit(request, "admin")
        wanted = checked(BudgetBody, await sizes.read(request.stream(), MOST_BODY_BYTES))
        budget = Budget(wanted.amount, wanted.period)
        await self.services.budgets.set(TagBudget(wanted.tag, wanted.value, budget))
        (terms,) = terms_of_tags([TagBudget(wanted.tag, wanted.value, budget)])
        return _json(self._item(terms, budget, await self.services.accounts.read(terms.account)))

    async def remove_budget(self, request: Request) -> Response:
        """Remove a budget of a tag: what bears the tag may spend what it likes then, within its keys' own budgets."""
        await self._admit(request, "admin")
        named = asked(BudgetQuestion, request.query_params.multi_items())
        if not await self.services.budgets.remove(named.tag, named.value, named.period):
            raise UnknownBudget(
                f"There is no budget for {named.tag}={named.value} with the period '{named.period}'. "
                "GET /v1/budgets lists all.",
                param="tag",
            )
        return _json(
            {"object": "budget", "tag": named.tag, "value": named.value, "period": named.period, "deleted": True}
        )

    async def _admit(self, request: Request, scope: Scope | None = None) -> Key:
        return await access.admit(request.headers.get("authorization"), self.services.keys, scope)

    async def _shown(self, key: Key, question: CreditsQuestion) -> Key:
        """The key that is asked about. Raises Forbidden, or UnknownKey."""
        if question.key in (None, key.id):
            return key
        if not key.may("read"):
            raise Forbidden(
                f"Without the scope 'read' this key sees only its own credits. Leave 'key' out, or give '{key.id}'.",
                param="key",
            )
        return (await self.services.keyring.get(question.key)).key

    async def _account(self, terms: Terms) -> tuple[Terms, Account]:
        return terms, await self.services.accounts.read(terms.account)

    async def _accounts(self, all_terms: Iterable[Terms]) -> list[tuple[Terms, Account]]:
        return await asyncio.gather(*map(self._account, all_terms))

    def _credits(self, key: Key, own: tuple[Terms, Account], shared: list[tuple[Terms, Account]]) -> CreditsItem:
        terms, account = own
        rates = left(account, terms, self.services.clock.time())
        limits: LimitsLeft = {
            "requests_per_minute": _rate(rates.requests),
            "tokens_per_minute": _rate(rates.tokens),
            "concurrent": key.limits.concurrent,
            "under_way": len(account.held),
        }
        return {"object": "credits", "key": key.id, "budgets": list(self._items([own, *shared])), "limits": limits}

    def _items(self, accounts: Iterable[tuple[Terms, Account]]) -> Iterator[BudgetLeft]:
        return (self._item(terms, budget, account) for terms, account in accounts for budget in terms.budgets)

    def _item(self, terms: Terms, budget: Budget, account: Account) -> BudgetLeft:
        now = self.services.clock.time()
        spent = used(account, budget.period, now)
        rest = max(Decimal(0), budget.usd - spent)
        tag, _, value = terms.tag.partition("=")
        return {
            "object": "budget",
            "tag": tag or None,
            "value": value if tag else None,
            "period": budget.period,
            "usd": f"{budget.usd.normalize():f}",
            "used_usd": f"{spent.normalize():f}",
            "left_usd": f"{rest.normalize():f}",
            "left_credits": f"{(rest * CREDITS_PER_USD).normalize():f}",
            "resets_at": resets_at(budget.period, now),
        }


def resets_at(period: Period, now: float) -> str | None:
    """When the next period begins, None for the one that never ends."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {
        "day": today + timedelta(days=1),
        "month": (today.replace(day=1) + timedelta(days=32)).replace(day=1),
        "total": None,
    }[period]
    return begins and begins.isoformat().replace("+00:00", "Z")


def _rate(rate: Rate | None) -> RateLeft | None:
    return rate and {"limit": rate.limit, "left": rate.left, "full_in_seconds": round(rate.reset, 3)}


def _json(value: Sent) -> Response:
    return Response(encode(value), media_type="application/json")
