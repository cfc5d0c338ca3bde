"""The vendors' keys, from the Secrets Manager secret that the deployment names: in no environment, in no template."""

from typing import cast

from pydantic import SecretStr, TypeAdapter, ValidationError

from turnout.config import BadConfig, Config
from turnout.store import aws

_KEYS = TypeAdapter(dict[str, SecretStr])
_SETTING = "TURNOUT_VENDOR_KEYS_SECRET"


def unlocked(config: Config) -> Config:
    """`config` with the keys of its secret; those of the environment come first. Raises BadConfig.

    https://docs.aws.amazon.com/powertools/python/latest/utilities/parameters/ reads and caches the secret.
    """
    if not config.vendor_keys_secret:
        return config
    keys = _read(config.vendor_keys_secret) | config.vendor_keys
    return config.model_copy(update={"vendor_keys": keys})


def _read(name: str) -> dict[str, SecretStr]:
    from aws_lambda_powertools.utilities import parameters  # noqa: PLC0415 - a laptop with its keys in .env needs none

    try:
        provider = parameters.SecretsProvider(boto3_client=aws.client("secretsmanager"))
        text = cast("str", provider.get(name))  # pyright: ignore[reportUnknownMemberType] - its options
        return _KEYS.validate_json(text)
    except parameters.exceptions.GetParameterError as error:
        why = type(error.__context__ or error).__name__  # Powertools does not chain what it caught
        raise BadConfig(f"{_SETTING}: the secret '{name}' cannot be read ({why}): create it, or allow it") from None
    except ValidationError:
        # not chained: its message quotes what it could not read
        raise BadConfig(f'{_SETTING}: the secret \'{name}\' must be JSON like {{"OPENAI_API_KEY": "..."}}') from None
