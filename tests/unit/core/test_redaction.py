"""Secrets and personal data do not survive in what is kept; what is none of them does."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.redaction import redacted, without_secrets

WORDS = st.text(alphabet=string.ascii_lowercase + " .,", max_size=40)
SECRET_ALPHABET = string.ascii_letters + string.digits

SECRETS = [
    "sk-proj-abcDEF123456789012345",
    "sk-ant-api03-abcDEF1234567890",
    f"sk-turnout-{'aB3_' * 10}xyz",
    "sk-proj-********abcd",
    "AIzaSyA1234567890abcdefghijklmnopqrstu",
    "xai-abcdefghijklmnop",
    "gsk_abcdefghijklmnop1234",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0123456789_abcdefghij",
    "xoxb-123456789012-abcdefghijkl",
    "sk_live_abcdefghijklmnop",
    "hf_abcdefghijklmnopqrst",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
]
AFTER_A_WORD = [
    ("Authorization: Bearer ", "abc.def-ghi_123"),
    ("authorization: basic ", "dXNlcjpwYXNz"),
    ("aws_secret_access_key = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ('"password": "', "hunter22"),
    ("password=", "hunter22"),
    ("api key: ", "0123456789abcdef"),
    ("https://", "user:passw0rd"),
]
PERSONAL = [
    ("ada@example.com", "[email]"),
    ("ada.lovelace+news@mail.example.co.uk", "[email]"),
    ("+49 30 901820", "[phone]"),
    ("+1 (212) 555-0123", "[phone]"),
    ("(212) 555-0123", "[phone]"),
    ("030/901820-12", "[phone]"),
    ("+4915112345678", "[phone]"),
    ("4111 1111 1111 1111", "[card]"),
    ("5500-0000-0000-0004", "[card]"),
    ("378282246310005", "[card]"),
    ("DE89 3704 0044 0532 0130 00", "[iban]"),
    ("GB82WEST12345698765432", "[iban]"),
    ("203.0.113.7", "[ip]"),
    ("2001:db8::8a2e:370:7334", "[ip]"),
    ("::1", "[ip]"),
]
HARMLESS = [
    "The vendor answered 429: Rate limit reached for gpt-5.2 on tokens per min (TPM): Limit 30000, Used 29876",
    "This model's maximum context length is 128000 tokens, but you sent 1234567 tokens.",
    "claude-sonnet-4.5-20250929 is not available since 2026-11-24 06:00:00 UTC",
    "tools.0.function.parameters: type must be object; at line 1 column 202",
    "request 01JDC5Z5W4B3V2N1M0K9J8H7G6 failed after 1234567890 ms",
    "4111 1111 1111 1112 is no card, DE00 3704 0044 0532 0130 00 no account",
    "the token limit: none",
    "std::vector at 12:34:56",
    "openai/gpt-5.2: vendor_overloaded",
    "",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_of_a_known_shape_is_taken_out(secret: str) -> None:
    for text in (secret, f"Incorrect API key provided: {secret}.", f"'{secret}' is wrong", f"({secret})"):
        assert secret not in without_secrets(text)
        assert "[secret]" in without_secrets(text)
        assert without_secrets(text) == redacted(text)


@pytest.mark.parametrize(("word", "secret"), AFTER_A_WORD)
def test_a_secret_after_a_word_that_tells_is_taken_out_and_the_word_stays(word: str, secret: str) -> None:
    told = redacted(f"it said {word}{secret}@host")
    assert secret not in told
    assert f"{word}[secret]" in told


@pytest.mark.parametrize(("text", "kind"), PERSONAL)
def test_personal_data_is_replaced_by_its_kind(text: str, kind: str) -> None:
    assert redacted(text) == kind
    assert redacted(f"Invalid value: '{text}'.") == f"Invalid value: '{kind}'."
    assert redacted(f"write to {text}, please") == f"write to {kind}, please"
    assert without_secrets(text) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_a_vendor_tells_of_limits_models_and_times_stays_readable(text: str) -> None:
    assert redacted(text) == text


@given(st.text(max_size=300))
def test_what_was_redacted_once_has_nothing_left_to_redact(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@given(WORDS, WORDS, st.sampled_from([secret for secret in SECRETS if "*" not in secret]))
def test_a_secret_is_found_in_any_sentence(before: str, after: str, secret: str) -> None:
    assert secret not in redacted(f"{before} {secret} {after}")


@given(WORDS, WORDS, st.sampled_from(PERSONAL))
def test_personal_data_is_found_in_any_sentence(before: str, after: str, personal: tuple[str, str]) -> None:
    assert personal[0] not in redacted(f"{before} {personal[0]} {after}")


def luhn(body: str) -> str:
    """The digit that completes a card's number."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in body[::-2]]
    return str(-(sum(doubled) + sum(map(int, body[-2::-2]))) % 10)


@given(st.integers(10**11, 10**18 - 1).map(str))
def test_every_number_that_passes_luhns_check_is_a_card_and_no_other_is(body: str) -> None:
    right = luhn(body)
    assert redacted(body + right) == "[card]"
    wrong = body + str((int(right) + 1) % 10)
    assert "[card]" not in redacted(wrong)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "1" * 100_000, "1 " * 50_000, ":" * 100_000, "a@" * 50_000, "A1 " * 30_000, "." * 100_000]
)
def test_no_text_takes_long(text: str) -> None:
    for _ in range(3):
        redacted(text)


def test_a_random_key_of_ours_is_always_found() -> None:
    draw = random.Random(0)  # noqa: S311 - a sample, no secret
    for _ in range(200):
        key = "sk-turnout-" + "".join(draw.choices(SECRET_ALPHABET + "-_", k=43))
        assert redacted(f"key={key} end") == "key=[secret] end"
