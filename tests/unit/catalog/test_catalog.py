"""The bundled catalog, and how models are found in it."""

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from turnout.catalog import DATA, BadCatalog, Catalog, load
from turnout.catalog.schema import ModelRow, PriceRow, TierRow, VendorFile, parse, read
from turnout.core.errors import UnknownModel
from turnout.providers.dialects import DIALECTS

FILES = {path.name: read(path) for path in sorted(DATA.glob("*.toml"))}
ALL_KEYS = {key: "sk-test" for file in FILES.values() for key in file.key_env}

OLLAMA = """
name = "ollama"
dialect = "openai_chat"
base_url = "http://127.0.0.1:11434/v1/"
needs_key = false

[[models]]
name = "gemma3:270m"
upstream = "gemma3:270m"
context_window = 32_768
max_output = 8_192
capabilities = ["temperature", "stop"]
"""


def loaded(keys: Mapping[str, str] = ALL_KEYS, extra: Path | None = None) -> Catalog:
    return load(keys, {}, extra)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ollama.toml").write_text(OLLAMA)
    return tmp_path


def test_the_default_chain_has_at_least_nine_models_of_six_vendors() -> None:
    chain = loaded().auto()
    assert len(chain) >= 9
    assert len({model.vendor.name for model in chain}) >= 6


def test_neighbours_in_the_default_chain_never_share_a_vendor() -> None:
    chain = loaded().auto()
    assert all(one.vendor.name != next_one.vendor.name for one, next_one in pairwise(chain))


def test_the_default_chain_follows_the_ranks_of_the_files() -> None:
    chain = loaded().auto()
    assert [model.auto for model in chain] == sorted({model.auto for model in chain})
    assert {model.id for model in chain} == {
        f"{file.name}/{row.name}" for file in FILES.values() for row in file.models if row.auto
    }


def test_the_default_chain_does_not_depend_on_keys() -> None:
    ids = [model.id for model in loaded({}).auto()]
    assert ids == [model.id for model in loaded().auto()]


@pytest.mark.parametrize("name", FILES)
def test_every_bundled_model_says_where_its_facts_are_from_and_what_it_costs(name: str) -> None:
    for row in FILES[name].models:
        assert row.source, row.name
        assert row.checked, row.name
        assert row.prices, row.name
        assert row.max_output <= row.context_window, row.name


@pytest.mark.parametrize("id_", [model.id for model in loaded().all()])
def test_nothing_about_tools_is_promised_without_tools(id_: str) -> None:
    capabilities = loaded().find(id_).capabilities
    assert "tools" in capabilities or not capabilities & {"tool_choice", "parallel_tools"}


def test_the_dialects_that_a_file_may_name_are_those_that_there_are() -> None:
    assert set(get_args(VendorFile.model_fields["dialect"].annotation)) == DIALECTS.keys()


def test_every_quirk_and_field_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "vendors.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    fields = {name for row in (VendorFile, ModelRow, PriceRow, TierRow) for name in row.model_fields}
    quirks = {name for file in FILES.values() for name in file.quirks}
    assert fields | quirks <= documented


def test_the_examples_in_the_documentation_are_good_files() -> None:
    page = (Path(__file__).parents[3] / "docs" / "vendors.md").read_text()
    examples = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert {parse(example, "the example").name for example in examples} == {"ollama", "llamacpp"}


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("gpt-5.2", "openai/gpt-5.2"),
        ("openai/gpt-5.2", "openai/gpt-5.2"),
        ("gpt-5.2-2025-12-11", "openai/gpt-5.2"),
        ("anthropic/claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4.5"),
        ("gemini-3-flash-preview", "google/gemini-3-flash"),
        ("together/gpt-oss-120b", "together/gpt-oss-120b"),
    ],
)
def test_a_model_is_found_by_its_name_its_vendor_and_name_or_an_alias(name: str, id_: str) -> None:
    assert loaded().find(name).id == id_


def test_every_model_is_found_by_its_own_id() -> None:
    catalog = loaded()
    assert all(catalog.find(model.id) is model for model in catalog.all())


def test_of_two_vendors_the_first_file_wins_when_both_have_keys() -> None:
    assert loaded().find("gpt-oss-120b").id == "groq/gpt-oss-120b"


