"""`turnout budgets set | list | show | remove`: what tags may spend, and what keys and tags have left."""

import asyncio
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Coroutine, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from turnout.cli.command import CannotDo, Command
from turnout.cli.world import World
from turnout.core.allowance import CREDITS_PER_USD, Budget, Period, TagBudget
from turnout.policy.account import Terms, terms_of_key, terms_of_tags, used
from turnout.store.dynamo import ask

PERIODS: tuple[Period, ...] = get_args(Period.__value__)


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    change = actions.add_parser("set", help="set what all requests with a tag may spend together")
    change.add_argument("tag", type=_tag, metavar="NAME=VALUE")
    amount = change.add_mutually_exclusive_group(required=True)
    amount.add_argument("--usd", type=_amount, help="US dollars")
    amount.add_argument("--credits", type=_amount, help=f"credits; {CREDITS_PER_USD} are one US dollar")
    _add_period(change)
    actions.add_parser("list", help="show the budgets of all tags, and what was spent of them")
    show = actions.add_parser("show", help="show what a key or a tag has spent, and what it has left")
    show.add_argument("of", metavar="KEY | NAME=VALUE", help="key_..., or a tag")
    remove = actions.add_parser("remove", help="let requests with a tag spend what they like")
    remove.add_argument("tag", type=_tag, metavar="NAME=VALUE")
    _add_period(remove)


def _add_period(parser: ArgumentParser) -> None:
    parser.add_argument("--period", choices=PERIODS, default="month", help="what it is for; days and months are UTC's")


def _run(args: Namespace, world: World) -> int:
    return asyncio.run(ACTIONS[args.action](args, world))


async def _set(args: Namespace, world: World) -> int:
    usd: Decimal = args.usd if args.usd is not None else args.credits / CREDITS_PER_USD
    name, value = args.tag
    await world.budgets.set(TagBudget(name, value, Budget(usd, args.period)))
    seconds = world.config.key_cache_seconds
    world.say(f"{name}={value}: {usd:f} USD, {args.period}; everywhere within {seconds:g} seconds")
    return 0


async def _list(_args: Namespace, world: World) -> int:
    await _say(terms_of_tags(await world.budgets.all()), world)
    return 0


async def _show(args: Namespace, world: World) -> int:
    name, equals, value = str(args.of).partition("=")
    if equals:
        mine = [one for one in await world.budgets.all() if (one.tag, one.value) == (name, value)]
        await _say(terms_of_tags(mine) or [Terms(f"tag#{name}={value}")], world)
    else:
        await _say([terms_of_key((await world.keyring.get(name)).key)], world)
    return 0


async def _remove(args: Namespace, world: World) -> int:
    name, value = args.tag
    if not await world.budgets.remove(name, value, args.period):
        raise CannotDo(f"there is no budget for {name}={value} with the period '{args.period}'")
    world.say(f"{name}={value} has no budget for the period '{args.period}' any more")
    return 0


async def _say(accounts: Iterable[Terms], world: World) -> None:
    """One line a budget, and one for each period without one."""
    for terms in accounts:
        account, now = await ask(world.accounts.read, terms.account), world.clock.time()
        budgets = {budget.period: budget.usd for budget in terms.budgets}
        for period in PERIODS:
            spent, usd = used(account, period, now), budgets.get(period)
            told = "no budget" if usd is None else f"of {usd:f} USD, {max(Decimal(0), usd - spent):.6f} left"
            world.say(f"{terms.account.partition('#')[2]}  {period:5}  {spent:.6f} USD spent, {told}")


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount >= 0):
        raise ArgumentTypeError(f"'{text}' is no amount such as 12.50")
    return amount


ACTIONS: Mapping[str, Callable[[Namespace, World], Coroutine[Any, Any, int]]] = {
    "set": _set,
    "list": _list,
    "show": _show,
    "remove": _remove,
}

BUDGETS = Command("set what tags may spend, and show what is left", _arguments, _run)
