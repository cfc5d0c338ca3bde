"""The control port of a simulator: faults and pace are set here, and what was asked is told.

PUT    /faults    {"name": ..., "times": n, "model": ..., "stream": true|false, "hold": s, "seconds": s}
DELETE /faults    all of them, or ?name=...
GET    /faults    those that are on, and all that there are
PUT    /pace      {"first_token_ms": ..., "tokens_per_second": ..., "thinking_tokens": ...}: slow, and dear
GET    /requests  the last ones, secrets taken out; DELETE forgets them
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from local.simulators.arming import BadOrder, Order
from local.simulators.connection import Connection, told
from local.simulators.faults import FAULTS
from local.simulators.journal import Journal
from local.simulators.personas.protocol import Asked
from local.simulators.steps import Pace
from turnout.core.chat import JSON


class Controlled(Protocol):
    """What a control port controls."""

    pace: Pace
    requests: Journal

    @property
    def faults(self) -> list[Order]:
        """The faults that are on."""
        ...

    def fault(
        self,
        name: str,
        times: int | None = None,
        *,
        model: str | None = None,
        stream: bool | None = None,
        hold: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Switch one on."""
        ...

    def clear(self, name: str | None = None) -> None:
        """Switch them off."""
        ...


type Seconds = Annotated[float, Field(ge=0, le=3600)]


class FaultWanted(BaseModel):
    """The body of `PUT /faults`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    times: Annotated[int, Field(ge=1)] | None = None
    model: str | None = None
    stream: bool | None = None
    hold: Seconds | None = None
    seconds: Seconds | None = None


class PaceWanted(BaseModel):
    """The body of `PUT /pace`; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    first_token_ms: Annotated[float, Field(ge=0, le=600_000)] | None = None
    tokens_per_second: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    thinking_tokens: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class Control:
    """The handlers, and the table of their routes."""

    def __init__(self, simulator: Controlled) -> None:
        self._simulator = simulator
        self.routes: Mapping[tuple[str, str], Callable[[Asked], JSON]] = {
            ("PUT", "/faults"): self.put_fault,
            ("DELETE", "/faults"): self.delete_faults,
            ("GET", "/faults"): self.get_faults,
            ("PUT", "/pace"): self.put_pace,
            ("GET", "/requests"): self.get_requests,
            ("DELETE", "/requests"): self.delete_requests,
        }

    async def serve(self, connection: Connection) -> None:
        """Answer every request that comes on a connection."""
        async for asked in connection.requests():
            status, body = self.answer(asked)
            await connection.play(told(status, to_json(body)))

    def answer(self, asked: Asked) -> tuple[int, JSON]:
        """Status and body; an error names what is wrong."""
        handler = self.routes.get((asked.method, asked.path))
        if handler is None:
            known = ", ".join(f"{method} {path}" for method, path in self.routes)
            return 404, {"error": f"there is no {asked.method} {asked.path}; there are: {known}"}
        try:
            return 200, handler(asked)
        except BadOrder as error:
            return 400, {"error": str(error)}
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            return 400, {"error": f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"}

    def put_fault(self, asked: Asked) -> JSON:
        """Switch a fault on."""
        wanted = FaultWanted.model_validate_json(asked.body)
        self._simulator.fault(**wanted.model_dump())
        return self.get_faults(asked)

    def delete_faults(self, asked: Asked) -> JSON:
        """Switch faults off."""
        self._simulator.clear(asked.query.get("name"))
        return self.get_faults(asked)

    def get_faults(self, _asked: Asked) -> JSON:
        """What is on, and what there is."""
        known = {name: {"simulates": fault.simulates, "on": sorted(fault.on)} for name, fault in FAULTS.items()}
        return {"faults": [asdict(order) for order in self._simulator.faults], "known": known}

    def put_pace(self, asked: Asked) -> JSON:
        """Answer faster or slower."""
        wanted = PaceWanted.model_validate_json(asked.body)
        self._simulator.pace = replace(self._simulator.pace, **wanted.model_dump(exclude_none=True))
        return asdict(self._simulator.pace)

    def get_requests(self, _asked: Asked) -> JSON:
        """What was asked."""
        return {"requests": [asdict(entry) for entry in self._simulator.requests]}

    def delete_requests(self, asked: Asked) -> JSON:
        """Forget what was asked."""
        self._simulator.requests.entries.clear()
        return self.get_requests(asked)
