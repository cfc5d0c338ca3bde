"""Brings the catalog's prices and context windows up to date from the genai-prices package: `--check` only tells.

    python -m local.catalog_refresh [--check]

The package carries its data, so nothing is fetched. A price that has changed is added as a new period and the old one
stays, so that what was recorded under it can be priced again; comments and order of the files stay as they are.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from genai_prices.data import providers
from genai_prices.types import ModelInfo, ModelPrice, Tier, TieredPrices

from turnout.catalog import DATA
from turnout.catalog.schema import ModelRow, VendorFile, parse
from turnout.core.models import Price, Rate

PROVIDERS = {"bedrock": "aws", "xai": "x-ai"}
"""Names of vendors in genai-prices, where they differ from ours."""
FIELDS = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
}
MODEL = re.compile(r"(?=^\[\[models\]\]$)", re.MULTILINE)
PERIOD = re.compile(r"(?=^\[\[models\.prices\]\]$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Facts:
    """What genai-prices knows of a model on one day. `price.since` is that day."""

    context_window: int | None
    price: Price


def facts(vendor: str, upstream: str, day: date) -> Facts | None:
    """None where genai-prices does not know the model."""
    info = _info(vendor, upstream)
    return Facts(info.context_window, _price(_dearest(info, day), day)) if info else None


def drift(row: ModelRow, known: Facts, day: date) -> Iterator[str]:
    """What differs, one line each."""
    if known.context_window not in {None, row.context_window}:
        yield f"context_window is {row.context_window:_}, not {known.context_window:_}"
    governing = _governing(row, day)
    if (governing.rate, governing.tiers) != (known.price.rate, known.price.tiers):
        yield f"price is {_told(governing)}, not {_told(known.price)}"


def refreshed(text: str, day: date) -> str:
    """The text of a vendor's file with the facts of `day`; models that genai-prices does not know stay as they are."""
    file = parse(text, "the file")
    head, *blocks = MODEL.split(text)
    return head + "".join(
        _refreshed_model(block, row, known, day) if (known := facts(file.name, row.upstream, day)) else block
        for block, row in zip(blocks, file.models, strict=True)
    )


def main(arguments: list[str] | None = None, folder: Path = DATA) -> int:
    """The command. 1 when `--check` finds a difference."""
    options = argparse.ArgumentParser(
        prog="python -m local.catalog_refresh", description="Refresh the catalog's facts."
    )
    options.add_argument("--check", action="store_true", help="tell what differs and change nothing")
    check, today = options.parse_args(arguments).check, datetime.now(UTC).date()
    found = 0
    for path in sorted(folder.glob("*.toml")):
        text = path.read_text("utf-8")
        for line in differences(parse(text, path.name), today):
            print(f"{path.name}: {line}")
            found += 1
        if not check:
            path.write_text(refreshed(text, today), "utf-8")
    print(f"{found} {'to mend' if check else 'mended'}." if found else "Nothing differs from genai-prices.")
    return int(check and found > 0)


def differences(file: VendorFile, day: date) -> Iterator[str]:
    """What differs in one file, one line each; silent on what genai-prices does not know."""
    for row in file.models:
        if known := facts(file.name, row.upstream, day):
            yield from (f"{row.name}: {line}" for line in drift(row, known, day))


def _info(vendor: str, upstream: str) -> ModelInfo | None:
    wanted = PROVIDERS.get(vendor, vendor)
    provider = next((provider for provider in providers if provider.id == wanted), None)
    return provider.find_model(upstream) if provider else None


def _dearest(info: ModelInfo, day: date) -> ModelPrice:
    """Some vendors charge by the hour; ours is the price that no hour of the day exceeds."""
    midnight = datetime.combine(day, time(), UTC)
    prices = [info.get_prices(midnight + timedelta(minutes=30 * half)) for half in range(48)]
    return max(prices, key=lambda price: _rate(price, 0).output)


def _price(price: ModelPrice, day: date) -> Price:
    starts = sorted({tier.start for field in FIELDS.values() for tier in _tiers(price, field)})
    return Price(day.isoformat(), _rate(price, 0), tuple((start, _rate(price, start + 1)) for start in starts))


def _rate(price: ModelPrice, prompt: int) -> Rate:
    fresh = _amount(price, "input_mtok", prompt) or Decimal(0)
    amounts = {name: _amount(price, field, prompt) for name, field in FIELDS.items()}
    return Rate(**{name: fresh if amount is None else amount for name, amount in amounts.items()})


def _amount(price: ModelPrice, field: str, prompt: int) -> Decimal | None:
    value: Decimal | TieredPrices | None = getattr(price, field, None)
    if not isinstance(value, TieredPrices):
        return value
    return next((tier.price for tier in reversed(value.tiers) if prompt > tier.start), value.base)


def _tiers(price: ModelPrice, field: str) -> list[Tier]:
    value: Decimal | TieredPrices | None = getattr(price, field, None)
    return value.tiers if isinstance(value, TieredPrices) else []


def _governing(row: ModelRow, day: date) -> Price:
    begun = [price for price in row.prices if price.since <= day] or row.prices[:1]
    return begun[-1].price() if begun else Price("", Rate(*[Decimal(0)] * 4))


def _refreshed_model(block: str, row: ModelRow, known: Facts, day: date) -> str:
    window = known.context_window or row.context_window
    block = re.sub(r"^(context_window = )[\d_]+", rf"\g<1>{window:_}", block, flags=re.MULTILINE)
    block = re.sub(r"^(checked = )\S+", rf"\g<1>{day.isoformat()}", block, flags=re.MULTILINE)
    changed = any(line.startswith("price") for line in drift(row, known, day))
    return _with_price(block, known.price, day) if changed else block


def _with_price(block: str, price: Price, day: date) -> str:
    """The block with one more period, in place of one that began on the same day."""
    body, trailer = _split_trailer(block)
    about, *periods = PERIOD.split(body)
    kept = [period for period in periods if f"since = {day.isoformat()}" not in period]
    return "\n\n".join(part.rstrip("\n") for part in (about, *kept, period_toml(price))) + "\n" + trailer


def _split_trailer(text: str) -> tuple[str, str]:
    """What belongs to this model, and the blank lines and comments after it, which belong to the next one."""
    lines = text.splitlines(keepends=True)
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return "".join(lines[:end]), "".join(lines[end:])


def period_toml(price: Price) -> str:
    """A `[[models.prices]]` table."""
    tiers = [f"    {{ above = {above:_}, {', '.join(_amounts(rate))} }},\n" for above, rate in price.tiers]
    lines = ["[[models.prices]]", f"since = {price.since}", *_amounts(price.rate)]
    return "\n".join(lines) + "\n" + (f"tiers = [\n{''.join(tiers)}]\n" if tiers else "")


def _amounts(rate: Rate) -> Iterator[str]:
    yield f'input = "{rate.input}"'
    if rate.cached_input != rate.input:
        yield f'cached_input = "{rate.cached_input}"'
    if rate.cache_write != rate.input:
        yield f'cache_write = "{rate.cache_write}"'
    yield f'output = "{rate.output}"'


def _told(price: Price) -> str:
    return " ".join(period_toml(price).split()[4:])


if __name__ == "__main__":
    sys.exit(main())
