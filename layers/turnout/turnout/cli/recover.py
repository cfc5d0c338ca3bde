"""`turnout recover FILE`: rows that DynamoDB refused, from the function's log into the table, each once."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from turnout.cli.command import CannotDo, Command
from turnout.cli.world import World
from turnout.store.recovery import rows_in


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", help="a log, in any form that keeps its lines; - for standard input")


def _run(args: Namespace, world: World) -> int:
    fates: Counter[str] = Counter()
    with ExitStack() as stack:
        for number, line in enumerate(_lines(args.file, world, stack), start=1):
            try:
                fates.update(world.recovery.load(row) for row in rows_in(line))
            except ValueError as error:
                fates["unreadable"] += 1
                world.say(f"line {number} has a row that cannot be read: {str(error).splitlines()[0]}")
    world.say(
        f"{fates['loaded']} rows loaded, {fates['there']} were there already, {fates['expired']} have expired, "
        f"{fates['unreadable']} could not be read"
    )
    return int(fates["unreadable"] > 0)


def _lines(file: str, world: World, stack: ExitStack) -> Iterable[str]:
    if file == "-":
        return world.stdin
    try:
        return stack.enter_context(Path(file).open(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise CannotDo(f"{file}: {error.strerror}") from None


RECOVER = Command("load rows that DynamoDB refused from the function's log", _arguments, _run)
