"""Values on their way to DynamoDB and back, as boto3 would send and read them."""

from decimal import Inexact
from typing import Any, cast

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from turnout.store.dynamo import Item, from_wire, to_wire

NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(-(10**9), 10**9, places=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
ITEMS = st.dictionaries(st.text(max_size=5), VALUES, max_size=5)


@given(ITEMS)
def test_an_item_is_sent_as_boto3_sends_it_and_comes_back_as_it_was(item: Item) -> None:
    wire = to_wire(item)
    assert wire == {name: cast("Any", TypeSerializer()).serialize(value) for name, value in item.items()}
    assert from_wire(wire) == {name: TypeDeserializer().deserialize(value) for name, value in wire.items()} == item


@pytest.mark.parametrize(("value", "error"), [(0.5, TypeError), (b"bytes", TypeError), (10**38 + 1, Inexact)])
def test_what_dynamodb_cannot_hold_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        to_wire({"a": value})
