"""Starts the optimizer's function: at once and without waiting, or to the end."""

import asyncio
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic_core import from_json, to_json

from turnout.store import aws
from turnout.store.dynamo import StoreUnavailable

_CONFIG = Config(connect_timeout=2, read_timeout=310, retries={"mode": "standard", "total_max_attempts": 1})
"""A run that is waited for takes as long as the function may; asked for again, it would be in its own way."""


class LambdaStarter:
    """The optimizer as the function named `function`.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    def __init__(self, function: str, client: Any = None) -> None:
        self._function = function
        self._client = client or aws.client("lambda", _CONFIG)

    async def start(self, run: str) -> None:
        """Begin a run of this id, which Lambda repeats should it fail. Raises StoreUnavailable."""
        await self._invoke(run, "Event")

    async def run(self, run: str) -> dict[str, Any]:
        """What came of a run of this id. Raises StoreUnavailable, with what the function said."""
        answer = await self._invoke(run, "RequestResponse")
        told = from_json(await asyncio.to_thread(answer["Payload"].read))
        if "FunctionError" in answer:
            raise StoreUnavailable(f"The optimizer failed: {told.get('errorMessage', told)}")
        return told

    async def _invoke(self, run: str, kind: str) -> dict[str, Any]:
        payload = to_json({"job": "optimize", "run": run})
        try:
            return await asyncio.to_thread(
                self._client.invoke, FunctionName=self._function, InvocationType=kind, Payload=payload
            )
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(
                f"The optimizer could not be started ({type(error).__name__}). Try again."
            ) from error
