"""What the poller's process is told: where the AWS is and how its tables are called, and no key of anybody."""

import os
from collections.abc import Mapping


def poller_env(stores: Mapping[str, str]) -> dict[str, str]:
    """The environment of the poller, and so of the aggregator in it; `stores` are the settings that name the tables."""
    own = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**own, **stores, "POWERTOOLS_SERVICE_NAME": "turnout", "POWERTOOLS_METRICS_NAMESPACE": "Turnout"}
