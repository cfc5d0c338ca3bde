import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from tests.fakes import FakeClock
from tests.unit.store.aws import LOG_TABLE, dynamo_log
from tests.unit.store.contracts import BARE, FAILED_OVER
from tests.unit.store.test_log import records
from turnout.core.records import Record
from turnout.store.log import unsaved_line
from turnout.store.recovery import DynamoRecovery, rows_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LINE = unsaved_line(FAILED_OVER, OSError("no route"))
OTHER = unsaved_line(BARE, OSError("no route"))


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("START RequestId: 1", []),
        (f"2026-11-24T06:00:00Z {LINE}\n", [FAILED_OVER]),
        (f"{LINE}\t{OTHER}\t{LINE}\n", [FAILED_OVER, BARE, FAILED_OVER]),
        (json.dumps({"timestamp": 1, "message": LINE + "\n", "ingestionTime": 2}), [FAILED_OVER]),
        (json.dumps([{"message": OTHER}, {"message": LINE}]), [BARE, FAILED_OVER]),
    ],
    ids=["none", "plain", "as text of the AWS CLI", "as JSON of the AWS CLI", "all in one line"],
)
def test_rows_are_found_whatever_wrote_the_log(line: str, rows: list[Record]) -> None:
    assert list(rows_in(line)) == rows


@given(records)
def test_every_row_survives_being_quoted_in_json(record: Record) -> None:
    line = unsaved_line(record, OSError('"quotes" and \\ backslashes'))
    assert list(rows_in(json.dumps({"message": line}))) == [record]


@pytest.mark.parametrize("name", ["turnout_unsaved_row", '{"turnout_unsaved_row": 1', '{\\"turnout_unsaved_row\\"'])
def test_no_tag_can_break_the_recovery_of_its_row(name: str) -> None:
    row = replace(BARE, tags={name: name})
    line = unsaved_line(row, OSError(name))
    assert list(rows_in(f"{line} {line}")) == [row, row]
    assert list(rows_in(json.dumps([{"message": line}, {"message": line}]))) == [row, row]


@pytest.mark.parametrize("line", [LINE[:-9], json.dumps(LINE)[:-9], f"{OTHER[:40]} {LINE}"])
def test_a_row_that_was_cut_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"line 1|Expecting|column"):
        list(rows_in(line))


def test_a_row_is_loaded_once_and_never_over_another(dynamodb: "DynamoDBClient") -> None:
    recovery = DynamoRecovery(dynamodb, LOG_TABLE, 90, FakeClock(BARE.at))
    assert recovery.load(BARE) == "loaded"
    assert recovery.load(replace(BARE, requested="other")) == "there"
    assert list(dynamo_log(dynamodb).rows()) == [BARE]


def test_a_row_that_has_expired_stays_out(dynamodb: "DynamoDBClient") -> None:
    recovery = DynamoRecovery(dynamodb, LOG_TABLE, 1, FakeClock(BARE.at + 86_400))
    assert recovery.load(BARE) == "expired"
    assert list(dynamo_log(dynamodb).rows()) == []
