"""What a command is, and what several of them ask for: a period of whole days."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from datetime import UTC, datetime

from turnout.cli.world import World
from turnout.core.frozen import frozen

DAY = 86_400.0


class CannotDo(RuntimeError):
    """The message is one line that says what to mend."""


@frozen
class Command:
    """`arguments` adds to a parser; `run` does it and returns the exit code: 0 if all is well, 1 if not."""

    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, World], int]


def add_period(parser: ArgumentParser) -> None:
    """`--from` and `--to`, read as `args.since` and `args.until` in epoch seconds."""
    parser.add_argument("--from", dest="since", required=True, type=_midnight, metavar="DAY", help="first day, in UTC")
    parser.add_argument("--to", dest="until", required=True, type=_midnight, metavar="DAY", help="day after the last")


def checked_period(args: Namespace, world: World) -> tuple[float, float]:
    """The period. Raises CannotDo when it is empty, or when some of its rows are gone by now."""
    since, until = float(args.since), float(args.until)
    if since >= until:
        raise CannotDo("--to is the day after the last one, so it must be later than --from")
    oldest = world.clock.time() - world.retention_days * DAY
    if since < oldest:
        first = datetime.fromtimestamp(oldest, UTC).date()
        raise CannotDo(
            f"rows live for {world.retention_days} days, and some of that period are gone: start after {first}"
        )
    return since, until


def _midnight(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is no day such as 2026-11-24") from None
