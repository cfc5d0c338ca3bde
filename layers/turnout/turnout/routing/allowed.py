"""Which models a key may ask: those that are on its lists; a key without lists, all."""

from collections.abc import Sequence

from turnout.catalog import Catalog, at_hand
from turnout.core.errors import Forbidden, UnknownModel
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.ports import Key

LONGEST_LIST = 10
"""Names that an error tells."""


@frozen
class Allowed:
    """`model in allowed`. `models` are ids, None for all; `vendors` are names, () for all."""

    key: Key
    models: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Whether there are no lists."""
        return self.models is None and not self.key.vendors

    def __contains__(self, model: Model) -> bool:
        """Whether the key may ask it."""
        listed = self.models is None or model.id in self.models
        return listed and (not self.key.vendors or model.vendor.name in self.key.vendors)

    def find(self, catalog: Catalog, name: str, param: str) -> Model:
        """The model that a client calls `name`, at a vendor that the key may ask. Raises UnknownModel or Forbidden."""
        try:
            called = catalog.called(name)
        except UnknownModel as error:
            error.param = param
            raise
        if model := self._among(called):
            return model
        raise Forbidden(f"This key may not use '{called[0].id}'. {self.told()}", param=param, code="model_not_allowed")

    def prefer(self, catalog: Catalog, name: str) -> Model:
        """The same for a rule's name; where the key may ask none of them, one that it may not. Raises UnknownModel."""
        return self._among(catalog.called(name)) or catalog.find(name)

    def _among(self, called: Sequence[Model]) -> Model | None:
        return at_hand([model for model in called if model in self])

    def told(self) -> str:
        """What it may use, and who can change that."""
        lists = {"the models": self.key.models, "the vendors": self.key.vendors}
        told = " of ".join(f"{kind} {_listed(names)}" for kind, names in lists.items() if names)
        return f"It may use {told}. GET /v1/models lists all of them; whoever runs this gateway can allow more."


def allowed(key: Key, catalog: Catalog) -> Allowed:
    """By the catalog as it is: a name without its vendor stands for all vendors', one that is gone for none."""
    if not key.models:
        return Allowed(key)
    return Allowed(key, frozenset(model.id for name in key.models for model in catalog.known(name)))


def automatic(catalog: Catalog, may: Allowed) -> tuple[Model, ...]:
    """Among whom the gateway chooses: the default chain; all that the key may ask where none of the chain is."""
    chain = catalog.auto()
    if may.everything or any(model in may for model in chain):
        return chain
    return tuple(model for model in catalog.all() if model in may) or chain


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LONGEST_LIST
    return ", ".join(names[:LONGEST_LIST]) + (f" and {more} more" if more > 0 else "")
