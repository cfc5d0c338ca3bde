"""The endpoints under /v1/keys: the clients' keys, managed by keys with the scope `admin`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.responses import Response

from turnout.api import access, sizes
from turnout.api.console.key_body import KeyBody, KeyChange, KeysQuestion, RotateBody
from turnout.api.console.key_rows import key_item, new_key_item
from turnout.api.console.queries import Question, asked, checked
from turnout.api.console.services import ConsoleServices
from turnout.api.console.wire import Sent, encode
from turnout.core.errors import Conflict, InvalidRequest
from turnout.core.frozen import frozen
from turnout.core.keyring import Issued
from turnout.core.ports import Key

if TYPE_CHECKING:
    from turnout.api.console.key_terms import KeyTerms

MOST_BODY_BYTES = 65_536
UNSEEN = {"cache-control": "no-store"}
"""On answers with a secret."""
OWN = (
    "A key cannot {} itself, lest nobody be left to administer. Do it with another admin key, or on the command line: "
    "'turnout keys' needs AWS credentials and no key."
)


@frozen
class KeyEndpoints:
    """One method for each route."""

    services: ConsoleServices

    async def create_key(self, request: Request) -> Response:
        """Make a key. Its secret is in the answer, this once, and kept nowhere."""
        await self._admit(request)
        wanted = await _sent(request, KeyBody)
        key = self._terms().key(wanted)
        made = await self.services.keyring.create(key, self._future(wanted.expires_at))
        return _json(new_key_item(*made), UNSEEN)

    async def list_keys(self, request: Request) -> Response:
        """List the keys, the newest first, page by page."""
        await self._admit(request)
        question = asked(KeysQuestion, request.query_params.multi_items())
        keys, after = await self.services.keyring.page(question.limit, question.after or "")
        return _json(
            {"object": "list", "data": list(map(key_item, keys)), "has_more": bool(after), "next_after": after or None}
        )

    async def retrieve_key(self, request: Request) -> Response:
        """Show a key."""
        await self._admit(request)
        return _json(key_item(await self.services.keyring.get(_id(request))))

    async def change_key(self, request: Request) -> Response:
        """Change a key: what the body names. Everywhere within seconds it is as it is now."""
        ours = await self._admit(request)
        wanted, terms = await _sent(request, KeyChange), self._terms()
        if "expires_at" in wanted.model_fields_set:
            self._future(wanted.expires_at)
        if "scopes" in wanted.model_fields_set and "admin" not in wanted.scopes:
            _not_own(ours, request, "demote")
        return await self._changed(request, lambda issued: terms.changed(issued, wanted))

    async def delete_key(self, request: Request) -> Response:
        """Delete a key, for good. The rows of its requests stay."""
        _not_own(await self._admit(request), request, "delete")
        await self.services.keyring.delete(_id(request))
        return _json({"id": _id(request), "object": "key", "deleted": True})

    async def rotate_key(self, request: Request) -> Response:
        """Make a new secret for a key, in the answer this once. Those before it go on working for a while."""
        await self._admit(request)
        wanted = await _sent(request, RotateBody, b"{}")
        made = await self.services.keyring.rotate(_id(request), wanted.overlap_seconds)
        return _json(new_key_item(*made), UNSEEN)

    async def disable_key(self, request: Request) -> Response:
        """Let a key in no more, until it is enabled again."""
        _not_own(await self._admit(request), request, "disable")
        return await self._changed(request, lambda issued: replace(issued, disabled=True))

    async def enable_key(self, request: Request) -> Response:
        """Let a key in again."""
        await self._admit(request)
        return await self._changed(request, lambda issued: replace(issued, disabled=False))

    async def _admit(self, request: Request) -> Key:
        return await access.admit(request.headers.get("authorization"), self.services.keys, "admin")

    async def _changed(self, request: Request, edit: Callable[[Issued], Issued]) -> Response:
        return _json(key_item(await self.services.keyring.change(_id(request), edit)))

    def _terms(self) -> "KeyTerms":
        return self.services.terms()

    def _future(self, expires_at: float | None) -> float | None:
        if expires_at is not None and expires_at <= self.services.clock.time():
            raise InvalidRequest(
                "'expires_at' is over. Give a time to come, or null; to stop a key now, disable it.", param="expires_at"
            )
        return expires_at


async def _sent[Q: Question](request: Request, schema: type[Q], otherwise: bytes = b"") -> Q:
    """The body, checked. Raises RequestTooLarge or InvalidRequest."""
    return checked(schema, await sizes.read(request.stream(), MOST_BODY_BYTES) or otherwise)


def _not_own(key: Key, request: Request, verb: str) -> None:
    if _id(request) == key.id:
        raise Conflict(OWN.format(verb), param="id", code="own_key")


def _id(request: Request) -> str:
    return request.path_params["id"]


def _json(value: Sent, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(value), headers=headers, media_type="application/json")
