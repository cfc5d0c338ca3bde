"""What we sign is what botocore would have signed."""

from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials
from hypothesis import given
from hypothesis import strategies as st

from turnout.store.signature import Credentials, Scope, signed

NAMES = st.from_regex(r"[A-Za-z0-9/+]{1,40}", fullmatch=True)
WHEN = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(NAMES, NAMES, st.just("") | NAMES, st.sampled_from(["eu-west-1", "us-gov-east-1"]), st.binary(), WHEN)
def test_a_call_is_signed_as_botocore_signs_it(
    access: str, secret: str, token: str, region: str, body: bytes, now: datetime
) -> None:
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.PutItem"}
    host = f"dynamodb.{region}.amazonaws.com"
    ours = signed({**headers, "host": host}, body, Credentials(access, secret, token), Scope(region, "dynamodb"), now)
    theirs = AWSRequest("POST", f"https://{host}/", headers=dict(headers), data=body)
    theirs.context["timestamp"] = f"{now:%Y%m%dT%H%M%SZ}"
    signer: Any = SigV4Auth(TheirCredentials(access, secret, token or None), "dynamodb", region)
    signer._inject_signature_to_request(theirs, _signature(signer, theirs))
    assert ours["authorization"] == theirs.headers["Authorization"]
    assert ours.get("x-amz-security-token", "") == token


def _signature(signer: Any, request: AWSRequest) -> str:
    """As `SigV4Auth.add_auth` has it, at the time of the request's context."""
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


def test_secrets_are_in_no_repr() -> None:
    assert "hidden" not in repr(Credentials("AKIA", "hidden", "hidden too"))
