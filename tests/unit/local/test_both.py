import httpx
import pytest

from local.both import both
from tests.unit.api.console.world import OWN, Console, a_row
from tests.unit.api.world import KEY, World


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/healthz", "", 200),
        ("/v1/models", KEY, 200),
        ("/v1/usage", OWN, 200),
        (f"/v1/requests/{a_row(1).id}", OWN, 200),
        ("/v1/console/openapi.json", "", 200),
        ("/openapi.json", "", 200),
        ("/v1/models", OWN, 401),  # of which only the console knows
        ("/v1/usage", KEY, 401),  # of which only the router knows
        ("/v1/nothing", KEY, 404),
    ],
)
async def test_each_path_goes_to_the_app_that_has_it(path: str, key: str, status: int) -> None:
    transport = httpx.ASGITransport(both(World().app, Console(a_row(1)).app))
    async with httpx.AsyncClient(transport=transport, base_url="http://turnout.test") as client:
        assert (await client.get(path, headers={"authorization": f"Bearer {key}"})).status_code == status
