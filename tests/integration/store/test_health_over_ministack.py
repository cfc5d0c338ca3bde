"""Shared health over ministack, where fifty instances ask at once."""

from tests.unit.store.health_contract import HealthContract


class TestOverMinistack(HealthContract):
    """As it is."""
