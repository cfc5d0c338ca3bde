"""`turnout COMMAND`: reads the command line, runs the command, and ends with its exit code."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from turnout.catalog import BadCatalog
from turnout.cli.budgets import BUDGETS
from turnout.cli.command import CannotDo, Command
from turnout.cli.explain import EXPLAIN
from turnout.cli.keys import KEYS
from turnout.cli.laptop import laptop_settings
from turnout.cli.optimize import OPTIMIZE
from turnout.cli.policy import POLICY
from turnout.cli.purge import PURGE
from turnout.cli.recount import RECOUNT
from turnout.cli.recover import RECOVER
from turnout.cli.report import REPORT
from turnout.cli.reprice import REPRICE
from turnout.cli.rules import RULES
from turnout.cli.stack import stack_settings
from turnout.cli.world import World
from turnout.config import BadConfig, Config
from turnout.core.errors import TurnoutError
from turnout.routing.rules_file import BadRules

COMMANDS: Mapping[str, Command] = {
    "keys": KEYS,
    "budgets": BUDGETS,
    "optimize": OPTIMIZE,
    "policy": POLICY,
    "report": REPORT,
    "recover": RECOVER,
    "recount": RECOUNT,
    "reprice": REPRICE,
    "purge": PURGE,
    "rules": RULES,
    "explain": EXPLAIN,
}


def main() -> None:
    """The entry point."""
    sys.exit(run(sys.argv[1:], os.environ, sys.stdin, sys.stdout))


def run(arguments: Sequence[str], env: Mapping[str, str], stdin: TextIO, stdout: TextIO) -> int | str:
    """The exit code, or one line that says why nothing could be done. Exits for --help and wrong arguments."""
    args = _parser().parse_args(arguments)
    try:
        settings = _settings(args)
        return COMMANDS[args.command].run(args, World(Config.from_env({**env, **settings}), stdin, stdout))
    except (CannotDo, TurnoutError, BadConfig, BadCatalog, BadRules, BotoCoreError, ClientError) as error:
        return f"turnout {args.command}: {error}"


def _settings(args: Namespace) -> dict[str, str]:
    """What leads to the deployment, beside the environment."""
    if args.laptop:
        return laptop_settings()
    return stack_settings(args.stack) if args.stack else {}


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="turnout",
        description="Tends a deployment's record and policy, and explains decisions: what TURNOUT_* and AWS_* name.",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--stack", metavar="NAME", help="the deployment's stack, instead of TURNOUT_* for its tables")
    where.add_argument("--laptop", action="store_true", help="what `make run` has started from this folder")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        command.arguments(commands.add_parser(name, help=command.help, description=command.help))
    return parser


if __name__ == "__main__":
    main()
