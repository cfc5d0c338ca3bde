"""The router, served as `make run` serves it: `python -m benchmarks.peers.router`, configured by the environment.

Everything that `bootstrap.services` builds is at work: the check of the key, routing, circuits, retries, prices, and a
row in DynamoDB for each request, unless TURNOUT_BENCH_ROWS is "no". The first line of output is JSON: {"url", "key"}.
"""

import json
import os
from dataclasses import replace

from local import serving
from turnout import bootstrap, bootstrap_console
from turnout.api.app import create_app
from turnout.config import Config
from turnout.core.ports import Key
from turnout.core.records import Record


class Forgetful:
    """A `core.ports.RequestLog` that keeps nothing."""

    async def write(self, record: Record) -> None:
        """Not."""


async def serve(config: Config) -> None:
    """Serve until the process is ended."""
    services, keys = bootstrap.services(config), bootstrap_console.console(config).keyring
    if os.environ.get("TURNOUT_BENCH_ROWS") == "no":
        services = replace(services, log=Forgetful())
    secret, _ = await keys.create(Key("", "bench"))
    with serving.listening(0) as listening:
        url = f"http://{serving.HOST}:{listening.getsockname()[1]}"
        print(json.dumps({"url": url, "key": secret}), flush=True)
        await serving.server(create_app(services)).serve([listening])


if __name__ == "__main__":
    serving.run(serve(Config.from_env(os.environ)))
