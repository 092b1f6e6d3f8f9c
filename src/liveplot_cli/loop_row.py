"""What a loop gives as a row: values by the names of their columns, a list of them, an array, or one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def listed(values: Any) -> Sequence[Any]:
    """A row's values: of a list, an array or a tensor its items, of a single number itself."""
    if hasattr(values, "tolist"):  # of NumPy, PyTorch, JAX
        values = values.tolist()
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return (values,)
    return values if isinstance(values, list | tuple) else tuple(values)


def by_name(values: Mapping[Any, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a mapping and those that were named beside it, which come after them."""
    return {**{str(name): value for name, value in values.items()}, **named}
