"""The verdict on one goal and task: the first ruling that applies, and what is expected of it.

Rulings are in RULINGS, in order. A change needs a primary that was seen often enough, is the best by the lower bound of
its utility, so that luck with few requests moves nobody, and gains more than the margin, so that it does not go back
and forth. What was drawn by chance may not speak against it.
"""

import math
from collections.abc import Callable, Mapping

from turnout.core.frozen import frozen
from turnout.core.policies import Advice, Chain, Evidence, Metric, Verdict
from turnout.policy.chains import both_fail, chain
from turnout.policy.effects import effects, evaluated_gain
from turnout.policy.estimate import Z_ONE_SIDED
from turnout.policy.evaluate import refusal
from turnout.policy.history import Day
from turnout.policy.options import Case, Option


@frozen
class Ruling:
    """What becomes of the primary, and why. `more` is how many requests it takes, None where they would not do."""

    verdict: Verdict
    primary: str
    reason: str
    more: int | None = 0


def advise(case: Case, days: Mapping[str, Mapping[str, Day]]) -> Advice:
    """What to do for a goal and a task."""
    ruling = next(found for rule in RULINGS if (found := rule(case)))
    proposed = _chain(case, ruling.primary) if ruling.verdict == "change" else case.now
    return Advice(
        goal=case.goal,
        task=case.kind.task,
        now=case.now,
        proposed=proposed,
        verdict=ruling.verdict,
        reason=ruling.reason,
        effects=effects(case, proposed),
        evidence=Evidence(case.kind.requests, _effective(case, proposed), ruling.more),
        both_fail=_together(case, proposed, days),
    )


def _effective(case: Case, proposed: Chain) -> float:
    """Behind the primary of which less is known: draws where they tell, else attempts."""
    names = {names[0] for names in (case.now, proposed) if names and names[0] in case.kind.known}
    if names and not any(refusal(case.arms, name) for name in names):
        return min(case.arms[name]["success"].effective for name in names)
    return float(min((case.kind.known[name].attempts for name in names), default=0))


def _together(case: Case, proposed: Chain, days: Mapping[str, Mapping[str, Day]]) -> float | None:
    pair = [case.kind.known[name].model for name in proposed[:2] if name in case.kind.known]
    return both_fail(pair[0], pair[1], days) if len(pair) == 2 else None


def _chain(case: Case, primary: str) -> Chain:
    """Fallbacks that keep the limits first, then others; those of which much is known before the rest."""
    ranked = sorted(case.options.values(), key=lambda option: (bool(option.may_break), not option.seen))
    return chain(case.options[primary].model, [option.model for option in ranked], case.constraints.fallbacks)


def _nobody(case: Case) -> Ruling | None:
    """No model may be chosen."""
    if any(not option.may_break for option in case.options.values()):
        return None
    why = {**case.forbidden, **{name: option.may_break for name, option in case.options.items()}}
    told = "; ".join(f"{name}: {reason}" for name, reason in why.items()) or "there are no models"
    return Ruling("keep", _first(case), f"No model keeps to the limits. {told}.", None)


def _forced(case: Case) -> Ruling | None:
    """The present primary cannot stay."""
    old = _first(case)
    present = case.options.get(old)
    if present and not (present.breaks and present.known.attempts >= case.constraints.least):
        return None
    why = present.breaks if present else case.forbidden.get(old, "is not in the catalog, or has no key")
    able = [option for option in case.options.values() if not option.may_break]
    new = next((option for option in able if option.seen), max(able, key=lambda option: option.utility.mean))
    doubt = "" if new.seen else f", of which only {new.known.attempts} attempts are known,"
    return Ruling(
        "change", new.model.id, f"{old or 'Nothing'} cannot stay: {why}. {new.model.id}{doubt} is the best left."
    )


def _alone(case: Case) -> Ruling | None:
    """There is nothing to choose from."""
    if len(case.options) > 1:
        return None
    return Ruling("keep", _first(case), f"{_first(case)} is the only model that may be chosen.")


def _unseen(case: Case) -> Ruling | None:
    """Too little is known of the present primary."""
    present, least = case.options[_first(case)].known, case.constraints.least
    if present.attempts >= least:
        return None
    more = least - present.attempts
    told = f"{present.attempts} attempts of {present.model.id} are known, {least} are needed: {more} requests more"
    return Ruling("not_enough_evidence", present.model.id, f"{told} that it answers first.", more)


