"""AWS SAM for these tests: the command in an environment of its own, and one build for the machine at hand."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from local.sam_api import build

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Built:
    """What `sam build` made."""

    folder: Path

    @property
    def layers(self) -> list[Path]:
        """The folders that Lambda lays over each other as /opt."""
        return [self.folder / "DependenciesLayer", self.folder / "TurnoutLayer"]

    def search_path(self, function: str) -> list[str]:
        """What is on a function's path besides the standard library."""
        return [str(self.folder / f"{function}Function"), *(str(layer / "python") for layer in self.layers)]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All functions and layers, for this machine's processor."""
    folder = tmp_path_factory.mktemp("sam") / "build"
    build(folder)
    return Built(folder)
