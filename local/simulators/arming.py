"""Which fault comes next: ordered through the control port or in-process, or asked for within a prompt."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.simulators.faults import FAULTS
from local.simulators.mind.answering import last_user
from local.simulators.personas.protocol import Question, Refused

MARK = re.compile(r"\[\[fault:(\w+)(?:\*(\d{1,4}))?(?:@(\w+))?\]\]")
"""`[[fault:NAME]]`, `[[fault:NAME*2]]`, `[[fault:NAME@openai_chat]]`, `[[fault:NAME*2@openai_chat]]`."""


class BadOrder(ValueError):
    """There is no such fault, or it cannot be had in this way; the message says what can."""


@dataclass(slots=True)
class Order:
    """A fault that is switched on: for `times` more requests (None: for all), of one model, of one kind.

    `hold` is how long its stalls last, in seconds; None: as long as the simulator's own.
    """

    name: str
    times: int | None = None
    model: str | None = None
    stream: bool | None = None
    hold: float | None = None

    def __post_init__(self) -> None:
        """Raises BadOrder."""
        if self.name not in FAULTS:
            raise BadOrder(unknown(self.name))
        if self.gated and (self.times, self.model, self.stream) != (None, None, None):
            raise BadOrder(
                f"'{self.name}' happens before there is a request to count or to look at: leave out times, model and "
                "stream; use seconds to end it"
            )

    @property
    def gated(self) -> bool:
        """Whether it is the listening socket that fails."""
        return FAULTS[self.name].gate != "open"

    def wants(self, question: Question) -> bool:
        """Whether this request is to fail."""
        return (
            not self.gated
            and self.model in {None, question.model}
            and self.stream in {None, question.chat.stream}
            and suits(self.name, question)
        )


@dataclass(slots=True)
class Orders:
    """The faults that are on, the oldest first."""

    standing: list[Order] = field(default_factory=list[Order])

    def take(self, question: Question) -> Order | None:
        """The first that wants this request, used up by one."""
        order = next((order for order in self.standing if order.wants(question)), None)
        if order and order.times is not None:
            order.times -= 1
            self.standing = [one for one in self.standing if one.times != 0]
        return order

    def drop(self, name: str | None = None) -> None:
        """Switch off those of that name, or all."""
        self.standing = [order for order in self.standing if name not in {None, order.name}]


@dataclass(slots=True)
class Marks:
    """Faults that prompts ask for. One with a count fails that often, is answered once, and begins again."""

    dialect: str
    used: Counter[str] = field(default_factory=Counter[str])

    def take(self, question: Question) -> Order | None:
        """The first that the user's last turn asks for here. Raises Refused when there is no such fault."""
        text = last_user(question.chat).text
        for name, times in self.asked_for(text):
            if name not in FAULTS:
                raise Refused("no_such_fault", unknown(name))
            if suits(name, question) and self.due(f"{name} {question.model} {text}", times):
                return Order(name)
        return None

    def asked_for(self, text: str) -> Iterator[tuple[str, int]]:
        """(name, how often; 0 for always) of the marks meant for this dialect."""
        for name, times, dialect in MARK.findall(text):
            if dialect in {"", self.dialect}:
                yield name, int(times or 0)

    def due(self, key: str, times: int) -> bool:
        """Whether this prompt still has to fail."""
        if times and self.used[key] >= times:
            del self.used[key]
            return False
        self.used[key] += bool(times)
        return True


def suits(name: str, question: Question) -> bool:
    """Whether such a fault can befall such a request."""
    return ("stream" if question.chat.stream else "plain") in FAULTS[name].on


def unknown(name: str) -> str:
    """What to say of a name that is not in the table."""
    return f"there is no fault named '{name}'; there are: {', '.join(FAULTS)}"
