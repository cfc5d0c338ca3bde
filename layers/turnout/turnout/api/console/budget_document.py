"""What the OpenAPI document tells of the endpoints on money and limits."""

from typing import Any

from turnout.api.console import described
from turnout.api.console.budget_wire import BudgetLeft, BudgetList, BudgetRemoved, CreditsItem
from turnout.api.console.described import FAULTY, LARGE, takes
from turnout.api.console.queries import BudgetBody
from turnout.api.document import KEY, Responses
from turnout.api.wire import ErrorBody
from turnout.core.chat import JSON

ALWAYS: Responses = {
    **described.ALWAYS,
    403: {"model": ErrorBody, "description": "The key lacks the scope for it"},
}
UNKNOWN: Responses = {404: {"model": ErrorBody, "description": "There is no such key or budget"}}


def endpoints(whose: list[JSON], which: list[JSON]) -> dict[str, dict[str, Any]]:
    """What is told of each, by the name of its function; the parameters are a CreditsQuestion's, a BudgetQuestion's."""
    return {
        "credits": {
            "responses": {200: {"model": CreditsItem, "description": "What is left"}, **ALWAYS, **FAULTY, **UNKNOWN},
            "openapi_extra": {"parameters": whose, **KEY},
        },
        "list_budgets": {
            "responses": {200: {"model": BudgetList, "description": "All of them"}, **ALWAYS},
            "openapi_extra": KEY,
        },
        "set_budget": {
            "responses": {200: {"model": BudgetLeft, "description": "As it stands"}, **ALWAYS, **FAULTY, **LARGE},
            "openapi_extra": {**takes(BudgetBody), **KEY},
        },
        "remove_budget": {
            "responses": {200: {"model": BudgetRemoved, "description": "It is gone"}, **ALWAYS, **FAULTY, **UNKNOWN},
            "openapi_extra": {"parameters": which, **KEY},
        },
    }
