"""Options, declared once as fields of frozen dataclasses; the command line, Python and the docs all read them here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from numbers import Number
from typing import Any, TypeVar

from liveplot_cli.errors import UsageError, quoted

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Option:
    """What a person needs to know of an option: its flags, its help, the form of its value, and how text becomes one.

    `parse` is None for a yes/no option; otherwise it raises `ValueError` with a sentence for text it can't take. `many`
    says that the option can be repeated, and its value is a tuple.
    """

    flags: tuple[str, ...]
    help: str
    group: str
    metavar: str
    parse: Callable[[str], Any] | None
    default: str
    many: bool


def option(
    default: T,
    *flags: str,
    help: str,
    group: str,
    metavar: str = "",
    parse: Callable[[str], Any] | None = None,
    shown: str | None = None,
    many: bool = False,
) -> T:
    """A dataclass field that is an option; `shown` replaces the default in the help, "" leaves it out."""
    described = Option(flags, help, group, metavar, parse, str(default) if shown is None else shown, many)
    field: T = dataclasses.field(default=default, metadata={"option": described})
    return field


def one_of(*words: str) -> Callable[[str], str]:
    """What takes text that is one of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{quoted(text)} is none of {', '.join(words)}")
        return text

    return parse


def options_of(cls: type) -> dict[str, Option]:
    """The options a dataclass declares, by field name, in order."""
    return {field.name: field.metadata["option"] for field in dataclasses.fields(cls) if "option" in field.metadata}


def build(cls: type[T], given: Mapping[str, object]) -> T:
    """An instance of `cls` from those of the `given` values that are its options; text and numbers are parsed.

    None is as good as not given. Raises `UsageError` for a value that can't be taken.
    """
    values = {
        name: _value(name, described, given[name])
        for name, described in options_of(cls).items()
        if given.get(name) is not None
    }
    return cls(**values)


def refuse_unused(given: Iterable[str], used: Iterable[type], known: Iterable[type]) -> None:
    """Refuse an option that nothing in use takes, rather than ignore it in silence.

    Raises `UsageError`, naming the `known` classes whose option it is.
    """
    taken = {name for cls in used for name in options_of(cls)}
    for name in given:
        if name in taken:
            continue
        owners = [cls.__name__.lower() for cls in known if name in options_of(cls)]
        if not owners:
            raise UsageError(f"there is no option {quoted(name)}")
        *others, last = owners
        whose = f"{', '.join(others)} and {last}" if others else last
        raise UsageError(
            f"the option {quoted(name)} belongs to {whose}, which {'are' if others else 'is'} not used here"
        )


def _value(name: str, described: Option, value: object) -> object:
    if described.many:
        if isinstance(value, Mapping):
            value = [f"{key}={text}" for key, text in value.items()]
        several = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
        return tuple(_parsed(name, described, one) for one in several)
    return _parsed(name, described, value)


def _parsed(name: str, described: Option, value: object) -> object:
    if described.parse is None or not isinstance(value, str | Number):
        return value
    try:
        return described.parse(str(value))
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None
