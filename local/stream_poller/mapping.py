"""The event source mapping of the template: how records are to be delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic_core import from_json

from local.tables import resources


@dataclass(frozen=True, slots=True)
class EventSource:
    """An `AWS::Lambda::EventSourceMapping`, with Lambda's defaults. Times are seconds; None: without limit.

    `table`, `function` and `dead_letters` are logical ids of the template, the last one "" when there are none.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
    """

    table: str
    function: str
    starting_position: str = "LATEST"
    batch_size: int = 100
    window: float = 0.0
    bisect: bool = False
    partial: bool = False
    retries: int | None = None
    longest_age: float | None = None
    patterns: tuple[Mapping[str, Any], ...] = ()
    dead_letters: str = ""

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        """From a resource's properties. Raises ValueError for a filter that is no JSON object."""
        on_failure = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        return cls(
            table=_referenced(properties["EventSourceArn"]),
            function=_referenced(properties["FunctionName"]),
            starting_position=properties["StartingPosition"],
            batch_size=properties.get("BatchSize", 100),
            window=properties.get("MaximumBatchingWindowInSeconds", 0),
            bisect=properties.get("BisectBatchOnFunctionError", False),
            partial="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
            retries=_limit(properties.get("MaximumRetryAttempts", -1)),
            longest_age=_limit(properties.get("MaximumRecordAgeInSeconds", -1)),
            patterns=tuple(
                from_json(one["Pattern"]) for one in properties.get("FilterCriteria", {}).get("Filters", ())
            ),
            dead_letters=_referenced(on_failure) if on_failure else "",
        )


def event_source(template: Path, logical_id: str = "AggregatorMapping") -> EventSource:
    """The mapping of that name. Raises KeyError when the template has none."""
    return EventSource.of(dict(resources(template, "AWS::Lambda::EventSourceMapping"))[logical_id])


def _referenced(value: Mapping[str, Any]) -> str:
    """The logical id behind `!Ref x` or `!GetAtt x.Arn`."""
    return value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]


def _limit(value: int) -> int | None:
    return None if value < 0 else value
