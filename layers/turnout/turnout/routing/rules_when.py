"""Whether a rule fires: each condition is one function, which tells why it does not hold."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import get_args

from turnout.core.chat import Chat, Message
from turnout.core.frozen import frozen
from turnout.core.models import Capability
from turnout.core.ports import Key
from turnout.routing.classify import Kind
from turnout.routing.rules import Day, Rule, Rules, When

DAYS: tuple[Day, ...] = get_args(Day.__value__)


@frozen
class Subject:
    """What conditions look at. `tokens` are the prompt's, estimated; `at` is epoch seconds.

    `kind` classifies, so it is called only when a condition on the task is reached.
    """

    chat: Chat
    key: Key
    tags: Mapping[str, str]
    tokens: int
    needs: frozenset[Capability]
    at: float
    kind: Callable[[], Kind]


def first(rules: Rules, subject: Subject) -> Rule | None:
    """The rule that fires."""
    return next((rule for rule in rules if not miss(rule.when, subject)), None)


def misses(rules: Rules, subject: Subject) -> Iterator[tuple[Rule, str]]:
    """Each rule with the reason for which it does not fire, up to the one that does, whose reason is empty."""
    for rule in rules:
        told = miss(rule.when, subject)
        yield rule, told
        if not told:
            return


def miss(when: When, subject: Subject) -> str:
    """The first condition that does not hold, in a few words; empty when all do."""
    return next((told for condition in CONDITIONS if (told := condition(when, subject))), "")


def _stream(when: When, subject: Subject) -> str:
    if when.stream is None or when.stream == subject.chat.stream:
        return ""
    return f"stream is {str(subject.chat.stream).lower()}"


def _keys(when: When, subject: Subject) -> str:
    key = subject.key
    return f"the key is {key.name or key.id}" if when.keys and not {key.id, key.name} & {*when.keys} else ""


def _ruleset(when: When, subject: Subject) -> str:
    if not when.rulesets or subject.key.ruleset in when.rulesets:
        return ""
    return f"the key names the ruleset '{subject.key.ruleset}'" if subject.key.ruleset else "the key names no ruleset"


def _tags(when: When, subject: Subject) -> str:
    for name, wanted in (when.tags or {}).items():
        value = subject.tags.get(name)
        if value is None:
            return f"there is no tag {name}"
        if wanted not in {"*", value}:
            return f"the tag {name} is '{value}'"
    return ""


def _needs(when: When, subject: Subject) -> str:
    missing = {*(when.needs or ())} - subject.needs
    return f"the request does not need {', '.join(sorted(missing))}" if missing else ""


def _tokens(when: When, subject: Subject) -> str:
    low, high = when.min_tokens or 0, when.max_tokens
    fits = low <= subject.tokens and (high is None or subject.tokens <= high)
    return "" if fits else f"the prompt has about {subject.tokens} tokens"


def _time(when: When, subject: Subject) -> str:
    """A span that passes midnight belongs to the day on which it began."""
    if not (when.hours or when.days):
        return ""
    local = datetime.fromtimestamp(subject.at, UTC).astimezone(when.time_zone)
    start, _, end = (when.hours or "00:00-24:00").partition("-")
    clock, day = local.strftime("%H:%M"), local.weekday()
    late = start > end and clock < end
    within = late or (start <= clock and (start > end or clock < end))
    on = DAYS[day - late]
    fits = within and (not when.days or on in when.days)
    return "" if fits else f"it is {DAYS[day]} {clock} {when.time_zone}"


def _task(when: When, subject: Subject) -> str:
    if not when.task:
        return ""
    kind = subject.kind()
    if kind.task not in when.task:
        return f"the task is {kind.task} ({kind.confidence:.2f})"
    return (
        f"the task is {kind.task}, but only at {kind.confidence:.2f}" if kind.confidence < when.min_confidence else ""
    )


def _text(when: When, subject: Subject) -> str:
    found = when.text is None or any(when.text.found_in(message.text) for message in spoken(subject.chat, when.role))
    return "" if found else f"nothing that {SPEAKERS[when.role]} says matches"


def spoken(chat: Chat, role: str) -> Iterator[Message]:
    """What a role says; `system` is the developer's too, and of `last_user` it is the last turn."""
    roles = {"system", "developer"} if role == "system" else {role.removeprefix("last_")}
    said = (message for message in reversed(chat.messages) if role == "any" or message.role in roles)
    for message in said:
        yield message
        if role == "last_user":
            return


SPEAKERS = {
    "any": "anybody",
    "system": "the system",
    "user": "the user",
    "last_user": "the user's last turn",
    "assistant": "the assistant",
    "tool": "a tool",
}
"""The roles of a rule, in words."""

CONDITIONS: tuple[Callable[[When, Subject], str], ...] = (
    _stream,
    _keys,
    _ruleset,
    _tags,
    _needs,
    _tokens,
    _time,
    _text,
    _task,
)
"""The cheapest first."""
