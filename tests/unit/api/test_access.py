"""Who gets in, and what those who do not are told."""

import pytest

from tests.fakes import FakeKeys
from tests.unit.api.world import KEY
from turnout.api.access import admit
from turnout.core.errors import Unauthenticated
from turnout.core.ports import Key

KEYS = FakeKeys(**{KEY: Key("key-1")})


@pytest.mark.parametrize("header", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER   {KEY}  "])
async def test_a_known_key_gets_in(header: str) -> None:
    assert (await admit(header, KEYS)).id == "key-1"


@pytest.mark.parametrize(
    ("header", "code", "told"),
    [
        (None, "missing_api_key", "Send it as 'Authorization: Bearer <key>'"),
        ("", "missing_api_key", "No API key was sent"),
        ("Bearer", "missing_api_key", "holds no key"),
        ("Bearer   ", "missing_api_key", "holds no key"),
        (f"Basic {KEY}", "missing_api_key", "holds no key"),
        (KEY, "missing_api_key", "holds no key"),
        ("Bearer sk-wrong", "invalid_api_key", "unknown or disabled"),
        ("Bearer schl\xfcssel", "invalid_api_key", "unknown or disabled"),
    ],
)
async def test_the_others_are_told_how_and_never_their_secret(header: str | None, code: str, told: str) -> None:
    with pytest.raises(Unauthenticated, match=told) as caught:
        await admit(header, KEYS)
    assert caught.value.code == code
    assert KEY not in caught.value.message
    assert "sk-wrong" not in caught.value.message
