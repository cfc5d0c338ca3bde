"""`turnout reprice`: what a past period costs by the catalog's prices, and how that differs from what was recorded."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from botocore.exceptions import ClientError

from turnout.cli.command import Command, add_period, checked_period
from turnout.cli.world import World
from turnout.policy.counting import entry
from turnout.policy.reprice import Repriced, governing, recorded, repriced
from turnout.store.amendments import difference
from turnout.store.cells import MARKER_LIFETIME, Wire
from turnout.store.dynamo import to_wire
from turnout.store.log import to_item


@dataclass(slots=True)
class Tally:
    """What was found: how many rows, and of those that change; USD by model; what has no price; what was left as is."""

    rows: int = 0
    changed: int = 0
    before: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    after: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    unknown: Counter[str] = field(default_factory=Counter[str])
    left: list[str] = field(default_factory=list[str])

    def add(self, found: Repriced) -> None:
        """Take in one row."""
        self.rows += 1
        self.changed += found.changed
        self.unknown.update(found.unknown)
        for sums, record in ((self.before, found.before), (self.after, found.after)):
            for attempt in record.attempts:
                model = f"{attempt.vendor}/{attempt.model}"
                sums[model] = sums.get(model, Decimal(0)) + attempt.cost_usd


def _arguments(parser: ArgumentParser) -> None:
    add_period(parser)
    parser.add_argument(
        "--recorded", action="store_true", help="by the versions that the rows name, not those that govern by now"
    )
    parser.add_argument("--apply", action="store_true", help="change the rows, and the rollups with them")


def _run(args: Namespace, world: World) -> int:
    since, until = checked_period(args, world)
    tally = Tally()
    for row in world.requests.rows(since, until):
        found = repriced(row.record, world.catalog, recorded if args.recorded else governing)
        tally.add(found)
        if args.apply and found.changed and (why := _applied(found, world)):
            tally.left.append(f"row {row.record.id} stays as it is: {why}")
    _tell(tally, world, applied=args.apply)
    return int(bool(tally.unknown or tally.left))


def _applied(found: Repriced, world: World) -> str:
    """Change the row and the rollups; why that was not possible, "" if it was."""
    change = difference(entry(found.before).increments, entry(found.after).increments)
    recent = found.before.at > world.clock.time() - MARKER_LIFETIME
    try:
        done = world.amendments.amend(found.before.id, _update(found, world), change, counted=recent)
    except ClientError as error:
        return str(error)
    return "" if done else "it is not counted yet, or has changed meanwhile; try again later"


def _update(found: Repriced, world: World) -> Wire:
    item = to_item(found.after, world.retention_days)
    values = {":attempts": item["attempts"], ":cost": item["cost_usd"], ":before": found.before.cost_usd}
    return {
        "UpdateExpression": "SET attempts = :attempts, cost_usd = :cost",
        "ConditionExpression": "cost_usd = :before",
        "ExpressionAttributeValues": to_wire(values),
    }


def _tell(tally: Tally, world: World, *, applied: bool) -> None:
    for line in tally.left:
        world.say(line)
    for name, times in sorted(tally.unknown.items()):
        world.say(f"{name}: the catalog has no such price; {times} rows keep theirs")
    for model in sorted(tally.before):
        if tally.before[model] != tally.after[model]:
            world.say(f"{model}: {_from_to(tally.before[model], tally.after[model])}")
    total = _from_to(sum(tally.before.values(), Decimal(0)), sum(tally.after.values(), Decimal(0)))
    done = tally.changed - len(tally.left) if applied else 0
    world.say(f"{tally.rows} rows, {tally.changed} with another price, {done} changed; all: {total}")


def _from_to(before: Decimal, after: Decimal) -> str:
    return f"{before:f} USD, by the catalog {after:f} USD, difference {after - before:+f} USD"


REPRICE = Command("price a past period again and say the difference", _arguments, _run)
