"""`turnout recover FILE`: what DynamoDB refused, from the function's log into the tables, each once."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from turnout.cli.command import CannotDo, Command
from turnout.cli.world import World
from turnout.core.records import Record
from turnout.store.recovery import found_in


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", help="a log, in any form that keeps its lines; - for standard input")


def _run(args: Namespace, world: World) -> int:
    fates: Counter[str] = Counter()
    with ExitStack() as stack:
        for number, line in enumerate(_lines(args.file, world, stack), start=1):
            try:
                fates.update(_fates(line, world))
            except ValueError as error:
                fates["unreadable"] += 1
                world.say(f"line {number} has a row that cannot be read: {str(error).splitlines()[0]}")
    world.say(
        f"{fates['loaded']} rows loaded, {fates['there']} were there already, {fates['expired']} have expired, "
        f"{fates['unreadable']} could not be read"
    )
    if fates["settled"]:
        world.say(f"{fates['settled']} settlements of keys and tags, of which each counts once")
    return int(fates["unreadable"] > 0)


def _fates(line: str, world: World) -> Iterator[str]:
    """What became of the rows and of the settlements in a line. Raises ValueError when one was cut."""
    for one in found_in(line):
        if isinstance(one, Record):
            yield world.recovery.load(one)
        else:
            world.accounts.settle(one)
            yield "settled"


def _lines(file: str, world: World, stack: ExitStack) -> Iterable[str]:
    if file == "-":
        return world.stdin
    try:
        return stack.enter_context(Path(file).open(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise CannotDo(f"{file}: {error.strerror}") from None


RECOVER = Command("load rows and settlements that DynamoDB refused from the function's log", _arguments, _run)
