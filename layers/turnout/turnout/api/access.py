"""Who may call: the key of a request, checked, and its scope."""

from turnout.core.allowance import Scope
from turnout.core.errors import Forbidden, Unauthenticated
from turnout.core.ports import Key, Keys

DOES: dict[Scope, str] = {"inference": "ask models", "read": "read the records of all keys", "admin": "administer"}
"""What a scope lets do, in words."""

HOW = "Send it as 'Authorization: Bearer <key>'"


async def admit(authorization: str | None, keys: Keys, scope: Scope | None = None) -> Key:
    """The key behind an `Authorization` header, which must have `scope`, if one is named.

    Raises Unauthenticated or Forbidden; the secret is in no message.
    """
    if not authorization:
        raise Unauthenticated(f"No API key was sent. {HOW}.", code="missing_api_key")
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not (secret := secret.strip()):
        raise Unauthenticated(f"The 'Authorization' header holds no key. {HOW}.", code="missing_api_key")
    if not (key := await keys.find(secret)):
        raise Unauthenticated("This API key is unknown or disabled. Ask whoever runs this gateway for another.")
    if scope and not key.may(scope):
        has = ", ".join(sorted(key.scopes))
        raise Forbidden(
            f"This key may not {DOES[scope]}: its scopes are {has}. Whoever runs this gateway can add '{scope}'.",
            code="missing_scope",
        )
    return key
