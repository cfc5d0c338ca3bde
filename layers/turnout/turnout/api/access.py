"""Who may call: the key of a request, checked."""

from turnout.core.errors import Unauthenticated
from turnout.core.ports import Key, Keys

HOW = "Send it as 'Authorization: Bearer <key>'"


async def admit(authorization: str | None, keys: Keys) -> Key:
    """The key behind an `Authorization` header. Raises Unauthenticated; the secret is in no message."""
    if not authorization:
        raise Unauthenticated(f"No API key was sent. {HOW}.", code="missing_api_key")
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not (secret := secret.strip()):
        raise Unauthenticated(f"The 'Authorization' header holds no key. {HOW}.", code="missing_api_key")
    if not (key := await keys.find(secret)):
        raise Unauthenticated("This API key is unknown or disabled. Ask whoever runs this gateway for another.")
    return key
