"""The rival: nearest neighbours among sentence embeddings of MiniLM, the usual learned router."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from math import sumprod
from statistics import fmean
from typing import Any

from benchmarks.routing_pool import Pool, Query
from benchmarks.routing_tune import AIMS

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
NEIGHBOURS = 40
PRICES = {"max_quality": 0.0, "balanced": 0.1, "economy": 0.3}
"""What the cost of the best model counts for, in units of quality."""


def installed() -> bool:
    """Whether the encoder's package is there. Its weights come from where that package finds them."""
    return importlib.util.find_spec("sentence_transformers") is not None


def encoder() -> Callable[[Sequence[str]], list[list[float]]]:
    """Texts to unit vectors."""
    package: Any = importlib.import_module("sentence_transformers")
    model = package.SentenceTransformer(MODEL)
    return lambda texts: model.encode(list(texts), normalize_embeddings=True).tolist()


def learn(
    pool: Pool, encode: Callable[[Sequence[str]], list[list[float]]] | None = None
) -> Callable[[Query, str], str]:
    """Remember the pool; decide by the mean outcomes of the nearest of its queries."""
    embed = encode or encoder()
    vectors = embed([query.text for query in pool.queries])
    unit = fmean(query.outcomes[pool.best][1] for query in pool.queries) or 1.0

    def decide(query: Query, policy: str) -> str:
        (vector,) = embed([query.text])
        order = sorted(range(len(vectors)), key=lambda i: -sumprod(vector, vectors[i]))
        near = [pool.queries[i].outcomes for i in order[:NEIGHBOURS]]
        price = PRICES[policy] / unit
        return max(pool.models, key=lambda name: fmean(told[name][0] - price * told[name][1] for told in near))

    assert PRICES.keys() == AIMS.keys()
    return decide
