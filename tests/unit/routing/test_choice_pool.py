"""A router learned from a pool of outcomes: with a made pool whose best choice is known."""

import io
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic_core import from_json, to_json

from benchmarks import routing, routing_knn
from benchmarks.routing_measure import cross_validated, kinds_left_out, mixed, singles
from benchmarks.routing_pool import STRENGTH, Pool, load, outcomes, read
from benchmarks.routing_prompts import mistyped, opened_and_closed, recased, wrapped
from benchmarks.routing_speed import chat_of, deciders, stable, timed
from benchmarks.routing_tune import AIMS, Router, learn, ratio, saved, total

KINDS = {
    "sums": ("add", "the numbers", "total", "plus"),
    "tales": ("tell", "a story", "dragon", "castle"),
    "words": ("spell", "the word", "letters", "vowel"),
}
PLACES = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()  # noqa: SIM905 - a list of words
# Score and USD by kind: `big` is best on the whole, `small` as good for sums, `bard` better for tales.
MODELS = {
    "big": {"sums": (0.9, 1.0), "tales": (0.8, 1.0), "words": (0.9, 1.0)},
    "small": {"sums": (0.9, 0.1), "tales": (0.1, 0.1), "words": (0.2, 0.1)},
    "bard": {"sums": (0.1, 0.8), "tales": (1.0, 0.8), "words": (0.1, 0.8)},
}


def made_row(kind: str, number: int) -> dict[str, object]:
    dice = random.Random(f"{kind} {number}")  # noqa: S311 - reproducible, not secret
    text = " ".join([*dice.sample(KINDS[kind], 3), *dice.sample(PLACES, 3)])
    told = {name: [by[kind][0], 10, 10, by[kind][1], None] for name, by in MODELS.items()}
    return {"id": f"{kind}/{number}", "task": kind, "sub": "x", "query": text, "n_tools": 0, "outcomes": told}


@pytest.fixture(scope="module")
def pool_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pools") / "made.jsonl"
    rows = [made_row(kind, number) for kind in KINDS for number in range(40)]
    path.write_bytes(b"\n".join(map(to_json, rows)))
    return path


@pytest.fixture(scope="module")
def pool(pool_file: Path) -> Pool:
    return load(pool_file)


@pytest.fixture(scope="module")
def router(pool: Pool) -> Router:
    return learn(pool)


def picked(router: Router, pool: Pool, policy: str) -> dict[str, set[str]]:
    return {kind: {router.decide(q, policy) for q in pool.queries if q.kind == kind} for kind in pool.kinds}


def test_each_policy_finds_what_it_is_for(router: Router, pool: Pool) -> None:
    assert picked(router, pool, "max_quality")["words"] == {"big"}
    assert picked(router, pool, "balanced") == {"sums": {"small"}, "tales": {"bard"}, "words": {"big"}}


def test_held_out_queries_gain_quality_and_save_cost(pool: Pool) -> None:
    balanced = next(found for found in cross_validated(pool) if found.policy == "balanced")
    gains = total(balanced.gains)
    assert ratio(gains) == pytest.approx(2.8 / 2.6, abs=0.02)
    assert saved(gains) == pytest.approx(1 - 1.9 / 3, abs=0.02)
    assert balanced.gap == pytest.approx(1.0, abs=0.1)
    low, high = balanced.interval()
    assert low <= ratio(gains) <= high


def test_a_kind_that_was_left_out_gets_the_best_model_on_the_whole(pool: Pool) -> None:
    assert kinds_left_out(pool)["balanced"]["words"] >= 0.9


def test_decisions_are_written_for_every_query_and_policy(pool_file: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    bare = [{"id": f"q{n}", "query": made_row("sums", 100 + n)["query"], "n_tools": 0} for n in range(3)]
    queries.write_bytes(b"\n".join(map(to_json, bare)))
    out = io.StringIO()
    routing.decide(pool_file, queries, out)
    lines = [from_json(line) for line in out.getvalue().splitlines()]
    assert {(line["id"], line["policy"]) for line in lines} == {(row["id"], name) for row in bare for name in AIMS}
    assert {line["model"] for line in lines if line["policy"] == "economy"} == {"small"}


def test_what_is_decided_does_not_depend_on_outcomes(router: Router, pool: Pool, pool_file: Path) -> None:
    blind = [(query.id, query.text, query.n_tools) for query in read(pool_file)]
    assert blind == [(query.id, query.text, query.n_tools) for query in pool.queries]
    query = pool.queries[0]
    bare = type(query)(query.id, query.text, query.n_tools, "", "", {})
    assert all(router.decide(bare, policy) == router.decide(query, policy) for policy in AIMS)


def test_a_random_mix_lies_on_the_line_between_two_models(pool: Pool) -> None:
    rows = singles(pool)
    assert rows[0][:2] == ("big", 1.0)
    small = next(row for row in rows if row[0] == "small")
    assert mixed(rows, (1 + small[1]) / 2) >= small[2] / 2 - 1e-9
    assert mixed(rows, 1.0) == 0.0


def test_expected_cost_grows_with_the_prompt_only_where_it_did(pool: Pool) -> None:
    table = outcomes(pool)
    sums = table.rows["sums"]["big"]
    assert sums.usd_per_token >= 0
    assert sums.cost_usd >= 0
    assert sums.quality == pytest.approx((40 * 0.9 + STRENGTH * 2.6 / 3) / (40 + STRENGTH))


def test_neither_typos_nor_other_words_nor_case_change_a_clear_decision(router: Router, pool: Pool) -> None:
    assert min(stable(router, pool.queries, "balanced").values()) >= 0.9


@pytest.mark.parametrize("change", [mistyped, opened_and_closed, wrapped, recased])
def test_a_changed_prompt_is_another_text(change: Callable[[str, random.Random], str], pool: Pool) -> None:
    dice = random.Random(1)  # noqa: S311 - reproducible, not secret
    texts = [query.text * 3 for query in pool.queries[:20]]
    assert [change(text, dice) for text in texts] != texts


def test_openings_and_closings_keep_the_request_whole(pool: Pool) -> None:
    texts = {opened_and_closed("the request", random.Random(n)) for n in range(100)}  # noqa: S311 - reproducible
    assert all("the request" in text and "[" not in text for text in texts)
    assert len(texts) > 80
    first = pool.queries[0]
    assert first.other_words == replace(first).other_words


def test_every_timed_decision_is_a_number_of_microseconds(pool: Pool) -> None:
    chats = [chat_of(query) for query in pool.queries[:3]]
    assert all(len(timed(chats, decide)) == 3 for decide in deciders().values())


def test_neighbours_decide_like_their_kind(pool: Pool) -> None:
    def encode(texts: list[str]) -> list[list[float]]:
        return [[float(any(word in text for word in told)) for told in KINDS.values()] for text in texts]

    decide = routing_knn.learn(pool, lambda texts: encode(list(texts)))
    assert {decide(query, "max_quality") for query in pool.queries if query.kind == "tales"} == {"bard"}
