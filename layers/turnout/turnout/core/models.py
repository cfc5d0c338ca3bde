"""What is known of a model: who serves it, what it can do, what it costs. The facts are in `turnout.catalog`."""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Literal

from turnout.core.frozen import frozen

type Auth = Literal["key", "aws"]
"""How requests are let in: by a key in a header, or signed with the AWS credentials of this process."""

type Capability = Literal[
    "tools",  # calls functions
    "tool_choice",  # can be made to call some tool, or a certain one
    "parallel_tools",  # can be told whether to call several at once
    "images",  # reads pictures sent as base64
    "image_urls",  # reads pictures by URL
    "json_object",  # can be held to JSON
    "json_schema",  # can be held to a schema
    "reasoning",  # obeys reasoning_effort
    "temperature",
    "top_p",
    "stop",
    "seed",
    "n",
    "penalties",  # frequency_penalty, presence_penalty
    "logit_bias",
    "logprobs",
    "prefix",  # continues an answer that another model began
]


@frozen
class Rate:
    """USD per million tokens, by bucket."""

    input: Decimal
    output: Decimal
    cached_input: Decimal
    cache_write: Decimal


@frozen
class Price:
    """What a model costs from the day `since` on.

    `tiers` are (tokens, rate), ascending: a request whose whole prompt has more than so many tokens is priced
    at that rate, all of it.
    """

    since: str
    rate: Rate
    tiers: tuple[tuple[int, Rate], ...] = ()


@frozen
class Vendor:
    """Somebody who serves models over HTTP: one file of the catalog.

    `key` is the API key, empty where the server needs none or none is configured; it never shows in a repr. Where
    `auth` is "aws", no key is needed once a region is configured.
    """

    name: str
    dialect: str
    base_url: str
    key: str = field(default="", repr=False)
    needs_key: bool = True
    auth: Auth = "key"
    quirks: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Differences from the dialect that a vendor documents, e.g. {"max_tokens": "max_completion_tokens"}."""

    @property
    def ready(self) -> bool:
        """Whether requests can be sent to it."""
        return bool(self.key) or not self.needs_key


@frozen
class Model:
    """One model at one vendor. `upstream` is the vendor's own id; `auto` its place in the default chain, 0: none."""

    name: str
    vendor: Vendor
    upstream: str
    context_window: int
    max_output: int
    capabilities: frozenset[Capability]
    prices: tuple[Price, ...]
    auto: int = 0
    id: str = field(init=False, compare=False)
    """`vendor/name`, unique in the catalog; made once, since a decision compares it a hundred times."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", f"{self.vendor.name}/{self.name}")
