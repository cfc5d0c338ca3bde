"""`turnout optimize`: a run of the optimizer now, in its function or here, and what came of it."""

import asyncio
from argparse import ArgumentParser, Namespace

from turnout.cli.command import CannotDo, Command
from turnout.cli.report import show_page
from turnout.cli.world import World
from turnout.core.reporting import run_id


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="show the report in a browser")


def _run(args: Namespace, world: World) -> int:
    result = asyncio.run(_done(world))
    for line in filter(None, (result.get("headline"), result["message"])):
        world.say(line)
    if result["status"] != "done":
        return 1
    if args.open:
        show_page(result["run"], world)
    world.say(f"report {result['run']}: turnout report open {result['run']}")
    return 0


async def _done(world: World) -> dict[str, str]:
    try:
        return await world.optimize(run_id(world.clock.time()))
    except ModuleNotFoundError as error:
        raise CannotDo(
            f"a report is drawn with {error.name}, which is not installed here: `uv sync --group reports`, "
            "or --stack NAME to run it in the deployment"
        ) from None


OPTIMIZE = Command("propose a policy from what was counted, and report on it", _arguments, _run)
