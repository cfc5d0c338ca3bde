"""The models as OpenAI's clients list them, and the names by which the gateway chooses one itself.

https://platform.openai.com/docs/api-reference/models/object
"""

from datetime import UTC, date, datetime

from turnout.api.wire import ModelItem, ModelList, Pricing
from turnout.catalog import Catalog
from turnout.catalog.pricing import price_on
from turnout.core.models import Model
from turnout.routing.allowed import Allowed, automatic
from turnout.routing.decision import AUTO, GOALS

AUTOMATIC = (AUTO, *(f"{AUTO}:{goal}" for goal in GOALS))


def model_list(catalog: Catalog, today: date, may: Allowed) -> ModelList:
    """Those that a key may ask, the automatic names first."""
    named = [_automatic(name, catalog, may) for name in AUTOMATIC]
    items = [_item(_id(model, catalog, may), model, today) for model in catalog.all() if model in may]
    return {"object": "list", "data": named + items}


def model_item(catalog: Catalog, name: str, today: date, may: Allowed) -> ModelItem:
    """The one called `name`, under that name. Raises UnknownModel or Forbidden."""
    return _automatic(name, catalog, may) if name in AUTOMATIC else _item(name, may.find(catalog, name, "model"), today)


def _id(model: Model, catalog: Catalog, may: Allowed) -> str:
    """The shortest name that leads to it: its own, unless another vendor's model of that name comes first."""
    return model.name if may.prefer(catalog, model.name) is model else model.id


def _automatic(name: str, catalog: Catalog, may: Allowed) -> ModelItem:
    chain = [model for model in automatic(catalog, may) if model in may]
    return {
        "id": name,
        "object": "model",
        "created": max(map(_created, chain), default=0),
        "owned_by": "turnout",
        "ready": any(model.vendor.ready for model in chain),
    }


def _item(name: str, model: Model, today: date) -> ModelItem:
    return {
        "id": name,
        "object": "model",
        "created": _created(model),
        "owned_by": model.vendor.name,
        "ready": model.vendor.ready,
        "context_window": model.context_window,
        "max_output": model.max_output,
        "capabilities": sorted(model.capabilities),
        "pricing": _pricing(model, today),
    }


def _created(model: Model) -> int:
    days = [datetime.fromisoformat(price.since).replace(tzinfo=UTC) for price in model.prices if price.since]
    return int(min(days).timestamp()) if days else 0


def _pricing(model: Model, today: date) -> Pricing:
    rate = price_on(model, today).rate
    return {
        "unit": "USD per million tokens",
        "input": str(rate.input),
        "cached_input": str(rate.cached_input),
        "cache_write": str(rate.cache_write),
        "output": str(rate.output),
    }
