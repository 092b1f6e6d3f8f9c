"""Make what the documentation shows: the reference from the real help, the pictures from the commands in the text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from liveplot_cli.cli import cli

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference.md"
PICTURES = ROOT / "docs" / "pictures"
PAGES = (ROOT / "README.md", ROOT / "examples" / "README.md")


def reference() -> str:
    """The page of all commands, word for word what `--help` says in a terminal 100 columns wide."""
    parts = ["# Command reference\n", "Made by `make docs` from the program's own `--help`.\n"]
    width: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100}
    group = click.Context(cli, info_name="liveplot", **width, **cli.context_settings)
    for title, command, context in [
        ("liveplot", cli, group),
        *(
            (f"liveplot {name}", command, click.Context(command, info_name=name, parent=group, **width))
            for name, command in cli.commands.items()
        ),
    ]:
        parts.append(f"## {title}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of every `liveplot` command in a page's code blocks, a backslash going on to the next line."""
    for block in re.findall(r"^```(?:console|sh)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[:1] == ["liveplot"]:
                yield words[1:]


def picture(arguments: list[str]) -> tuple[list[str], Path] | None:
    """A render command with its GIF going to the pictures' folder, and that GIF; None for other commands."""
    outputs = [word for before, word in pairwise(arguments) if before == "-o"]
    gifs = [name for name in outputs if name.endswith(".gif")]
    if arguments[0] != "render" or not gifs or not arguments[1].startswith("examples/"):
        return None
    target = PICTURES / Path(gifs[0]).name
    return [str(target) if word == gifs[0] else word for word in arguments], target


def main() -> None:
    """Write the reference and every picture."""
    REFERENCE.write_text(reference())
    PICTURES.mkdir(exist_ok=True)
    made: set[Path] = set()
    for page in PAGES:
        for arguments in commands(page):
            drawn = picture(arguments)
            if drawn and drawn[1] not in made:
                made.add(drawn[1])
                cli.main(drawn[0], standalone_mode=False)
    for stray in set(PICTURES.iterdir()) - made:
        stray.unlink()


if __name__ == "__main__":
    main()
