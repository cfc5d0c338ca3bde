"""Makes packages lean and compiles them, for a quick cold start: `python trim.py <folder of packages>`, at each build.

botocore describes some four hundred services in 28 MB. What it has on a service it reads whole when a client is made,
documentation too, and with it the endpoints of all services: most of what a client costs a cold start. Nor does
anybody read the docstrings of packages there, which are a tenth of their code.
"""

import compileall
import gzip
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

CALLED: Mapping[str, Set[str]] = {
    # what deletes is `turnout purge`, which may be run from a function, too
    "dynamodb": {"DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"},
    "lambda": {"Invoke"},
    # botocore asks for the head itself, where it must find a bucket's region
    "s3": {"DeleteObjects", "GetObject", "HeadBucket", "ListObjectsV2", "PutObject"},
    "secretsmanager": {"GetSecretValue"},
    "sts": {"AssumeRole", "AssumeRoleWithWebIdentity"},  # botocore itself, where the credentials are of such a role
}
"""The services that are called, and their operations: https://docs.aws.amazon.com/boto3/latest/reference/services/."""

DOCUMENTATION = ("documentation", "documentationUrl")


def main(packages: Path) -> None:
    """Do all of it to the packages in a folder; what is trimmed already stays as it is."""
    trim(packages / "botocore/data")
    compiled(packages)


def trim(data: Path) -> None:
    """Leave of botocore's data what is called."""
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in CALLED:
            shutil.rmtree(folder)
    for service, operations in CALLED.items():
        for path in (data / service).glob("*/service-2.json.gz"):
            model = described(json.loads(gzip.decompress(path.read_bytes())), operations)
            _replace(path, gzip.compress(_compact(model), mtime=0))
    endpoints = data / "endpoints.json"
    _replace(endpoints, _compact(located(json.loads(endpoints.read_bytes()))))


def compiled(packages: Path) -> None:
    """Compile all modules, without docstrings and asserts, to where any interpreter looks for the code.

    Lambda's folders are read-only: what is not compiled here would be compiled again at every cold start.
    """
    compileall.compile_dir(
        packages,
        quiet=1,
        workers=0,
        optimize=2,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        stripdir=packages.parent,
        prependdir="/opt",
    )
    for path in packages.rglob("*.opt-2.pyc"):
        path.replace(path.with_name(path.name.replace(".opt-2", "")))


def described(model: dict[str, Any], operations: Set[str]) -> dict[str, Any]:
    """A service's model with these operations alone, the shapes that they need, and no documentation."""
    kept = {name: value for name, value in model["operations"].items() if name in operations}
    shapes: dict[str, Any] = {}
    waiting = list(_shapes(kept))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting.extend(_shapes(shapes[name]))
    rest = {name: value for name, value in model.items() if name not in DOCUMENTATION}
    return {**rest, "operations": _undocumented(kept), "shapes": _undocumented(shapes)}


def located(endpoints: dict[str, Any]) -> dict[str, Any]:
    """The endpoints of all partitions and regions, of these services alone."""
    for partition in endpoints["partitions"]:
        partition["services"] = {name: told for name, told in partition["services"].items() if name in CALLED}
    return endpoints


def _shapes(value: Any) -> Iterator[str]:
    """The names of the shapes that a part of a model refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for inner in value.values():
            yield from _shapes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _shapes(inner)


def _undocumented(value: Any) -> Any:
    """`value` without its texts; a member of a structure may have such a name too, but then it is no text."""
    if isinstance(value, dict):
        return {
            name: _undocumented(inner)
            for name, inner in value.items()
            if not (name in DOCUMENTATION and isinstance(inner, str))
        }
    return [_undocumented(inner) for inner in value] if isinstance(value, list) else value


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _replace(path: Path, content: bytes) -> None:
    path.unlink()  # not written over: an installer may have made it a link to its own cache
    path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
