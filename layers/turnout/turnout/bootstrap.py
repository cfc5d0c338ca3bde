"""The composition root: builds everything from a Config. The only place that makes clients."""

from collections.abc import Callable, Mapping

import httpx
from starlette.types import Scope

from turnout.api.services import Services, unbounded
from turnout.catalog import Catalog, load
from turnout.clock import SystemClock
from turnout.config import Config
from turnout.core.models import Auth
from turnout.core.ports import Ask, Clock, RequestLog
from turnout.pipeline import Gateway, Patience
from turnout.providers import transport
from turnout.providers.bedrock import AwsSignature
from turnout.providers.dialects import DIALECTS
from turnout.providers.http import HttpVendors
from turnout.providers.wrappers import guarded, recorded, retrying
from turnout.routing.circuit import Circuits
from turnout.store import dynamo
from turnout.store.keys import DynamoKeys
from turnout.store.log import DynamoRequestLog

type Telemetry = Callable[[RequestLog], RequestLog]


def untold(log: RequestLog) -> RequestLog:
    """No telemetry: the log as it is."""
    return log


def services(
    config: Config, remaining: Callable[[Scope], float | None] = unbounded, telemetry: Telemetry = untold
) -> Services:
    """All that the router's endpoints need; `telemetry` goes around the request log. Raises BadCatalog."""
    clock, database = SystemClock(), dynamo.client()
    return Services(
        gateway=gateway(config, catalog(config), clock),
        keys=DynamoKeys(database, config.keys_table, config.key_cache_seconds, clock),
        log=telemetry(DynamoRequestLog(database, config.request_log_table, config.retention_days)),
        clock=clock,
        max_body_bytes=config.max_body_bytes,
        request_seconds=config.timeouts.request,
        remaining=remaining,
    )


def catalog(config: Config) -> Catalog:
    """The models, with the keys and URLs that are configured."""
    keys = {name: key.get_secret_value() for name, key in config.vendor_keys.items()}
    return load(keys, config.base_urls, config.catalog_dir, config.bedrock_region)


def gateway(config: Config, models: Catalog, clock: Clock) -> Gateway:
    """The pipeline over real vendors."""
    retries = config.retries
    DIALECTS.load({model.vendor.dialect for model in models.all() if model.vendor.ready})
    return Gateway(models, asking(config, clock), clock, Patience(retries.tries, retries.tries_last))


def asking(config: Config, clock: Clock) -> Ask:
    """What asks a vendor: HTTP, inside the circuit, inside the record, inside the tries."""
    vendors = HttpVendors(transport.client(config.timeouts.connect), config.timeouts, signatures(config))
    breaker = config.breaker
    circuits = Circuits(clock, breaker.failures, breaker.window, breaker.cooldown)
    return retrying(recorded(guarded(vendors.ask, circuits), clock), config.retries, clock)


def signatures(config: Config) -> Mapping[Auth, httpx.Auth]:
    """What signs the requests to vendors that take no key."""
    return {"aws": AwsSignature(config.bedrock_region)} if config.bedrock_region else {}
