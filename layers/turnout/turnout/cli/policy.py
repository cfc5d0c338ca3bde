"""`turnout policy`: the versions of the policy, what they change, and how they are moved by hand."""

import asyncio
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from turnout.cli.command import CannotDo, Command
from turnout.cli.world import World
from turnout.core.policies import Chain, Listed, Pointer, Policy

BY_HAND = "by hand, on the command line"
RANKED = "ranked at each request"


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="all versions, the newest first")
    show = actions.add_parser("show", help="one version: its chains, and all that became of it")
    show.add_argument("version")
    diff = actions.add_parser("diff", help="what a version changes")
    diff.add_argument("version")
    diff.add_argument("--with", dest="other", metavar="VERSION", help="instead of the one it was based on")
    activate = actions.add_parser("activate", help="let a version decide for all")
    canary = actions.add_parser("canary", help="let a version decide for a part of the sessions, and guard it")
    canary.add_argument("--share", type=_share, help="of the sessions, above 0 and below 1")
    rollback = actions.add_parser("rollback", help="take back the canary, or the active version for the one before")
    for moving in (activate, canary):
        moving.add_argument("version")
    for moving in (activate, canary, rollback):
        moving.add_argument("--reason", default=BY_HAND, help="goes into the version's history")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise ArgumentTypeError(f"'{text}' is no share above 0 and below 1")
    return share


def _run(args: Namespace, world: World) -> int:
    return asyncio.run(ACTIONS[args.action](args, world))


async def _list(_: Namespace, world: World) -> int:
    pointer = await world.policies.pointer()
    versions = await world.policies.list()
    for one in versions:
        world.say(f"{one.version}  {one.state:12}  {_moment(one.created_at)}  {one.note}")
    if not versions:
        world.say("There is no policy yet: `turnout optimize` proposes one when something is better.")
    world.say(_deciding(pointer))
    return 0


async def _show(args: Namespace, world: World) -> int:
    listed, policy = await _found(args.version, world)
    for line in (*_told(listed), *(_line(goal, task, chain) for (goal, task), chain in _chains(policy).items())):
        world.say(line)
    return 0


async def _diff(args: Namespace, world: World) -> int:
    _, new = await _found(args.version, world)
    other = args.other or new.based_on
    old = await _found(other, world) if other else None
    lines = list(differences(_chains(old[1]) if old else NO_CHAINS, _chains(new)))
    for line in lines:
        world.say(line)
    world.say(f"{len(lines)} chains differ from {other or 'no policy'}")
    return 0


async def _activate(args: Namespace, world: World) -> int:
    world.say(_deciding(await world.policies.activate(args.version, args.reason)))
    return 0


async def _canary(args: Namespace, world: World) -> int:
    share = args.share or world.config.canary_share
    world.say(_deciding(await world.policies.canary(args.version, share, args.reason)))
    return 0


async def _rollback(args: Namespace, world: World) -> int:
    world.say(_deciding(await world.policies.rollback(args.reason)))
    return 0


ACTIONS: Mapping[str, Callable[[Namespace, World], Coroutine[Any, Any, int]]] = {
    "list": _list,
    "show": _show,
    "diff": _diff,
    "activate": _activate,
    "canary": _canary,
    "rollback": _rollback,
}

type Chains = Mapping[tuple[str, str], Chain]
"""By goal and task."""
NO_CHAINS: Chains = {}


async def _found(version: str, world: World) -> tuple[Listed, Policy]:
    listed, policy = await world.policies.listed(version), await world.policies.find(version)
    if not listed or not policy:
        raise CannotDo(f"there is no policy {version}; `turnout policy list` has all")
    return listed, policy


def _chains(policy: Policy) -> Chains:
    return {(goal, task): chain for goal, tasks in policy.chains.items() for task, chain in tasks.items()}


def differences(old: Chains, new: Chains) -> Iterator[str]:
    """Two lines for each chain that is not the same in both."""
    for goal, task in sorted(old.keys() | new.keys()):
        before, after = old.get((goal, task), ()), new.get((goal, task), ())
        if before != after:
            yield f"{goal}, {task or 'unclassified'}:\n  - {_told_chain(before)}\n  + {_told_chain(after)}"


def _told(listed: Listed) -> Iterator[str]:
    yield f"policy {listed.version}, {listed.state}: {listed.note}"
    yield f"based on {listed.based_on or 'no policy'}; report {listed.report or 'none'}"
    for one in listed.history:
        yield f"  {_moment(one.at)}  {one.state}: {one.why}"


def _line(goal: str, task: str, chain: Chain) -> str:
    return f"{goal:12} {task or 'unclassified':16} {_told_chain(chain)}"


def _told_chain(chain: Chain) -> str:
    return " → ".join(chain) or RANKED


def _deciding(pointer: Pointer) -> str:
    canary = f"; canary: {pointer.canary} for {pointer.share:.0%} of the sessions" if pointer.canary else ""
    return f"active: {pointer.active or 'none, all is ranked at each request'}{canary}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


POLICY = Command("list, show, compare and move the versions of the policy", _arguments, _run)
