"""What no single field can break: the rules between the fields of a request, each with the field to mend."""

from collections.abc import Callable, Sequence

from turnout.api.messages import AssistantMessage, MessageTurn, ToolChoice, ToolMessage
from turnout.api.schema import ChatRequest
from turnout.core.errors import InvalidRequest


def check(request: ChatRequest) -> None:
    """Raises InvalidRequest for the first rule that is broken."""
    for rule in RULES:
        rule(request)


def _assistants_say_something(request: ChatRequest) -> None:
    for index, turn in enumerate(request.messages):
        if isinstance(turn, AssistantMessage) and turn.content is turn.refusal is None and not turn.tool_calls:
            raise InvalidRequest(
                "An assistant message needs 'content', 'refusal' or 'tool_calls'.", param=f"messages[{index}].content"
            )


def _calls_have_results(request: ChatRequest) -> None:
    """Each call is answered, once, by a tool message that follows it before anybody else speaks."""
    waiting: set[str] = set()
    asked = 0
    for index, turn in enumerate(request.messages):
        if isinstance(turn, ToolMessage):
            if turn.tool_call_id not in waiting:
                raise _no_call(index, turn.tool_call_id)
            waiting.discard(turn.tool_call_id)
            continue
        _none_waits(waiting, asked)
        waiting, asked = _called(turn, index), index
    _none_waits(waiting, asked)


def _called(turn: MessageTurn, index: int) -> set[str]:
    calls = (isinstance(turn, AssistantMessage) and turn.tool_calls) or []
    ids = {call.id for call in calls}
    if len(ids) < len(calls):
        raise InvalidRequest("Two calls have the same 'id'. Give each its own.", param=f"messages[{index}].tool_calls")
    return ids


def _no_call(index: int, call_id: str) -> InvalidRequest:
    return InvalidRequest(
        f"No call before this result has the id '{call_id}'. Put the assistant message with that call directly before "
        "its results, each result once.",
        param=f"messages[{index}].tool_call_id",
    )


def _none_waits(waiting: set[str], index: int) -> None:
    if waiting:
        raise InvalidRequest(
            f"These calls have no result: {', '.join(sorted(waiting))}. Follow the message with one 'tool' message for "
            "each call.",
            param=f"messages[{index}].tool_calls",
        )


def _tools_are_told_apart(request: ChatRequest) -> None:
    names = _tool_names(request)
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InvalidRequest(f"Two tools are called '{name}'. Rename one.", param=f"tools[{index}].function.name")


def _tool_choice_has_tools(request: ChatRequest) -> None:
    choice, names = request.tool_choice, _tool_names(request)
    for field in ("tool_choice", "parallel_tool_calls"):
        if getattr(request, field) is not None and not names:
            raise InvalidRequest(f"'{field}' is for requests with tools. Add 'tools' or remove it.", param=field)
    if isinstance(choice, ToolChoice) and choice.function.name not in names:
        raise InvalidRequest(
            f"No tool is called '{choice.function.name}'. Name one of {', '.join(names)}.",
            param="tool_choice.function.name",
        )


def _tool_names(request: ChatRequest) -> Sequence[str]:
    return [tool.function.name for tool in request.tools or ()]


def _one_limit(request: ChatRequest) -> None:
    limits = {request.max_tokens, request.max_completion_tokens} - {None}
    if len(limits) > 1:
        raise InvalidRequest(
            "'max_tokens' and 'max_completion_tokens' mean the same here and differ. Send one.", param="max_tokens"
        )


def _options_of_what_is_on(request: ChatRequest) -> None:
    for option, switch in (("stream_options", "stream"), ("top_logprobs", "logprobs")):
        if getattr(request, option) is not None and not getattr(request, switch):
            raise InvalidRequest(f"'{option}' needs '{switch}': true. Set it or remove '{option}'.", param=option)


def _one_goal(request: ChatRequest) -> None:
    auto, _, suffix = request.model.partition(":")
    goal = request.turnout and request.turnout.goal
    if auto == "auto" and suffix and goal and goal != suffix:
        raise InvalidRequest(
            f"The model asks for the goal '{suffix}' and 'turnout.goal' for '{goal}'. Keep one.", param="turnout.goal"
        )


RULES: tuple[Callable[[ChatRequest], None], ...] = (
    _assistants_say_something,
    _calls_have_results,
    _tools_are_told_apart,
    _tool_choice_has_tools,
    _one_limit,
    _options_of_what_is_on,
    _one_goal,
)
