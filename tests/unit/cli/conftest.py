"""The same DynamoDB as the stores' tests have."""

from tests.unit.store.conftest import dynamodb, dynamodb_client

__all__ = ["dynamodb", "dynamodb_client"]
