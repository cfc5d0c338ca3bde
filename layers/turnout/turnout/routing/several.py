"""Which models answer at once where a mode takes several and the client leaves their choice to the gateway."""

from collections.abc import Iterable, Mapping

from turnout.core.models import Model

COUNTS: Mapping[str, int] = {"compare": 3, "blend": 3, "judge": 2}
"""How many, by mode; all others ask one after the other."""
ALONE = "self_moa"
"""The strategy of blend that asks one model several times."""


def wanted(mode: str, strategy: str) -> int:
    """How many models answer at once; 0: one after the other."""
    return 1 if mode == "blend" and strategy == ALONE else COUNTS.get(mode, 0)


def diverse(ranked: Iterable[Model], count: int) -> tuple[Model, ...]:
    """The best `count`, of as many vendors as there are: models of one vendor err alike, and fail together.

    Of a model that several vendors offer, the best offer; then, if there are too few vendors, the next best models.
    """
    once: dict[str, Model] = {}
    leading: dict[str, Model] = {}
    for model in ranked:
        if once.setdefault(model.name, model) is model:
            leading.setdefault(model.vendor.name, model)
    models = tuple(once.values())
    first = [model for model in models if leading[model.vendor.name] is model]
    others = [model for model in models if model not in first]
    picked = [*first, *others][:count]
    return tuple(model for model in models if model in picked)
