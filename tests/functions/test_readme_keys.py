"""The README's section on keys runs as it is printed: over HTTP against the console, and on the command line."""

import os
import re
import shlex
from io import StringIO
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from tests.functions.conftest import ROOT, Load, event
from turnout.cli.__main__ import run

SECTION = (ROOT / "README.md").read_text().partition("## Keys for teams")[2].partition("\n## ")[0]
[SNIPPET] = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = "".join(re.findall(r"```bash\n(.*?)```", SECTION, re.DOTALL))
TURNOUT = ".venv/bin/turnout --stack turnout "


def test_the_snippet_manages_a_key(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    app, answers = load("console").app, list[tuple[str, int]]()
    secret = event("router.chat")["headers"]["Authorization"].removeprefix("Bearer ")

    def noted(response: httpx.Response) -> None:
        answers.append((response.request.method, response.status_code))

    def client(**options: Any) -> TestClient:
        made = TestClient(app, **options)
        made.event_hooks["response"] = [noted]
        return made

    snippet = SNIPPET.replace("import httpx\n", "").replace("sk-turnout-...", secret)
    exec(snippet, {"httpx": SimpleNamespace(Client=client)})  # noqa: S102 - the README's
    assert answers == [
        ("POST", 200),
        ("POST", 200),
        ("PATCH", 200),
        ("POST", 200),
        ("DELETE", 200),
    ]
    assert len(re.findall(r"sk-turnout-\S{43}", capsys.readouterr().out)) == 2


def test_each_command_does_it_for_the_key_that_was_made() -> None:
    lines = COMMANDS.strip().splitlines()
    assert all(line.startswith(TURNOUT) for line in lines)
    made = ""
    for line in lines:
        out = StringIO()
        words = shlex.split(line.removeprefix(TURNOUT).replace("key_...", made))
        assert run(words, os.environ, StringIO(), out) == 0
        if words[1] == "create":
            made = out.getvalue().splitlines()[0]
    assert made.startswith("key_")
