"""`@frozen`: what is made for every request or every token never changes, which the type checker sees to."""

from dataclasses import dataclass, field
from typing import dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen[T](cls: type[T]) -> type[T]:
    """A dataclass with slots, compared and hashed by its values. Assigning to one of its fields is a type error.

    Python's own `frozen=True` would check that at runtime, too, for which every field is set through a call: three
    times the time, a tenth of what the router does for a request.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
