"""What Anthropic checks beyond the types of fields, each rule with the vendor's complaint."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from local.simulators.personas.anthropic_messages.fields import Block, Body, Turn
from local.simulators.personas.protocol import Refused

type Rule = Callable[[Body], Iterator[tuple[str, str]]]


def check(body: Body) -> None:
    """Raises Refused for the first rule that is broken."""
    for rule in RULES:
        for field, complaint in rule(body):
            raise Refused("invalid_body", f"{field}: {complaint}", field)


def blocks(turn: Turn) -> list[Block]:
    """The content as blocks."""
    return [Block(type="text", text=turn.content)] if isinstance(turn.content, str) else turn.content


def starts_with_the_user(body: Body) -> Iterator[tuple[str, str]]:
    """The first turn is the user's."""
    if body.messages[0].role != "user":
        yield "messages", "first message must use the user role"


def says_something(body: Body) -> Iterator[tuple[str, str]]:
    """No text is empty."""
    for at, turn in enumerate(body.messages):
        if not turn.content and at < len(body.messages) - 1:
            yield f"messages.{at}", "all messages must have non-empty content except for the optional final assistant"
        for block in blocks(turn):
            if block.type == "text" and turn.content and not block.text:
                yield "messages", "text content blocks must be non-empty"


def prefills_cleanly(body: Body) -> Iterator[tuple[str, str]]:
    """The start of an answer ends in no space, and is not thought about."""
    last = body.messages[-1]
    text = "".join(block.text for block in blocks(last))
    if last.role == "assistant" and text != text.rstrip():
        yield "messages", "final assistant content cannot end with trailing whitespace"
    if last.role == "assistant" and thinks(body):
        yield "messages", "When thinking is enabled, a final assistant message cannot prefill the answer."


def answers_calls(body: Body) -> Iterator[tuple[str, str]]:
    """The results in a turn are those of the calls in the turn before."""
    called = set[str]()
    nothing_more = Turn(role="user", content=[])
    for at, turn in enumerate([*body.messages, nothing_more]):
        results = {block.tool_use_id for block in blocks(turn) if block.type == "tool_result"}
        if strange := results - called:
            ids = ", ".join(sorted(strange))
            yield f"messages.{at}.content", f"unexpected `tool_use_id` found in `tool_result` blocks: {ids}"
        if missing := called - results:
            ids = ", ".join(sorted(missing))
            yield f"messages.{at}", f"`tool_use` ids were found without `tool_result` blocks immediately after: {ids}"
        called = {block.id for block in blocks(turn) if block.type == "tool_use"}


def offers_objects(body: Body) -> Iterator[tuple[str, str]]:
    """A tool's parameters are an object."""
    for at, tool in enumerate(body.tools or ()):
        if tool.input_schema.get("type") != "object":
            yield f"tools.{at}.custom.input_schema.type", "Input should be 'object'"


def chooses_what_is_there(body: Body) -> Iterator[tuple[str, str]]:
    """A tool choice needs tools, and a named tool must be among them."""
    names = {tool.name for tool in body.tools or ()}
    if body.tool_choice and not names:
        yield "tool_choice", "tool_choice may only be specified while providing tools."
    if body.tool_choice and body.tool_choice.type == "tool" and body.tool_choice.name not in names:
        yield "tool_choice.name", f"Tool '{body.tool_choice.name}' not found in provided tools"


def thinks_within_limits(body: Body) -> Iterator[tuple[str, str]]:
    """https://platform.claude.com/docs/en/build-with-claude/extended-thinking."""
    if not thinks(body):
        return
    budget = body.thinking.budget_tokens if body.thinking else None
    if budget is not None and budget >= body.max_tokens:
        yield "max_tokens", "`max_tokens` must be greater than `thinking.budget_tokens`."
    if body.temperature not in {None, 1}:
        yield "temperature", "`temperature` may only be set to 1 when thinking is enabled."
    if body.tool_choice and body.tool_choice.type in {"any", "tool"}:
        yield "thinking", "Thinking may not be enabled when tool_choice forces tool use."
    yield from keeps_its_thoughts(body)


def keeps_its_thoughts(body: Body) -> Iterator[tuple[str, str]]:
    """A turn of the assistant's that called tools comes back with the thinking that led to the calls."""
    last = next((turn for turn in reversed(body.messages) if turn.role == "assistant"), None)
    kinds = [block.type for block in blocks(last)] if last else []
    if "tool_use" in kinds and kinds[0] not in {"thinking", "redacted_thinking"}:
        complaint = f"Expected `thinking` or `redacted_thinking`, but found `{kinds[0]}`."
        yield "messages.content.0.type", f"{complaint} When `thinking` is enabled, a final assistant message must."


def closes_its_objects(body: Body) -> Iterator[tuple[str, str]]:
    """https://platform.claude.com/docs/en/build-with-claude/structured-outputs."""
    wanted = body.output_config.format if body.output_config else None
    if wanted and any(is_open(node) for node in nodes(wanted.schema_)):
        complaint = "For 'object' type, 'additionalProperties' must be explicitly set to false"
        yield "output_config.format.schema", complaint


def is_open(node: Mapping[str, Any]) -> bool:
    """Whether an object's schema allows properties that it does not name."""
    return node.get("type") == "object" and node.get("additionalProperties") is not False


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object within a schema, itself included."""
    match node:
        case dict():
            found = cast("dict[str, Any]", node)
            yield found
            inner = list(found.values())
        case list():
            inner = cast("list[Any]", node)
        case _:
            return
    for child in inner:
        yield from nodes(child)


def samples_one_way(body: Body) -> Iterator[tuple[str, str]]:
    """Models from Claude 4.5 on take one of the two."""
    if body.temperature is not None and body.top_p is not None and "-4-" in body.model:
        yield "temperature", "`temperature` and `top_p` cannot both be specified for this model."


def thinks(body: Body) -> bool:
    """Whether thinking is on."""
    return body.thinking is not None and body.thinking.type != "disabled"


RULES: tuple[Rule, ...] = (
    starts_with_the_user,
    says_something,
    prefills_cleanly,
    answers_calls,
    offers_objects,
    chooses_what_is_there,
    thinks_within_limits,
    closes_its_objects,
    samples_one_way,
)
