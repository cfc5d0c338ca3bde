"""Reading a vendor's request body: JSON checked against a model, the first complaint in that vendor's words."""

from collections.abc import Callable
from math import inf

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, from_json

from local.simulators.personas.protocol import Asked, Refused
from turnout.core.chat import Effort, Image


class Strict(BaseModel):
    """A JSON object whose fields are all known and of the right type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Loose(BaseModel):
    """A JSON object that may hold more than we look at."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def checked[M: BaseModel](model: type[M], body: bytes, complain: Callable[[ErrorDetails], tuple[str, str]]) -> M:
    """The body as `model`. Raises Refused: `complain` gives the message and the field for what is wrong first."""
    try:
        from_json(body)
    except ValueError as error:
        raise Refused("bad_json", f"could not parse the JSON body of the request: {error}") from None
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Refused("invalid_body", *complain(error.errors(include_url=False)[0])) from None


def dotted(error: ErrorDetails) -> str:
    """`messages.0.role`: where the error is."""
    return ".".join(str(step) for step in error["loc"])


def bracketed(error: ErrorDetails) -> str:
    """`messages[0].role`: the same in the other notation."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in error["loc"]]
    return "".join(steps).removeprefix(".")


def bearer(asked: Asked) -> str:
    """The bearer token of a request, or nothing (RFC 6750)."""
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


BUDGETS: tuple[tuple[float, Effort], ...] = (
    (-1, "medium"),
    (0, "none"),
    (2048, "low"),
    (16384, "medium"),
    (inf, "high"),
)


def effort_of(budget: int | None) -> Effort | None:
    """The effort that a budget of reasoning tokens stands for; -1 leaves it to the model."""
    if budget is None:
        return None
    return next(effort for most, effort in BUDGETS if budget <= most)


def image_at(url: str) -> Image:
    """A picture by URL; a data URL is taken apart (RFC 2397)."""
    if not url.startswith("data:"):
        return Image(url=url)
    kind, _, data = url.removeprefix("data:").partition(",")
    return Image(data=data, media_type=kind.removesuffix(";base64"))
