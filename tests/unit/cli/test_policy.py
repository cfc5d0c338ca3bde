"""`turnout policy`, `optimize` and `report` over a store in memory, and `--laptop`."""

import asyncio
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from local.announced import announced
from tests.fakes import a_policy
from turnout.cli.__main__ import run
from turnout.cli.command import CannotDo
from turnout.cli.laptop import laptop_settings
from turnout.clock import SystemClock
from turnout.store.policies import DynamoPolicies
from turnout.store.reports import S3Reports, client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEWER = {"cost": {"code": ("acme/a",)}, "latency": {"chat": ("acme/b",)}}


def said(*arguments: str, code: int | str = 0) -> str:
    out = StringIO()
    answer = run(arguments, {}, StringIO(), out)
    assert answer == code, answer
    return out.getvalue()


@pytest.fixture
def versions(dynamodb: "DynamoDBClient") -> None:
    """Two, the second based on the first; and a bucket for reports."""
    boto3.client("s3").create_bucket(Bucket="turnout-reports")  # pyright: ignore[reportUnknownMemberType] - of others
    policies = DynamoPolicies(dynamodb, "turnout-policies", SystemClock())
    for policy in (a_policy("p-1"), a_policy("p-2", created_at=1_800_000_001.5, chains=NEWER, based_on="p-1")):
        asyncio.run(policies.add(policy, "found"))


@pytest.mark.usefixtures("versions")
def test_versions_are_listed_and_moved() -> None:
    assert said("policy", "activate", "p-1") == "active: p-1\n"
    assert said("policy", "canary", "p-2", "--share", "0.25") == "active: p-1; canary: p-2 for 25% of the sessions\n"
    lines = said("policy", "list").splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["p-2", "canary"], ["p-1", "active"]]
    assert said("policy", "rollback", "--reason", "too dear") == "active: p-1\n"
    shown = said("policy", "show", "p-2")
    assert "rolled_back: too dear" in shown
    assert "cost         code             acme/a" in shown


@pytest.mark.usefixtures("versions")
def test_a_diff_is_against_what_a_version_was_based_on() -> None:
    assert said("policy", "diff", "p-2").splitlines() == [
        "cost, code:",
        "  - acme/b → acme/a",
        "  + acme/a",
        "latency, chat:",
        "  - ranked at each request",
        "  + acme/b",
        "2 chains differ from p-1",
    ]
    assert said("policy", "diff", "p-1").endswith("1 chains differ from no policy\n")


@pytest.mark.usefixtures("versions")
def test_what_cannot_be_done_is_said_in_one_line() -> None:
    said("policy", "show", "p-9", code="turnout policy: there is no policy p-9; `turnout policy list` has all")
    with pytest.raises(SystemExit):
        said("policy", "canary", "p-1", "--share", "2")


@pytest.mark.usefixtures("versions")
def test_a_run_writes_a_report_that_is_listed_and_shown() -> None:
    told = said("optimize").splitlines()
    assert told[0].startswith("Nothing was asked in this period")
    run_id = told[-1].rpartition(" ")[2]
    assert said("report", "list").startswith(run_id)
    assert said("report", "show").startswith("Nothing was asked in this period")
    assert said("report", "show", run_id, "--html").startswith("<!doctype html>")
    assert said("report", "show", "--json").startswith('{"object":"report"')
    said(
        "report",
        "show",
        "2020-01-01-000000",
        code="turnout report: there is no report 2020-01-01-000000; `turnout report list` has the newest",
    )


@pytest.mark.usefixtures("versions")
def test_a_report_opens_from_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("turnout.cli.report.webbrowser.open", opened.append)
    said("report", "open", code="turnout report: there is no report yet; `turnout optimize` makes one")
    asyncio.run(S3Reports(client(), "turnout-reports").write("2026-11-24-030000", "<p>page</p>", b"{}"))
    said("report", "open")
    [uri] = opened
    assert Path(uri.removeprefix("file://")).read_text() == "<p>page</p>"


def test_the_laptop_is_found_while_it_runs(tmp_path: Path) -> None:
    path, environ = tmp_path / "run/laptop.json", dict[str, str]()
    settings = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "TURNOUT_KEYS_TABLE": "keys"}
    with announced(settings, path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert laptop_settings(path, environ) == {"TURNOUT_KEYS_TABLE": "keys"}
        assert environ == {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with pytest.raises(CannotDo, match="make run"):
        laptop_settings(path, environ)


def test_a_second_laptop_takes_over_and_stays_found(tmp_path: Path) -> None:
    path = tmp_path / "laptop.json"
    with announced({"TURNOUT_KEYS_TABLE": "one"}, path):
        second = announced({"TURNOUT_KEYS_TABLE": "two"}, path)
        second.__enter__()
    assert laptop_settings(path, {}) == {"TURNOUT_KEYS_TABLE": "two"}
    second.__exit__(None, None, None)
    assert not path.exists()
