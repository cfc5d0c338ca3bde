"""`make run` as a newcomer meets it: one command, the printed snippets, vendors that die, and Ctrl-C."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionUserMessageParam

ROOT = Path(__file__).parents[2]
HELLO = "You said: Hello, who are you?"
PATIENCE = 30.0
LONG = " ".join(["one two three four"] * 20)
"""Two seconds of answering, at the pace of the simulators."""

pytestmark = pytest.mark.timeout(120)


@dataclass(slots=True)
class Laptop:
    """A running `python -m local`; `text` is what it has printed so far."""

    process: subprocess.Popen[str]
    text: str = ""
    pids: set[int] = field(default_factory=set[int])

    def until(self, pattern: str) -> re.Match[str]:
        """Read what it prints up to the first line with this in it; pytest's timeout ends a wait in vain."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.text += line
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"it ended without {pattern!r}. It printed:\n{self.text}")

    def find(self, pattern: str) -> re.Match[str]:
        """The same, in what it has printed already."""
        found = re.search(pattern, self.text, re.DOTALL)
        assert found, f"no {pattern!r} in:\n{self.text}"
        return found

    def simulated(self, dialect: str) -> tuple[int, str]:
        """Process id and control URL of a simulator, as the panel tells them."""
        found = self.find(rf"simulated {dialect}\s+pid (\d+), faults at (\S+)/faults")
        return int(found[1]), found[2]

    def interrupt(self) -> int:
        """Ctrl-C; the exit code. What it printed on the way is in `text`."""
        self.pids = descendants(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=PATIENCE)
        self.text += rest
        return self.process.returncode


