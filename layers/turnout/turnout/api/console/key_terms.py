"""A key as it is wanted, checked against what there is: its models, its vendors, its rules, and itself."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from turnout.api.console.key_body import KeyBody, KeyChange
from turnout.catalog import Catalog, load
from turnout.config import Config
from turnout.core.allowance import CREDITS_PER_USD, Budget
from turnout.core.errors import InvalidRequest, UnknownModel
from turnout.core.frozen import frozen
from turnout.core.keyring import Issued
from turnout.core.ports import Key
from turnout.modes import MODES
from turnout.routing.allowed import allowed
from turnout.routing.rules_file import read


def read_terms(config: Config) -> "KeyTerms":
    """What is known here of models and rules. Raises BadCatalog or BadRules."""
    models = load({}, {}, config.catalog_dir)
    rulesets = read(config.rules_file, models, MODES).rulesets if config.rules_file else None
    return KeyTerms(models, rulesets, config.starter_credits)


@frozen
class KeyTerms:
    """What keys are checked against. `rulesets` are those of the rules, None where the rules are not known here."""

    catalog: Catalog
    rulesets: frozenset[str] | None
    starter_credits: int

    def key(self, body: KeyBody) -> Key:
        """A new key, without an id; with the starter's budget where nothing is said of any. Raises InvalidRequest."""
        key = Key("", **body.terms())
        if body.budgets is None and self.starter_credits:
            key = replace(key, budgets=(Budget(Decimal(self.starter_credits) / CREDITS_PER_USD),))
        return self.checked(key)

    def changed(self, issued: Issued, body: KeyChange) -> Issued:
        """The key with what `body` says. Raises InvalidRequest."""
        said = body.model_fields_set
        key = replace(issued.key, **{name: value for name, value in body.terms().items() if name in said})
        expires_at = body.expires_at if "expires_at" in said else issued.expires_at
        return replace(issued, key=self.checked(key), expires_at=expires_at)

    def checked(self, key: Key) -> Key:
        """The key. Raises InvalidRequest for the first thing that is wrong with it, naming the field and the remedy."""
        for param, told in self._faults(key):
            raise InvalidRequest(f"'{param}' {told}.", param=param)
        return key

    def _faults(self, key: Key) -> Iterator[tuple[str, str]]:
        yield from self._strangers(key)
        if (key.models or key.vendors) and not any(model in allowed(key, self.catalog) for model in self.catalog.all()):
            yield "vendors", "offer none of 'models'. Name a vendor of theirs, or leave one of the two lists empty"
        if self.rulesets is not None and key.ruleset and key.ruleset not in self.rulesets:
            there = ", ".join(sorted(self.rulesets)) or "none"
            yield "ruleset", f"is none that a rule names. There are: {there}"
        if key.privacy.store_content and key.privacy.zero_retention:
            yield "privacy", "cannot be both 'store_content' and 'zero_retention'. Leave one of them out"
        if twice := [period for period, count in Counter(one.period for one in key.budgets).items() if count > 1]:
            yield "budgets", f"has two for the period '{twice[0]}'. Give one for each period"

    def _strangers(self, key: Key) -> Iterator[tuple[str, str]]:
        for number, name in enumerate(key.models):
            try:
                self.catalog.called(name)
            except UnknownModel as error:
                yield f"models[{number}]", f"is unknown. {error.message.removesuffix('.')}"
        vendors = {model.vendor.name for model in self.catalog.all()}
        for number, name in enumerate(key.vendors):
            if name not in vendors:
                yield f"vendors[{number}]", f"is unknown. There are: {', '.join(sorted(vendors))}"
