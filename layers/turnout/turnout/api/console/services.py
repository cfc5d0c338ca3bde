"""What the console's endpoints are given, by `turnout.bootstrap` or by a test."""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from turnout.core.allowance import Period, TagBudget
from turnout.core.contents import Contents
from turnout.core.frozen import frozen
from turnout.core.keyring import Issued
from turnout.core.ports import Clock, Key, Keys, Policies
from turnout.core.reporting import KeptReport
from turnout.core.search import Feedback, Logged, Page, Position, Search
from turnout.policy.account import Account
from turnout.policy.rollup import Cell, Counts, Dimension, Grain

if TYPE_CHECKING:
    from turnout.api.console.key_terms import KeyTerms


class Requests(Protocol):
    """The request log, read."""

    async def find(self, request_id: str) -> Logged | None:
        """The row of one request."""
        ...

    async def page(self, search: Search, limit: int, after: Position | None = None) -> Page:
        """Up to `limit` rows behind `after`, newest first."""
        ...


class Rollups(Protocol):
    """The rollups, read."""

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        """All cells of the periods that have a part in [since, until)."""
        ...


class Circuits(Protocol):
    """The shared circuits."""

    async def opened(self) -> Collection[str]:
        """The names of models and vendors whose circuit is open."""
        ...


class Keyring(Protocol):
    """The clients' keys, managed."""

    async def create(self, key: Key, expires_at: float | None = None) -> tuple[str, Issued]:
        """A new secret and its key, whose id is given here."""
        ...

    async def get(self, key_id: str) -> Issued:
        """The key of that id. Raises UnknownKey."""
        ...

    async def page(self, limit: int, after: str = "") -> tuple[Sequence[Issued], str]:
        """Up to `limit` keys behind the one of the id `after`, the newest first; and the last id, "" at the end."""
        ...

    async def change(self, key_id: str, edit: Callable[[Issued], Issued]) -> Issued:
        """What `edit` makes of the key. Raises UnknownKey, and what `edit` raises."""
        ...

    async def rotate(self, key_id: str, overlap: float) -> tuple[str, Issued]:
        """A new secret; those before it end in `overlap` seconds. Raises UnknownKey or InvalidRequest."""
        ...

    async def delete(self, key_id: str) -> None:
        """Raises UnknownKey."""
        ...


class FeedbackBox(Protocol):
    """Where feedback goes."""

    async def give(self, request_id: str, key_id: str, score: Decimal, comment: str) -> Feedback | None:
        """Keep what a key thinks of an answer, in place of what it thought before; None when it has no such request."""
        ...


class TagBudgets(Protocol):
    """The budgets of tags."""

    async def all(self) -> Sequence[TagBudget]:
        """As they are now."""
        ...

    async def set(self, changed: TagBudget) -> None:
        """One for each tag, value and period. Raises InvalidRequest when there are too many."""
        ...

    async def remove(self, tag: str, value: str, period: Period) -> bool:
        """Whether there was one."""
        ...


class Accounts(Protocol):
    """What keys and tags have used."""

    async def read(self, account: str) -> Account:
        """An account as it stands."""
        ...


class Reports(Protocol):
    """The optimizer's reports, read."""

    async def read(self, id_: str, suffix: str) -> bytes | None:
        """A report as "html" or "json"; None when there is none."""
        ...

    async def list(self, limit: int) -> Sequence[KeptReport]:
        """The newest, newest first."""
        ...


class Lease(Protocol):
    """The lease of the optimizer."""

    async def holder(self) -> str:
        """The run that is under way, "" when there is none."""
        ...


class Starter(Protocol):
    """Starts the optimizer."""

    async def start(self, run: str) -> None:
        """A run of that id, beside this. Raises StoreUnavailable when it cannot be started."""
        ...


@frozen
class ConsoleServices:
    """All that the console needs of the world. `origins` are the web pages that may call from a browser."""

    keys: Keys
    requests: Requests
    contents: Contents
    rollups: Rollups
    circuits: Circuits
    feedback: FeedbackBox
    keyring: Keyring
    terms: Callable[[], "KeyTerms"]
    budgets: TagBudgets
    accounts: Accounts
    policies: Policies
    reports: Reports
    lease: Lease
    starter: Starter
    clock: Clock
    origins: Sequence[str] = ()
    canary_share: float = 0.1