def _better(case: Case) -> Ruling | None:
    """Another one is better: by its lower bound, and clearly on the whole."""
    best, present = _best_seen(case), case.options[_first(case)]
    if best is None or best.model.id == present.model.id:
        return None
    gain = best.utility - present.utility
    if gain.mean <= 0 or gain.mean < _margin(case, present):
        return None
    drawn = evaluated_gain(case, best.known)
    if drawn and drawn.high < 0:
        told = f"{best.model.id} seems better than {present.model.id}, but decisions drawn by chance speak against it"
        return Ruling("keep", present.model.id, f"{told}: {_told(case, best)}.", None)
    return Ruling("change", best.model.id, f"{best.model.id} is better than {present.model.id}: {_told(case, best)}.")


def _promising(case: Case) -> Ruling | None:
    """Another one may be better, but that is not shown."""
    present, margin = case.options[_first(case)], _margin(case, case.options[_first(case)])
    others = [option for option in case.options.values() if option is not present and not option.may_break]
    gains = {option.model.id: option.utility.mean - present.utility.mean for option in others}
    likely = [option for option in others if gains[option.model.id] > 0 and gains[option.model.id] >= margin]
    if not likely:
        return None
    best = max(likely, key=lambda option: (option.known.attempts > 0, option.utility.mean))
    more = _missing(case, best, present)
    told = f"{best.model.id} may be better than {present.model.id}, but that is not shown"
    known = f"{best.known.attempts} attempts and {best.known.verdicts} verdicts of it are known"
    need = f"{more} requests more would show it" if more else "no request reaches it: let some keys explore"
    return Ruling("not_enough_evidence", present.model.id, f"{told}: {known}; {need}.", more)


def _best(case: Case) -> Ruling | None:
    """The present one stays."""
    present = case.options[_first(case)]
    others = [option for option in case.options.values() if option is not present and not option.may_break]
    rival = max(others, key=lambda option: option.utility.mean, default=None)
    if rival is None or rival.utility.mean <= present.utility.mean:
        return Ruling("keep", present.model.id, f"{present.model.id} is the best of {len(case.options)} models.")
    told = f"{rival.model.id} would gain less than {case.constraints.margin:.0%} of what {present.model.id} falls short"
    return Ruling("keep", present.model.id, f"{told}: not worth a change.")


RULINGS: tuple[Callable[[Case], Ruling | None], ...] = (
    _nobody,
    _forced,
    _alone,
    _unseen,
    _better,
    _promising,
    _best,
)


def _first(case: Case) -> str:
    return case.now[0] if case.now else ""


def _best_seen(case: Case) -> Option | None:
    """By lower confidence bound, as the options are ordered."""
    return next((option for option in case.options.values() if option.seen and not option.may_break), None)


def _margin(case: Case, present: Option) -> float:
    return case.constraints.margin * max(0.0, case.perfect - present.utility.mean)


def _missing(case: Case, best: Option, present: Option) -> int | None:
    """Requests until the gain that seems to be there would be sure; None where none of them would reach the model."""
    gain, had = best.utility - present.utility, best.known.attempts
    if not had or not case.kind.requests:
        return None
    wanted = max(case.constraints.least, had * (Z_ONE_SIDED * gain.error / gain.mean) ** 2)
    lacking = max(0.0, wanted - had)
    if case.kind.judged(case.constraints.least) and best.known.verdicts < case.constraints.least:
        share = best.known.verdicts / had
        lacking = max(lacking, (case.constraints.least - best.known.verdicts) / share) if share else math.inf
    return math.ceil(lacking * case.kind.requests / had) if math.isfinite(lacking) else None


_DIGITS: Mapping[Metric, Callable[[float], str]] = {
    "quality": lambda change: f"quality {change:+.3f}",
    "success": lambda change: f"success {change:+.2%}",
    "latency_ms": lambda change: f"{change:+,.0f} ms",
    "cost_usd": lambda change: f"{change:+.6f} USD",
}


def _told(case: Case, best: Option) -> str:
    """The changes by which it is better or worse, those that are surely there."""
    found = effects(case, (best.model.id,))
    sure = [_DIGITS[one.metric](one.change.mid) for one in found if one.change and one.change.low * one.change.high > 0]
    return f"{', '.join(sure)} a request" if sure else "on the whole"
