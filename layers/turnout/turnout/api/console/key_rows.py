"""Keys as the console shows them: all but their secrets."""

from turnout.api.console.rows import moment
from turnout.api.console.wire import BudgetItem, KeyItem, NewKeyItem, SamplingItem, SecretItem, dollars
from turnout.core.allowance import CREDITS_PER_USD, Budget, Sampling
from turnout.core.keyring import Issued, Secret


def key_item(issued: Issued) -> KeyItem:
    """A key."""
    key, limits, privacy = issued.key, issued.key.limits, issued.key.privacy
    return {
        "id": key.id,
        "object": "key",
        "name": key.name,
        "tags": dict(key.tags),
        "scopes": sorted(key.scopes),
        "models": list(key.models),
        "vendors": list(key.vendors),
        "goal": key.goal,
        "ruleset": key.ruleset,
        "explore": key.explore,
        "budgets": list(map(_budget, key.budgets)),
        "limits": {
            "requests_per_minute": limits.requests_per_minute,
            "tokens_per_minute": limits.tokens_per_minute,
            "concurrent": limits.concurrent,
        },
        "privacy": {"store_content": privacy.store_content, "zero_retention": privacy.zero_retention},
        "sampling": _sampling(key.sampling) if key.sampling else None,
        "open_when_down": key.open_when_down,
        "disabled": issued.disabled,
        "created_at": moment(issued.created_at),
        "expires_at": None if issued.expires_at is None else moment(issued.expires_at),
        "secrets": list(map(_secret, issued.secrets)),
    }


def new_key_item(secret: str, issued: Issued) -> NewKeyItem:
    """A key with its new secret, this once."""
    return {**key_item(issued), "secret": secret}


def _budget(budget: Budget) -> BudgetItem:
    return {"usd": dollars(budget.usd), "credits": dollars(budget.usd * CREDITS_PER_USD), "period": budget.period}


def _sampling(sampling: Sampling) -> SamplingItem:
    return {"share": sampling.share, "usd_per_day": dollars(sampling.usd_per_day)}


def _secret(secret: Secret) -> SecretItem:
    return {"made_at": moment(secret.made_at), "until": None if secret.until is None else moment(secret.until)}
