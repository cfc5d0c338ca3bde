"""`make bench-readme`: puts what `make bench` and `make bench-resilience` have found last into the README."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from benchmarks.peers import report
from benchmarks.peers.gateways import ROWLESS
from benchmarks.peers.install import ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- measured: make bench-readme -->", "<!-- /measured -->"
OURS, OTHERS = "Turnout", ("LiteLLM", "Portkey")


def measured() -> str:
    """Both tables, each with its date, machine and command. Raises FileNotFoundError where one was never run."""
    peers, faults = (from_json((report.RESULTS / f"{name}.json").read_bytes()) for name in ("peers", "resilience"))
    speed = report.ratio_table(peers["ratios"], OURS, OTHERS, peers["missing"])
    without = report.ratio_table(peers["rowless"][:4], ROWLESS, OTHERS, peers["missing"])
    head = ["two targets, every fault", *kinds_of(faults), "cases"]
    rows = [[name, *counted(cases, kinds_of(faults))] for name, cases in faults["results"].items()]
    return (
        f"{BEGIN}\n`make bench`: {report.told(peers['machine'])}\n\n{speed}\n"
        f"The same when Turnout keeps no rows, as its peers:\n\n{without}\n"
        f"`make bench-resilience`: {report.told(faults['machine'])}\n\n{report.table(head, rows)}{END}"
    )


def kinds_of(faults: Mapping[str, Any]) -> list[str]:
    """Every kind of outcome that some gateway had, the best first."""
    order = ["right", "error", "broken off", "truncated", "hang"]
    seen = {result["outcome"]["kind"] for cases in faults["results"].values() for result in cases.values()}
    return [kind for kind in order if kind in seen]


def counted(cases: Mapping[str, Any], kinds: list[str]) -> list[str]:
    """How often each kind, and how many cases in all."""
    counts = Counter(result["outcome"]["kind"] for result in cases.values())
    return [*(str(counts[kind]) for kind in kinds), str(len(cases))]


def main() -> None:
    """Write it between the marks."""
    text = README.read_text()
    marked = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    README.write_text(marked.sub(lambda _: measured(), text))


if __name__ == "__main__":
    main()
