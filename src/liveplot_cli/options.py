"""The command line's options, made from the fields that declare them, and help that groups them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from liveplot_cli.option import Option, options_of

Command = TypeVar("Command", bound=Callable[..., Any])

GROUPS = ("Output", "Chart", "Time", "Rows and columns", "Reading", "Words", "Axes", "Looks", "Work")


class GroupedOption(click.Option):
    """A click option that belongs to a group of the help."""

    def __init__(self, *args: Any, group: str = "Work", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


class GroupedCommand(click.Command):
    """A click command whose help lists its options by group."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per group, in the order of `GROUPS`."""
        for group in GROUPS:
            records = [
                record
                for parameter in self.get_params(ctx)
                if isinstance(parameter, click.Option)
                and getattr(parameter, "group", "Work") == group
                and (record := parameter.get_help_record(ctx))
            ]
            if records:
                with formatter.section(group):
                    formatter.write_dl(records)


class Parsed(click.ParamType[Any]):
    """A click type that takes text as an option's own `parse` does, its `ValueError` as click's usage error."""

    def __init__(self, parse: Callable[[str], Any], metavar: str) -> None:
        self.name = metavar
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The parsed value."""
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def options_from(classes: Iterable[type]) -> Callable[[Command], Command]:
    """A decorator that gives a click command the options which the dataclasses declare, each name once."""
    declared: dict[str, Option] = {}
    for cls in classes:
        for name, described in options_of(cls).items():
            declared.setdefault(name, described)

    def decorate(command: Command) -> Command:
        for name, described in reversed(declared.items()):
            command = _click_option(name, described)(command)
        return command

    return decorate


def _click_option(name: str, described: Option) -> Callable[[Command], Command]:
    """Without a default: an option that is not given must not reach the job, which knows the default itself."""
    shown = f"  [default: {described.default}]" if described.default else ""
    form: dict[str, Any] = (
        {"is_flag": True}
        if described.parse is None
        else {
            "type": Parsed(described.parse, described.metavar),
            "metavar": described.metavar,
            "multiple": described.many,
        }
    )
    return click.option(
        *described.flags,
        name,
        cls=GroupedOption,
        group=described.group,
        default=None,
        help=described.help + shown,
        **form,
    )
