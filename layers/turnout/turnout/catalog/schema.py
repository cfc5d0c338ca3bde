"""What a vendor's TOML file may hold, and its way into the objects that the rest of the product uses."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from turnout.core.models import Auth, Capability, Model, Price, Rate, Vendor


class BadCatalog(ValueError):
    """A vendor file is wrong; the message has one line for each fault and names the file and the field."""


def _usd(value: object) -> Decimal:
    # A float such as 0.1 is not the price that the vendor names.
    if not isinstance(value, str):
        raise ValueError('must be a string of USD per million tokens, such as "1.75"')
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"'{value}' is no amount of USD") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"'{value}' must be 0 or more")
    return amount


def _not_auto(name: str) -> str:
    if name.partition(":")[0] == "auto":
        raise ValueError("'auto' is the name of the default chain")
    return name


GEOGRAPHIES = {"ap": "apac"}
"""Geographies of AWS that are not called as their regions begin."""

type Usd = Annotated[Decimal, BeforeValidator(_usd)]
type Tokens = Annotated[int, Field(ge=1)]
type ModelName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=100), AfterValidator(_not_auto)
]
type KeyName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*_API_KEY$")]
type Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class _RateRow(_Row):
    """What is not given costs what fresh input costs."""

    input: Usd
    output: Usd
    cached_input: Usd | None = None
    cache_write: Usd | None = None

    def rate(self) -> Rate:
        cached = self.input if self.cached_input is None else self.cached_input
        written = self.input if self.cache_write is None else self.cache_write
        return Rate(self.input, self.output, cached, written)


class TierRow(_RateRow):
    """The rate of a request whose whole prompt has more than `above` tokens."""

    above: Tokens


class PriceRow(_RateRow):
    """The rates from the day `since` on."""

    since: date
    tiers: list[TierRow] = []

    @model_validator(mode="after")
    def _tiers_ascend(self) -> Self:
        if not _ascend(tier.above for tier in self.tiers):
            raise ValueError("tiers: each 'above' must be larger than the one before")
        return self

    def price(self) -> Price:
        """The same, as the rest of the product knows it."""
        return Price(self.since.isoformat(), self.rate(), tuple((tier.above, tier.rate()) for tier in self.tiers))


class ModelRow(_Row):
    """One model; `source` and `checked` say where and when its facts were read."""

    name: ModelName
    upstream: Annotated[str, Field(min_length=1)]
    aliases: list[ModelName] = []
    auto: Annotated[int, Field(ge=0)] = 0
    context_window: Tokens
    max_output: Tokens
    capabilities: list[Capability]
    source: Url | None = None
    checked: date | None = None
    prices: list[PriceRow] = []

    @model_validator(mode="after")
    def _prices_ascend(self) -> Self:
        if not _ascend(price.since for price in self.prices):
            raise ValueError("prices: each 'since' must be later than the one before")
        return self

    def model(self, vendor: Vendor, region: str = "") -> Model:
        """The same, as the rest of the product knows it, in this AWS region."""
        return Model(
            name=self.name,
            vendor=vendor,
            upstream=in_region(self.upstream, region),
            context_window=self.context_window,
            max_output=self.max_output,
            capabilities=frozenset(self.capabilities),
            prices=tuple(row.price() for row in self.prices),
            auto=self.auto,
        )


class VendorFile(_Row):
    """One file: a vendor and its models."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=50)]
    dialect: Literal["openai_chat", "anthropic_messages", "gemini", "bedrock_converse"]
    base_url: Url
    key_env: list[KeyName] = []
    needs_key: bool = True
    auth: Auth = "key"
    docs: Url | None = None
    quirks: dict[str, str] = {}
    models: Annotated[list[ModelRow], Field(min_length=1)]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.needs_key and self.auth == "key" and not self.key_env:
            raise ValueError("key_env: name the key's environment variable, or set needs_key = false")
        counts = Counter(name for row in self.models for name in {row.name, *row.aliases})
        if twice := sorted(name for name, count in counts.items() if count > 1):
            raise ValueError(f"models: the same name or alias twice: {', '.join(twice)}")
        return self

    def vendor(self, keys: Mapping[str, str], base_url: str | None, region: str = "") -> Vendor:
        """The vendor with the first of its keys that is set; `base_url` replaces the file's own.

        One that is signed for needs an AWS region in the place of a key.
        """
        return Vendor(
            name=self.name,
            dialect=self.dialect,
            base_url=(base_url or in_region(self.base_url, region)).rstrip("/"),
            key=next((keys[name] for name in self.key_env if keys.get(name)), ""),
            needs_key=self.needs_key and not (self.auth == "aws" and region),
            auth=self.auth,
            quirks=self.quirks,
        )


def in_region(text: str, region: str) -> str:
    """`text` with its `{region}`, such as eu-west-1, and its `{geography}`, the start of a Bedrock inference profile.

    https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
    """
    found = re.match(r"us-gov|[a-z]*", region)
    start = found[0] if found else ""
    return text.replace("{region}", region).replace("{geography}", GEOGRAPHIES.get(start, start))


def read(path: Path) -> VendorFile:
    """One vendor's file. Raises BadCatalog."""
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise BadCatalog(f"{path.name}: cannot be read: {error}") from None


def parse(text: str, file: str) -> VendorFile:
    """The same, of text at hand; `file` is its name in complaints."""
    try:
        return VendorFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadCatalog(f"{file}: is not TOML: {error}") from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise BadCatalog("\n".join(_complaint(file, fault["loc"], fault["msg"]) for fault in faults)) from None


def _complaint(file: str, loc: tuple[int | str, ...], message: str) -> str:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    told = re.sub(r"^Value error, ", "", message)
    return f"{file}: {field}: {told}" if field else f"{file}: {told}"


def _ascend[T: (int, date)](values: Iterable[T]) -> bool:
    return all(earlier < later for earlier, later in pairwise(values))
