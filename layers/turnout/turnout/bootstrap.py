"""The composition root: builds everything from a Config. The only place that makes clients."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.types import Scope

from turnout.api.services import Services, unbounded
from turnout.catalog import Catalog, load
from turnout.clock import SystemClock
from turnout.config import Config
from turnout.core.models import Auth
from turnout.core.ports import Ask, Clock, RequestLog, Sessions
from turnout.modes import MODES
from turnout.pipeline import Gateway, Patience
from turnout.providers import transport
from turnout.providers.bedrock import AwsSignature
from turnout.providers.dialects import DIALECTS
from turnout.providers.http import HttpVendors, Sign
from turnout.providers.wrappers import guarded, recorded, retrying
from turnout.routing.choice_prior import prior
from turnout.routing.circuit import Circuits
from turnout.routing.decision import Knowledge
from turnout.routing.rules import Rules
from turnout.routing.shared import AnyCircuits, SharedCircuits
from turnout.routing.steering import LivePolicies
from turnout.store import plain_dynamo
from turnout.store.accounts import DynamoAccounts
from turnout.store.allowances import DynamoAllowances, Settling
from turnout.store.contents import S3Contents
from turnout.store.health import DynamoHealth
from turnout.store.keys import DynamoKeys
from turnout.store.log import DynamoRequestLog
from turnout.store.policies import DynamoPolicies
from turnout.store.purse import DynamoPurse
from turnout.store.sessions import DynamoSessions, Remembering
from turnout.store.tag_budgets import DynamoTagBudgets

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATEST_SECONDS = 60.0
"""After its deadline a request has ended and is settled, or its instance is gone and what it has reserved is freed."""

type Telemetry = Callable[[RequestLog], RequestLog]


def untold(log: RequestLog) -> RequestLog:
    """No telemetry: the log as it is."""
    return log


def services(
    config: Config, remaining: Callable[[Scope], float | None] = unbounded, telemetry: Telemetry = untold
) -> Services:
    """All that the router's endpoints need; `telemetry` goes around the request log. Raises BadCatalog or BadRules."""
    clock, database = SystemClock(), plain_dynamo.client(os.environ)
    sessions, limits = DynamoSessions(database, config.health_table, clock), allowances(config, database, clock)
    rows = telemetry(DynamoRequestLog(database, config.request_log_table, config.retention_days))
    return Services(
        gateway=replace(
            gateway(config, knowledge(config), clock, sessions, circuits(config, database, clock)),
            purse=DynamoPurse(database, config.health_table),
            allowances=limits,
            steering=LivePolicies(DynamoPolicies(database, config.policies_table, clock), clock),
        ),
        keys=keys(config, database, clock),
        log=Settling(Remembering(rows, sessions), limits),
        contents=S3Contents(config.content_bucket),
        clock=clock,
        max_body_bytes=config.max_body_bytes,
        request_seconds=config.timeouts.request,
        sizes=config.sizes,
        origins=config.cors_origins,
        remaining=remaining,
    )


def keys(config: Config, database: "DynamoDBClient", clock: Clock) -> DynamoKeys:
    """Who may call."""
    pepper = config.key_pepper.get_secret_value()
    return DynamoKeys(database, config.keys_table, config.key_cache_seconds, clock, pepper)


def allowances(config: Config, database: "DynamoDBClient", clock: Clock) -> DynamoAllowances:
    """What keys and tags may use."""
    accounts = DynamoAccounts(database, config.allowance_table, clock, lifetime(config))
    budgets = DynamoTagBudgets(database, config.allowance_table, config.key_cache_seconds, clock)
    return DynamoAllowances(accounts, budgets, clock)


def lifetime(config: Config) -> float:
    """Seconds after which what a request has reserved is freed, if it was not settled."""
    return config.timeouts.request + LATEST_SECONDS


def catalog(config: Config) -> Catalog:
    """The models, with the keys and URLs that are configured."""
    keys = {name: key.get_secret_value() for name, key in config.vendor_keys.items()}
    return load(keys, config.base_urls, config.catalog_dir, config.bedrock_region)


def knowledge(config: Config) -> Knowledge:
    """What decisions are made with. Raises BadCatalog or BadRules."""
    models = catalog(config)
    return Knowledge(models, prior(models.all()), rules(config, models))


def rules(config: Config, models: Catalog) -> Rules:
    """The rules of the file that is configured. Raises BadRules."""
    if not config.rules_file:
        return Rules()
    from turnout.routing.rules_file import read  # noqa: PLC0415 - builds validators, which no router without rules needs

    return read(config.rules_file, models, MODES)


def circuits(config: Config, database: "DynamoDBClient", clock: Clock) -> SharedCircuits:
    """The circuits, which are shared with all other instances through the health table."""
    breaker = config.breaker
    health = DynamoHealth(database, config.health_table, clock, breaker.window, breaker.cooldown)
    return SharedCircuits(Circuits(clock, breaker.failures, breaker.window, breaker.cooldown), health, clock)


def gateway(config: Config, known: Knowledge, clock: Clock, sessions: Sessions, circuits: AnyCircuits) -> Gateway:
    """The pipeline over real vendors."""
    retries = config.retries
    DIALECTS.load({model.vendor.dialect for model in known.catalog.all() if model.vendor.ready})
    return Gateway(
        known,
        asking(config, circuits, clock),
        clock,
        Patience(retries.tries, retries.tries_last),
        sessions,
        is_open=lambda model: bool(circuits.left(model.id) or circuits.left(model.vendor.name)),
    )


def asking(config: Config, circuits: AnyCircuits, clock: Clock) -> Ask:
    """What asks a vendor: HTTP, inside the circuit, inside the record, inside the tries."""
    vendors = HttpVendors(transport.Kept(config.timeouts.connect), config.timeouts, signatures(config))
    return retrying(recorded(guarded(vendors.ask, circuits), clock), config.retries, clock)


def signatures(config: Config) -> Mapping[Auth, Sign]:
    """What signs the requests to vendors that take no key."""
    return {"aws": AwsSignature(config.bedrock_region)} if config.bedrock_region else {}
