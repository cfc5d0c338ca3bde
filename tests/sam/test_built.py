"""What `sam build` makes runs as it is: with the standard library, the function and the layers, and nothing else."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from tests.sam.conftest import ROOT, Built

pytestmark = pytest.mark.slow
LIMIT = 250 * 2**20  # bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

ISOLATED = """
import json, sys
path, event = json.loads(sys.stdin.read())
sys.path[:0] = path
import app
from turnout.runtime.invocation import Context
answer = app.handler(event, Context("r", "arn:aws:lambda:us-east-1:012345678901:function:f", 4_000_000_000_000))
strangers = [m.__file__ for m in sys.modules.values() if "site-packages" in (getattr(m, "__file__", "") or "")]
json.dump([answer, strangers], open(sys.argv[1], "w"))
"""


def ask(built: Built, function: str, event: str, tmp_path: Path) -> Any:
    """The answer of a built function to an event; nothing but what was built is on its path."""
    told = to_json([built.search_path(function), from_json((ROOT / "events" / f"{event}.json").read_bytes())])
    # -I and -S: neither this environment's packages nor its settings
    python = [f"{sys.base_prefix}/bin/python3.13", "-I", "-S", "-c", ISOLATED, str(tmp_path / "answer")]
    settings = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "Turnout"}
    subprocess.run(python, input=told, env=settings, check=True, stderr=subprocess.PIPE)  # noqa: S603 - our own script
    answer, strangers = from_json((tmp_path / "answer").read_bytes())
    assert strangers == []
    return answer


def test_the_built_router_answers(built: Built, tmp_path: Path) -> None:
    assert ask(built, "Router", "router.healthz", tmp_path)["statusCode"] == 200


def test_the_built_aggregator_asks_again_for_what_it_cannot_count(built: Built, tmp_path: Path) -> None:
    # it has no table here: the record is read, and reported instead of lost
    told = ask(built, "Aggregator", "aggregator.insert", tmp_path)
    assert told == {"batchItemFailures": [{"itemIdentifier": "100000000000000000001"}]}


def test_the_built_console_answers(built: Built, tmp_path: Path) -> None:
    # it has no table here, and says so instead of failing
    assert ask(built, "Console", "console.request", tmp_path)["statusCode"] == 503


def test_the_built_optimizer_reaches_for_its_table(built: Built, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ask(built, "Optimizer", "optimizer.schedule", tmp_path)
    assert "NoCredentialsError" in caught.value.stderr.decode()


def test_the_wrapper_is_built_and_may_be_run(built: Built) -> None:
    wrapper = built.folder / "TurnoutLayer/turnout-stream"
    assert wrapper.stat().st_mode & stat.S_IXOTH


def test_a_function_and_its_layers_fit_lambda(built: Built) -> None:
    size = sum(path.stat().st_size for path in built.folder.rglob("*") if path.is_file())
    assert size < LIMIT


def test_all_modules_come_compiled_since_lambda_cannot_keep_what_it_compiles(built: Built) -> None:
    for layer in built.layers:
        plain = set((layer / "python").rglob("*.py"))
        compiled = {Path(cached.parent.parent, f"{cached.name.split('.')[0]}.py") for cached in layer.rglob("*.pyc")}
        assert plain
        assert plain <= compiled


def test_no_machine_is_named_in_what_is_built(built: Built) -> None:
    home = os.fsencode(ROOT)
    assert [path for path in built.layers[1].rglob("*") if path.is_file() and home in path.read_bytes()] == []