@contextmanager
def started(tmp_path: Path, **settings: str) -> Generator[Laptop]:
    """The laptop, in an environment without a key and a `.env`; stopped in any case."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    env = os.environ | {
        "PORT": "0",
        "DOTENV": str(tmp_path / "none.env"),
        "TMPDIR": str(scratch),
        "COLUMNS": "200",
        **settings,
    }
    command = [sys.executable, "-m", "local"]
    with subprocess.Popen(  # noqa: S603 - ours
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield Laptop(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)


def processes() -> dict[int, tuple[str, int]]:
    """(state, parent) of every process: from /proc, or from ps where there is none, as on macOS."""
    if not Path("/proc/self/stat").exists():
        told = subprocess.run(["ps", "-A", "-o", "pid=,stat=,ppid="], capture_output=True, text=True, check=True).stdout  # noqa: S607 - where it is differs
        return {int(pid): (state, int(parent)) for pid, state, parent in map(str.split, told.splitlines())}
    found: dict[int, tuple[str, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            state, parent, *_ = path.read_text().rpartition(")")[2].split()
            found[int(path.parent.name)] = (state, int(parent))
    return found


def descendants(pid: int) -> set[int]:
    """The processes that this one has started, and those that they have."""
    parents = {child: parent for child, (_, parent) in processes().items()}
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return found


def alive(pid: int) -> bool:
    """Whether a process is there; a zombie is not."""
    state, _ = processes().get(pid, ("Z", 0))
    return not state.startswith("Z")


def soon(true: Callable[[], bool]) -> bool:
    """Whether it comes true in time."""
    until = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


def is_open(url: str) -> bool:
    """Whether somebody listens there."""
    port = int(url.rpartition(":")[2])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pasted_curl(command: str) -> httpx.Response:
    """What curl would send."""
    _, url, *options = shlex.split(command.replace("\\\n", ""))
    given = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for flag, value in given if flag == "-H")
    (body,) = (value for flag, value in given if flag == "-d")
    return httpx.post(url, content=body, headers=headers, timeout=PATIENCE)


def pasted_python(code: str) -> str:
    """What a terminal would show."""
    return subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout


def busy(control: str) -> bool:
    """Whether a simulator is answering."""
    told = httpx.get(f"{control}/requests").json()["requests"]
    return any(request["ended"] == "answering" for request in told)


def user(text: str) -> list[ChatCompletionUserMessageParam]:
    return [{"role": "user", "content": text}]


def test_the_laptop_answers_survives_its_vendors_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with started(tmp_path) as laptop:
        laptop.until("Ctrl-C stops everything")
        url, key = laptop.find(r'base_url="(\S+)/v1", api_key="(\S+)"').groups()
        client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)

        check_the_snippets(laptop)
        check_a_vendor_killed_during_a_stream(laptop, client)
        check_a_vendor_killed_during_a_plain_call(laptop, client)

        controls = [laptop.simulated(dialect)[1] for dialect in ("openai_chat", "anthropic_messages", "gemini")]
        assert is_open(url)
        assert laptop.interrupt() == 0
    check_nothing_is_left(laptop, tmp_path)
    assert not any(map(is_open, [url, *controls]))
    assert "Traceback" not in laptop.text


def check_the_snippets(laptop: Laptop) -> None:
    curl = laptop.find(r"Try it with curl\s+(curl .*?'\n)")[1]
    python = laptop.find(r"or with Python\s+(from openai .*?)\n\s*\n?Ctrl-C")[1]
    answer = pasted_curl(curl).json()
    assert answer["choices"][0]["message"]["content"] == HELLO
    chosen = re.escape(f"{answer['turnout']['vendor']}/{answer['turnout']['model']}")
    laptop.until(rf"✓ auto  ✓ {chosen} ")
    assert pasted_python(python) == HELLO
    laptop.until(rf"✓ auto  ✓ {chosen} ")


def check_a_vendor_killed_during_a_stream(laptop: Laptop, client: OpenAI) -> None:
    pid, _ = laptop.simulated("openai_chat")
    text, finish = "", None
    models = {"models": ["gpt-5.2", "claude-sonnet-4.5"]}
    for chunk in client.chat.completions.create(
        model="auto", messages=user(LONG), stream=True, extra_body={"turnout": models}
    ):
        for choice in chunk.choices:
            text, finish = text + (choice.delta.content or ""), choice.finish_reason
        if text and alive(pid):
            os.kill(pid, signal.SIGKILL)
    assert (text, finish) == (f"You said: {LONG}", "stop")
    laptop.until(r"✓ auto  ✗ openai/gpt-5\.2 vendor_stream_cut → ✓ anthropic/claude-sonnet-4\.5 ")


def check_a_vendor_killed_during_a_plain_call(laptop: Laptop, client: OpenAI) -> None:
    pid, control = laptop.simulated("anthropic_messages")
    models = {"models": ["claude-haiku-4.5", "gemini-3-flash"]}
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(
            client.chat.completions.create, model="auto", messages=user(LONG), extra_body={"turnout": models}
        )
        assert soon(lambda: busy(control))
        os.kill(pid, signal.SIGKILL)
        answer = asking.result()
    assert answer.choices[0].message.content == f"You said: {LONG}"
    laptop.until(r"✓ auto  (✗ anthropic/claude-haiku-4\.5 vendor_unreachable → )+✓ google/gemini-3-flash ")


def check_nothing_is_left(laptop: Laptop, tmp_path: Path) -> None:
    """No process and no file. What has been told to end may take a moment."""
    assert laptop.pids, "there was something to leave behind"
    assert soon(lambda: not any(map(alive, laptop.pids)))
    assert soon(lambda: not list((tmp_path / "scratch").iterdir()))


def test_ctrl_c_while_it_is_still_starting_leaves_nothing_behind(tmp_path: Path) -> None:
    with started(tmp_path) as laptop:
        laptop.until("starting the embedded AWS")
        assert soon(lambda: bool(descendants(laptop.process.pid)))
        # Python ends by the signal, though it was caught, if it struck within an exec() such as dataclasses do.
        assert laptop.interrupt() in {0, -signal.SIGINT}
    check_nothing_is_left(laptop, tmp_path)
    assert laptop.text.endswith("stopped\n")
    assert "Traceback" not in laptop.text


def one_line(tmp_path: Path, **settings: str) -> str:
    """What it says when it cannot start; it exits with 1."""
    with started(tmp_path, **settings) as laptop:
        text, _ = laptop.process.communicate(timeout=PATIENCE)
    assert laptop.process.returncode == 1
    assert text.count("\n") == 1, text
    return text


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = one_line(tmp_path, PORT=str(port))
    assert told == (
        f"Turnout cannot start: port {port} on 127.0.0.1 is not free. Choose another: PORT={port + 1} make run\n"
    )


def test_a_port_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    assert (
        one_line(tmp_path, PORT="http") == "Turnout cannot start: PORT must be a number from 0 to 65535, not 'http'\n"
    )


@pytest.mark.parametrize("text", ["weekly", "-5", "inf", ""])
def test_minutes_of_the_optimizer_that_are_none_are_told_in_one_line(tmp_path: Path, text: str) -> None:
    assert (
        one_line(tmp_path, OPTIMIZER_MINUTES=text)
        == f"Turnout cannot start: OPTIMIZER_MINUTES must be a number, 0 for never, not '{text}'\n"
    )


@pytest.mark.parametrize("text", ["OPENAI_API_KEY=sk-fine\nsk-secret without a name\n", 'A="no end\n', "\xff\n"])
def test_a_bad_dotenv_is_told_in_one_line_that_shows_no_value(tmp_path: Path, text: str) -> None:
    bad = tmp_path / "bad.env"
    bad.write_bytes(text.encode("latin-1"))
    told = one_line(tmp_path, DOTENV=str(bad))
    assert re.match(r"Turnout cannot start: bad\.env(, line \d: expected NAME=value| cannot be read)", told)
    assert "sk-secret" not in told
    assert "sk-fine" not in told
