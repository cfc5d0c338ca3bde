"""`turnout keys create | disable`: the clients' keys. A secret is shown once, when it is made, and kept nowhere."""

import asyncio
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace

from turnout.cli.command import DAY, CannotDo, Command
from turnout.cli.world import World
from turnout.core.allowance import MOST_EXPLORED
from turnout.core.ports import Key


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("name", help="whose it is, or what for")
    create.add_argument("--tag", action="append", default=[], type=_tag, metavar="NAME=VALUE", help="on all its rows")
    create.add_argument("--days", type=float, help="how long it works; without: until it is disabled")
    create.add_argument("--explore", type=float, default=0.0, metavar="SHARE", help="of auto requests, at most 0.2")
    disable = actions.add_parser("disable", help="let a key in no more")
    disable.add_argument("id", help="key_..., as the rows have it")


def _run(args: Namespace, world: World) -> int:
    return asyncio.run(_create(args, world) if args.action == "create" else _disable(args, world))


async def _create(args: Namespace, world: World) -> int:
    until = None if args.days is None else world.clock.time() + args.days * DAY
    if not 0 <= args.explore <= MOST_EXPLORED:
        raise CannotDo(f"--explore: must be from 0 to {MOST_EXPLORED}")
    key = Key("", args.name, dict(args.tag), args.explore)
    secret, issued = await world.keyring.create(key, until)
    world.say(f"{issued.key.id}\n{secret}\nKeep it now: it is not shown again, and only its hash is stored.")
    return 0


async def _disable(args: Namespace, world: World) -> int:
    await world.keyring.change(args.id, lambda issued: replace(issued, disabled=True))
    world.say(f"{args.id} is refused from now on, everywhere within {world.config.key_cache_seconds:g} seconds")
    return 0


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


KEYS = Command("make and disable the clients' keys", _arguments, _run)
