"""What differs between families of models behind Bedrock's Converse, found by a part of the model's id."""

from collections.abc import Mapping
from dataclasses import field

from turnout.core.chat import JSON, Effort
from turnout.core.frozen import frozen


@frozen
class Family:
    """How a family takes an effort, and what it cannot do.

    `efforts`: the word in `outputConfig` for each effort; `fields`: or else the `additionalModelRequestFields`.
    `unbounded`: efforts at which the model sets its own limits, and takes neither these nor sampling parameters.
    `streams_tools`: can call tools in a stream.
    """

    efforts: Mapping[Effort, str] = field(default_factory=dict[Effort, str])
    fields: Mapping[Effort, JSON] = field(default_factory=dict[Effort, JSON])
    unbounded: frozenset[Effort] = frozenset()
    streams_tools: bool = True


def _nova(effort: str) -> JSON:
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}


# https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
NOVA_2 = Family(
    fields={
        "none": {"reasoningConfig": {"type": "disabled"}},
        "minimal": _nova("low"),
        "low": _nova("low"),
        "medium": _nova("medium"),
        "high": _nova("high"),
        "xhigh": _nova("high"),
    },
    unbounded=frozenset({"high", "xhigh"}),
)

# https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
LLAMA = Family(streams_tools=False)

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_OutputConfig.html
OTHER = Family(efforts={"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh"})

# The first name that is a part of the id is taken; ids of inference profiles begin with a geography.
FAMILIES: tuple[tuple[str, Family], ...] = (("amazon.nova-2", NOVA_2), ("meta.llama", LLAMA), ("", OTHER))


def family_of(upstream: str) -> Family:
    """The family of a model, by Bedrock's id for it."""
    return next(family for name, family in FAMILIES if name in upstream)
