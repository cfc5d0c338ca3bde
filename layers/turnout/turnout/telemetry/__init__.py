"""What CloudWatch and X-Ray are told of each request: a line of log, metrics and a trace. On Lambda only."""

import os


def service() -> str:
    """The name of this deployment in its logs and metrics: Powertools' own setting."""
    return os.environ.get("POWERTOOLS_SERVICE_NAME", "turnout")
