"""What docs/threats.md says is held by a test: the tests exist, and here are those that belong to no one module."""

import ast
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from tests.fakes import FakeClock, a_model
from tests.unit.api.world import BODY, World
from turnout.api.body import parse
from turnout.api.console import cursor
from turnout.api.console.queries import RequestsQuestion
from turnout.api.openai import to_chat
from turnout.api.schema import ChatRequest
from turnout.catalog import Catalog
from turnout.cli.world import World as Terminal
from turnout.config import Config, Timeouts
from turnout.core.chat import Text
from turnout.core.errors import InvalidRequest, TurnoutError
from turnout.core.events import Events
from turnout.core.ports import Call, Deadline
from turnout.core.records import Record
from turnout.modes import MODES
from turnout.providers.dialects import DIALECTS
from turnout.providers.http import HttpVendors
from turnout.routing.rules_file import BadRules, read
from turnout.runtime.__main__ import JsonLines
from turnout.store.log import from_item, unsaved_line

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threats.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))
SECRETS = re.compile(r"secret|password|token|pepper|signature|authorization|api_key", re.IGNORECASE)
COUNTED = re.compile(r"tokens|token_count|first_token|max_tokens", re.IGNORECASE)
"""Tokens of language, which are no secret."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
NASTY = st.text() | st.sampled_from(["a\r\nb: c", '"}\n{"level":"CRITICAL"', "\x1b[2J\x1b]0;title\x07", "\u202eevil"])


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_the_page_names_exists(named: str) -> None:
    path, _, name = named.partition("::")
    source = ast.parse((ROOT / path).read_text())
    functions = {node.name for node in ast.walk(source) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not name or name in functions


def test_each_boundary_names_tests() -> None:
    _, *boundaries = re.split(r"^## \d", PAGE, flags=re.MULTILINE)
    assert len(boundaries) == 5
    for rows in ([line for line in boundary.splitlines() if line.startswith("| ")][2:] for boundary in boundaries):
        assert rows
        assert [row for row in rows if "`tests/" not in row.split("|")[3]] == []


def comparisons() -> Iterator[tuple[Path, ast.Compare]]:
    for path in sorted((ROOT / "layers/turnout").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                yield path, node


def test_no_secret_is_compared_by_a_plain_equality() -> None:
    found = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for path, node in comparisons()
        for name in re.findall(r"\w+", ast.unparse(node))
        if SECRETS.search(name) and not COUNTED.search(name)
    ]
    assert found == []


@given(NASTY)
def test_no_text_of_a_client_breaks_a_line_of_log(text: str) -> None:
    entry = logging.LogRecord("turnout", logging.INFO, "", 0, "asked for %s", (text,), None)
    row = Record("01J", 1.0, "key", text, stream=False, tags={"name": text})
    for line in (JsonLines().format(entry), unsaved_line(row, ValueError(text))):
        assert len(line.splitlines()) == 1
        assert isinstance(from_json(line), dict)


@given(NASTY)
def test_no_text_of_a_client_steers_a_terminal(text: str) -> None:
    out = StringIO()
    Terminal(Config(), StringIO(), out, FakeClock()).say(f"asked for {text}")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out.getvalue())


async def test_an_unexpected_error_tells_a_client_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(call: Call) -> Events:
        raise RuntimeError(f"the prompt was: {call.chat.messages[0].text}")
        yield  # pyright: ignore[reportUnreachable] - makes it a generator

    response = await World(ask=broken).post(messages=[{"role": "user", "content": "xyzzy"}])
    assert response.status_code == 500
    assert "xyzzy" not in response.text + caplog.text
    assert response.headers["x-turnout-request-id"] in response.json()["error"]["message"]


async def test_nothing_that_a_client_sends_changes_where_a_request_goes() -> None:
    evil = "https://evil.test/x"
    asked: dict[str, Any] = BODY | {
        "user": evil,
        "stop": [evil],
        "messages": [
            {"role": "system", "content": evil, "name": "evil"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": evil}}]},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"$ref": evil}}}],
        "metadata": {"base_url": evil, "host": evil},
        "turnout": {"tags": {"base_url": evil}, "session": evil},
    }
    seen: list[httpx.Request] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500)

    clock = FakeClock()
    soon = Deadline(clock.monotonic() + 5, clock)
    chat = to_chat(parse(to_json(asked))).chat
    worded = replace(chat, messages=tuple(replace(m, parts=(Text(evil),)) for m in chat.messages))
    vendors = HttpVendors(httpx.MockTransport(vendor), Timeouts())
    for dialect in DIALECTS:
        model = a_model()
        spoken = replace(model, vendor=replace(model.vendor, dialect=dialect))
        said = worded if dialect == "bedrock_converse" else chat
        call = Call(said, spoken, soon, soon, Record("01J", 0.0, "k", "alpha", stream=False))
        with pytest.raises(TurnoutError):
            async for _ in vendors.ask(call):
                pass
    assert len(seen) == len(DIALECTS)
    assert {request.url.host for request in seen} == {"vendor.test"}
    assert {request.headers["host"] for request in seen} == {"vendor.test"}
    assert not [value for request in seen for value in request.headers.values() if "evil" in value]


@given(st.text())
def test_a_cursor_of_any_text_is_a_position_or_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        cursor.read(text, RequestsQuestion(), "key_1")


@given(JSON | st.fixed_dictionaries({"id": JSON, "at": JSON, "attempts": JSON, "decision": JSON}))
def test_a_stored_row_of_any_shape_is_read_or_refused(row: Any) -> None:
    try:
        from_item(row)
    except ValueError as error:
        assert str(error)


@settings(max_examples=50)
@given(
    st.text() | st.binary().map(lambda data: data.decode("latin-1")) | JSON.map(lambda value: to_json(value).decode())
)
def test_a_rules_file_of_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("rules") / "rules.toml"
    path.write_text(text, "utf-8", "surrogatepass")
    try:
        read(path, Catalog((a_model(),), {}), MODES)
    except BadRules as error:
        assert str(error)


@given(JSON | st.fixed_dictionaries({"model": JSON, "messages": JSON, "turnout": JSON, "tools": JSON}))
def test_a_body_of_any_shape_is_a_chat_or_refused(body: Any) -> None:
    try:
        assert to_chat(parse(to_json(body, inf_nan_mode="constants"), ChatRequest))
    except InvalidRequest as error:
        assert error.message
