"""`POST /v1/feedback`: what is taken, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.api.console.test_requests import error
from tests.unit.api.console.world import OPERATOR, OTHER, OWN, Console, a_row

ID = a_row(1).id


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ({"score": 0.25}, "0.25"),
        ({"score": 0}, "0"),
        ({"score": 1}, "1"),
        ({"score": 0.1 + 0.2}, "0.3"),
        ({"thumbs": "up"}, "1"),
        ({"thumbs": "down"}, "0"),
        ({"thumbs": "down", "score": None, "comment": "räksmörgås 🚂"}, "0"),
    ],
)
async def test_it_is_a_score_or_a_thumb(said: dict[str, Any], score: str) -> None:
    console = Console(a_row(1))
    response = await console.post("/v1/feedback", {"request_id": ID, **said})
    assert response.status_code == 200, response.text
    assert response.json() == {
        "object": "feedback",
        "request_id": ID,
        "score": float(score),
        "comment": said.get("comment", ""),
        "at": "2027-01-15T08:00:00Z",
    }
    assert console.feedback.given[ID, "key_own"].score == Decimal(score)


@pytest.mark.parametrize(
    ("body", "param", "told"),
    [
        ({"score": 1}, "request_id", "'request_id' is required"),
        ({"request_id": ID}, "score", "Say either 'score', from 0 to 1, or 'thumbs', 'up' or 'down'"),
        ({"request_id": ID, "score": 1, "thumbs": "up"}, "score", "Say either"),
        ({"request_id": ID, "score": 1.1}, "score", "'score' must be at most 1"),
        ({"request_id": ID, "score": -1}, "score", "'score' must be at least 0"),
        ({"request_id": ID, "score": "good"}, "score", "'score' must be a number"),
        ({"request_id": ID, "score": True}, "score", "'score' must be a number"),
        ({"request_id": ID, "thumbs": "sideways"}, "thumbs", "'thumbs' must be 'up' or 'down'"),
        ({"request_id": ID, "score": 1, "coment": ""}, "coment", "Did you mean 'comment'?"),
        ({"request_id": ID, "score": 1, "comment": "x" * 2001}, "comment", "may have at most 2000 characters"),
        ({"request_id": 7, "score": 1}, "request_id", "'request_id' must be a string"),
        ([], None, "The body must be a JSON object"),
    ],
)
async def test_a_wrong_body_is_refused_with_the_field_and_the_remedy(body: Any, param: str | None, told: str) -> None:
    response = await Console(a_row(1)).post("/v1/feedback", body)
    assert error(response) == (400, "invalid_request", param)
    assert told in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"score": NaN}', b"\xff"])
async def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert error(await Console().post("/v1/feedback", body))[0] == 400


async def test_an_endless_body_is_refused() -> None:
    assert error(await Console().post("/v1/feedback", b"x" * 20_000))[:2] == (413, "request_too_large")


@pytest.mark.parametrize(("request_id", "key"), [("none", OWN), (ID, OTHER), (ID, OPERATOR)])
async def test_there_is_none_on_what_the_key_has_not_asked(request_id: str, key: str) -> None:
    response = await Console(a_row(1)).post("/v1/feedback", {"request_id": request_id, "thumbs": "up"}, key)
    assert error(response) == (404, "request_not_found", "request_id")
