"""From a question to a reply: what is said, what it counts as, and under which names."""

from collections.abc import Sequence
from dataclasses import replace

from local.simulators.mind import tokens
from local.simulators.mind.answering import Said, answers
from local.simulators.mind.cache import PromptCache, cacheable
from local.simulators.personas.protocol import Question, Reply
from turnout.core.events import Choice, Usage


def reply(question: Question, cache: PromptCache, number: int, now: float) -> Reply:
    """The reply to `question`; `number` makes its id, `now` is epoch seconds."""
    said = answers(question.chat)
    seed = question.chat.seed
    return Reply(
        question=question,
        id=f"sim{number:021d}",
        created=int(now),
        choices=tuple(one.choice for one in said),
        usage=counted(question, cache, said),
        stops=tuple(one.stop for one in said),
        fingerprint="fp_simulated" if seed is None else f"fp_simulated_{seed}",
    )


def counted(question: Question, cache: PromptCache, said: Sequence[Said]) -> Usage:
    """The tokens: of the prompt once, of every answer."""
    prompt = tokens.of_prompt(question.chat)
    cached = written = 0
    if question.caches != "never":
        cached = min(prompt, cache.read(question.model, question.chat))
    if question.caches == "marked":
        written = min(prompt, cacheable(question.chat)) - cached
    return Usage(
        input=prompt - cached - written,
        cached_input=cached,
        cache_write=written,
        output=sum(one.tokens for one in said),
        reasoning=sum(one.reasoning_tokens for one in said),
    )


def with_choices(reply: Reply, choices: Sequence[Choice]) -> Reply:
    """The same reply, saying something else."""
    output = sum(Said(choice).tokens for choice in choices)
    return replace(reply, choices=tuple(choices), stops=(), usage=replace(reply.usage, output=output))
