"""The console's endpoints on policies: which versions there are, which decide, and how they are moved by hand."""

from collections.abc import Awaitable

from fastapi import FastAPI, Request
from pydantic_core import to_json
from starlette.responses import Response

from turnout.api import access, sizes
from turnout.api.console.policy_wire import Moved, Optimization, PolicyPage, deciding, policy_detail, policy_item
from turnout.api.console.queries import CanaryBody, MoveBody, checked
from turnout.api.console.services import ConsoleServices
from turnout.core.errors import Conflict, UnknownPolicy
from turnout.core.frozen import frozen
from turnout.core.policies import Listed, Pointer
from turnout.core.ports import Key
from turnout.core.reporting import OptimizerBusy, run_id

MOST_BODY_BYTES = 4_096


def add_policies(app: FastAPI, services: ConsoleServices) -> None:
    """Give the application these routes."""
    endpoints = PolicyEndpoints(services)
    app.add_api_route("/v1/policies", endpoints.list_policies)
    app.add_api_route("/v1/policies/{version}", endpoints.retrieve_policy)
    app.add_api_route("/v1/policies/{version}/activate", endpoints.activate_policy, methods=["POST"])
    app.add_api_route("/v1/policies/{version}/canary", endpoints.canary_policy, methods=["POST"])
    app.add_api_route("/v1/policies/{version}/rollback", endpoints.roll_back_policy, methods=["POST"])
    app.add_api_route("/v1/optimize", endpoints.optimize, methods=["POST"])


@frozen
class PolicyEndpoints:
    """One method for each route. Reading takes the scope `read`, moving and starting the scope `admin`."""

    services: ConsoleServices

    async def list_policies(self, request: Request) -> Response:
        """List all versions of the policy, the newest first, and say which decide."""
        await access.admit(request.headers.get("authorization"), self.services.keys, "read")
        versions, pointer = await self.services.policies.list(), await self.services.policies.pointer()
        told: PolicyPage = {"object": "list", "data": list(map(policy_item, versions)), "deciding": deciding(pointer)}
        return _json(told)

    async def retrieve_policy(self, request: Request) -> Response:
        """Show one version: its chains, what was known when it was made, and all that became of it."""
        await access.admit(request.headers.get("authorization"), self.services.keys, "read")
        listed = await self._listed(request)
        policy = await self.services.policies.find(listed.version)
        if not policy:
            raise _unknown(listed.version)
        return _json(policy_detail(listed, policy))

    async def activate_policy(self, request: Request) -> Response:
        """Let a version decide for all; what was active, and any other canary, is superseded."""
        key, given = await self._told(request, MoveBody)
        listed = await self._listed(request)
        why = _why(key, given, "activated")
        return await self._moved(listed, self.services.policies.activate(listed.version, why))

    async def canary_policy(self, request: Request) -> Response:
        """Let a version decide for a share of the sessions, under the eyes of the guard."""
        key, given = await self._told(request, CanaryBody)
        listed = await self._listed(request)
        share, why = given.share or self.services.canary_share, _why(key, given, "tried")
        return await self._moved(listed, self.services.policies.canary(listed.version, share, why))

    async def roll_back_policy(self, request: Request) -> Response:
        """Take back a version that decides: the canary, or the active one for the one before it."""
        key, given = await self._told(request, MoveBody)
        listed = await self._listed(request)
        pointer = await self.services.policies.pointer()
        if listed.version != (pointer.canary or pointer.active):
            raise _not_deciding(listed, pointer)
        why = _why(key, given, "rolled back")
        return await self._moved(listed, self.services.policies.rollback(why, pointer.revision))

    async def optimize(self, request: Request) -> Response:
        """Start a run of the optimizer, beside those of its schedule; its report is there after some seconds."""
        await self._told(request, MoveBody)
        if holder := await self.services.lease.holder():
            raise OptimizerBusy(f"Run {holder} is under way. Its report will be at /v1/reports/{holder}.")
        id_ = run_id(self.services.clock.time())
        await self.services.starter.start(id_)
        told: Optimization = {"id": id_, "object": "optimization", "report": f"/v1/reports/{id_}"}
        return _json(told, 202)

    async def _told[B: MoveBody](self, request: Request, wanted: type[B]) -> tuple[Key, B]:
        key = await access.admit(request.headers.get("authorization"), self.services.keys, "admin")
        return key, checked(wanted, await sizes.read(request.stream(), MOST_BODY_BYTES) or b"{}")

    async def _listed(self, request: Request) -> Listed:
        version: str = request.path_params["version"]
        listed = await self.services.policies.listed(version)
        if not listed:
            raise _unknown(version)
        return listed

    async def _moved(self, listed: Listed, move: Awaitable[Pointer]) -> Response:
        pointer = await move
        now = await self.services.policies.listed(listed.version) or listed
        told: Moved = {"object": "policy.move", "policy": policy_item(now), "deciding": deciding(pointer)}
        return _json(told)


def _why(key: Key, given: MoveBody, otherwise: str) -> str:
    """What the history says: whose key it was, and the reason."""
    return f"{given.reason or otherwise} (by {key.name or key.id})"


def _unknown(version: str) -> UnknownPolicy:
    return UnknownPolicy(f"There is no policy '{version[:100]}'. GET /v1/policies lists them.", param="version")


def _not_deciding(listed: Listed, pointer: Pointer) -> Conflict:
    decides = pointer.canary or pointer.active or "none"
    return Conflict(
        f"Policy {listed.version} is {listed.state}; what can be rolled back now is {decides}.", param="version"
    )


def _json(value: object, status: int = 200) -> Response:
    return Response(to_json(value), status, media_type="application/json")
