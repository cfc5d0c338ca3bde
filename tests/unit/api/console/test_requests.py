"""`GET /v1/requests` and `GET /v1/requests/{id}`: what they show, to whom, and how they refuse."""

from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from tests.unit.api.console.world import NOW, OPERATOR, OTHER, OWN, Console, a_row
from turnout.core.records import Decision, Features
from turnout.core.search import Feedback, Search

DAY = 86_400.0
ROWS = [a_row(number, key_id="key_own" if number % 2 else "key_other") for number in range(1, 8)]


def error(response: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and param of a refusal, which has OpenAI's shape."""
    told = response.json()["error"]
    assert told.keys() == {"message", "type", "param", "code"}
    return response.status_code, told["code"], told["param"]


# --- one request


async def test_a_request_is_shown_whole() -> None:
    row = replace(
        a_row(1),
        decision=Decision(
            Features(source="auto", day="2027-01-15", prompt_tokens=12), seed=7, scores={"mistral/small": 0.5}
        ),
    )
    shown = (await Console(row, feedback=Feedback(Decimal("0.5"), "hm", NOW)).get(f"/v1/requests/{row.id}")).json()
    assert (shown["at"], shown["vendor"], shown["model"]) == ("2027-01-15T07:00:00Z", "mistral", "small")
    assert shown["cost_usd"] == "0.000000012345678901"
    assert shown["tokens"] == {
        "input": 10,
        "cached_input": 3,
        "cache_write": 1,
        "image": 0,
        "output": 7,
        "reasoning": 2,
    }
    failed, answered = shown["attempts"]
    assert (failed["status"], failed["error"], failed["message"]) == (503, "vendor_overloaded", "busy")
    assert (answered["first_token_ms"], answered["usage_source"], answered["price_version"]) == (
        300,
        "vendor",
        "2026-11-01",
    )
    assert shown["decision"]["candidates"] == ["openai/gpt-5.2", "mistral/small"]
    assert shown["decision"]["dropped"] == [{"model": "xai/grok", "reason": "reads no images"}]
    assert (shown["decision"]["basis"]["seed"], shown["decision"]["basis"]["scores"]) == (7, {"mistral/small": 0.5})
    assert (shown["feedback"]["score"], shown["feedback"]["comment"]) == (0.5, "hm")


@pytest.mark.parametrize(("key", "status"), [(OWN, 200), (OPERATOR, 200), (OTHER, 404)])
async def test_it_is_shown_to_its_key_and_to_one_that_may_read(key: str, status: int) -> None:
    response = await Console(a_row(1)).get(f"/v1/requests/{a_row(1).id}", key)
    assert response.status_code == status


async def test_a_request_of_another_key_looks_like_none() -> None:
    console = Console(a_row(1))
    others, none = [await console.get(f"/v1/requests/{name}", OTHER) for name in (a_row(1).id, "none")]
    assert error(others) == error(none) == (404, "request_not_found", "id")


# --- many


async def test_pages_lead_through_all_requests_of_the_key() -> None:
    console, path, seen = Console(*ROWS), "/v1/requests?limit=2", list[str]()
    cursor: str | None = ""
    while cursor is not None:
        page = (await console.get(path + cursor, OWN)).json()
        seen += [item["id"] for item in page["data"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert page["has_more"] == (cursor is not None)
    assert seen == [row.id for row in ROWS if row.key_id == "key_own"]


@pytest.mark.parametrize(
    ("query", "key", "expected"),
    [
        ("", OWN, Search(NOW - 7 * DAY, NOW, "key_own")),
        ("", OPERATOR, Search(NOW - 7 * DAY, NOW)),
        ("key=key_own", OWN, Search(NOW - 7 * DAY, NOW, "key_own")),
        ("key=key_own", OPERATOR, Search(NOW - 7 * DAY, NOW, "key_own")),
        ("from=2027-01-01&to=1800000000", OPERATOR, Search(1_798_761_600, NOW)),
        ("from=2027-01-15T07:00:00Z", OPERATOR, Search(NOW - 3600, NOW)),
        ("from=2027-01-15T08:00:00%2B01:00", OPERATOR, Search(NOW - 3600, NOW)),
        ("model=openai/gpt-5.2&outcome=error", OPERATOR, Search(NOW - 7 * DAY, NOW, "", "openai/gpt-5.2", "error")),
        ("tag=team:a:b&tag=x", OPERATOR, Search(NOW - 7 * DAY, NOW, tags=(("team", "a:b"), ("x", None)))),
    ],
)
async def test_what_is_asked_is_what_is_searched(query: str, key: str, expected: Search) -> None:
    console = Console()
    assert (await console.get(f"/v1/requests?{query}", key)).status_code == 200
    assert console.requests.searched == [expected]


@pytest.mark.parametrize(
    ("query", "param", "told"),
    [
        ("form=2027-01-01", "form", "There is no 'form' here. Did you mean 'from'?"),
        ("colour=red", "colour", "There are: from, to, model, key, outcome, tag, limit, cursor."),
        ("from=yesterday", "from", "'from' must be a time such as 2026-11-24"),
        ("from=18000000000000", "from", "'from' must be a time from 1970 to 2100"),
        ("from=2027-01-02&to=2027-01-01", "from", "'from' must be earlier than 'to'"),
        ("from=2027-01-01&from=2027-01-02", "from", "'from' is given twice"),
        ("outcome=bad", "outcome", "'outcome' must be 'ok', 'error' or 'aborted'"),
        ("limit=0", "limit", "'limit' must be at least 1"),
        ("limit=101", "limit", "'limit' must be at most 100"),
        ("limit=many", "limit", "'limit' must be an integer"),
        ("model=", "model", "'model' must have at least 1 character"),
        ("tag=" + "&tag=".join("abcdefghi"), "tag", "'tag' may have at most 8 items"),
        ("cursor=x", "cursor", "'cursor' is none"),
        ("cursor=%00%ff", "cursor", "'cursor' is none"),
    ],
)
async def test_a_wrong_question_is_refused_with_the_parameter_and_the_remedy(query: str, param: str, told: str) -> None:
    response = await Console().get(f"/v1/requests?{query}")
    assert error(response) == (400, "invalid_request", param)
    assert told in response.json()["error"]["message"]


@pytest.mark.parametrize("change", ["&outcome=error", "&model=small", "&tag=team", "&from=2027-01-01"])
async def test_a_cursor_fits_no_other_question(change: str) -> None:
    console = Console(*ROWS)
    cursor = (await console.get("/v1/requests?limit=1")).json()["next_cursor"]
    assert error(await console.get(f"/v1/requests?cursor={cursor}{change}")) == (400, "invalid_request", "cursor")
    assert (await console.get(f"/v1/requests?limit=50&cursor={cursor}")).status_code == 200


async def test_a_cursor_fits_no_other_key() -> None:
    console = Console(*ROWS)
    cursor = (await console.get("/v1/requests?limit=1", OPERATOR)).json()["next_cursor"]
    assert error(await console.get(f"/v1/requests?cursor={cursor}", OWN)) == (400, "invalid_request", "cursor")


async def test_a_key_does_not_list_anothers_requests() -> None:
    assert error(await Console().get("/v1/requests?key=key_other", OWN)) == (403, "forbidden", "key")


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/requests/1", "/v1/usage", "/v1/health"])
async def test_nothing_is_told_without_a_key(path: str) -> None:
    assert error(await Console().get(path, "sk-unknown"))[:2] == (401, "invalid_api_key")


async def test_an_unknown_path_and_a_wrong_method_have_openais_shape_too() -> None:
    assert error(await Console().get("/v1/nothing")) == (404, "unknown_url", None)
    assert error(await Console().post("/v1/usage", {})) == (405, "method_not_allowed", None)


async def test_a_method_that_is_not_possible_is_told_with_all_that_are() -> None:
    console = Console()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(console.app), base_url="http://turnout.test") as client:
        for path, methods in (("/v1/keys/0", "DELETE, GET, PATCH"), ("/v1/keys", "GET, POST"), ("/v1/usage", "GET")):
            response = await client.put(path)
            assert (response.status_code, response.headers["allow"]) == (405, methods)
