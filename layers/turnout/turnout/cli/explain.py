"""`turnout explain ID`: a decision of the past made again from its record, and whether the same came out."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from turnout.cli.command import CannotDo, Command
from turnout.cli.world import World
from turnout.core.policies import Policy
from turnout.core.records import Record
from turnout.routing.replay import CannotReplay, Replay, replay
from turnout.store.log import from_item
from turnout.store.recovery import rows_in


def _arguments(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", help="the request's id, as x-turnout-request-id tells it")
    which.add_argument(
        "--file",
        type=Path,
        help="the record itself: a row, or what GET /v1/requests/{id} answers; of AWS it needs the policy alone",
    )


def _run(args: Namespace, world: World) -> int:
    record = _in_file(args.file) if args.file else _in_log(args.id, world)
    try:
        again = replay(record, world.knowledge, _policy(record, world))
    except CannotReplay as error:
        raise CannotDo(str(error)) from None
    for line in told(again):
        world.say(line)
    return int(bool(again.differs))


def _policy(record: Record, world: World) -> Policy | None:
    """The version that decided; None where that were the priors, or those of another release."""
    version = record.decision.policy if record.decision else ""
    known = version in {"", world.knowledge.priors.version}
    return None if known else asyncio.run(world.policies.find(version))


def _in_log(request_id: str, world: World) -> Record:
    found = asyncio.run(world.requests.find(request_id))
    if found is None:
        raise CannotDo(f"the log has no request {request_id}; rows live for {world.retention_days} days")
    return found.record


def _in_file(path: Path) -> Record:
    try:
        text = path.read_text("utf-8")
        return next(rows_in(text), None) or from_item(_as_row(from_json(text)))
    except OSError as error:
        raise CannotDo(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise CannotDo(f"{path} holds no record of a request: {len(error.errors())} fields are wrong") from None
    except (ValueError, AttributeError, KeyError, TypeError):
        raise CannotDo(f"{path} holds no record of a request") from None


def _as_row(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row as the table has it; of what the console answers, the fields that a decision needs."""
    decision: Mapping[str, Any] = item.get("decision") or {}
    if "basis" not in decision:
        return item
    kept = {name: item[name] for name in ("id", "key_id", "requested", "stream", "reason")}
    drops = {name: decision[name] for name in ("candidates", "dropped")}
    return {**kept, **drops, "at": 0.0, "decision": decision["basis"]}


def told(again: Replay) -> Iterator[str]:
    """What the decision was made on, what came of it, and whether that is what comes of it now."""
    plan, features = again.plan, again.plan.features
    yield f"request {again.record.id}, asked for {again.record.requested}"
    yield f"reason: {plan.reason}"
    yield f"policy: {plan.policy.version or 'none'}"
    yield f"rule: {features.rule or 'none'}; goal: {features.goal}; mode: {features.mode}"
    sure = "" if features.confidence is None else f" ({features.confidence:.2f})"
    yield f"task: {features.task or 'not needed'}{sure}; about {features.prompt_tokens} tokens"
    for number, model in enumerate(plan.targets, start=1):
        score = plan.decision.scores.get(model.id)
        yield f"{number:3} {model.id}{'' if score is None else f'  {score:.4f}'}"
    for drop in plan.dropped:
        yield f"  - {drop.model}: {drop.reason}"
    yield f"seed {plan.decision.seed}, propensity {plan.decision.propensity:.4f}"
    yield from (f"changed since: {change}" for change in again.changed)
    yield f"NOT the same as recorded: {', '.join(again.differs)}" if again.differs else "the same as recorded"


EXPLAIN = Command("make a decision again from its record, and say whether the same came out", _arguments, _run)
