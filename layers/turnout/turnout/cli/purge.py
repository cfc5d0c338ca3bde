"""`turnout purge --key ID`: erases what is kept of a key's requests, and says how much that was."""

from argparse import ArgumentParser, Namespace

from turnout.cli.command import Command
from turnout.cli.world import World


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--key", required=True, metavar="ID", help="key_..., as the rows have it")
    parser.add_argument("--dry-run", action="store_true", help="count only, erase nothing")


def _run(args: Namespace, world: World) -> int:
    purged = world.purge.key(args.key, world.clock, world.retention_days, dry_run=args.dry_run)
    world.say(
        f"{'would erase' if args.dry_run else 'erased'} {purged.rows} rows, {purged.contents} contents and the models "
        f"of {purged.conversations} conversations of {args.key}"
    )
    world.say("The sums in the rollups stay; backups of the tables keep what they have for up to 35 days.")
    return 0


PURGE = Command("erase what is kept of a key's requests", _arguments, _run)
