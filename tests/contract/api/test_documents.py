"""What the OpenAPI documents promise, for requests that fit them and for such as do not: no 5xx, and no other answer.

Schemathesis makes the requests; a short budget of them here, `make fuzz` runs the same for longer.
"""

import os
from typing import Any

import schemathesis as untyped
from hypothesis import HealthCheck, assume, settings

from tests.unit.api.console.world import OPERATOR as OPERATORS_KEY
from tests.unit.api.console.world import Console, a_row
from tests.unit.api.world import BEARER, HELLO, World
from turnout.core.events import Events
from turnout.core.ports import Call

type Case = Any

schemathesis: Any = untyped  # many of its types are unknown to the type checker

patient = settings(
    deadline=None,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "25")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
OWN = {"Authorization": BEARER["authorization"]}
CONSOLE = {"Authorization": f"Bearer {OPERATORS_KEY}"}


async def hello(call: Call) -> Events:
    """A vendor that answers everything alike."""
    for event in HELLO:
        yield event  # pyright: ignore[reportReturnType] - the script of a good answer holds no error


REFUSED = ["400", "401", "403", "404", "405", "409", "413", "429"]
"""How what breaks the schema is refused; a text that is too long may make the whole body too large."""


def document(path: str, app: Any) -> Any:
    """The operations of an app's document, with positive and negative requests for each."""
    config = schemathesis.Config.from_dict(
        {
            "generation": {"mode": "all"},
            "checks": {"negative_data_rejection": {"expected-statuses": REFUSED}},
        }
    )
    return schemathesis.openapi.from_asgi(path, app, config=config)


router = document("/openapi.json", World(ask=hello).app)
console = document("/v1/console/openapi.json", Console(a_row(1), a_row(2)).app)
BETWEEN_FIELDS = [schemathesis.checks.CHECKS.get_one("positive_data_acceptance")]
"""No schema tells that `turnout.layers` is for blends, or that a tool's result follows its call."""


@router.parametrize()
@patient
def test_the_router_answers_as_its_document_says(case: Case) -> None:
    case.call_and_validate(headers=OWN, excluded_checks=BETWEEN_FIELDS)


@console.parametrize()
@patient
def test_the_console_answers_as_its_document_says(case: Case) -> None:
    query: dict[str, Any] = case.query or {}
    assume(isinstance(query.get("tag", []), list))  # in a URL one value is a list of one, and a number is a text
    case.call_and_validate(headers=CONSOLE, excluded_checks=BETWEEN_FIELDS)
