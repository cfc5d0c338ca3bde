"""The life of one environment: start the app once, then answer event after event until Lambda ends it."""

import asyncio
import gc
import importlib
import logging
import os
import signal
from typing import Never

from turnout.runtime.answer import answer
from turnout.runtime.asgi import App
from turnout.runtime.failures import Failure
from turnout.runtime.garbage import settled
from turnout.runtime.lifespan import Lifespan
from turnout.runtime.runtime_api import RuntimeApi

log = logging.getLogger(__name__)


class NotStarted(Exception):
    """The app could not be started; Lambda has been told."""


async def run(api: RuntimeApi, handler: str) -> Never:
    """Serve the app beside `handler` (`module.function`, Lambda's own setting): the attribute `app` of its module.

    Ends by cancellation, which SIGTERM causes; raises NotStarted, and OSError when the Runtime API is gone.
    """
    lifespan = await _started(api, handler)
    _cancel_on_sigterm()
    try:
        await serve(lifespan, api)
    finally:
        await lifespan.stop()


async def serve(lifespan: Lifespan, api: RuntimeApi) -> Never:
    """Answer events, one at a time, as Lambda hands them out."""
    while True:
        invocation = await api.next()
        os.environ["_X_AMZN_TRACE_ID"] = invocation.trace  # where the X-Ray SDK and botocore look for it
        await answer(lifespan.app, invocation, api, lifespan.state)


def load(handler: str) -> App:
    """The attribute `app` of the module that `handler` names. Raises whatever its import raises."""
    module, _, _ = handler.rpartition(".")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it looks for them in every package there is
    # What is loaded here stays. To look through it for garbage, again and again, takes an eighth of a cold start.
    gc.disable()
    try:
        return importlib.import_module(module).app
    finally:
        settled()
        gc.enable()


async def _started(api: RuntimeApi, handler: str) -> Lifespan:
    try:
        lifespan = Lifespan(load(handler))
        await lifespan.start()
    except Exception as error:
        log.exception("The app could not be started")
        await api.fail_init(Failure.of(error, str(error)))
        raise NotStarted from error
    return lifespan


def _cancel_on_sigterm() -> None:
    task = asyncio.current_task()
    if task:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
