"""Keys as rows: one for the key itself, under its id, and a copy under the hash of each secret that opens it.

So a request reads one item, and whoever changes a key finds all that must change with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from turnout.core.allowance import Budget, Limits, Privacy, Sampling
from turnout.core.frozen import frozen
from turnout.core.keyring import Issued, Secret
from turnout.core.ports import Key
from turnout.store.dynamo import Item

KIND = "key"
"""What the index of all keys lists; the copies are not in it."""


@frozen
class Known:
    """What a request finds under the hash of its secret."""

    key: Key
    disabled: bool
    expires_at: float | None
    until: float | None

    def good(self, now: float) -> bool:
        """Whether it lets in, at epoch second `now`."""
        return not self.disabled and all(end is None or now < end for end in (self.expires_at, self.until))


def key_row(issued: Issued) -> Item:
    """The key itself."""
    secrets = [{"hash": one.hash, "made_at": _number(one.made_at), "until": _end(one.until)} for one in issued.secrets]
    return {**_facts(issued), "hash": issued.key.id, "kind": KIND, "secrets": secrets, "revision": issued.revision}


def secret_row(issued: Issued, secret: Secret) -> Item:
    """The copy under a secret. Where its time ends, DynamoDB removes it some time after (`gone_at`)."""
    row = {**_facts(issued), "hash": secret.hash, "until": _end(secret.until)}
    return row if secret.until is None else {**row, "gone_at": int(secret.until) + 1}


def issued_of(row: Mapping[str, Any]) -> Issued:
    """The key itself, read."""
    secrets = (Secret(one["hash"], float(one["made_at"]), _time(one["until"])) for one in row["secrets"])
    return Issued(
        key_of(row),
        float(row["created_at"]),
        _time(row["expires_at"]),
        row["disabled"],
        tuple(secrets),
        int(row["revision"]),
    )


def known_of(row: Mapping[str, Any]) -> Known:
    """The copy, read."""
    return Known(key_of(row), row["disabled"], _time(row["expires_at"]), _time(row.get("until")))


def key_of(row: Mapping[str, Any]) -> Key:
    """What the key may do. What an older row does not say is as the fields of `Key` have it."""
    said = {name: read(row[name]) for name, read in _READ.items() if row.get(name) is not None}
    return Key(id=row["id"], **said)


def _facts(issued: Issued) -> Item:
    key = issued.key
    return {
        "id": key.id,
        "name": key.name,
        "tags": dict(key.tags),
        "explore": _number(key.explore),
        "scopes": sorted(key.scopes),
        "models": list(key.models),
        "vendors": list(key.vendors),
        "goal": key.goal,
        "ruleset": key.ruleset,
        "budgets": [{"usd": budget.usd, "period": budget.period} for budget in key.budgets],
        "limits": asdict(key.limits),
        "privacy": asdict(key.privacy),
        "sampling": key.sampling and {"share": _number(key.sampling.share), "usd_per_day": key.sampling.usd_per_day},
        "open_when_down": key.open_when_down,
        "disabled": issued.disabled,
        "created_at": _number(issued.created_at),
        "expires_at": _end(issued.expires_at),
    }


def _budgets(rows: Sequence[Mapping[str, Any]]) -> tuple[Budget, ...]:
    return tuple(Budget(row["usd"], row["period"]) for row in rows)


def _privacy(row: Mapping[str, Any]) -> Privacy:
    return Privacy(**row)


def _sampling(row: Mapping[str, Any]) -> Sampling:
    return Sampling(float(row["share"]), row["usd_per_day"])


def _limits(row: Mapping[str, Any]) -> Limits:
    return Limits(**{name: None if value is None else int(value) for name, value in row.items()})


_READ: Mapping[str, Callable[[Any], Any]] = {
    "name": str,
    "tags": dict,
    "explore": float,
    "scopes": frozenset,
    "models": tuple,
    "vendors": tuple,
    "goal": str,
    "ruleset": str,
    "budgets": _budgets,
    "limits": _limits,
    "privacy": _privacy,
    "sampling": _sampling,
    "open_when_down": bool,
}
"""How each field of `Key` is read."""


def _number(value: float) -> Decimal:
    return Decimal(str(value))


def _end(at: float | None) -> Decimal | None:
    return None if at is None else _number(at)


def _time(at: Decimal | None) -> float | None:
    return None if at is None else float(at)
