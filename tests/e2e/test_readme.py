"""The README's snippets for several models run as they are printed."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.e2e.world import CLIENT_KEY, World

README = Path(__file__).parents[2] / "README.md"
SECTION = README.read_text().partition("## Several models, one call")[2].partition("\n## ")[0]
ASK, *SNIPPETS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)

pytestmark = pytest.mark.timeout(30)


def test_there_is_one_for_each_mode() -> None:
    assert [re.findall(r'ask\("(\w+)"', snippet) for snippet in SNIPPETS] == [
        ["compare"],
        ["blend"],
        ["judge"],
        ["failover"],
    ]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("snippet", SNIPPETS)
async def test_a_snippet_runs_as_printed_and_the_row_has_its_cost(
    a_world: World, snippet: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"client": OpenAI(base_url=f"{a_world.url}/v1", api_key=CLIENT_KEY, max_retries=0)}
    await asyncio.to_thread(exec, ASK + snippet, names)
    assert capsys.readouterr().out.strip()
    told = names["answer"].turnout
    row = await a_world.row(told["request_id"])
    assert float(row.cost_usd) == told["cost_usd"] > 0
    assert row.outcome == "ok"
