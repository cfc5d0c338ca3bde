"""Takes secrets and personal data out of text that will be kept: what a vendor says of a prompt may quote it.

By shape alone, so it errs towards taking out: a version like 1.2.3.4 goes as an address. Names and what people tell of
themselves have no shape; where those must not be kept either, a key has `zero_retention`.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import ip_address

SECRET, EMAIL, IBAN, CARD, ADDRESS, PHONE = "[secret]", "[email]", "[iban]", "[card]", "[ip]", "[phone]"

_SECRETS = (
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,10000}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?",
    r"\b(?:sk|xai|gsk|AIza|key)[-_*A-Za-z0-9]{12,}",  # OpenAI, Anthropic, xAI, Groq, Google, and our own
    r"\b(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{16}\b",  # AWS
    r"\bABSK[A-Za-z0-9+/=]{40,}",  # Bedrock
    r"\b(?:gh[oprsu]_|github_pat_|glpat-|npm_|pypi-|hf_|xox[abeprs]-|ya29\.|dop_v1_|SG\.)[A-Za-z0-9_.-]{16,}",
    r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{12,}",  # Stripe
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",  # JSON Web Tokens
)
_NAMES = r"secret|passwo?r?d|passphrase|token|api[ _-]?key|access[ _-]?key"
_AFTER = (
    r"(?i:\b(?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})",
    rf"(?i:(?:{_NAMES})[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?)([^\s\"',;<>\[\]]{{6,}})",
    r"(?i:\bhttps?://)([^\s/@:\[\]]{1,200}:[^\s/@\[\]]{1,200})(?=@)",
)
"""A secret of no shape of its own, after a word that tells."""


def redacted(text: str) -> str:
    """`text` with what looks like a secret or like personal data replaced by its kind in brackets."""
    text = without_secrets(text)
    for pattern, kind, holds in _personal():
        text = pattern.sub(lambda found, kind=kind, holds=holds: kind if holds(found[0]) else found[0], text)
    return text


def without_secrets(text: str) -> str:
    """The same of secrets alone."""
    shapes, after = _secrets()
    text = shapes.sub(SECRET, text)
    return after.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    secret = next(group for group in found.groups() if group is not None)
    return found[0].removesuffix(secret) + SECRET


@cache
def _secrets() -> tuple[re.Pattern[str], re.Pattern[str]]:
    # Made when something is to be redacted first, not at every cold start; the same below.
    return re.compile("|".join(_SECRETS)), re.compile("|".join(_AFTER))


@cache
def _personal() -> tuple[tuple[re.Pattern[str], str, Callable[[str], bool]], ...]:
    return (
        (re.compile(r"[\w.!#$%&*+/=?^~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), EMAIL, bool),
        (re.compile(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), IBAN, _is_iban),
        (re.compile(r"(?<![\d.+])\d(?:[ -]?\d){12,18}(?!\d)"), CARD, _is_card),
        (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"), ADDRESS, _is_address),
        (re.compile(r"(?<![\w:])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:])"), ADDRESS, _is_address),
        (re.compile(r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)(?:\+|\(?\d)[\d ()./-]{6,22}\d(?!\w)"), PHONE, _is_phone),
    )


def _digits(text: str) -> Iterator[int]:
    return (int(char) for char in text if "0" <= char <= "9")


def _is_card(text: str) -> bool:
    """Luhn's check: https://en.wikipedia.org/wiki/Luhn_algorithm."""
    digits = list(_digits(text))[::-1]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return any(digits) and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """The check of ISO 13616: https://en.wikipedia.org/wiki/International_Bank_Account_Number."""
    plain = text.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def _is_address(text: str) -> bool:
    try:
        ip_address(text.rstrip("."))
    except ValueError:
        return False
    return text != "::"


def _is_phone(text: str) -> bool:
    """Nine to fifteen digits (E.164), begun with a plus or written in groups: a bare number is more often a count."""
    return 9 <= sum(1 for _ in _digits(text)) <= 15 and not text.replace(".", "").isdecimal()
