import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from local.aws import AwsNotStarted, EmbeddedAws, environment, find_uvx

ROOT = Path(__file__).parents[3]

FOR_EVER = """
import time
from local.aws import EmbeddedAws
with EmbeddedAws() as aws:
    print(aws.endpoint, flush=True)
    time.sleep(600)
"""


def answers(endpoint: str) -> bool:
    try:
        return httpx.get(f"{endpoint}/_ministack/health").is_success
    except httpx.TransportError:
        return False


def folders() -> set[Path]:
    return set(Path(os.environ["TMPDIR"]).iterdir())


@pytest.fixture(autouse=True)
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is left behind can be seen."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def test_it_answers_inside_the_block_and_leaves_nothing_behind() -> None:
    with EmbeddedAws() as aws:
        assert answers(aws.endpoint)
        assert folders()
    assert not answers(aws.endpoint)
    assert not folders()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_goes_when_the_process_that_started_it_dies(how: signal.Signals) -> None:
    command = [sys.executable, "-c", FOR_EVER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603 - ours
        assert parent.stdout
        endpoint = parent.stdout.readline().strip()
        assert answers(endpoint)
        parent.send_signal(how)
    until = time.monotonic() + 30
    while (answers(endpoint) or folders()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not answers(endpoint)
    assert not folders()


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AwsNotStarted, match=f"Port {port} is in use"), EmbeddedAws(port):
            pass
    assert not folders()


def test_when_it_dies_its_last_words_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.aws.VERSION", "0.0.0.no.such.version")
    with pytest.raises(AwsNotStarted, match=r"no\.such\.version"), EmbeddedAws():
        pass
    assert not folders()


def test_a_missing_uvx_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("local.aws._TOOLS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AwsNotStarted, match=r"uvx is missing.*install uv"):
        find_uvx()


def test_its_own_settings_reach_it() -> None:
    with EmbeddedAws(settings={"MINISTACK_ACCOUNT_ID": "111122223333"}) as aws:
        who = httpx.post(aws.endpoint, data={"Action": "GetCallerIdentity", "Version": "2011-06-15"})
        assert "<Account>111122223333</Account>" in who.text


def test_it_gets_no_secret_of_the_developer(tmp_path: Path) -> None:
    secrets = {"OPENAI_API_KEY": "sk-real", "AWS_SESSION_TOKEN": "real", "TURNOUT_VENDOR_KEYS_SECRET": "real"}
    got = environment(secrets | {"PATH": "/bin"}, 4566, tmp_path)
    assert not got.keys() & secrets.keys()
    assert got["PATH"] == "/bin"
