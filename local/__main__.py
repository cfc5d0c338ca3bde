"""`make run`: Turnout on this machine, with an AWS and, where there are no keys, vendors of its own."""

import os
import re
import socket
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe

import boto3

from local import dotenv, serving
from local.announced import announced
from local.aws import AwsNotStarted, EmbeddedAws
from local.both import both
from local.interrupts import heeded
from local.kept import KeptChild
from local.optimizing import HereStarter, Schedule
from local.process import ChildFailed, python
from local.stream_poller.setting import poller_env
from local.tables import create_buckets, create_tables
from local.ticket import ticketed
from local.timer import every
from local.vendors import Vendors, vendors
from local.view import ShownLog, Terminal
from turnout import bootstrap, bootstrap_optimizer
from turnout.api.app import create_app
from turnout.api.console.app import create_console
from turnout.bootstrap_console import console
from turnout.catalog import BadCatalog
from turnout.config import BadConfig, Config
from turnout.core.allowance import MOST_EXPLORED
from turnout.core.ports import Key
from turnout.policy.guard import Guard
from turnout.routing.rules_file import BadRules

ROOT = Path(__file__).parent.parent
GUARD_SECONDS = 15.0
"""Between two looks of the guard: sooner than in a deployment, since somebody sits and waits."""
OPTIMIZER_MINUTES = "15"
"""Between two runs of the optimizer: as soon as there is something to see, since nobody runs a laptop for a week."""
PACE = 40.0
"""Tokens per second of the simulators: about as quick as a large model, so that streams look like streams."""


class CannotRun(RuntimeError):
    """The message is one line that says what to mend."""


def main() -> None:
    """Run until Ctrl-C. Exits with 1 and one clear line where something is missing. DOTENV names another `.env`."""
    terminal = Terminal()
    try:
        run(terminal, {**os.environ, **dotenv.read(Path(os.environ.get("DOTENV", ROOT / ".env")))})
    except KeyboardInterrupt:
        terminal.step("stopped")
    except (CannotRun, AwsNotStarted, ChildFailed, BadConfig, BadCatalog, BadRules, dotenv.BadDotenv) as error:
        sys.exit(f"Turnout cannot start: {error}")


def run(terminal: Terminal, env: Mapping[str, str]) -> None:
    """Start everything, serve, and stop everything again."""
    port, minutes = _port(env), _minutes(env)
    extra = Path(env["TURNOUT_CATALOG_DIR"]) if env.get("TURNOUT_CATALOG_DIR") else None
    with _listening(port) as listening, heeded() as started:
        terminal.step("starting the embedded AWS (the first time it is downloaded)")
        with EmbeddedAws() as aws, vendors(env, extra, pace=PACE) as answering:
            os.environ.update(aws.env)
            stores = _storage()
            config = Config.from_env({**env, **stores, **answering.settings})
            here = aws.env | stores | {name: env[name] for name in ("TURNOUT_CATALOG_DIR",) if env.get(name)}
            poller = KeptChild(
                "the stream poller", python("local.stream_poller"), poller_env(stores), terminal.counting
            )
            with poller, announced(here):
                started()
                serving.run(_serve(terminal, listening, config, answering, minutes * 60))


async def _serve(
    terminal: Terminal, listening: socket.socket, config: Config, answering: Vendors, pause: float
) -> None:
    services = bootstrap.services(config)
    optimizer = bootstrap_optimizer.optimizer(config)
    starter = HereStarter(optimizer, terminal.step)
    schedule = Schedule(starter, optimizer.rollups, optimizer.clock)
    seeing = replace(console(config), starter=starter)
    secret, _ = await seeing.keyring.create(Key("", "laptop", scopes=frozenset({"admin"}), explore=MOST_EXPLORED))
    shown, ticket = replace(services, log=ShownLog(services.log, terminal)), token_urlsafe(16)
    app = ticketed(both(create_app(shown), create_console(seeing)), ticket, secret)
    url = f"http://{serving.HOST}:{listening.getsockname()[1]}"
    terminal.ready(url, secret, answering, services.gateway.catalog.auto(), ticket)
    guard = bootstrap_optimizer.guard(config)
    learning = every(pause, schedule.due, first=pause) if pause else nullcontext()
    async with every(GUARD_SECONDS, lambda: _guarded(guard, terminal)), learning:
        await serving.server(app).serve([listening])


async def _guarded(guard: Guard, terminal: Terminal) -> None:
    """Look once, and tell what was done to the canary."""
    look = await guard.look()
    if look.verdict in {"promote", "roll_back"}:
        terminal.step(f"the guard, {look.verdict.replace('_', ' ')} of {look.version}: {look.why}")


def _storage() -> dict[str, str]:
    """The tables and the bucket of `template.yaml`; the settings that name them."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")  # pyright: ignore[reportUnknownMemberType] - of others
    return create_tables(dynamodb) | create_buckets(s3)


def _port(env: Mapping[str, str]) -> int:
    text = env.get("PORT", "8000")
    if not text.isdecimal() or int(text) > 65535:
        raise CannotRun(f"PORT must be a number from 0 to 65535, not '{text}'")
    return int(text)


def _minutes(env: Mapping[str, str]) -> float:
    text = env.get("OPTIMIZER_MINUTES", OPTIMIZER_MINUTES)
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        raise CannotRun(f"OPTIMIZER_MINUTES must be a number, 0 for never, not '{text}'")
    return float(text)


@contextmanager
def _listening(port: int) -> Generator[socket.socket]:
    try:
        listening = serving.listening(port)
    except OSError as error:
        raise CannotRun(
            f"port {port} on {serving.HOST} is not free. Choose another: PORT={port + 1} make run"
        ) from error
    with listening:
        yield listening


if __name__ == "__main__":
    main()
