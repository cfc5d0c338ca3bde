"""What the OpenAPI document tells of the endpoints under /v1/keys."""

from typing import Any

from turnout.api.console import described
from turnout.api.console.described import FAULTY, LARGE, takes
from turnout.api.console.key_body import KeyBody, KeyChange, RotateBody
from turnout.api.console.queries import Question
from turnout.api.console.wire import DeletedKey, KeyItem, KeyPage, NewKeyItem
from turnout.api.document import KEY, Responses
from turnout.api.wire import ErrorBody
from turnout.core.chat import JSON

ID: JSON = {"parameters": [described.ID]}
ALWAYS: Responses = {
    **described.ALWAYS,
    403: {"model": ErrorBody, "description": "The key lacks the scope `admin`"},
}
UNKNOWN: Responses = {404: {"model": ErrorBody, "description": "There is no key of this id"}}
OWN: Responses = {409: {"model": ErrorBody, "description": "A key cannot disable, demote or delete itself"}}
PEPPER: Responses = {409: {"model": ErrorBody, "description": "The hashes are made with another pepper"}}
BODIES: tuple[type[Question], ...] = (KeyBody, KeyChange, RotateBody)


def _answers(model: Any, told: str, *others: Responses) -> Responses:
    responses: Responses = {200: {"model": model, "description": told}, **ALWAYS}
    for other in others:
        responses |= other
    return responses


def endpoints(page: list[JSON]) -> dict[str, dict[str, Any]]:
    """What is told of each, by the name of its function; `page` are the parameters of a KeysQuestion."""
    changed = {"responses": _answers(KeyItem, "The key as it is now", UNKNOWN, OWN), "openapi_extra": {**ID, **KEY}}
    return {
        "create_key": {
            "responses": _answers(NewKeyItem, "The key and, this once, its secret", FAULTY, LARGE, PEPPER),
            "openapi_extra": {**takes(KeyBody), **KEY},
        },
        "list_keys": {
            "responses": _answers(KeyPage, "A page", FAULTY),
            "openapi_extra": {"parameters": page, **KEY},
        },
        "retrieve_key": {
            "responses": _answers(KeyItem, "The key", UNKNOWN),
            "openapi_extra": {**ID, **KEY},
        },
        "change_key": {
            "responses": _answers(KeyItem, "The key as it is now", UNKNOWN, OWN, FAULTY, LARGE),
            "openapi_extra": {**ID, **takes(KeyChange), **KEY},
        },
        "delete_key": {
            "responses": _answers(DeletedKey, "It is gone", UNKNOWN, OWN),
            "openapi_extra": {**ID, **KEY},
        },
        "rotate_key": {
            "responses": _answers(NewKeyItem, "The key and, this once, its new secret", FAULTY, LARGE, UNKNOWN, PEPPER),
            "openapi_extra": {**ID, **takes(RotateBody, required=False), **KEY},
        },
        "disable_key": changed,
        "enable_key": {**changed, "responses": _answers(KeyItem, "The key as it is now", UNKNOWN)},
    }
