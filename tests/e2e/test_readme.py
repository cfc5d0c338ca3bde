"""The README's snippets for several models run as they are printed, against `make run`, and their rows say the same."""

import re
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.e2e.test_laptop import PATIENCE, soon, started

README = Path(__file__).parents[2] / "README.md"
SECTION = README.read_text().partition("## Several models, one call")[2].partition("\n## ")[0]
ASK, *SNIPPETS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)

TREES: dict[str, list[tuple[str, str, int]]] = {
    "compare": [
        ("answer", "anthropic/claude-haiku-4.5", 0),
        ("answer", "google/gemini-3-flash", 0),
        ("answer", "openai/gpt-5.2", 0),
    ],
    "blend": [
        ("candidate", "anthropic/claude-haiku-4.5", 0),
        ("candidate", "anthropic/claude-haiku-4.5", 1),
        ("candidate", "openai/gpt-5.2", 0),
        ("candidate", "openai/gpt-5.2", 1),
        ("synthesis", "mistral/mistral-large", 0),
    ],
    "judge": [
        ("candidate", "anthropic/claude-haiku-4.5", 0),
        ("candidate", "openai/gpt-5.2", 0),
        ("verdict", "google/gemini-3-flash", 0),
        ("verdict", "google/gemini-3-flash", 0),
    ],
    "failover": [("answer", "mistral/mistral-large", 0)],
}
"""The calls of each snippet, by mode: role, model and layer."""

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("readme")]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[OpenAI]:
    """OpenAI's, of `make run`, as the README has it."""
    with started(tmp_path_factory.mktemp("laptop")) as laptop:
        laptop.until("Ctrl-C stops everything")
        url, key = laptop.find(r'base_url="(\S+)/v1", api_key="(\S+)"').groups()
        with OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=PATIENCE) as made:
            yield made


def test_there_is_one_for_each_mode() -> None:
    assert [re.findall(r'ask\("(\w+)"', snippet) for snippet in SNIPPETS] == [[mode] for mode in TREES]


@pytest.mark.parametrize(("mode", "snippet"), list(zip(TREES, SNIPPETS, strict=True)), ids=list(TREES))
def test_a_snippet_runs_as_printed_and_its_row_has_the_whole_tree(
    client: OpenAI, mode: str, snippet: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"client": client}
    exec(ASK + snippet, names)  # noqa: S102 - the README's own words
    assert capsys.readouterr().out.strip()
    told = names["answer"].turnout
    row = stored(client, told["request_id"])
    calls = [(a["part"]["role"], f"{a['vendor']}/{a['model']}", a["part"]["layer"]) for a in row["attempts"]]
    assert sorted(calls) == TREES[mode]
    costs = [Decimal(attempt["cost_usd"]) for attempt in row["attempts"]]
    assert all(costs)
    assert sum(costs) == Decimal(row["cost_usd"]) == Decimal(str(told["cost_usd"]))
    assert (row["mode"], row["outcome"]) == (mode, "ok")


def stored(client: OpenAI, request_id: str) -> dict[str, Any]:
    """The row, as `GET /v1/requests/{id}` has it; it is written when the answer is out."""
    url = f"{client.base_url}requests/{request_id}"
    headers = {"authorization": f"Bearer {client.api_key}"}
    assert soon(lambda: httpx.get(url, headers=headers).status_code == 200)
    found: dict[str, Any] = httpx.get(url, headers=headers).json()
    return found
