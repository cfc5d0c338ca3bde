"""`turnout rules test PROMPT`: which rule fires, what it does, and why those before it do not."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

from turnout.cli.command import CannotDo, Command
from turnout.cli.world import World
from turnout.core.chat import Chat, Message, Options, Request, Text
from turnout.core.ports import Key
from turnout.modes import MODES
from turnout.routing.decision import AUTO, Asked, Knowledge, observe, subject_of
from turnout.routing.plan import decide
from turnout.routing.replay import with_keys
from turnout.routing.rules import NOTHING, Rule, Rules, Then, When
from turnout.routing.rules_file import read
from turnout.routing.rules_when import Subject, misses


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=["test"], help="run a prompt through the rules")
    parser.add_argument("prompt", help="the user's turn; - for standard input")
    parser.add_argument("--file", type=Path, help="the rules; without it those of TURNOUT_RULES_FILE")
    parser.add_argument("--system", default="", help="the system's turn before it")
    parser.add_argument("--model", default=AUTO, help="the model that the request names (auto)")
    parser.add_argument("--task", default="", help="the task that the request names; without it, it is classified")
    parser.add_argument("--key", default="", help="id or name of the key")
    parser.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE", help="a tag; may be repeated")
    parser.add_argument("--stream", action="store_true", help="as a stream")
    parser.add_argument("--at", default="", metavar="TIME", help="when, as 2026-11-24T22:15; in UTC, now if not given")


def _run(args: Namespace, world: World) -> int:
    file: Path | None = args.file or world.config.rules_file
    if file is None:
        raise CannotDo("there are no rules: name a file with --file, or in TURNOUT_RULES_FILE")
    known = Knowledge(world.catalog, world.knowledge.outcomes, read(file, world.catalog, MODES))
    asked = Asked(_request(args, world), Key(args.key, args.key), _moment(args.at, world))
    for line in _told(known.rules, subject_of(asked)):
        world.say(line)
    candidates, features = observe(asked, known)
    # The rules are those of a deployment that has its vendors' keys, and this machine need not.
    plan = decide(tuple(map(with_keys, candidates)), replace(features, unready=()), 0, known.priors)
    world.say(f"so: {plan.reason}")
    world.say(f"targets: {', '.join(model.id for model in plan.targets) or 'none'}")
    for drop in plan.dropped:
        world.say(f"  not {drop.model}: {drop.reason}")
    return 0


def _request(args: Namespace, world: World) -> Request:
    prompt = world.stdin.read() if args.prompt == "-" else args.prompt
    said = [Message("user", (Text(prompt),))]
    if args.system:
        said.insert(0, Message("system", (Text(args.system),)))
    tags = dict(tag.split("=", 1) for tag in args.tag if "=" in tag)
    if len(tags) < len(args.tag):
        raise CannotDo("--tag is NAME=VALUE, each name once")
    return Request(Chat(tuple(said), stream=args.stream), args.model, Options(task=args.task, tags=tags))


def _moment(text: str, world: World) -> float:
    if not text:
        return world.clock.time()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CannotDo(f"--at: '{text}' is no time such as 2026-11-24T22:15") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _told(rules: Rules, subject: Subject) -> Iterator[str]:
    reasons = dict(enumerate(misses(rules, subject)))
    width = max((len(rule.name) for rule in rules), default=0)
    for number, rule in enumerate(rules):
        start = f"{number + 1:3} {rule.name:{width}}  "
        if number not in reasons:
            yield f"{start}not reached"
        elif why := reasons[number][1]:
            yield f"{start}no: {why}"
        else:
            yield f"{start}FIRES: {_conditions(rule.when)}; then {_actions(rule)}"
    if not any(not why for _, why in reasons.values()):
        yield "no rule fires"


def _conditions(when: When) -> str:
    return _given(when, When()) or "it has no conditions"


def _actions(rule: Rule) -> str:
    return _given(rule.then, NOTHING)


def _given(said: When | Then, nothing: When | Then) -> str:
    """The fields that say something."""
    values = ((field.name, getattr(said, field.name), getattr(nothing, field.name)) for field in fields(said))
    return ", ".join(f"{name} = {value!r}" for name, value, usual in values if value != usual)


RULES = Command("test the rules: which one fires for a prompt, and why", _arguments, _run)
