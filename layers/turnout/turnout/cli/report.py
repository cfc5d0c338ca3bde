"""`turnout report list | show | open`: the optimizer's reports, in the terminal, in a file or in a browser."""

import asyncio
import tempfile
import webbrowser
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from turnout.cli.command import CannotDo, Command
from turnout.cli.world import World
from turnout.policy.report import Report

SHOWN = 20
LATEST = "latest"


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help=f"the newest {SHOWN}")
    show = actions.add_parser("show", help="what a report says first; --json for all of it, --html for the page")
    opened = actions.add_parser("open", help="the page, in a browser")
    for one in (show, opened):
        one.add_argument("id", nargs="?", default=LATEST, help="of the report; without: the newest")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", dest="suffix", action="store_const", const="json", help="write the report as JSON")
    form.add_argument("--html", dest="suffix", action="store_const", const="html", help="write its page")


def _run(args: Namespace, world: World) -> int:
    return ACTIONS[args.action](args, world)


def _list(_: Namespace, world: World) -> int:
    for one in asyncio.run(world.reports.list(SHOWN)):
        world.say(f"{one.id}  {datetime.fromtimestamp(one.written_at, UTC):%Y-%m-%d %H:%M}")
    return 0


def _show(args: Namespace, world: World) -> int:
    id_ = args.id if args.id != LATEST else newest(world)
    found = asyncio.run(world.reports.read(id_, args.suffix or "json"))
    if found is None:
        raise CannotDo(f"there is no report {id_}; `turnout report list` has the newest")
    if args.suffix:
        world.say(found.decode())
        return 0
    told = Report.model_validate_json(found)
    world.say(f"{told.headline}\n{told.first_day} to {told.last_day}, {told.totals.requests} requests")
    for number, step in enumerate(told.steps, start=1):
        world.say(f"{number}. {step.text}{f'\n   {step.command}' if step.command else ''}")
    return 0


def _open(args: Namespace, world: World) -> int:
    show_page(args.id if args.id != LATEST else newest(world), world)
    return 0


def show_page(id_: str, world: World) -> None:
    """Open a report in the browser, from a file of its own: it needs no network. Raises CannotDo."""
    found = asyncio.run(world.reports.read(id_, "html"))
    if found is None:
        raise CannotDo(f"there is no report {id_}; `turnout report list` has the newest")
    path = Path(tempfile.mkdtemp(prefix="turnout-")) / f"turnout-report-{id_}.html"
    path.write_bytes(found)
    world.say(f"{path.as_uri()}")
    webbrowser.open(path.as_uri())


def newest(world: World) -> str:
    """The id of the newest report. Raises CannotDo when there is none."""
    kept = asyncio.run(world.reports.list(1))
    if not kept:
        raise CannotDo("there is no report yet; `turnout optimize` makes one")
    return kept[0].id


ACTIONS: Mapping[str, Callable[[Namespace, World], int]] = {"list": _list, "show": _show, "open": _open}

REPORT = Command("list, show and open the optimizer's reports", _arguments, _run)
