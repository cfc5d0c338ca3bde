"""Signs requests to Amazon Bedrock with the credentials of this process, as a `providers.http.Sign`."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from turnout.core.errors import AccessDenied

if TYPE_CHECKING:
    from botocore.credentials import Credentials

SERVICE = "bedrock"


class AwsSignature:
    """Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html.

    The credentials come from where every AWS SDK looks for them, on Lambda from the function's role; they are looked
    for at the first request and renewed when they are about to expire. That may take the network, so it is done in a
    thread, and the hash over the body with it. Raises AccessDenied where there are none.
    """

    def __init__(self, region: str) -> None:
        self.region = region

    async def __call__(self, request: httpx.Request) -> None:
        """Sign it."""
        request.headers.update(await asyncio.to_thread(self.headers, request))

    def headers(self, request: httpx.Request) -> dict[str, str]:
        """The headers that sign it."""
        # Loaded only where requests are signed.
        from botocore.auth import SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        signed = AWSRequest(
            method=request.method,
            url=str(request.url),
            headers={"Content-Type": request.headers["content-type"]},
            data=request.content,
        )
        try:
            SigV4Auth(self._credentials.get_frozen_credentials(), SERVICE, self.region).add_auth(signed)
        except BotoCoreError as error:
            raise AccessDenied(f"There are no AWS credentials for Bedrock: {type(error).__name__}") from error
        return dict(signed.headers.items())

    @cached_property
    def _credentials(self) -> "Credentials":
        from botocore.exceptions import NoCredentialsError  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        credentials = get_session().get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials
