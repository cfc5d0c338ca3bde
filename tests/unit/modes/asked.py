"""A fake to ask with, for the modes."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.fakes import a_model
from turnout.core import errors
from turnout.core.chat import Chat, Message, Text
from turnout.core.events import Delta, Done, Events
from turnout.core.models import Model
from turnout.core.records import ANSWER, Part

CHAT = Chat((Message("user", (Text("Which is the largest lake?"),)),), stream=True)

type Step = Delta | Done | errors.TurnoutError | asyncio.Event


def said(*texts: str) -> list[Step]:
    """The script of a whole answer."""
    return [*(Delta(text=text) for text in texts), Delta(finish="stop"), Done()]


def models(*names: str, **changes: Any) -> tuple[Model, ...]:
    return tuple(a_model(name, **changes) for name in names)


class Asked:
    """An `Asking`: each call of a model plays its next script, in which an asyncio.Event is a wait for that event.

    `calls` are those that have begun, `open` those that are not over.
    """

    def __init__(self, **scripts: Sequence[Sequence[Step]]) -> None:
        self.scripts = {name: list(script) for name, script in scripts.items()}
        self.calls: list[tuple[str, Chat, Part]] = []
        self.open: list[str] = []

    async def __call__(self, chat: Chat, model: Model, *, more: bool, part: Part = ANSWER) -> Events:
        self.calls.append((model.name, chat, part))
        self.open.append(model.name)
        try:
            for step in self.scripts[model.name].pop(0):
                match step:
                    case asyncio.Event():
                        await step.wait()
                    case errors.TurnoutError():
                        raise step
                    case _:
                        yield step
        finally:
            self.open.remove(model.name)

    def prompts(self, role: str) -> list[str]:
        """All text that the calls of a role were asked with."""
        return [
            "\n".join(message.text for message in chat.messages) for _, chat, part in self.calls if part.role == role
        ]
