"""`sam local invoke` for real: each event under `events/` is answered by its function in a container. Needs Docker.

Not part of the plain test run, hence the name of this file: `pytest tests/sam/local_invoke.py`.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic_core import from_json

from local.aws import EmbeddedAws, find_uvx
from local.sam_api import OPTIONS, PEPPER, SAM, bridge, prepared
from local.tables import physical_name
from local.vendors import vendors
from tests.functions.conftest import event, put_keys
from tests.sam.conftest import ROOT, Built
from turnout.store.dynamo import client

BASE_IMAGE = Path(__file__).parent / "docker/make_base_image.sh"
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.allow_hosts(["127.0.0.1", bridge() or "172.17.0.1"]),
    pytest.mark.asyncio(loop_scope="module"),
]

type Invoke = Callable[[str], Awaitable[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def invoke(built: Built) -> AsyncGenerator[Invoke]:
    """Sends an event to its function, which has an AWS and vendors on this machine."""
    subprocess.run([BASE_IMAGE], env=os.environ | {"PYTHON_PREFIX": sys.base_prefix}, check=True)  # noqa: ASYNC221, S603 - ours
    with EmbeddedAws() as aws, vendors({}, None, pace=1000.0) as simulated:
        os.environ.update(aws.env)
        async with prepared(built.folder, aws, simulated.settings) as (template, env):
            fill()

            async def invoked(name: str) -> Any:
                function = f"{name.partition('.')[0].title()}Function"
                options = ["--template", str(template), "--event", str(ROOT / "events" / f"{name}.json"), *OPTIONS]
                command = [find_uvx(), "--quiet", "--from", SAM, "sam", "local", "invoke", function, *options]
                process = await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.PIPE)
                printed, _ = await process.communicate()
                return from_json(printed.splitlines()[-1])

            yield invoked


def fill() -> None:
    """Put in the key that the events carry, and the row that one of them asks for."""
    image = event("aggregator.insert")["Records"][0]["dynamodb"]["NewImage"] | {"expires_at": {"N": "4102444800"}}
    put_keys(client(), physical_name("KeysTable"), pepper=PEPPER)
    budgets = {"pk": {"S": "budgets"}, "month#team=search": {"N": "50"}}
    client().put_item(TableName=physical_name("AllowanceTable"), Item=budgets)
    client().put_item(TableName=physical_name("RequestLogTable"), Item=image)


def answered(field: str, value: Any) -> Callable[[Any], bool]:
    """Whether an answer of HTTP has this in its JSON."""
    return lambda answer: answer["statusCode"] == 200 and from_json(answer["body"])[field] == value


def refused(status: int) -> Callable[[Any], bool]:
    """Whether an answer of HTTP has this status: there is no such thing here yet, or nobody to start."""
    return lambda answer: answer["statusCode"] == status


# How the answer to each event is told from any other.
ANSWERS: dict[str, Callable[[Any], bool]] = {
    "router.chat": answered("object", "chat.completion"),
    "router.stream": lambda answer: answer["statusCode"] == 200 and answer["body"].endswith("data: [DONE]\n\n"),
    "router.models": answered("object", "list"),
    "router.model": answered("id", "openai/gpt-5.2"),
    "router.compare": answered("object", "chat.completion"),
    "router.blend": answered("object", "chat.completion"),
    "router.judge": answered("object", "chat.completion"),
    "router.route": answered("object", "route"),
    "router.healthz": answered("status", "ok"),
    "console.request": answered("id", "01KE0000000000000000000001"),
    "console.content": lambda answer: "content_not_found" in answer["body"],
    "console.requests": answered("object", "list"),
    "console.usage": lambda answer: answer["headers"]["content-type"].startswith("text/csv"),
    "console.health": answered("object", "health"),
    "console.feedback": answered("score", 1),
    "console.credits": answered("object", "credits"),
    "console.budgets": answered("object", "list"),
    "console.budget-set": answered("usd", "100"),
    "console.budget-removed": answered("deleted", True),
    "console.key-create": answered("name", "shop"),
    "console.keys": answered("object", "list"),
    "console.key": answered("object", "key"),
    "console.key-change": answered("goal", "cost"),
    "console.key-rotate": answered("object", "key"),
    "console.key-disable": answered("disabled", True),
    "console.key-enable": answered("disabled", False),
    "console.key-delete": answered("deleted", True),
    "console.document": answered("openapi", "3.1.0"),
    "console.policies": answered("object", "list"),
    "console.policy": refused(404),
    "console.policy-activate": refused(404),
    "console.policy-canary": refused(404),
    "console.policy-rollback": refused(404),
    "console.optimize": refused(503),
    "console.reports": answered("object", "list"),
    "console.report": refused(404),
    "console.report-form": refused(404),
    "aggregator.insert": lambda answer: answer == {"batchItemFailures": []},
    "aggregator.unreadable": lambda answer: len(answer["batchItemFailures"]) == 1,
    "optimizer.guard": lambda answer: answer["verdict"] == "idle",
    "optimizer.schedule": lambda answer: (answer["run"], answer["status"]) == ("2026-01-02-030000", "done"),
}


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "events").glob("*.json")))
async def test_sam_local_invoke_answers(invoke: Invoke, name: str) -> None:
    answer = await invoke(name)
    assert ANSWERS[name](answer), answer
