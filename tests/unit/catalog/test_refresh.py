"""The catalog against genai-prices, and the command that brings it up to date."""

from datetime import UTC, date, datetime, timedelta
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
DAY = date(2026, 11, 24)


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
    assert refreshed(text, DAY) == text.replace(str(parse(text, path.name).models[0].checked), DAY.isoformat())


def doctored(tmp_path: Path) -> Path:
    """A copy of one file with a wrong price and a wrong window."""
    text = (DATA / "openai.toml").read_text()
    path = tmp_path / "openai.toml"
    path.write_text(text.replace('output = "14"', 'output = "13"').replace("400_000", "300_000", 1))
    return path


def test_a_changed_price_becomes_a_new_period_and_the_old_one_stays(tmp_path: Path) -> None:
    path = doctored(tmp_path)
    row = parse(refreshed(path.read_text(), DAY), path.name).models[0]
    assert [(price.since, price.output) for price in row.prices] == [
        (date(2025, 12, 11), Decimal(13)),
        (DAY, Decimal(14)),
    ]
    assert row.context_window == 400_000


def test_a_second_change_on_the_same_day_replaces_the_period_of_that_day(tmp_path: Path) -> None:
    text = refreshed(doctored(tmp_path).read_text(), DAY)
    again = refreshed(text.replace('output = "14"', 'output = "15"'), DAY)
    assert again == text


def test_comments_and_all_other_models_stay_as_they_were(tmp_path: Path) -> None:
    original = (DATA / "openai.toml").read_text()
    text = refreshed(doctored(tmp_path).read_text(), DAY)
    comments = [line for line in original.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == comments
    assert text[text.index('name = "gpt-5.4-mini"') :] == original[original.index('name = "gpt-5.4-mini"') :]


def test_check_tells_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = doctored(tmp_path).read_text()
    assert main(["--check"], tmp_path) == 1
    told = capsys.readouterr().out
    assert "openai.toml: gpt-5.2: context_window is 300_000, not 400_000" in told
    assert 'output = "13", not' in told
    assert (tmp_path / "openai.toml").read_text() == before


def test_the_command_mends_what_check_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctored(tmp_path)
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert "Nothing differs" in capsys.readouterr().out
    assert read(tmp_path / "openai.toml").models[0].checked == datetime.now(UTC).date()


def test_a_model_that_is_not_known_stays_as_it_is() -> None:
    text = (DATA / "openai.toml").read_text().replace('upstream = "gpt-5.2"', 'upstream = "acme-one"')
    assert facts("openai", "acme-one", DAY) is None
    assert facts("acme", "gpt-5.2", DAY) is None
    first = refreshed(text, DAY + timedelta(days=1)).index(DAY.isoformat())
    assert first == text.index(DAY.isoformat())


def test_a_price_by_the_hour_is_told_at_its_dearest() -> None:
    known = facts("deepseek", "deepseek-flash", DAY)
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
    head = (DATA / "openai.toml").read_text().partition("[[models.prices]]")[0]
    (row,) = parse(f"{head}{period_toml(price)}", "openai.toml").models
    assert row.prices[0].price() == price
    assert list(drift(row, Facts(None, price), DAY)) == []


def test_drift_without_any_price_is_told() -> None:
    row = ROWS["openai/gpt-5.2"][1]
    bare = ModelRow.model_validate(row.model_dump() | {"prices": []})
    assert [line.split()[0] for line in drift(bare, Facts(None, Price("", rate("1", "2"))), DAY)] == ["price"]