def test_of_two_vendors_the_one_with_a_key_wins() -> None:
    assert loaded({"TOGETHER_API_KEY": "sk-test"}).find("gpt-oss-120b").id == "together/gpt-oss-120b"


def test_without_any_key_a_name_still_finds_a_model_that_is_not_ready() -> None:
    model = loaded({}).find("gpt-oss-120b")
    assert model.id == "groq/gpt-oss-120b"
    assert not model.vendor.ready


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("gpt-5.22", "gpt-5.2"),
        ("claude-sonet-4.5", "claude-sonnet-4.5"),
        ("openai/gpt5.2", "openai/gpt-5.2"),
        ("auo", "auto"),
    ],
)
def test_an_unknown_name_is_told_near_names(name: str, offered: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        loaded().find(name)
    assert f"Did you mean {offered}" in caught.value.message
    assert caught.value.param == "model"


def test_an_unknown_name_that_is_near_to_nothing_is_told_where_the_names_are() -> None:
    with pytest.raises(UnknownModel) as caught:
        loaded().find("zzzzzz" * 100_000)
    assert "Did you mean" not in caught.value.message
    assert "GET /v1/models" in caught.value.message
    assert len(caught.value.message) < 300


def test_the_first_key_that_is_set_is_the_vendors() -> None:
    both = {"GEMINI_API_KEY": "one", "GOOGLE_API_KEY": "two"}
    assert load(both, {}, None).find("gemini-3-flash").vendor.key == "one"
    assert load({"GOOGLE_API_KEY": "two"}, {}, None).find("gemini-3-flash").vendor.key == "two"


def test_a_key_never_shows_in_a_repr() -> None:
    model = loaded({"OPENAI_API_KEY": "sk-very-secret"}).find("gpt-5.2")
    assert "very-secret" not in repr(model)


def test_a_base_url_of_the_deployment_replaces_the_files() -> None:
    catalog = load({}, {"openai": "http://127.0.0.1:9001/v1/"}, None)
    assert catalog.find("gpt-5.2").vendor.base_url == "http://127.0.0.1:9001/v1"
    assert catalog.find("grok-4.3").vendor.base_url == "https://api.x.ai/v1"


def test_a_base_url_of_no_vendor_is_refused() -> None:
    with pytest.raises(BadCatalog, match=r"base_urls: no such vendor: opnai\. There are: .*openai"):
        load({}, {"opnai": "http://127.0.0.1:9001"}, None)


def test_one_file_in_the_extra_folder_adds_a_server_that_needs_no_key(folder: Path) -> None:
    model = loaded({}, folder).find("gemma3:270m")
    assert model.vendor.ready
    assert model.vendor.base_url == "http://127.0.0.1:11434/v1"
    assert model.prices == ()
    assert model not in loaded({}, folder).auto()


def test_a_file_of_the_same_vendor_replaces_the_bundled_one(tmp_path: Path) -> None:
    own = (DATA / "xai.toml").read_text().replace('name = "grok-4.3"', 'name = "grok-own"').replace("auto = 40\n", "")
    (tmp_path / "anything.toml").write_text(own)
    catalog = loaded(extra=tmp_path)
    assert catalog.find("grok-own").vendor.name == "xai"
    assert "xai/grok-4.3" not in {model.id for model in catalog.all()}
    assert "xai" not in {model.vendor.name for model in catalog.auto()}


def test_a_missing_extra_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadCatalog, match="catalog_dir: there is no folder"):
        loaded(extra=tmp_path / "nowhere")


def test_an_alias_never_hides_the_name_of_another_model(folder: Path) -> None:
    (folder / "mirror.toml").write_text(
        OLLAMA.replace('"ollama"', '"mirror"').replace(
            'name = "gemma3:270m"', 'name = "other"\naliases = ["gpt-5.2"]\nauto = 1'
        )
    )
    assert loaded(extra=folder).find("gpt-5.2").id == "openai/gpt-5.2"
    assert loaded(extra=folder).find("mirror/gpt-5.2").id == "mirror/other"


def test_a_price_that_is_not_given_is_that_of_fresh_input() -> None:
    (price,) = loaded().find("together/gpt-oss-120b").prices
    assert price.rate.cached_input == price.rate.cache_write == price.rate.input == Decimal("0.15")
