"""What the command line can say of a key: each option fills in a field of the console's `KeyBody`, which checks it."""

from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from turnout.api.console.key_body import KeyBody
from turnout.cli.command import DAY
from turnout.core.allowance import Scope
from turnout.core.chat import Goal

LIMITS = ("requests_per_minute", "tokens_per_minute", "concurrent")
PRIVACY = ("store_content", "zero_retention")
CLEARED: Mapping[str, Any] = {
    "tags": {},
    "models": [],
    "vendors": [],
    "goal": None,
    "ruleset": "",
    "budgets": [],
    "limits": {},
    "privacy": {},
    "sampling": None,
    "expires_at": None,
}
"""What `--clear` puts in place of a field."""


def add_options(parser: ArgumentParser) -> None:
    """Options for all fields but the name."""
    parser.add_argument("--tag", action="append", type=_tag, metavar="NAME=VALUE", help="on all its requests")
    parser.add_argument("--scope", action="append", choices=get_args(Scope.__value__), help="else inference alone")
    parser.add_argument("--model", action="append", metavar="NAME", help="one that it may ask; else all")
    parser.add_argument("--vendor", action="append", metavar="NAME", help="one that it may ask; else all")
    parser.add_argument("--goal", choices=get_args(Goal.__value__), help="where a request names none")
    parser.add_argument("--ruleset", metavar="NAME", help="the rules that are tried for it beside everybody's")
    parser.add_argument("--explore", type=float, metavar="SHARE", help="of auto requests, at most 0.2")
    parser.add_argument("--budget", action="append", type=_usd, metavar="USD[/PERIOD]", help="per day, month or total")
    parser.add_argument("--credits", action="append", type=_credits, metavar="N[/PERIOD]", help="100 are 1 USD")
    for name in LIMITS:
        parser.add_argument(_flag(name), type=int, metavar="N", help="at most")
    parser.add_argument("--store-content", action="store_true", default=None, help="keep prompts and answers")
    parser.add_argument("--zero-retention", action="store_true", default=None, help="keep not even tags")
    parser.add_argument("--sample", type=_sampling, metavar="SHARE:USD", help="compare so many, for so much a day")
    parser.add_argument("--open-when-down", action=BooleanOptionalAction, help="let it in when its use cannot be told")
    parser.add_argument("--days", type=float, help="how long it works from now; else until it is disabled")
    parser.add_argument("--clear", action="append", choices=sorted(CLEARED), default=[], help="as if it were not said")


def said(args: Namespace, now: float) -> dict[str, Any]:
    """The fields that were given, as JSON has them."""
    given: dict[str, Any] = {
        "tags": dict(args.tag) if args.tag else None,
        "scopes": args.scope,
        "models": args.model,
        "vendors": args.vendor,
        "goal": args.goal,
        "ruleset": args.ruleset,
        "explore": args.explore,
        "budgets": [*(args.budget or ()), *(args.credits or ())] or None,
        "limits": _group(args, LIMITS),
        "privacy": _group(args, PRIVACY),
        "sampling": args.sample,
        "open_when_down": args.open_when_down,
        "expires_at": None if args.days is None else now + args.days * DAY,
    }
    assert given.keys() | {"name"} == KeyBody.model_fields.keys()  # noqa: S101 - each field has its option
    cleared = {name: CLEARED[name] for name in args.clear}
    return cleared | {name: value for name, value in given.items() if value is not None}


def _group(args: Namespace, names: tuple[str, ...]) -> dict[str, Any] | None:
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None} or None


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def _usd(text: str) -> dict[str, str]:
    return _amount("usd", text)


def _credits(text: str) -> dict[str, str]:
    return _amount("credits", text)


def _amount(unit: str, text: str) -> dict[str, str]:
    amount, _, period = text.partition("/")
    return {unit: amount, "period": period or "total"}


def _sampling(text: str) -> dict[str, Any]:
    share, _, usd = text.partition(":")
    try:
        return {"share": float(share), "usd_per_day": str(Decimal(usd))}
    except (ValueError, InvalidOperation):
        raise ArgumentTypeError(f"'{text}' is not SHARE:USD, as 0.05:2") from None
