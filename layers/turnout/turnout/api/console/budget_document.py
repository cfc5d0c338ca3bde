"""What the OpenAPI document tells of the endpoints on money and limits."""

from typing import Any

from turnout.api.console.budget_wire import BudgetLeft, BudgetList, BudgetRemoved, CreditsItem
from turnout.api.console.queries import BudgetBody
from turnout.api.document import COMMON, KEY, REFERENCE, Responses
from turnout.api.wire import ErrorBody
from turnout.core.chat import JSON

ALWAYS: Responses = {
    **COMMON,
    403: {"model": ErrorBody, "description": "The key lacks the scope for it"},
    503: {"model": ErrorBody, "description": "The store does not answer; try again"},
}
BAD: Responses = {400: {"model": ErrorBody, "description": "A field or a parameter is wrong; see `param`"}}
LARGE: Responses = {413: {"model": ErrorBody, "description": "The body is over the limit"}}
UNKNOWN: Responses = {404: {"model": ErrorBody, "description": "There is no such key or budget"}}


def endpoints(whose: list[JSON], which: list[JSON]) -> dict[str, dict[str, Any]]:
    """What is told of each, by the name of its function; the parameters are a CreditsQuestion's, a BudgetQuestion's."""
    schema = {"$ref": REFERENCE.format(model=BudgetBody.__name__)}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {
        "credits": {
            "responses": {200: {"model": CreditsItem, "description": "What is left"}, **ALWAYS, **BAD, **UNKNOWN},
            "openapi_extra": {"parameters": whose, **KEY},
        },
        "list_budgets": {
            "responses": {200: {"model": BudgetList, "description": "All of them"}, **ALWAYS},
            "openapi_extra": KEY,
        },
        "set_budget": {
            "responses": {200: {"model": BudgetLeft, "description": "As it stands"}, **ALWAYS, **BAD, **LARGE},
            "openapi_extra": {"requestBody": body, **KEY},
        },
        "remove_budget": {
            "responses": {200: {"model": BudgetRemoved, "description": "It is gone"}, **ALWAYS, **BAD, **UNKNOWN},
            "openapi_extra": {"parameters": which, **KEY},
        },
    }
