"""The console: tells what was asked of the gateway, what came of it and what it cost, and takes feedback."""

import os

from mangum import Mangum

from turnout.api.console.app import create_console
from turnout.bootstrap_console import console
from turnout.config import Config
from turnout.store.sealed import unlocked

app = create_console(console(unlocked(Config.from_env(os.environ))))
handler = Mangum(app, lifespan="off")
