"""What a request is expected to use, so that it can be reserved before anybody is asked.

The prompt is counted, the answer is taken as long as the client allows it to be, or USUAL_ANSWER where no limit is set.
In the modes that make several calls all of them count. Else the dearer of the first two targets does: the plan names
further ones, which are hardly ever asked and may be a hundred times as dear. So what a request costs is beyond its
estimate when an unlimited answer is longer, when tokens were miscounted (for nine prompts of ten by less than a fifth),
when several attempts are billed, and when a sample is taken, which has a budget of its own. In any case it is settled
exactly.
"""

from turnout.core.allowance import Estimate
from turnout.core.records import ANSWER
from turnout.modes.asking import Terms
from turnout.modes.bill import Bill, Models, Planned, Size, bill_of

USUAL_ANSWER = 2_000
"""Tokens. Few chats are answered with more, apart from what reasoning models think at a high effort."""
LIKELY = 2
"""How many of the targets of a request that takes one call may well be asked."""


def estimate(mode: str, targets: Models, terms: Terms, size: Size, choices: int = 1) -> Estimate:
    """Of one request; `choices` is how many answers each call gives."""
    expected = Size(size.prompt, (size.answer or USUAL_ANSWER) * choices, size.day)
    bill = bill_of(mode, targets, terms, expected) or Bill([Planned(ANSWER, targets[:LIKELY])], targets, expected)
    return Estimate(bill.most, bill.tokens)
