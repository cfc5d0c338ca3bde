"""The composition root of the console, apart from the router's so that neither starts with the other's imports."""

from functools import cache, partial
from typing import TYPE_CHECKING

from turnout.api.console.services import ConsoleServices
from turnout.bootstrap import lifetime
from turnout.clock import SystemClock
from turnout.config import Config
from turnout.routing.circuit import Circuits
from turnout.store import dynamo, reports
from turnout.store.accounts import DynamoAccounts
from turnout.store.amendments import DynamoAmendments
from turnout.store.contents import S3Contents
from turnout.store.feedback import DynamoFeedback
from turnout.store.health import DynamoHealth
from turnout.store.keyring import DynamoKeyring
from turnout.store.keys import DynamoKeys
from turnout.store.lease import LEASE, DynamoLease
from turnout.store.policies import DynamoPolicies
from turnout.store.reader import DynamoAccountReader, DynamoCircuitReader, DynamoRollupReader
from turnout.store.reports import S3Reports
from turnout.store.requests import DynamoRequests
from turnout.store.rollups import DynamoRollups
from turnout.store.starter import LambdaStarter
from turnout.store.tag_budgets import DynamoTagBudgets

if TYPE_CHECKING:
    from turnout.api.console.key_terms import KeyTerms


def _terms(config: Config) -> "KeyTerms":
    from turnout.api.console.key_terms import read_terms  # noqa: PLC0415 - reads the catalog, for who makes a key

    return read_terms(config)


def console(config: Config) -> ConsoleServices:
    """All that the console's endpoints need."""
    clock, client, breaker = SystemClock(), dynamo.client(), config.breaker
    pepper = config.key_pepper.get_secret_value()
    log, rollups, minutes = config.request_log_table, config.rollups_table, config.health_table
    requests = DynamoRequests(client, log, clock)
    health = DynamoHealth(client, minutes, clock, breaker.window, breaker.cooldown)
    limits = Circuits(clock, breaker.failures, breaker.window, breaker.cooldown)
    return ConsoleServices(
        keys=DynamoKeys(client, config.keys_table, config.key_cache_seconds, clock, pepper),
        requests=requests,
        contents=S3Contents(config.content_bucket),
        rollups=DynamoRollupReader(DynamoRollups(client, rollups, minutes, clock)),
        circuits=DynamoCircuitReader(health, limits, clock),
        feedback=DynamoFeedback(requests, DynamoAmendments(client, log, rollups, minutes, clock), clock),
        keyring=DynamoKeyring(client, config.keys_table, clock, pepper),
        terms=cache(partial(_terms, config)),
        budgets=DynamoTagBudgets(client, config.allowance_table, config.key_cache_seconds, clock),
        accounts=DynamoAccountReader(DynamoAccounts(client, config.allowance_table, clock, lifetime(config))),
        policies=DynamoPolicies(client, config.policies_table, clock),
        reports=S3Reports(reports.client(), config.report_bucket),
        lease=DynamoLease(client, config.policies_table, LEASE, clock),
        starter=LambdaStarter(config.optimizer_function),
        clock=clock,
        origins=config.cors_origins,
        canary_share=config.canary_share,
    )
