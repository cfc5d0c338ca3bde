"""The linear model: exact sums in one integer, a file that gives back what was saved, calibrated probabilities."""

from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.routing_train import Example, calibrated, fit, foreign, judged
from turnout.routing import classify_model
from turnout.routing.classify_model import FULL, ZERO, Calibration, LinearModel, bucket, load, packed, sigmoid

SURE = Calibration(1, 0, 0, 0)
BUCKETS = 16
SEA = ["the waves and the tide at sea", "a boat on the sea", "the tide and a boat", "waves at sea"]
LAND = ["a hill and a forest on land", "the forest path", "a path on the hill", "land and forest"]


def split(text: str) -> list[bytes]:
    return text.encode().split()


EXAMPLES = [Example(split(text), kind) for kind, texts in {"sea": SEA, "land": LAND}.items() for text in texts]


def plainly(model: LinearModel, words: list[bytes]) -> list[float]:
    """The scores, one weight after the other."""
    width = len(model.kinds) + 1
    rows = [model.weights[bucket(word, BUCKETS) * width :][:width] for word in words]
    return [sum(row[i] - ZERO for row in rows) * model.scale / sqrt(len(words)) for i in range(len(model.kinds))]


@given(
    st.lists(st.lists(st.floats(-4, 4), min_size=BUCKETS, max_size=BUCKETS), min_size=1, max_size=12),
    st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=255, unique=True),
)
def test_the_sum_of_integers_is_the_sum_of_weights(columns: list[list[float]], words: list[bytes]) -> None:
    model = packed([f"kind {i}" for i in range(len(columns))], columns, [True] * BUCKETS, SURE)
    scores, known = model.scores(words)
    assert scores == pytest.approx(plainly(model, words))
    assert known == 1.0


def test_the_largest_sum_does_not_spill_into_the_next_kind() -> None:
    model = packed(["a", "b"], [[1.0] * BUCKETS, [0.0] * BUCKETS], [False] * BUCKETS, SURE)
    scores, known = model.scores([b"%d" % n for n in range(255)])
    assert scores == pytest.approx([sqrt(255), 0.0])
    assert known == 0.0


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    model = fit(EXAMPLES, BUCKETS, Calibration(0.5, -0.25, 1.5, -1.0))
    model.save(tmp_path / "model.bin", seed=1)
    assert load(tmp_path / "model.bin") == model


def test_it_learns_and_says_the_same_every_time() -> None:
    model = fit(EXAMPLES, 256)
    assert model == fit(EXAMPLES, 256)
    assert [model.best(example.words)[0] for example in EXAMPLES] == [example.kind for example in EXAMPLES]
    assert model.best(split("a boat and the waves"))[0] == "sea"


def test_one_kind_alone_can_be_learned() -> None:
    model = fit(EXAMPLES[:4], 256)
    assert model.best(EXAMPLES[0].words)[0] == "sea"


def test_memory_begins_anew_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify_model, "LARGEST_MEMORY", 3)
    model, words = fit(EXAMPLES, 256), split("the waves and the tide at sea")
    assert model.scores(words) == model.scores(words)


def test_words_of_another_language_are_not_known_and_sizes_stay() -> None:
    model = fit(EXAMPLES * 3, 4096)
    ours = split("the boat and the tide")
    assert model.scores(foreign(ours))[1] < model.scores(ours)[1] == 1.0
    assert foreign([b"##lines1", b"the", b"^the"]) == [b"##lines1", b"rbu", b"^rbu"]


def test_calibration_brings_confidence_down_where_it_was_wrong() -> None:
    model = fit(EXAMPLES, 256)
    right = [(judged(model, example), 1.0) for example in EXAMPLES]
    wrong = [(judged(model, Example(foreign(example.words), "neither")), 1.0) for example in EXAMPLES]
    learned = calibrated(right + wrong)
    means = [sum(learned(v.first, v.second, v.known) for v, _ in many) / len(many) for many in (right, wrong)]
    assert means[0] > 0.7
    assert means[1] < 0.4


@pytest.mark.parametrize(("x", "p"), [(0, 0.5), (1000, 1.0), (-1000, 0.0)])
def test_the_logistic_function_has_no_overflow(x: float, p: float) -> None:
    assert sigmoid(x) == p


def test_a_weight_of_zero_and_the_largest_fit_a_byte() -> None:
    assert 0 <= ZERO < FULL < 256
