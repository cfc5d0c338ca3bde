"""The console: tells what was decided for a request, and what came of it, to whoever sent it."""

import os

from fastapi import FastAPI, Request
from fastapi.responses import Response
from mangum import Mangum
from pydantic_core import to_json

from turnout.api.access import admit
from turnout.api.guard import Guard
from turnout.api.problems import problem
from turnout.clock import SystemClock
from turnout.config import Config
from turnout.core.errors import RequestError, TurnoutError
from turnout.store.dynamo import ask, client, from_wire, to_wire
from turnout.store.keys import DynamoKeys

config = Config.from_env(os.environ)
database = client()
keys = DynamoKeys(database, config.keys_table, config.key_cache_seconds, SystemClock())
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
app.add_middleware(Guard)
handler = Mangum(app, lifespan="off")


class UnknownRequest(RequestError):
    """Not in the log, or another key's: the two look alike from outside."""

    status = 404
    code = "request_not_found"


@app.exception_handler(TurnoutError)
async def refuse(request: Request, error: TurnoutError) -> Response:
    """An error in OpenAI's shape."""
    return problem(error, request.state.request_id).response()


@app.get("/v1/requests/{id_}")
async def request_record(id_: str, request: Request) -> Response:
    """The whole row of one request of this key: candidates, attempts, tokens and cost."""
    key = await admit(request.headers.get("authorization"), keys)
    found = await ask(database.get_item, TableName=config.request_log_table, Key=to_wire({"id": id_}))
    row = from_wire(found["Item"]) if "Item" in found else {}
    if row.get("key_id") != key.id:
        raise UnknownRequest(f"This key has sent no request '{id_}', or its row has expired.", param="id")
    return Response(to_json(row), media_type="application/json")
