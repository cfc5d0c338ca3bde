"""Bad vendor files are refused with the file, the field and the remedy."""

from pathlib import Path

import pytest

from turnout.catalog.schema import BadCatalog, parse, read

GOOD = """
name = "acme"
dialect = "openai_chat"
base_url = "https://api.acme.test/v1"
key_env = ["ACME_API_KEY"]

[[models]]
name = "one"
upstream = "acme-one"
aliases = ["uno"]
context_window = 1000
max_output = 100
capabilities = ["tools"]

[[models.prices]]
since = 2026-01-01
input = "1"
output = "2"
tiers = [{ above = 500, input = "2", output = "4" }]
"""
MORE_PRICE = '\n[[models.prices]]\nsince = {since}\ninput = "1"\noutput = "2"\n'

# Text in the good file, what stands there instead, and what the complaint says.
FAULTS = [
    ('name = "acme"', 'name = "Acme Inc"', "acme.toml: name: "),
    ('name = "acme"', "", "acme.toml: name: Field required"),
    ("openai_chat", "openai", "acme.toml: dialect: Input should be 'openai_chat', 'anthropic_messages', 'gemini' or"),
    ("https://api.acme.test/v1", "api.acme.test", "acme.toml: base_url: "),
    ("ACME_API_KEY", "ACME_TOKEN", "acme.toml: key_env[0]: "),
    ('key_env = ["ACME_API_KEY"]', "", "acme.toml: key_env: name the key's environment variable, or set needs_key"),
    ("key_env", "key_envs", "acme.toml: key_envs: Extra inputs are not permitted"),
    ("context_window = 1000", 'context_window = "1000"', "acme.toml: models[0].context_window: "),
    ("context_window = 1000", "context_window = 0", "acme.toml: models[0].context_window: "),
    ('name = "one"', 'name = "auto"', "acme.toml: models[0].name: 'auto' is the name of the default chain"),
    ('name = "one"', 'name = "auto:cost"', "acme.toml: models[0].name: 'auto' is the name of the default chain"),
    ('name = "one"', 'name = "a/b"', "acme.toml: models[0].name: "),
    ('["uno"]', '["uno", "auto"]', "acme.toml: models[0].aliases[1]: 'auto' is the name"),
    ('["tools"]', '["tools", "telepathy"]', "acme.toml: models[0].capabilities[1]: "),
    ('input = "1"', "input = 1.75", "acme.toml: models[0].prices[0].input: must be a string of USD per million tokens"),
    ('input = "1"', 'input = "cheap"', "acme.toml: models[0].prices[0].input: 'cheap' is no amount of USD"),
    ('input = "1"', 'input = "-1"', "acme.toml: models[0].prices[0].input: '-1' must be 0 or more"),
    ('input = "1"', 'input = "NaN"', "acme.toml: models[0].prices[0].input: 'NaN' must be 0 or more"),
    ("since = 2026-01-01", 'since = "2026-01-01"', "acme.toml: models[0].prices[0].since: "),
    ("above = 500", "above = 0", "acme.toml: models[0].prices[0].tiers[0].above: "),
    (
        'tiers = [{ above = 500, input = "2", output = "4" }]',
        'tiers = [{ above = 500, input = "2", output = "4" }, { above = 500, input = "3", output = "5" }]',
        "acme.toml: models[0].prices[0]: tiers: each 'above' must be larger than the one before",
    ),
    ('dialect = "openai_chat"', 'dialect = "openai_chat', "acme.toml: is not TOML: "),
]


@pytest.mark.parametrize(("good", "bad", "complaint"), FAULTS, ids=[bad or f"no {good}" for good, bad, _ in FAULTS])
def test_a_fault_is_told_with_its_file_and_field(good: str, bad: str, complaint: str) -> None:
    assert good in GOOD
    with pytest.raises(BadCatalog) as caught:
        parse(GOOD.replace(good, bad, 1), "acme.toml")
    assert complaint in str(caught.value)


def test_every_fault_has_its_own_line() -> None:
    with pytest.raises(BadCatalog) as caught:
        parse(GOOD.replace("1000", "0").replace("= 100\n", "= -1\n"), "acme.toml")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "models[0].context_window",
        "models[0].max_output",
    ]


def test_a_vendor_without_models_is_refused() -> None:
    with pytest.raises(BadCatalog, match=r"acme\.toml: models: Field required"):
        parse(GOOD.partition("[[models]]")[0], "acme.toml")


@pytest.mark.parametrize("since", ["2026-01-01", "2025-12-31"])
def test_prices_must_be_in_the_order_of_their_days(since: str) -> None:
    with pytest.raises(BadCatalog, match=r"models\[0\]: prices: each 'since' must be later"):
        parse(GOOD + MORE_PRICE.format(since=since), "acme.toml")


@pytest.mark.parametrize("name", ["one", "uno"])
def test_the_same_name_twice_in_one_vendor_is_refused(name: str) -> None:
    second = GOOD.partition("[[models]]")[2].replace('"one"', f'"{name}"').replace('["uno"]', "[]")
    with pytest.raises(BadCatalog, match=rf"models: the same name or alias twice: {name}"):
        parse(f"{GOOD}\n[[models]]{second}", "acme.toml")


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadCatalog, match=r"acme\.toml: cannot be read"):
        read(path)
