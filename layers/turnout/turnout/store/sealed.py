"""What is kept in Secrets Manager and in no environment and no template: the vendors' keys, and our keys' pepper."""

from concurrent.futures import ThreadPoolExecutor
from typing import cast

from pydantic import SecretStr, TypeAdapter, ValidationError

from turnout.config import BadConfig, Config

_KEYS = TypeAdapter(dict[str, SecretStr])
_VENDOR_KEYS = "TURNOUT_VENDOR_KEYS_SECRET"
_PEPPER = "TURNOUT_KEY_PEPPER_SECRET"


def unlocked(config: Config) -> Config:
    """`config` with what its secrets hold, read at the same time; what the environment holds comes first.

    Raises BadConfig. https://docs.aws.amazon.com/powertools/python/latest/utilities/parameters/ reads the secrets.
    """
    names = {_VENDOR_KEYS: config.vendor_keys_secret, _PEPPER: config.key_pepper_secret}
    texts = _read({setting: name for setting, name in names.items() if name})
    return config.model_copy(
        update={
            "vendor_keys": _vendor_keys(texts[_VENDOR_KEYS], config) if _VENDOR_KEYS in texts else config.vendor_keys,
            "key_pepper": config.key_pepper or _pepper(texts.get(_PEPPER), config),
        }
    )


def _read(names: dict[str, str]) -> dict[str, str]:
    """The text of each secret, by the setting that names it."""
    if not names:
        return {}
    # A laptop with its keys in .env needs none of these.
    from aws_lambda_powertools.utilities import parameters  # noqa: PLC0415

    from turnout.store import aws  # noqa: PLC0415

    provider = parameters.SecretsProvider(boto3_client=aws.client("secretsmanager"))

    def text(setting: str) -> str:
        try:
            return cast("str", provider.get(names[setting]))  # pyright: ignore[reportUnknownMemberType] - its options
        except parameters.exceptions.GetParameterError as error:
            why = type(error.__context__ or error).__name__  # Powertools does not chain what it caught
            told = f"{setting}: the secret '{names[setting]}' cannot be read ({why}): create it, or allow it"
            raise BadConfig(told) from None

    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(text, names), strict=True))


def _vendor_keys(text: str, config: Config) -> dict[str, SecretStr]:
    try:
        return _KEYS.validate_json(text) | config.vendor_keys
    except ValidationError:
        # not chained: its message quotes what it could not read
        told = f'the secret \'{config.vendor_keys_secret}\' must be JSON like {{"OPENAI_API_KEY": "..."}}'
        raise BadConfig(f"{_VENDOR_KEYS}: {told}") from None


def _pepper(text: str | None, config: Config) -> SecretStr:
    if text is not None and len(text) < 32:
        raise BadConfig(f"{_PEPPER}: the secret '{config.key_pepper_secret}' must hold at least 32 characters of text")
    return SecretStr(text or "")
