"""What classes of models do on public tasks: the figures behind `turnout/routing/data/priors.toml`.

    python -m benchmarks.routing_priors FOLDER

FOLDER holds the pools. For each task the mean score and the mean tokens of an answer, by class of model: two models a
class, siblings or rivals of their time that are sold as large, medium and small.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.routing_pool import Pool, load

type Classes = Sequence[Sequence[str]]

ZERO_EVAL: Classes = (
    ("gpt-4o-2024-08-06", "claude-3-5-sonnet-20240620"),
    ("gpt-4o-mini-2024-07-18", "gemini-1.5-flash"),
    ("llama-3-8b-instruct", "claude-3-haiku-20240307"),
)
MMLU_PRO: Classes = (
    ("gemini-1.5-pro-002",),
    ("gemini-1.5-flash-002", "Meta-Llama-3.1-70B-Instruct"),
    ("Meta-Llama-3.1-8B-Instruct", "Phi-3-mini-4k-instruct"),
)
ARENA: Classes = (
    ("gpt-4-turbo", "gpt-4-0314"),
    ("Mixtral-8x7B-Instruct-v0.1", "gpt-3.5-turbo-1106"),
    ("openchat_3.5", "Starling-LM-7B-alpha"),
)
ROUTER_BENCH: Classes = (
    ("gpt-4-1106-preview",),
    ("mistralai/mixtral-8x7b-chat", "gpt-3.5-turbo-1106"),
    ("mistralai/mistral-7b-chat", "WizardLM/WizardLM-13B-V1.2"),
)
MEASURED: dict[str, tuple[str, tuple[str, ...], Classes]] = {
    "code": ("mix11", ("code_reasoning",), ZERO_EVAL),
    "math": ("mix11", ("math_word", "math_hard"), ZERO_EVAL),
    "tools": (
        "mix11",
        ("tool_simple", "tool_multiple", "tool_parallel", "tool_parallel_multiple", "tool_exec"),
        ZERO_EVAL,
    ),
    "knowledge": ("mmlupro", (), MMLU_PRO),
    "reasoning": ("routerbench", ("arc_challenge", "winograde"), ROUTER_BENCH),
    "chat": ("arenabench", (), ARENA),
}


def figures(pool: Pool, kinds: Iterable[str], classes: Classes) -> list[float]:
    """Of each class the mean score, kinds weighing alike."""
    by_kind = [[query for query in pool.queries if query.kind == kind] for kind in (kinds or pool.kinds)]
    return [
        fmean(fmean(q.outcomes[name][0] for q in queries) for name in names for queries in by_kind) for names in classes
    ]


def main(folder: Path) -> None:
    """Print the table."""
    print("| task | pool | large | medium | small |\n|---|---|---|---|---|")
    for task, (name, kinds, classes) in MEASURED.items():
        pool = load(folder / f"{name}.jsonl.gz")
        print(f"| {task} | {name} | {' | '.join(f'{value:.3f}' for value in figures(pool, kinds, classes))} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
