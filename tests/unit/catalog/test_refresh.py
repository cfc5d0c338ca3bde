"""The catalog against genai-prices, and the command that brings it up to date."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from local.catalog_refresh import Facts, differences, drift, facts, main, period_toml, refreshed
from turnout.catalog import DATA
from turnout.catalog.schema import ModelRow, parse, read
from turnout.core.models import Price, Rate

# Models whose facts cannot come from genai-prices, by id, each with the reason and where they do come from.
EXCEPTIONS: dict[str, str] = {}

ROWS = {
    f"{file.name}/{row.name}": (file.name, row)
    for file in map(read, sorted(DATA.glob("*.toml")))
    for row in file.models
}
DAY = max(row.checked for _, row in ROWS.values() if row.checked)

STALE = """# Comments stay.
name = "openai"
dialect = "openai_chat"
base_url = "https://api.openai.com/v1"
key_env = ["OPENAI_API_KEY"]

# The first model.
[[models]]
name = "gpt-5.2"
upstream = "gpt-5.2"
context_window = 300_000 # wrong
max_output = 128_000
capabilities = ["tools"]
checked = 2025-12-11

[[models.prices]]
since = 2025-12-11
input = "7"
output = "13"

# The second model, which nobody else knows.
[[models]]
name = "acme-one"
upstream = "acme-one"
context_window = 1_000
max_output = 100
capabilities = []
checked = 2025-12-11
"""


@pytest.mark.parametrize("id_", ROWS)
def test_price_and_window_are_those_of_genai_prices_on_the_day_they_were_checked(id_: str) -> None:
    vendor, row = ROWS[id_]
    assert row.checked
    known = facts(vendor, row.upstream, row.checked)
    if id_ in EXCEPTIONS:
        assert known is None, f"genai-prices knows {id_} now: take it off the exceptions"
        return
    assert known, f"genai-prices does not know {id_}: add it to the exceptions with the reason"
    assert list(drift(row, known, row.checked)) == []


@pytest.mark.parametrize("day", [DAY, DAY + timedelta(days=400)])
@pytest.mark.parametrize("path", sorted(DATA.glob("*.toml")), ids=lambda path: path.stem)
def test_a_refreshed_file_agrees_and_is_refreshed_only_once(path: Path, day: date) -> None:
    once = refreshed(path.read_text(), day)
    assert list(differences(parse(once, path.name), day)) == []
    assert refreshed(once, day) == once


@pytest.mark.parametrize("path", sorted(DATA.glob("*.toml")), ids=lambda path: path.stem)
def test_an_up_to_date_file_changes_in_nothing_but_the_day(path: Path) -> None:
    text = path.read_text()
    assert re.sub(r"checked = \S+", "", refreshed(text, DAY)) == re.sub(r"checked = \S+", "", text)


def test_a_changed_price_becomes_a_new_period_and_the_old_one_stays() -> None:
    known = facts("openai", "gpt-5.2", DAY)
    assert known
    old, new = parse(refreshed(STALE, DAY), "openai.toml").models[0].prices
    assert (old.since, old.output) == (date(2025, 12, 11), Decimal(13))
    assert new.price() == known.price


def test_the_window_and_the_day_are_set_in_place() -> None:
    row, unknown = parse(refreshed(STALE, DAY), "openai.toml").models
    known = facts("openai", "gpt-5.2", DAY)
    assert known
    assert (row.context_window, row.checked) == (known.context_window, DAY)
    assert unknown == parse(STALE, "openai.toml").models[1]


def test_a_second_change_on_the_same_day_replaces_the_period_of_that_day() -> None:
    text = refreshed(STALE, DAY)
    spoilt = text.replace(f'since = {DAY}\ninput = "', f'since = {DAY}\ninput = "9')
    assert spoilt != text
    assert refreshed(spoilt, DAY) == text


def test_comments_and_all_other_lines_stay_where_they_were() -> None:
    text = refreshed(STALE, DAY)
    added = period_toml(next(reversed(parse(text, "openai.toml").models[0].prices)).price())
    undone = text.replace(f"\n{added}", "").replace(f"checked = {DAY}", "checked = 2025-12-11", 1)
    assert re.sub(r"context_window = \S+ # wrong", "context_window = 300_000 # wrong", undone) == STALE


def test_check_tells_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "openai.toml").write_text(STALE)
    assert main(["--check"], tmp_path) == 1
    told = capsys.readouterr().out
    assert "openai.toml: gpt-5.2: context_window is 300_000, not " in told
    assert 'openai.toml: gpt-5.2: price is input = "7" output = "13", not ' in told
    assert "acme-one" not in told
    assert (tmp_path / "openai.toml").read_text() == STALE


def test_the_command_mends_what_check_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "openai.toml").write_text(STALE)
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out.endswith("Nothing differs from genai-prices.\n")


@pytest.mark.parametrize(("vendor", "upstream"), [("openai", "acme-one"), ("acme", "gpt-5.2")])
def test_of_an_unknown_vendor_or_model_there_are_no_facts(vendor: str, upstream: str) -> None:
    assert facts(vendor, upstream, DAY) is None


def test_a_price_by_the_hour_is_told_at_its_dearest() -> None:
    known = facts("deepseek", "deepseek-flash", date(2026, 11, 24))
    assert known
    assert (known.price.rate.input, known.price.rate.output) == (Decimal("0.3"), Decimal("1.2"))


def rate(input_: str, output: str, cached: str | None = None, written: str | None = None) -> Rate:
    return Rate(Decimal(input_), Decimal(output), Decimal(cached or input_), Decimal(written or input_))


@pytest.mark.parametrize(
    "price",
    [
        Price("2026-11-24", rate("1", "2")),
        Price("2026-11-24", rate("0.0028", "2.5", cached="0", written="1.25")),
        Price("2026-11-24", rate("1", "2"), ((200_000, rate("2", "4", cached="0.5")), (1_000_000, rate("3", "6")))),
    ],
)
def test_a_written_period_reads_as_the_same_price(price: Price) -> None:
    head = STALE.partition("[[models.prices]]")[0]
    (row,) = parse(f"{head}{period_toml(price)}", "openai.toml").models
    assert row.prices[0].price() == price
    assert list(drift(row, Facts(None, price), DAY)) == []


def test_drift_without_any_price_is_told() -> None:
    row = ROWS["openai/gpt-5.2"][1]
    bare = ModelRow.model_validate(row.model_dump() | {"prices": []})
    assert [line.split()[0] for line in drift(bare, Facts(None, Price("", rate("1", "2"))), DAY)] == ["price"]
