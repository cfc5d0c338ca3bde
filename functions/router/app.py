"""The router: answers chats. `app` is served by `turnout.runtime`, streamed, and `handler` by `sam local`, buffered."""

import os
from typing import Any

from turnout.api.app import create_app
from turnout.bootstrap import services
from turnout.config import Config
from turnout.runtime.invocation import remaining
from turnout.store.sealed import unlocked
from turnout.telemetry.observed import observed

app = create_app(services(unlocked(Config.from_env(os.environ)), remaining, observed))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an event of a REST API's proxy integration."""
    from mangum import Mangum  # noqa: PLC0415 - the streaming runtime starts without it

    return Mangum(app, lifespan="off")(event, context)
