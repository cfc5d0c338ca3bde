"""`sam local start-api` for real: the OpenAI SDK is answered from a container. Needs Docker, and root to set it up.

Not part of the plain test run, hence the name of this file: `pytest tests/sam/local_api.py`.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import openai
import pytest

from local.aws import EmbeddedAws, free_port
from local.sam_api import PEPPER, api, bridge
from local.vendors import vendors
from tests.sam.conftest import Built
from turnout.clock import SystemClock
from turnout.core.ports import Key
from turnout.store.dynamo import client
from turnout.store.keyring import DynamoKeyring

BASE_IMAGE = Path(__file__).parent / "docker/make_base_image.sh"
pytestmark = [pytest.mark.timeout(600), pytest.mark.allow_hosts(["127.0.0.1", bridge() or "172.17.0.1"])]


@pytest.fixture
async def deployed(built: Built) -> AsyncIterator[openai.AsyncOpenAI]:
    """A client of the built functions in containers, with an AWS and vendors on this machine."""
    subprocess.run([BASE_IMAGE], env=os.environ | {"PYTHON_PREFIX": sys.base_prefix}, check=True)  # noqa: ASYNC221, S603 - ours
    with EmbeddedAws() as aws, vendors({}, None, pace=1000.0) as simulated:
        os.environ.update(aws.env)
        async with api(built.folder, aws, simulated.settings, free_port(0)) as url:
            secret, _ = await DynamoKeyring(client(), "turnout-keys", SystemClock(), PEPPER).create(Key("", "test"))
            yield openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=secret, timeout=120, max_retries=0)


async def test_the_openai_sdk_is_answered_from_a_container(deployed: openai.AsyncOpenAI) -> None:
    models = [model.id async for model in deployed.models.list()]
    assert "auto" in models
    answer = await deployed.chat.completions.create(model="auto", messages=[{"role": "user", "content": "hello"}])
    assert answer.choices[0].message.content
    stream = await deployed.chat.completions.create(
        model="gpt-5.2", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].choices[0].finish_reason == "stop"
    async with httpx.AsyncClient() as http:
        told = answer.model_extra or {}
        url = f"{deployed.base_url!s}requests/{told['turnout']['request_id']}"
        record = (await http.get(url, headers={"Authorization": f"Bearer {deployed.api_key}"}, timeout=120)).json()
    assert record["outcome"] == "ok"
