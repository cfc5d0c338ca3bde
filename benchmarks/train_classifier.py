"""Train the classifier that is shipped: `python -m benchmarks.train_classifier PROMPTS OUTPUT`.

PROMPTS is prompts_labeled.jsonl.gz: public prompts with their author's label, each row with its licence. None of them
goes into OUTPUT but as weights of hashed words. For kinds that no public set labels the prompts are made from our own
templates (`benchmarks.routing_prompts`). Prints what it has measured on prompts, and on sources, not trained on.
"""

import gzip
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pydantic_core import from_json

from benchmarks.routing_prompts import made, mistyped, wrapped
from benchmarks.routing_train import FOLDS, SEED, Example, Judged, calibrated, fit, folds, foreign, judged
from turnout.routing.classify_model import Calibration
from turnout.routing.classify_words import words

BUCKETS = 2**15
MADE = 600
"""Prompts made for each kind of the templates."""
MOST_OF_SOURCE = 350
"""Prompts of one source and label, so that no benchmark becomes the kind."""
LEARNED = {"code", "math", "reasoning", "knowledge", "writing"}
"""Labels of the data that are kinds of text; `tools` and `vision` are told by a chat's form, not by its words."""
BINS, GROUPS = 10, 8
OWN = "own"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text with its kind; `group` is what is left out together: a source's label, or a template."""

    text: str
    kind: str
    group: str
    licence: str


type Verdicts = list[tuple[Prompt, Judged]]


def read(path: Path) -> list[Prompt]:
    """The labelled prompts whose label is a kind of text, at most so many of each source and label."""
    rows = [from_json(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    found: dict[str, list[Prompt]] = defaultdict(list)
    for row in rows:
        if row["label"] in LEARNED:
            group = f"{row['source']}/{row['raw_label']}"
            found[group].append(Prompt(row["prompt"], row["label"], group, row["licence"]))
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    return [prompt for many in found.values() for prompt in dice.sample(many, min(len(many), MOST_OF_SOURCE))]


def with_made(prompts: Sequence[Prompt]) -> list[Prompt]:
    """Those, and the ones from our templates."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    texts = [prompt.text for prompt in prompts if prompt.kind != "code"]
    return [
        *prompts,
        *(Prompt(text, kind, f"{OWN}/{template}", OWN) for text, kind, template in made(texts, MADE, dice)),
    ]


def examples(prompts: Iterable[Prompt], *, varied: bool = True) -> list[Example]:
    """What is trained on: each prompt as it is, and most once more, wrapped or mistyped."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    found: list[Example] = []
    for prompt in prompts:
        found.append(Example(words(prompt.text), prompt.kind))
        if varied:
            vary = dice.choice((wrapped, mistyped))
            found.append(Example(words(vary(prompt.text, dice)), prompt.kind))
    return found


def held_out(prompts: Sequence[Prompt], parts: Iterable[Sequence[int]], *, cipher: bool = False) -> Verdicts:
    """Every prompt of each part, judged by a model of the others; with `cipher` in a language unknown to it."""
    found: Verdicts = []
    for part in parts:
        out = set(part)
        model = fit(examples(prompt for i, prompt in enumerate(prompts) if i not in out), BUCKETS)
        for prompt in (prompts[i] for i in part):
            seen = words(prompt.text)
            found.append(
                (prompt, judged(model, Example(foreign(seen) if cipher else seen, "" if cipher else prompt.kind)))
            )
    return found


def groups(prompts: Sequence[Prompt], parts: int) -> list[list[int]]:
    """Indices in `parts` parts, each source or template whole in one of them."""
    names = sorted({prompt.group for prompt in prompts})
    random.Random(SEED).shuffle(names)  # noqa: S311 - reproducible, not secret
    part = {name: i % parts for i, name in enumerate(names)}
    return [[i for i, prompt in enumerate(prompts) if part[prompt.group] == n] for n in range(parts)]


def calibration_error(verdicts: Sequence[Judged], calibration: Calibration) -> float:
    """ECE: the mean distance of confidence and share of right ones, over ten bins of confidence."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for verdict in verdicts:
        sure = calibration(verdict.first, verdict.second, verdict.known)
        bins[min(int(sure * BINS), BINS - 1)].append((sure, verdict.right))
    return sum(abs(sum(p for p, _ in many) - sum(right for _, right in many)) for many in bins.values()) / len(verdicts)


def table(title: str, verdicts: Sequence[tuple[Prompt, Judged]], calibration: Calibration) -> None:
    """Accuracy, confidence and ECE, in all and by kind."""
    told = [verdict for _, verdict in verdicts]
    print(f"\n{title}: accuracy {fmean(v.right for v in told):.3f}, ECE {calibration_error(told, calibration):.3f}\n")
    print("| kind | prompts | accuracy | mean confidence | taken for |\n|---|---|---|---|---|")
    for kind in sorted({prompt.kind for prompt, _ in verdicts}):
        own = [verdict for prompt, verdict in verdicts if prompt.kind == kind]
        sure = fmean(calibration(v.first, v.second, v.known) for v in own)
        wrong = ", ".join(f"{name} {n}" for name, n in Counter(v.kind for v in own if not v.right).most_common(3))
        print(f"| {kind} | {len(own)} | {fmean(v.right for v in own):.3f} | {sure:.2f} | {wrong} |")


def main(arguments: Sequence[str]) -> None:
    """Measure, train on everything, and write the weights."""
    source, output = map(Path, arguments)
    prompts = with_made(read(source))
    measured = {
        "Prompts held out": held_out(prompts, folds(len(prompts), FOLDS)),
        "Sources and templates held out": held_out(prompts, groups(prompts, GROUPS)),
        "Prompts in an unknown language": held_out(prompts, folds(len(prompts), FOLDS)[:1], cipher=True),
    }
    # Half of each for the calibration, the other half to measure it.
    calibration = calibrated([(verdict, 1.0) for pairs in measured.values() for _, verdict in pairs[::2]])
    for title, pairs in measured.items():
        table(title, pairs[1::2], calibration)
    table("All of these together", [pair for pairs in measured.values() for pair in pairs[1::2]], calibration)
    licences = Counter(prompt.licence for prompt in prompts)
    sources = sorted({prompt.group for prompt in prompts if prompt.licence != OWN})
    fit(examples(prompts), BUCKETS, calibration).save(
        output, seed=SEED, prompts=len(prompts), licences=dict(licences), sources=sources
    )
    print(f"\n{output.name}: {output.stat().st_size:,} bytes, {len(prompts)} prompts, seed {SEED}")


if __name__ == "__main__":
    main(sys.argv[1:])
