"""The router, served as `make run` serves it: `python -m benchmarks.peers.router`, configured by the environment.

Everything that `bootstrap.services` builds is at work: the check of the key, routing, circuits, retries, prices, and a
row in DynamoDB for each request. The first line of output is JSON: {"url": ..., "key": ...}.
"""

import asyncio
import json
import os

from local import serving
from turnout import bootstrap
from turnout.api.app import create_app
from turnout.api.services import Services
from turnout.config import Config
from turnout.store.keys import DynamoKeys


async def serve(services: Services) -> None:
    """Serve until the process is ended."""
    assert isinstance(services.keys, DynamoKeys)
    secret, _ = await services.keys.create("bench")
    with serving.listening(0) as listening:
        url = f"http://{serving.HOST}:{listening.getsockname()[1]}"
        print(json.dumps({"url": url, "key": secret}), flush=True)
        await serving.server(create_app(services)).serve([listening])


if __name__ == "__main__":
    asyncio.run(serve(bootstrap.services(Config.from_env(os.environ))))
