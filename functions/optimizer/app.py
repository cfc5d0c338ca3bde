"""The optimizer: on schedule or on demand it proposes a policy and reports; every few minutes it guards the canary."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from turnout import bootstrap_optimizer
from turnout.config import Config
from turnout.core.errors import TurnoutError
from turnout.core.reporting import run_id

config = Config.from_env(os.environ)
logger = Logger()


def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, str]:
    """Do the `job` that the event names, see JOBS."""
    return JOBS[event.get("job", "optimize")](event)


def guard(_: dict[str, Any]) -> dict[str, str]:
    """Look at the canary once; what came of it is logged, too."""
    look = asdict(asyncio.run(bootstrap_optimizer.guard(config).look()))
    logger.info("The guard has looked", **look)
    return look


def optimize(event: dict[str, Any]) -> dict[str, str]:
    """Do the run of the id `run`, or of the ISO time `time`. It is logged, and raised if it fails, to be repeated."""
    run = event.get("run") or run_id(datetime.fromisoformat(event["time"]).timestamp())
    try:
        result = asdict(asyncio.run(bootstrap_optimizer.optimizer(config).run(run)))
    except TurnoutError as error:
        logger.error("The run failed, and nothing was applied", run=run, code=error.code, reason=error.message)
        raise
    logger.info("The optimizer has run", result=result)
    return result


JOBS: Mapping[str, Callable[[dict[str, Any]], dict[str, str]]] = {"optimize": optimize, "guard": guard}
