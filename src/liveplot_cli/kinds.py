"""Kinds: one file, one frozen dataclass, one name. Adding `charts/race.py` with a class `Race` adds the kind race."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def names(package: ModuleType) -> list[str]:
    """The kinds a package holds: the names of its modules, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def load(package: ModuleType, name: str) -> Any:
    """The dataclass of one kind: the class in module `name` whose name is the module's, capitalised."""
    module = importlib.import_module(f"{package.__name__}.{name}")
    return getattr(module, name.capitalize())


def load_all(package: ModuleType) -> list[Any]:
    """The dataclasses of all kinds of a package, in the order of their names."""
    return [load(package, name) for name in names(package)]
