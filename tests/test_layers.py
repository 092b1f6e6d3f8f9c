"""The layout of the files is the architecture: each module imports only from layers below its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "liveplot_cli"

LAYERS = (
    {"errors", "startup"},
    {"option", "row_file", "pool", "input", "easing", "shortening"},
    {"history", "film", "fonts", "look", "limits", "text", "text_blocks", "theme"}
    | {"timing", "output", "writing", "kinds", "signals", "workers"},
    {
        "selection",
        "style",
        "scale",
        "raster",
        "tiff_pages",
        "npy_format",
        "number_block",
        "dates",
        "color_table",
        "player",
        "stamp",
        "decimation",
        "pace",
        "distribution",
        "ranking",
        "notation",
        "gif_blocks",
        "mp4_boxes",
    },
    {"table", "growth"},
    {"text_table"},
    {"readers", "charts", "encoders", "words", "blit", "legend"},
    {"layout"},
    {"prepare", "scene", "write", "animated"},
    {"screens", "matplotlib_writer", "still"},
    {"jobs"},
    {"options"},
    {"cli"},
    {"__main__", "__init__"},
)
HEAVY = {
    "matplotlib.pyplot": {"screens/window.py"},
    "click": {"cli.py", "options.py"},
    "av": {"encoders/mp4.py"},
}
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def layer(place: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if place in names)


def home(file: str) -> str:
    """The top-level module or package that a file of the package belongs to."""
    return Path(file).parts[0].removesuffix(".py")


def imported(file: str) -> set[str]:
    """Every module a file imports, anywhere in it, as dotted names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


@pytest.mark.parametrize("file", FILES)
def test_a_module_imports_only_from_layers_below(file: str) -> None:
    own = home(file)
    for name in imported(file):
        parts = name.split(".")
        if parts[0] != "liveplot_cli" or len(parts) == 1:
            continue
        other = parts[1]
        if not (PACKAGE / other).exists() and not (PACKAGE / f"{other}.py").exists():
            continue  # a name of the package itself, not a module
        if other == own:
            # Within a package, a kind knows its package and nothing of its siblings.
            siblings = {path.stem for path in (PACKAGE / own).glob("*.py")} - {"__init__"}
            assert len(parts) < 3 or parts[2] not in siblings, f"{file} imports its sibling {name}"
        else:
            assert layer(other) < layer(own), f"{file} imports {name}, which does not lie below it"


@pytest.mark.parametrize("library", HEAVY)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    package, _, module = library.partition(".")
    users = {
        file
        for file in FILES
        if any(name == library or name.startswith(f"{library}.") for name in imported(file))
        or (not module and package in {name.split(".")[0] for name in imported(file)})
    }
    assert users == HEAVY[library]


def test_every_module_has_a_layer() -> None:
    assert {home(file) for file in FILES} == set().union(*LAYERS)
