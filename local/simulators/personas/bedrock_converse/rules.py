"""What Bedrock checks beyond the types of fields, each rule with its complaint."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from local.simulators.personas.bedrock_converse.fields import Body, Turn
from local.simulators.personas.protocol import Refused

type Rule = Callable[[Body, str, bool], Iterator[str]]


def check(body: Body, model: str, stream: bool) -> None:
    """Raises Refused for the first rule that is broken."""
    for rule in RULES:
        for complaint in rule(body, model, stream):
            raise Refused("invalid_body", complaint)


def takes_turns(body: Body, _model: str, _stream: bool) -> Iterator[str]:
    """The user begins, and the roles alternate."""
    if body.messages[0].role != "user":
        yield (
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message."
        )
    if any(one.role == other.role for one, other in pairwise(body.messages)):
        yield (
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates "
            "between user and assistant roles and try again."
        )


def says_something(body: Body, _model: str, _stream: bool) -> Iterator[str]:
    """No turn is empty, and no text blank."""
    for at, turn in enumerate(body.messages):
        if not turn.content:
            yield f"The content field in the Message object at messages.{at} is empty. Add a ContentBlock object."
        for place, block in enumerate(turn.content):
            if block.text is not None and not block.text.strip():
                yield (
                    f"The text field in the ContentBlock object at messages.{at}.content.{place} is blank. Add text to "
                    "the text field, and try again."
                )


def is_one_thing(body: Body, _model: str, _stream: bool) -> Iterator[str]:
    """Each block is exactly one of what it may be."""
    for at, turn in enumerate(body.messages):
        for place, block in enumerate(turn.content):
            if len(block.model_fields_set) != 1:
                yield f"The ContentBlock object at messages.{at}.content.{place} must set one of the following keys."


def answers_calls(body: Body, _model: str, _stream: bool) -> Iterator[str]:
    """The results in a turn are those of the calls in the turn before."""
    called = set[str]()
    for at, turn in enumerate(body.messages):
        results = {block.tool_result.tool_use_id for block in turn.content if block.tool_result}
        if results - called:
            yield (
                f"The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse blocks of "
                "previous turn."
            )
        if missing := called - results:
            ids = ", ".join(sorted(missing))
            yield f"Expected toolResult blocks at messages.{at}.content for the following Ids: {ids}"
        called = {block.tool_use.tool_use_id for block in turn.content if block.tool_use}


def keeps_its_tools(body: Body, _model: str, _stream: bool) -> Iterator[str]:
    """Calls and results need tools; a tool that is to be called is among them; parameters are an object."""
    if not body.tool_config:
        if any(block.tool_use or block.tool_result for turn in body.messages for block in turn.content):
            yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        return
    specs = [tool.tool_spec for tool in body.tool_config.tools if tool.tool_spec]
    choice = body.tool_config.tool_choice
    if choice and choice.tool and choice.tool.name not in {spec.name for spec in specs}:
        yield "The tool named in toolConfig.toolChoice.tool is not in toolConfig.tools."
    if any(spec.input_schema.json_.get("type") != "object" for spec in specs):
        yield "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object."


def knows_llamas_limits(body: Body, model: str, stream: bool) -> Iterator[str]:
    """Meta's models take less than the format has."""
    if "meta.llama" not in model:
        return
    choice = body.tool_config.tool_choice if body.tool_config else None
    if body.tool_config and stream:
        yield "This model doesn't support tool use in streaming mode."
    for word in sorted(choice.model_fields_set - {"auto"} if choice else ()):
        field = f"toolConfig.toolChoice.{word}"
        yield f"This model doesn't support the {field} field. Remove {field} and try again."
    if body.inference_config.stop_sequences:
        yield "This model doesn't support the stopSequences field. Remove stopSequences and try again."
    if any(block.image for turn in body.messages for block in turn.content):
        yield "This model doesn't support the image content block that you provided. Remove it and try again."
    yield from _ends_with_the_user(body.messages)


def _ends_with_the_user(turns: list[Turn]) -> Iterator[str]:
    if turns[-1].role == "assistant":
        yield "This model doesn't support a conversation that ends with an assistant message."


def knows_novas_limits(body: Body, model: str, _stream: bool) -> Iterator[str]:
    """Nova is not held to a schema; Nova 2 at its highest effort sets its own limits."""
    if "amazon.nova" in model and body.output_config.model_fields_set:
        yield "This model doesn't support the outputConfig field. Remove outputConfig and try again."
    reasoning = body.additional_model_request_fields.reasoning_config
    if reasoning and "amazon.nova-2" not in model:
        yield "The additional field reasoningConfig is not supported for this model."
    limits = body.inference_config.model_fields_set & {"max_tokens", "temperature", "top_p"}
    if reasoning and reasoning.max_reasoning_effort == "high" and limits:
        yield "maxTokens, temperature and topP must be unset when maxReasoningEffort is high."


RULES: tuple[Rule, ...] = (
    takes_turns,
    says_something,
    is_one_thing,
    answers_calls,
    keeps_its_tools,
    knows_llamas_limits,
    knows_novas_limits,
)
