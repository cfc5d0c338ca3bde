"""The catalog: which models there are, who serves them, what they can do and what they cost.

The facts are one TOML file a vendor, in `data/` and in the folder that TURNOUT_CATALOG_DIR names.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from turnout.catalog.schema import BadCatalog, VendorFile, read
from turnout.core.errors import UnknownModel
from turnout.core.models import Model

__all__ = ["DATA", "BadCatalog", "Catalog", "at_hand", "load", "vendor_files"]

DATA = Path(__file__).parent / "data"
LONGEST_NAME = 100


class Catalog:
    """All models, and the names by which they are found."""

    def __init__(self, models: Iterable[Model], aliases: Mapping[str, tuple[str, ...]]) -> None:
        """`aliases` has the further names of a model by its id."""
        self._models = tuple(models)
        ranked = sorted(self._models, key=lambda model: (not model.auto, model.auto))
        self._auto = tuple(model for model in ranked if model.auto)
        self._named: dict[str, list[Model]] = {}
        # All names before all aliases, so that an alias never hides another model's name.
        for further in (False, True):
            for model in ranked:
                for name in aliases.get(model.id, ()) if further else (model.name,):
                    self._named.setdefault(name, []).append(model)
                    self._named.setdefault(f"{model.vendor.name}/{name}", []).append(model)

    def find(self, name: str) -> Model:
        """The model called `name`: `gpt-5.2`, `openai/gpt-5.2` or an alias.

        Of several vendors that offer it, the first that has its key, in the order of `auto`, then of the files.
        Raises UnknownModel, which offers near names.
        """
        models = self.called(name)
        return at_hand(models) or models[0]

    def called(self, name: str) -> Sequence[Model]:
        """All models of that name, one for each vendor that offers it. Raises UnknownModel, as `find` does."""
        if models := self.known(name):
            return models
        raise UnknownModel(self._unknown(name[:LONGEST_NAME]), param="model")

    def known(self, name: str) -> Sequence[Model]:
        """The same, () where there is none."""
        return self._named.get(name, ())

    def auto(self) -> tuple[Model, ...]:
        """The default chain, in order, whether or not there are keys for all of it."""
        return self._auto

    def all(self) -> tuple[Model, ...]:
        """Every model, by file."""
        return self._models

    def _unknown(self, name: str) -> str:
        same_form = [known for known in self._named if ("/" in known) == ("/" in name)]
        near = get_close_matches(name, ["auto", *same_form], n=3, cutoff=0.6)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"There is no model '{name}'.{hint} GET /v1/models lists all; 'auto' chooses one."


def at_hand(models: Sequence[Model]) -> Model | None:
    """Of the same model at several vendors the first whose key is there; if none is, the first."""
    return next((model for model in models if model.vendor.ready), models[0] if models else None)


def load(keys: Mapping[str, str], base_urls: Mapping[str, str], extra: Path | None, region: str = "") -> Catalog:
    """The bundled vendors and those in the folder `extra`; a file of the same vendor replaces the bundled one.

    `keys` has API keys by environment name; `base_urls` has URLs by vendor, used instead of the files'; `region` is
    the AWS region of Bedrock, empty where it is not used.
    Raises BadCatalog.
    """
    files = {file.name: file for file in vendor_files(extra)}
    if unknown := sorted(base_urls.keys() - files.keys()):
        raise BadCatalog(f"base_urls: no such vendor: {', '.join(unknown)}. There are: {', '.join(files)}")
    vendors = {name: file.vendor(keys, base_urls.get(name), region) for name, file in files.items()}
    models = [row.model(vendors[name], region) for name, file in files.items() for row in file.models]
    aliases = {f"{name}/{row.name}": tuple(row.aliases) for name, file in files.items() for row in file.models}
    return Catalog(models, aliases)


def vendor_files(extra: Path | None) -> tuple[VendorFile, ...]:
    """What the bundled files and those in the folder `extra` say, one for each vendor. Raises BadCatalog."""
    files = {file.name: file for folder in (DATA, *_folder(extra)) for file in _vendors(folder)}
    return tuple(files.values())


def _folder(extra: Path | None) -> tuple[Path, ...]:
    if extra and not extra.is_dir():
        raise BadCatalog(f"catalog_dir: there is no folder {extra}")
    return (extra,) if extra else ()


def _vendors(folder: Path) -> list[VendorFile]:
    return [read(path) for path in sorted(folder.glob("*.toml"))]
