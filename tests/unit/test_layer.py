"""The layer of dependencies is lean: all that is called on Lambda is left in it, and little else."""

import gzip
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import botocore
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.loaders import Loader
from botocore.session import Session
from pydantic_core import from_json

from layers.dependencies.trim import CALLED, compiled, described, trim
from local.tables import TEMPLATE

ROOT = TEMPLATE.parent
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("get_item", {"TableName": "table", "Key": {"id": {"S": "1"}}}),
    "lambda": ("invoke", {"FunctionName": "optimizer"}),
    "s3": ("put_object", {"Bucket": "reports", "Key": "one"}),
    "secretsmanager": ("get_secret_value", {"SecretId": "keys"}),
    "sts": ("assume_role", {"RoleArn": "arn:aws:iam::012345678901:role/r", "RoleSessionName": "session"}),
}
DATA = Path(botocore.__file__).parent / "data"


@pytest.fixture(name="trimmed", scope="module")
def the_trimmed_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """botocore's data, with one service more than are called, trimmed."""
    data = tmp_path_factory.mktemp("botocore") / "data"
    others = {path.name for path in DATA.iterdir() if path.is_dir()} - {*CALLED, "sns"}
    shutil.copytree(DATA, data, ignore=lambda folder, _: others if Path(folder) == DATA else ())
    trim(data)
    return data


def sources() -> Iterator[str]:
    """All Python that runs on Lambda: the command line is in the layer, and runs elsewhere."""
    for folder in ("layers/turnout", "functions"):
        yield from (path.read_text() for path in (ROOT / folder).rglob("*.py") if "cli" not in path.parts)


def client(service: str, data: Path | None = None) -> Any:
    session = Session()
    if data:
        session.register_component("data_loader", Loader([str(data)], include_default_search_paths=False))
    return cast("Any", session).create_client(service, region_name="eu-south-1")


def test_each_service_of_which_a_client_is_made_is_kept() -> None:
    made = {service for text in sources() for service in re.findall(r'client\(\s*"([\w-]+)"', text)}
    assert made
    assert made <= CALLED.keys()


@pytest.mark.parametrize("service", CALLED)
def test_each_operation_that_is_called_is_kept(service: str) -> None:
    names = {xform_name(operation): operation for operation in client(service).meta.service_model.operation_names}
    words = {word for text in sources() for word in re.findall(r'\b(\w+)(?:\(|"\)\.paginate)', text)}
    assert {names[word] for word in words & names.keys()} <= CALLED[service]


@pytest.mark.parametrize("service", CALLED)
def test_a_client_knows_its_operations_and_its_endpoint_as_before(service: str, trimmed: Path) -> None:
    lean = client(service, trimmed)
    assert set(lean.meta.service_model.operation_names) == CALLED[service]
    assert lean.meta.endpoint_url == client(service).meta.endpoint_url


@pytest.mark.parametrize("service", CALLED)
def test_a_call_is_made_as_before(service: str, trimmed: Path) -> None:
    method, arguments = CALLS[service]
    lean, full = (sent(client(service, data), method, arguments) for data in (trimmed, None))
    assert lean == full


def sent(client: Any, method: str, arguments: dict[str, Any]) -> tuple[str, str, str]:
    """What a call is about to send: method, URL and body."""
    requests: list[dict[str, Any]] = []

    def send(params: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        requests.append(params)
        return AWSResponse(params["url"], 200, HTTPHeaders(), None), {}

    client.meta.events.register("before-call", send)
    getattr(client, method)(**arguments)
    [request] = requests
    return request["method"], request["url"], str(request["body"])


@pytest.mark.parametrize("service", CALLED)
def test_what_an_operation_takes_and_gives_is_described_as_before(service: str) -> None:
    [*_, path] = sorted((DATA / service).glob("*/service-2.json.gz"))
    full = from_json(gzip.decompress(path.read_bytes()))
    lean = described(full, CALLED[service])
    assert told(lean["shapes"]) == told({name: full["shapes"][name] for name in lean["shapes"]})
    assert "'documentation': '" not in f"{lean['operations']}{lean['shapes']}"
    assert set(re.findall(r"'shape': '(\w+)'", str(lean))) == lean["shapes"].keys()


def told(value: Any) -> Any:
    """`value` without the texts for people."""
    match value:
        case dict():
            told_apart = cast("dict[str, Any]", value)
            return {name: told(one) for name, one in told_apart.items() if name[:13] != "documentation" or one == {}}
        case list():
            return [told(one) for one in cast("list[Any]", value)]
        case _:
            return value


def test_no_other_service_is_kept(trimmed: Path) -> None:
    assert {path.name for path in trimmed.iterdir() if path.is_dir()} == CALLED.keys()


def test_a_module_is_run_without_its_docstrings_and_its_code_names_no_machine(tmp_path: Path) -> None:
    packages = tmp_path / "python"
    packages.mkdir()
    (packages / "lean.py").write_text('"""A text."""')
    compiled(packages)
    code = f"import sys; sys.path.insert(0, {str(packages)!r}); import lean; print(lean.__doc__)"
    shown = subprocess.check_output([sys.executable, "-I", "-c", code], text=True)  # noqa: S603 - our own script
    assert shown.strip() == "None"
    [path] = packages.rglob("*.pyc")
    assert b"/opt/python/lean.py" in path.read_bytes()
    assert bytes(tmp_path) not in path.read_bytes()
