"""Who may do what: each kind of key at each route of the router and the console, with the status that it gets.

The keys are in a table, made by the keyring and found by the product's own check, and the apps are the functions' own.
A route that is not in the table below fails the test, and so does a line without a route.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.routing import Route

from local.simulators import Simulator
from tests.fakes import FakeClock
from tests.functions.conftest import Load
from turnout.core.allowance import Scope
from turnout.core.ports import Key
from turnout.core.records import Record
from turnout.store.dynamo import client
from turnout.store.keyring import DynamoKeyring
from turnout.store.keys import PREFIX
from turnout.store.log import DynamoRequestLog

pytestmark = pytest.mark.timeout(120)

# none: no key is sent. unknown: one of the right shape that nobody made. off: disabled. over: expired. gone: the secret
# before a rotation, after the overlap; former: within it. infer, read, admin: a key with that scope alone. model,
# vendor: inference, with a list on which what is asked is not. The row that is asked for is another key's; policies and
# reports are none; the form that a browser sends for a report has its own key, here none; no optimizer can be started.
TABLE = """
                               none unknown off over gone former infer read admin model vendor
POST   /v1/chat/completions     401   401  401  401  401   200    200  403   200   403   403
POST   /v1/compare              401   401  401  401  401   200    200  403   200   403   403
POST   /v1/blend                401   401  401  401  401   200    200  403   200   403   403
POST   /v1/judge                401   401  401  401  401   200    200  403   200   403   403
POST   /v1/route                401   401  401  401  401   200    200  403   200   403   403
GET    /v1/models               401   401  401  401  401   200    200  200   200   200   200
GET    /v1/models/{id}          401   401  401  401  401   200    200  200   200   403   403
GET    /healthz                 200   200  200  200  200   200    200  200   200   200   200
GET    /openapi.json            200   200  200  200  200   200    200  200   200   200   200
GET    /v1/console/openapi.json 200   200  200  200  200   200    200  200   200   200   200
GET    /v1/requests             401   401  401  401  401   200    200  200   200   200   200
GET    /v1/requests?key=        401   401  401  401  401   403    403  200   200   403   403
GET    /v1/requests/{id}        401   401  401  401  401   404    404  200   200   404   404
GET    /v1/requests/{id}/content 401  401  401  401  401   404    404  404   404   404   404
GET    /v1/usage                401   401  401  401  401   200    200  200   200   200   200
GET    /v1/usage?group_by=model 401   401  401  401  401   403    403  200   200   403   403
GET    /v1/health               401   401  401  401  401   200    200  200   200   200   200
POST   /v1/feedback             401   401  401  401  401   404    404  404   404   404   404
GET    /v1/credits              401   401  401  401  401   200    200  200   200   200   200
GET    /v1/credits?key=         401   401  401  401  401   403    403  404   404   403   403
GET    /v1/budgets              401   401  401  401  401   403    403  200   200   403   403
POST   /v1/budgets              401   401  401  401  401   403    403  403   200   403   403
DELETE /v1/budgets              401   401  401  401  401   403    403  403   400   403   403
POST   /v1/keys                 401   401  401  401  401   403    403  403   200   403   403
GET    /v1/keys                 401   401  401  401  401   403    403  403   200   403   403
GET    /v1/keys/{id}            401   401  401  401  401   403    403  403   200   403   403
PATCH  /v1/keys/{id}            401   401  401  401  401   403    403  403   200   403   403
POST   /v1/keys/{id}/rotate     401   401  401  401  401   403    403  403   200   403   403
POST   /v1/keys/{id}/disable    401   401  401  401  401   403    403  403   200   403   403
POST   /v1/keys/{id}/enable     401   401  401  401  401   403    403  403   200   403   403
DELETE /v1/keys/{id}            401   401  401  401  401   403    403  403   200   403   403
GET    /v1/policies             401   401  401  401  401   403    403  200   200   403   403
GET    /v1/policies/{version}   401   401  401  401  401   403    403  404   404   403   403
POST   /v1/policies/{version}/activate 401   401  401  401  401   403    403  403   404   403   403
POST   /v1/policies/{version}/canary 401   401  401  401  401   403    403  403   404   403   403
POST   /v1/policies/{version}/rollback 401   401  401  401  401   403    403  403   404   403   403
POST   /v1/optimize             401   401  401  401  401   403    403  403   503   403   403
GET    /v1/reports              401   401  401  401  401   403    403  200   200   403   403
GET    /v1/reports/{id}         401   401  401  401  401   403    403  404   404   403   403
POST   /v1/reports/{id}         401   401  401  401  401   401    401  401   401   401   401
"""
HEAD, *LINES = [line.split() for line in TABLE.strip().splitlines()]

ROW = "01KE0000000000000000000001"
CHAT: dict[str, Any] = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "hello"}]}
PANEL = ["gpt-5.2", "gpt-5.4-mini"]


def several(**options: str) -> dict[str, Any]:
    return {"messages": CHAT["messages"], "turnout": {"models": PANEL, **options}}


BODIES: dict[str, Any] = {
    "POST /v1/chat/completions": CHAT,
    "POST /v1/route": CHAT,
    "POST /v1/compare": several(),
    "POST /v1/blend": several(synthesizer="gpt-5.2"),
    "POST /v1/judge": several(judge="gpt-5-mini"),
    "POST /v1/feedback": {"request_id": ROW, "thumbs": "up"},
    "POST /v1/budgets": {"tag": "team", "value": "search", "period": "month", "usd": 50},
    "POST /v1/keys": {"name": "made"},
    "PATCH /v1/keys/{id}": {"goal": "cost"},
}


@dataclass(frozen=True)
class Deployment:
    """The two apps, a secret for each kind of key, and the keyring behind them."""

    apps: tuple[Starlette, Starlette]
    secrets: dict[str, str]
    keyring: DynamoKeyring

    @property
    def routes(self) -> set[str]:
        """METHOD and path of all routes of both."""
        return {f"{method} {path}" for app in self.apps for method, path in _routes(app)}

    async def status(self, line: str, kind: str) -> int:
        """What a key of that kind gets there."""
        route = line.partition("?")[0]
        app = next(app for app in self.apps if route in {f"{method} {path}" for method, path in _routes(app)})
        method, path = (await self._filled(line)).split()
        secret = self.secrets[kind]
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://turnout.test") as http:
            headers = {"authorization": f"Bearer {secret}"} if secret else {}
            body = to_json(BODIES[route]) if route in BODIES else b""
            return (await http.request(method, path, headers=headers, content=body)).status_code

    async def _filled(self, line: str) -> str:
        """With an id that is there; of keys one of its own, since it may be gone afterwards."""
        if "/v1/keys/{id}" in line:
            _, issued = await self.keyring.create(Key("", "one"))
            return line.replace("{id}", issued.key.id)
        return (
            line.replace("?key=", "?key=key_of_another")
            .replace("{version}", "none")
            .replace("{id}", "gpt-5.2" if "models" in line else ROW)
        )


def _routes(app: Starlette) -> Iterable[tuple[str, str]]:
    for route in app.routes:
        assert isinstance(route, Route | APIRoute)
        path = route.path.replace(":path}", "}")
        yield from ((method, path) for method in cast("set[str]", route.methods) if method != "HEAD")


@pytest.fixture
async def deployment(load: Load, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Deployment]:
    """The functions' own apps over tables in memory, with OpenAI simulated."""
    async with Simulator("openai_chat") as vendor:
        monkeypatch.setenv("TURNOUT_BASE_URLS", to_json({"openai": vendor.base_url}).decode())
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-vendor")
        keyring = DynamoKeyring(client(), os.environ["TURNOUT_KEYS_TABLE"], clock := FakeClock())
        secrets = await made(keyring, clock)
        log = DynamoRequestLog(client(), os.environ["TURNOUT_REQUEST_LOG_TABLE"], 90)
        await log.write(Record(ROW, FakeClock().now * 2, "key_of_another", "auto", stream=False))
        apps = await asyncio.to_thread(lambda: (load("router").app, load("console").app))
        yield Deployment(apps, secrets, keyring)


