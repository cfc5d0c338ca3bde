"""`python -m local.simulators openai_chat --port 9001 --control-port 9101`: a simulator until it is told to stop."""

import argparse
import asyncio
import signal
import sys

from pydantic_core import to_json

from local.simulators.listener import PortTaken
from local.simulators.personas import PERSONAS
from local.simulators.simulator import Simulator
from local.simulators.steps import Pace

PACE = Pace()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.simulators", description="A simulated vendor on loopback.")
    parser.add_argument("dialect", choices=PERSONAS)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--control-port", type=int, default=0, help="where faults are switched; 0: any that is free")
    parser.add_argument("--model", action="append", default=[], help="a model that it knows; without any, all")
    parser.add_argument("--first-token-ms", type=float, default=PACE.first_token_ms)
    parser.add_argument("--tokens-per-second", type=float, default=PACE.tokens_per_second, help="0: all at once")
    parser.add_argument("--hold", type=float, default=30.0, help="seconds that a stall lasts")
    return parser.parse_args()


async def main(wanted: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM; once it listens, one line of JSON tells where."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    simulator = Simulator(
        wanted.dialect,
        port=wanted.port,
        control_port=wanted.control_port,
        models=wanted.model,
        pace=Pace(wanted.first_token_ms, wanted.tokens_per_second),
        hold=wanted.hold,
    )
    async with simulator:
        ready = {"dialect": wanted.dialect, "url": simulator.url, "control_url": simulator.control_url}
        print(to_json(ready).decode(), flush=True)
        await stop.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except PortTaken as error:
        sys.exit(str(error))
