"""Chains: which models may stand behind a primary, in which order, and how likely they fail together."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

from turnout.core.goals import Weights, score
from turnout.core.models import Capability, Model
from turnout.core.outcomes import Row
from turnout.policy.history import Day

CONTENT: frozenset[Capability] = frozenset({"tools", "images", "image_urls", "json_object", "json_schema"})
"""What a request may hold that a model can be unable to take. All else only steers an answer."""


def accepts(model: Model, primary: Model) -> bool:
    """Whether a model takes all that the primary takes: as long a context, tools, pictures, JSON and schemas."""
    wanted = CONTENT & primary.capabilities
    return model.context_window >= primary.context_window and wanted <= model.capabilities


def chain(primary: Model, ranked: Sequence[Model], most: int) -> tuple[str, ...]:
    """The primary and up to `most` of the `ranked` that accept what it accepts, other vendors' first.

    What ails a model may ail its vendor: the first fallback is another vendor's where there is one, and so is the next.
    """
    able = [model for model in ranked if model.id != primary.id and accepts(model, primary)]
    found = [primary]
    while able and len(found) <= most:
        asked = {model.vendor.name for model in found}
        following = next((model for model in able if model.vendor.name not in asked), None)
        following = following or next((m for m in able if m.vendor.name != primary.vendor.name), able[0])
        found.append(following)
        able.remove(following)
    return tuple(model.id for model in found)


def as_ranked(models: Sequence[Model], row: Row, weights: Weights, prompt_tokens: float) -> list[Model]:
    """The order in which the router asks where no policy names a chain."""
    scored = [(model, score(row.get(model.id), weights, prompt_tokens)) for model in models]
    scored.sort(key=itemgetter(1), reverse=True)
    ranked = [model for model, _ in scored]
    return sorted(ranked, key=lambda m: (m is not ranked[0], m is not ranked[0] and m.vendor == ranked[0].vendor))


def both_fail(primary: Model, fallback: Model, days: Mapping[str, Mapping[str, Day]]) -> float | None:
    """The probability that both fail at once; None where either was never asked.

    Within a day failures count as independent, so that bad days which they share tell. Of one vendor, what is the
    vendor's fault hits both.
    """
    first, second = days.get(primary.id, {}), days.get(fallback.id, {})
    tried, behind = _whole(first), _whole(second)
    if not tried.tried or not behind.tried:
        return None
    if primary.vendor.name == fallback.vendor.name:
        shared = tried.vendors_fault / tried.tried
        alone = max(0.0, behind.failed / behind.tried - shared)
        return shared + (tried.failed / tried.tried - shared) * alone
    paired = ((day, second.get(date)) for date, day in first.items())
    return sum(day.failed * _rate(other if other and other.tried else behind) for day, other in paired) / tried.tried


def _whole(days: Mapping[str, Day]) -> Day:
    many = list(days.values())
    return Day(sum(d.tried for d in many), sum(d.failed for d in many), sum(d.vendors_fault for d in many))


def _rate(day: Day) -> float:
    return day.failed / day.tried