async def made(keyring: DynamoKeyring, clock: FakeClock) -> dict[str, str]:
    """A secret of each kind. They are made a day ago, so that what ends in between has ended."""
    clock.now = (now := time.time()) - 86_400

    async def key(scope: Scope = "inference", expires_at: float | None = None, **says: Any) -> tuple[str, str]:
        secret, issued = await keyring.create(Key("", "one", scopes=frozenset({scope}), **says), expires_at)
        return secret, issued.key.id

    off, off_id = await key()
    await keyring.change(off_id, lambda issued: replace(issued, disabled=True))
    (gone, gone_id), (former, former_id) = await key(), await key()
    await keyring.rotate(gone_id, overlap=3_600)
    await keyring.rotate(former_id, overlap=2 * 86_400)
    kinds = {
        "none": "",
        "unknown": PREFIX + "x" * 43,
        "off": off,
        "over": (await key(expires_at=now - 1))[0],
        "gone": gone,
        "former": former,
        "infer": (await key())[0],
        "read": (await key("read"))[0],
        "admin": (await key("admin"))[0],
        "model": (await key(models=("gpt-5.4-mini",)))[0],
        "vendor": (await key(vendors=("anthropic",)))[0],
    }
    assert list(kinds) == HEAD
    return kinds


async def test_each_kind_of_key_gets_at_each_route_what_the_table_says(deployment: Deployment) -> None:
    assert {f"{method} {path.partition('?')[0]}" for method, path, *_ in LINES} == deployment.routes
    expected = {
        (f"{method} {path}", kind): int(status)
        for method, path, *statuses in LINES
        for kind, status in zip(HEAD, statuses, strict=True)
    }
    found = {(line, kind): await deployment.status(line, kind) for line, kind in expected}
    assert {one: status for one, status in found.items() if status != expected[one]} == {}
