"""The router: answers chats. `app` is served by `turnout.runtime`, streamed, and `handler` by `sam local`, buffered."""

import os

from mangum import Mangum

from turnout.api.app import create_app
from turnout.bootstrap import services
from turnout.config import Config

app = create_app(services(Config.from_env(os.environ)))
handler = Mangum(app, lifespan="off")
