"""`turnout keys ACTION`: the clients' keys. A secret is shown once, when it is made, and kept nowhere."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from turnout.api.console.key_body import MOST_OVERLAP, KeyBody, KeyChange
from turnout.api.console.key_rows import key_item
from turnout.api.console.key_terms import read_terms
from turnout.api.console.queries import checked
from turnout.cli.command import CannotDo, Command
from turnout.cli.key_options import add_options, said
from turnout.cli.world import World
from turnout.core.frozen import frozen
from turnout.core.keyring import Issued

PAGE = 100
HOUR = 3_600
SHOWN_ONCE = "Keep it now: it is not shown again, and only its hash is stored."

type Run = Callable[[Namespace, World], Coroutine[Any, Any, None]]


@frozen
class Action:
    """One of `turnout keys`."""

    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Run


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, action in ACTIONS.items():
        action.arguments(actions.add_parser(name, help=action.help, description=action.help))


def _run(args: Namespace, world: World) -> int:
    asyncio.run(ACTIONS[args.action].run(args, world))
    return 0


async def _create(args: Namespace, world: World) -> None:
    body = checked(KeyBody, to_json({"name": args.name, **_said(args, world)}))
    secret, issued = await world.keyring.create(read_terms(world.config).key(body), body.expires_at)
    _show_secret(world, secret, issued)


async def _bootstrap(args: Namespace, world: World) -> None:
    secret, issued = await world.keyring.bootstrap(args.name)
    _show_secret(world, secret, issued)


async def _list(args: Namespace, world: World) -> None:  # noqa: ARG001 - as all actions
    after, more = "", True
    while more:
        keys, after = await world.keyring.page(PAGE, after)
        for issued in keys:
            world.say(_line(issued, world.clock.time()))
        more = bool(after)


async def _show(args: Namespace, world: World) -> None:
    _show_key(world, await world.keyring.get(args.id))


async def _change(args: Namespace, world: World) -> None:
    name = {} if args.name is None else {"name": args.name}
    body, terms = checked(KeyChange, to_json({**name, **_said(args, world)})), read_terms(world.config)
    _show_key(world, await world.keyring.change(args.id, lambda issued: terms.changed(issued, body)))


async def _rotate(args: Namespace, world: World) -> None:
    if not 0 <= args.overlap * HOUR <= MOST_OVERLAP:
        raise CannotDo(f"--overlap: must be from 0 to {MOST_OVERLAP // HOUR} hours")
    secret, issued = await world.keyring.rotate(args.id, args.overlap * HOUR)
    _show_secret(world, secret, issued)
    world.say(f"The secrets before it end in {args.overlap:g} hours.")


async def _disable(args: Namespace, world: World) -> None:
    await world.keyring.change(args.id, lambda issued: replace(issued, disabled=True))
    world.say(f"{args.id} is refused from now on, {_soon(world)}")


async def _enable(args: Namespace, world: World) -> None:
    await world.keyring.change(args.id, lambda issued: replace(issued, disabled=False))
    world.say(f"{args.id} is let in again, {_soon(world)}")


async def _delete(args: Namespace, world: World) -> None:
    await world.keyring.delete(args.id)
    world.say(f"{args.id} is gone for good, {_soon(world)}; the rows of its requests stay")


def _said(args: Namespace, world: World) -> dict[str, object]:
    now = world.clock.time()
    if args.days is not None and args.days <= 0:
        raise CannotDo("--days: must be more than 0; to stop a key now, disable it")
    return said(args, now)


def _show_secret(world: World, secret: str, issued: Issued) -> None:
    world.say(f"{issued.key.id}\n{secret}\n{SHOWN_ONCE}")


def _show_key(world: World, issued: Issued) -> None:
    world.say(to_json(key_item(issued), indent=2).decode())


def _line(issued: Issued, now: float) -> str:
    key = issued.key
    expired = issued.expires_at is not None and issued.expires_at <= now
    state = "disabled" if issued.disabled else "expired" if expired else "enabled"
    return f"{key.id}  {state:8}  {','.join(sorted(key.scopes)):20}  {key.name}"


def _soon(world: World) -> str:
    return f"everywhere within {world.config.key_cache_seconds:g} seconds"


def _of_new(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="whose it is, or what for")
    add_options(parser)


def _of_change(parser: ArgumentParser) -> None:
    _of_one(parser)
    parser.add_argument("--name", help="whose it is, or what for")
    add_options(parser)


def _of_rotation(parser: ArgumentParser) -> None:
    _of_one(parser)
    parser.add_argument("--overlap", type=float, default=24.0, metavar="HOURS", help="for the old one; else 24")


def _of_one(parser: ArgumentParser) -> None:
    parser.add_argument("id", help="key_..., as 'turnout keys list' and the rows have it")


def _of_first(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", default="first admin", help="whose it is; else 'first admin'")


def _of_none(parser: ArgumentParser) -> None:
    del parser


ACTIONS: Mapping[str, Action] = {
    "bootstrap": Action("make the deployment's first admin key, once, and print it", _of_first, _bootstrap),
    "create": Action("make a key and print it, this once", _of_new, _create),
    "list": Action("list all keys, the newest first", _of_none, _list),
    "show": Action("tell all of a key but its secrets", _of_one, _show),
    "change": Action("change a key: each field that is given is replaced", _of_change, _change),
    "rotate": Action("make a new secret for a key; the old one goes on working for a while", _of_rotation, _rotate),
    "disable": Action("let a key in no more", _of_one, _disable),
    "enable": Action("let a key in again", _of_one, _enable),
    "delete": Action("delete a key, for good", _of_one, _delete),
}

KEYS = Command("make, show, change, rotate and delete the clients' keys", _arguments, _run)
