"""Make what the documentation shows: the reference from the real help, the pictures from the commands in the text.

The gallery and a page for each kind are made of `gallery.toml` (what is filmed, and why) and of the kinds themselves.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
from PIL import Image

from liveplot_cli import charts
from liveplot_cli.cli import cli
from liveplot_cli.option import options_of

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference.md"
PICTURES = ROOT / "docs" / "pictures"
GALLERY = ROOT / "docs" / "gallery.md"
KINDS = ROOT / "docs" / "kinds"
PAGES = (ROOT / "README.md", ROOT / "examples" / "README.md", GALLERY)
FILMS: list[dict[str, str]] = tomllib.loads((ROOT / "docs" / "gallery.toml").read_text())["film"]


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


def gallery() -> str:
    """The page of all films, each with its story, its command and what came of it."""
    parts = [
        "# Gallery\n",
        "Every film is drawn from real data in [examples](../examples/README.md) by the command below it. `make docs` "
        "draws them anew. Each kind has a page of its own with all its options.\n",
    ]
    for kind in charts.names():
        parts.append(f"## [{kind}](kinds/{kind}.md)\n")
        parts += [_shown(film, "") for film in FILMS if film["kind"] == kind]
    return "\n".join(parts)


def kind_page(kind: str) -> str:
    """The page of one kind: what it promises, its films, its options."""
    chart = charts.load(kind)
    promise, _, rest = " ".join(chart.__doc__.split("\n")).partition("  ")
    words = f"{promise.strip()}\n" + (f"\n{re.sub(' +', ' ', rest).strip()}\n" if rest.strip() else "")
    parts = [f"# {kind}\n", words, *(_shown(film, "../") for film in FILMS if film["kind"] == kind), "## Options\n"]
    options = options_of(chart).values()
    if options:
        parts.append("| option | meaning | default |\n|---|---|---|")
        parts += [
            f"| `{_in_cell(' '.join([', '.join(option.flags), option.metavar]))}` | {option.help} | {option.default} |"
            for option in options
        ]
        parts.append("\nOptions of time, words, axes and looks are the same for all kinds:")
    else:
        parts.append("It has none of its own; those of time, words, axes and looks are the same for all kinds:")
    parts.append("[reference](../reference.md). Other kinds: [gallery](../gallery.md).\n")
    return "\n".join(parts).replace("|\n\n|", "|\n|")


def _in_cell(text: str) -> str:
    """Text as a cell of a table holds it, in which a bar would end the cell."""
    return text.strip().replace("|", r"\|")


def _shown(film: dict[str, str], root: str) -> str:
    """A film with its story, its command as one would type it, and its facts."""
    name = Path(film_path(film)).name
    frames, seconds, width, height = facts(PICTURES / name)
    size = (PICTURES / name).stat().st_size
    return (
        f"![{film['title']}]({root}pictures/{name})\n\n{film['story']}\n\n```sh\n{film['command'].strip()}\n```\n\n"
        f"{frames} frames, {seconds:.2f} s, {width}x{height}, {size / 1000:.0f} kB.\n"
    )


def film_path(film: dict[str, str]) -> Path:
    """Where a film of the gallery lies."""
    drawn = picture(_words(film["command"]))
    assert drawn, film["command"]
    return drawn[1]


def facts(path: Path) -> tuple[int, float, int, int]:
    """Frames, seconds, width and height of a GIF, as Pillow reads it."""
    with Image.open(path) as film:
        milliseconds = 0.0
        for number in range(film.n_frames):
            film.seek(number)
            milliseconds += film.info.get("duration", 0)
        return film.n_frames, milliseconds / 1000, *film.size


def _words(command: str) -> list[str]:
    return shlex.split(command.replace("\\\n", " "))[1:]


def main() -> None:
    """Write the reference, every picture, the gallery and the kinds' pages."""
    REFERENCE.write_text(reference())
    PICTURES.mkdir(exist_ok=True)
    KINDS.mkdir(exist_ok=True)
    made: set[Path] = set()
    for film in FILMS:
        _draw(_words(film["command"]), made)
    GALLERY.write_text(gallery())
    for kind in charts.names():
        (KINDS / f"{kind}.md").write_text(kind_page(kind))
    for page in PAGES:
        for arguments in commands(page):
            _draw(arguments, made)
    for stray in set(PICTURES.iterdir()) - made:
        stray.unlink()


def _draw(arguments: list[str], made: set[Path]) -> None:
    """Draw the picture of a command, once."""
    drawn = picture(arguments)
    if drawn and drawn[1] not in made:
        made.add(drawn[1])
        cli.main(drawn[0], standalone_mode=False)


if __name__ == "__main__":
    main()
