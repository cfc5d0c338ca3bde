"""The commands over a DynamoDB in memory: what they say, what they change, and that a second run changes nothing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ulid import ULID

from tests.unit.store.aws import LOG_TABLE, Outage, dynamo_log
from tests.unit.store.rollup_contract import TABLES, entries
from turnout.catalog import DATA, load
from turnout.catalog.pricing import cost
from turnout.cli.__main__ import run
from turnout.clock import SystemClock
from turnout.core.events import Usage
from turnout.core.records import Attempt, Record
from turnout.policy.rollup import Rollup, merged
from turnout.store.amendments import DynamoAmendments
from turnout.store.dynamo import to_wire
from turnout.store.feedback import DynamoFeedback
from turnout.store.log import to_item, unsaved_line
from turnout.store.requests import DynamoRequests
from turnout.store.rollups import DynamoRollups

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
START = FIRST.timestamp()
PERIOD = [f"--from={FIRST:%Y-%m-%d}", f"--to={FIRST + timedelta(days=2):%Y-%m-%d}"]
ENV = {
    "TURNOUT_REQUEST_LOG_TABLE": LOG_TABLE,
    "TURNOUT_ROLLUPS_TABLE": TABLES[0],
    "TURNOUT_HEALTH_TABLE": TABLES[1],
    "TURNOUT_RETENTION_DAYS": "60",
}
MODEL = load({}, {}, None).find("openai/gpt-5.2")
PRICE = MODEL.prices[-1]
DEARER = PRICE.rate.input + Decimal(1)


def row(hours: float, *usages: Usage, tags: dict[str, str] | None = None) -> Record:
    """A row of the first or second day: one attempt for each usage, the last of which answered."""
    at = START + hours * 3600
    attempts = [attempt(number, usage, failed=number < len(usages)) for number, usage in enumerate(usages, start=1)]
    return Record(
        id=str(ULID.from_timestamp(at)),
        at=at,
        key_id="key_1",
        requested="auto",
        stream=True,
        tags=tags or {},
        attempts=attempts,
        vendor="openai",
        model=MODEL.name,
        outcome="ok",
        status=200,
        latency_ms=900,
        first_token_ms=200,
    )


def attempt(number: int, usage: Usage, *, failed: bool) -> Attempt:
    return Attempt(
        "openai",
        MODEL.name,
        number,
        0,
        outcome="error" if failed else "ok",
        billed=failed,
        latency_ms=450,
        usage=usage,
        cost_usd=cost(usage, PRICE),
        price_version=PRICE.since,
    )


ROWS = [
    row(1, Usage(input=100, output=7)),
    row(2, Usage(input=31, cached_input=64, cache_write=5, output=9, reasoning=40), tags={"team": "blue"}),
    row(30, Usage(input=3, source="estimated"), Usage(input=3, output=1)),
]


class Deployment:
    """A log and its rollups."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.client, self.clock = client, SystemClock()
        self.rollups = DynamoRollups(client, *TABLES, self.clock)

    def put(self, rows: Iterable[Record]) -> None:
        for one in rows:
            self.client.put_item(TableName=LOG_TABLE, Item=to_wire(to_item(one, 60)))

    def count(self, rows: Iterable[Record]) -> None:
        assert self.rollups.apply(entries(rows)) == {}

    def cost(self) -> Decimal:
        """USD of all days."""
        cells = self.rollups.read("key", "day", START, START + 86_400 * 3)
        return Rollup(merged(counts for _, counts in cells)).cost_usd

    def rows(self) -> list[Record]:
        return sorted(dynamo_log(self.client).rows(), key=lambda one: one.at)

    def run(self, *arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> tuple[int | str, str]:
        """The exit code or the last word, and what was said."""
        out = StringIO()
        return run(arguments, ENV | (env or {}), StringIO(stdin), out), out.getvalue()


@pytest.fixture
def empty(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment without rows, to which the commands have the same client."""
    monkeypatch.setattr("turnout.store.dynamo.client", lambda: dynamodb)
    return Deployment(dynamodb)


@pytest.fixture
def full(empty: Deployment) -> Deployment:
    """ROWS in the log, and counted."""
    empty.put(ROWS)
    empty.count(ROWS)
    return empty


# --- recover


def test_rows_of_the_functions_log_are_loaded_once(empty: Deployment) -> None:
    log = "".join(f"2026 {unsaved_line(one, OSError('x'))}\n" for one in ROWS) + "END\n"
    assert empty.run("recover", "-", stdin=log)[1].startswith("3 rows loaded, 0 were there")
    assert empty.run("recover", "-", stdin=log) == (
        0,
        "0 rows loaded, 3 were there already, 0 have expired, 0 could not be read\n",
    )
    assert empty.rows() == ROWS


def test_a_cut_row_is_told_by_its_line_and_the_rest_is_loaded(empty: Deployment, tmp_path: Path) -> None:
    lines = [unsaved_line(one, OSError("x")) for one in ROWS[:2]]
    (tmp_path / "log").write_text(f"{lines[0][:-5]}\n{lines[1]}\n")
    code, said = empty.run("recover", str(tmp_path / "log"))
    assert code == 1
    assert said.startswith("line 1 has a row that cannot be read")
    assert empty.rows() == [ROWS[1]]


def test_a_file_that_is_not_there_is_named(empty: Deployment) -> None:
    assert empty.run("recover", "/no/such/log")[0] == "turnout recover: /no/such/log: No such file or directory"


# --- recount


def test_what_was_counted_right_differs_in_nothing(full: Deployment) -> None:
    code, said = full.run("recount", *PERIOD)
    assert said.splitlines()[-1].startswith("3 rows, ")
    assert said.endswith(" 0 differences\n")
    assert code == 0


async def test_feedback_is_part_of_the_count(full: Deployment) -> None:
    requests = DynamoRequests(full.client, LOG_TABLE, full.clock)
    box = DynamoFeedback(requests, DynamoAmendments(full.client, LOG_TABLE, *TABLES, full.clock), full.clock)
    for score in ("1", "0.25"):
        assert await box.give(ROWS[1].id, "key_1", Decimal(score), "")
    assert full.run("recount", *PERIOD)[0] == 0


def test_a_row_that_was_not_counted_is_a_difference_until_it_is_counted(empty: Deployment) -> None:
    empty.put(ROWS)
    empty.count(ROWS[:-1])
    code, said = empty.run("recount", *PERIOD)
    assert code == 1
    hour = f"{FIRST + timedelta(days=1):%Y-%m-%d}T06"
    assert f"hour {hour}, model 'openai/{MODEL.name}', task '', policy '': ae is 0, the rows give 1" in said
    assert empty.run("recount", *PERIOD, "--apply")[0] == 0
    assert empty.run("recount", *PERIOD, "--apply")[0] == 0
    assert empty.cost() == sum(one.cost_usd for one in ROWS)


def test_a_count_that_is_too_high_is_told_and_stays(full: Deployment) -> None:
    full.count([replace(ROWS[0], id="counted and not in the log")])
    code, said = full.run("recount", *PERIOD, "--apply")
    assert code == 1
    assert "rq is 3, the rows give 2" in said


def test_a_row_that_cannot_be_counted_is_told(full: Deployment) -> None:
    broken = row(3, Usage())
    broken.attempts[0].cost_usd = Decimal("1e-30")
    full.put([broken])
    code, said = full.run("recount", *PERIOD, "--apply")
    assert code == 1
    assert f"row {broken.id} cannot be counted: cost_usd is" in said


# --- reprice


def test_prices_that_have_not_changed_make_no_difference(full: Deployment) -> None:
    for options in ([], ["--recorded"]):
        code, said = full.run("reprice", *PERIOD, *options)
        assert code == 0
        assert said.startswith("3 rows, 0 with another price, 0 changed;")
        assert said.endswith("difference +0 USD\n") or "difference +0.0" in said


@pytest.fixture
def dearer(tmp_path: Path) -> dict[str, str]:
    """A catalog in which fresh input costs a dollar more per million tokens, since ever."""
    text = (DATA / "openai.toml").read_text()
    begun = text.index(f'name = "{MODEL.name}"')
    rest = text[begun:].replace(f'input = "{PRICE.rate.input}"', f'input = "{DEARER}"', 1)
    assert rest != text[begun:]
    (tmp_path / "openai.toml").write_text(text[:begun] + rest)
    return {"TURNOUT_CATALOG_DIR": str(tmp_path)}


FRESH = 100 + 31 + 5 + 3 + 3  # what is written to the cache costs as much


def test_a_corrected_price_is_told_to_the_last_digit_and_changes_nothing(
    full: Deployment, dearer: dict[str, str]
) -> None:
    code, said = full.run("reprice", *PERIOD, env=dearer)
    assert code == 0
    assert said.splitlines()[-1].startswith("3 rows, 3 with another price, 0 changed;")
    assert Decimal(said.split()[-2]) == Decimal(FRESH).scaleb(-6)
    assert full.rows() == ROWS


def test_applied_it_changes_rows_and_rollups_alike_and_once(full: Deployment, dearer: dict[str, str]) -> None:
    before = full.cost()
    assert full.run("reprice", *PERIOD, "--apply", env=dearer)[0] == 0
    assert full.cost() - before == Decimal(FRESH).scaleb(-6)
    assert sum(one.cost_usd for one in full.rows()) == full.cost()
    assert full.run("recount", *PERIOD)[0] == 0
    assert full.run("reprice", *PERIOD, "--apply", env=dearer)[1].startswith("3 rows, 0 with another price")
    assert full.run("reprice", *PERIOD, "--apply")[0] == 0
    assert (full.cost(), full.rows()) == (before, ROWS)


def test_a_row_that_is_not_counted_yet_is_left_as_it_is(empty: Deployment, dearer: dict[str, str]) -> None:
    empty.put(ROWS)
    code, said = empty.run("reprice", *PERIOD, "--apply", env=dearer)
    assert code == 1
    assert f"row {ROWS[0].id} stays as it is: it is not counted yet" in said
    assert empty.rows() == ROWS


def test_a_model_that_the_catalog_does_not_know_keeps_its_cost(full: Deployment) -> None:
    gone = row(4, Usage(input=5))
    gone.attempts[0].model = "gone"
    full.put([gone])
    code, said = full.run("reprice", *PERIOD)
    assert code == 1
    assert f"openai/gone {PRICE.since}: the catalog has no such price; 1 rows keep theirs" in said


# --- what all have in common


@pytest.mark.parametrize(
    ("period", "told"),
    [
        (["--from=2026-11-02", "--to=2026-11-01"], "--to is the day after the last one"),
        (["--from=2020-01-01", "--to=2020-01-02"], "rows live for 60 days, and some of that period are gone"),
    ],
)
@pytest.mark.parametrize("command", ["recount", "reprice"])
def test_a_period_that_cannot_be_is_refused(empty: Deployment, command: str, period: list[str], told: str) -> None:
    assert told in str(empty.run(command, *period)[0])


def test_a_day_that_is_none_is_a_wrong_argument(empty: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        empty.run("recount", "--from=yesterday", "--to=2026-11-02")
    assert ended.value.code == 2
    assert "'yesterday' is no day such as 2026-11-24" in capsys.readouterr().err


def test_a_store_that_does_not_answer_is_one_line(full: Deployment) -> None:
    with Outage(full.client):
        code, said = full.run("recount", *PERIOD)
    assert str(code).startswith("turnout recount: Read timeout")
    assert said == ""


def test_a_wrong_setting_is_one_line(empty: Deployment) -> None:
    code, _ = empty.run("recount", *PERIOD, env={"TURNOUT_RETENTION_DAYS": "0"})
    assert str(code).startswith("turnout recount: TURNOUT_RETENTION_DAYS: ")
