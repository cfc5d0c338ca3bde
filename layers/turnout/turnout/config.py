"""The only reader of the environment: every setting, its default and its meaning, checked once at start."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, SecretStr, ValidationError

PREFIX = "TURNOUT_"

type Seconds = Annotated[float, Field(gt=0, le=900)]


class BadConfig(ValueError):
    """A setting is missing or wrong; the message is one line a setting, fit for a terminal."""


class Timeouts(BaseModel):
    """Seconds. `request` is the whole of one client's request; on Lambda the time left there is used if shorter.

    `first_token` and `idle` hold for streams; models that may reason in silence first get `first_token_reasoning`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    connect: Seconds = 3.0
    first_token: Seconds = 30.0
    first_token_reasoning: Seconds = 90.0
    idle: Seconds = 20.0
    request: Seconds = 120.0


class Retries(BaseModel):
    """How often one target is asked again: `tries` in all, pauses of full jitter up to `base` doubled each time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tries: Annotated[int, Field(ge=1, le=10)] = 2
    tries_last: Annotated[int, Field(ge=1, le=10)] = 3
    base: Seconds = 0.25
    longest: Seconds = 5.0


class Breaker(BaseModel):
    """A circuit opens after `failures` in a row within `window` seconds, and is probed every `cooldown` seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    failures: Annotated[int, Field(ge=1)] = 5
    window: Seconds = 60.0
    cooldown: Seconds = 15.0


class Guard(BaseModel):
    """What a canary must keep to, compared with its control: see `policy.canary_terms.Terms`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    failed: Annotated[float, Field(ge=0, lt=1)] = 0.005
    diverted: Annotated[float, Field(ge=0, lt=1)] = 0.02
    latency: Annotated[float, Field(ge=1)] = 1.25
    cost: Annotated[float, Field(ge=1)] = 1.25
    quality: Annotated[float, Field(ge=0, lt=1)] = 0.03
    false_alarms: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    least_seconds: Annotated[float, Field(ge=0)] = 3_600.0
    most_seconds: Annotated[float, Field(gt=0)] = 172_800.0
    least_requests: Annotated[int, Field(ge=1)] = 200


class Sizes(BaseModel):
    """The most that one request may have; `image_bytes` holds for each picture.

    `values` are told by the commas and opening brackets outside of strings, of which a body has at least as many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: Annotated[int, Field(ge=100)] = 100_000
    messages: Annotated[int, Field(ge=1)] = 2_000
    images: Annotated[int, Field(ge=0)] = 100
    image_bytes: Annotated[int, Field(ge=0)] = 5_000_000


type Origin = Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.-]+(:\d+)?)$")]


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class Config(BaseModel):
    """All settings. From the environment each is `TURNOUT_` and its name in capitals; groups are JSON objects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_log_table: str = "turnout-request-log"
    rollups_table: str = "turnout-rollups"
    health_table: str = "turnout-health"
    policies_table: str = "turnout-policies"
    keys_table: str = "turnout-keys"
    allowance_table: str = "turnout-allowance"
    report_bucket: str = "turnout-reports"
    content_bucket: str = "turnout-contents"
    vendor_keys: Annotated[dict[str, SecretStr], Field(repr=False)] = {}
    """API keys by the name that the catalog's `key_env` gives them, e.g. OPENAI_API_KEY."""
    vendor_keys_secret: str = ""
    """Name of the Secrets Manager secret that holds the same as a JSON object."""
    key_pepper: Annotated[SecretStr, Field(repr=False)] = SecretStr("")
    """What the hashes of the clients' keys are made with."""
    key_pepper_secret: str = ""
    """Name or ARN of the Secrets Manager secret that holds the same, as plain text."""
    starter_credits: Annotated[int, Field(ge=0, le=100_000_000)] = 500
    """What a new key may spend in all where nothing else is said, in credits; 0: as much as it likes."""
    bedrock_region: Annotated[str, Field(pattern=r"^([a-z]{2}(-[a-z]+)+-\d)?$")] = ""
    """AWS region whose Amazon Bedrock is asked, with the credentials of this process; empty: Bedrock is not used."""
    base_urls: dict[str, str] = {}
    """Vendor name to a URL used instead of the catalog's: simulators, proxies, private endpoints."""
    catalog_dir: Path | None = None
    """A folder of further vendors, one TOML file each."""
    rules_file: Path | None = None
    """A TOML file with rules for routing, see `rules.example.toml`."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 90
    key_cache_seconds: Annotated[float, Field(ge=0, le=300)] = 10.0
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10_000_000
    policy_mode: Literal["recommend", "canary"] = "recommend"
    """What becomes of a policy that the optimizer recommends: nothing until somebody acts, or a canary at once."""
    canary_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The share of the sessions for which such a canary decides."""
    policy_constraints: dict[str, object] = {}
    """What every policy keeps to, see `policy.goals.Constraints`: {"min_quality": 0.8, "vendors": ["openai"]}."""
    optimizer_days: Annotated[int, Field(ge=1, le=365)] = 28
    """How many days the optimizer looks at, the present one included."""
    optimizer_function: str = ""
    """Name of the function that a run on demand is done by."""
    guard: Guard = Guard()
    sizes: Sizes = Sizes()
    cors_origins: Annotated[tuple[Origin, ...], BeforeValidator(_split)] = ()
    """Origins of web pages that may call from a browser, separated by commas, `*` for any; empty: none may."""
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    breaker: Breaker = Breaker()

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read `env`, usually `os.environ`. Raises BadConfig naming each bad variable."""
        return cls._checked(_settings(env) | {"vendor_keys": _vendor_keys(env)})

    @classmethod
    def _checked(cls, values: Mapping[str, object]) -> Self:
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise BadConfig("\n".join(_complaint(e["loc"], e["msg"]) for e in error.errors())) from None


JSON_FIELDS = frozenset({"base_urls", "guard", "policy_constraints", "timeouts", "retries", "breaker", "sizes"})


class _JsonText(BaseModel):
    text: Json[dict[str, object]]


def _settings(env: Mapping[str, str]) -> dict[str, object]:
    known = Config.model_fields.keys() - {"vendor_keys"}
    named = {name: env[variable] for name in known if env.get(variable := PREFIX + name.upper())}
    return {name: _parsed(name, value) if name in JSON_FIELDS else value for name, value in named.items()}


def _parsed(name: str, value: str) -> object:
    try:
        return _JsonText.model_validate({"text": value}).text
    except ValidationError:
        raise BadConfig(_complaint((name,), "must be a JSON object")) from None


def _vendor_keys(env: Mapping[str, str]) -> dict[str, str]:
    """`OPENAI_API_KEY` and its like, as every vendor's own SDK reads them."""
    return {name: value for name, value in env.items() if name.endswith("_API_KEY") and value}


def _complaint(loc: tuple[int | str, ...], message: str) -> str:
    name, *rest = map(str, loc)
    return f"{PREFIX}{name.upper()}{''.join(f'.{part}' for part in rest)}: {message}"
