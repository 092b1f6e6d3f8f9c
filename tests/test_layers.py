"""The layout of the files is the architecture: each module imports only from layers below its own."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "liveplot_cli"

LAYERS = (
    {"errors", "startup", "loop_row", "formats.__init__", "drawing.__init__", "service.__init__", "client.__init__"}
    | {"terminals.__init__", "growing.__init__"},
    {"option", "row_file", "pool", "input", "easing"},
    {"history", "film", "look", "limits", "timing", "output", "writing", "kinds", "signals", "workers"},
    {"selection", "pace", "player", "serving", "pushing", "following", "showing"},
    {"client.remote"},
    {"client.spool"},
    {"client.waiting"},
    {"client.delivery"},
    {"client.push"},
    {"callbacks"},
    {
        "formats.changes",
        "formats.color_table",
        "formats.dates",
        "formats.gif_blocks",
        "formats.mp4_boxes",
        "formats.npy_format",
        "formats.png_chunks",
    }
    | {"formats.row_lines", "formats.text", "formats.text_blocks", "formats.tiff_pages", "formats.webp_chunks"},
    {"formats.number_block", "formats.film_page", "formats.table", "formats.webp_image"},
    {"formats.text_table"},
    {"drawing.decimation", "drawing.distribution", "drawing.fonts", "drawing.notation", "drawing.ranking"}
    | {"drawing.scale", "drawing.shortening", "drawing.stamp", "drawing.theme"},
    {"drawing.blit", "drawing.growth", "drawing.letters", "drawing.style"},
    {"drawing.controls"},
    {"terminals.answers", "terminals.area", "terminals.keys"},
    {"terminals.cells", "terminals.session"},
    {"protocols"},
    {"drawing.legend", "drawing.ticker", "drawing.words"},
    {"drawing.raster"},
    {"drawing.layout"},
    {"readers", "charts", "encoders"},
    {"growing.lines", "growing.tail", "recording"},
    {"growing.history"},
    {"growing.follower"},
    {"prepare", "scene", "write", "animated"},
    {"matplotlib_writer", "still", "growing.film"},
    {"shots"},
    {"screening"},
    {"screens"},
    {"jobs"},
    {"notebook"},
    {"service.runs", "service.reserve"},
    {"service.sqlite_file"},
    {"service.rows", "service.stores", "service.access", "service.changes", "service.draftsman"},
    {"service.pictures"},
    {"service.resources"},
    {"service.openapi", "service.bounds"},
    {"service.app"},
    {"service.server"},
    {"options"},
    {"cli"},
    {"__main__", "__init__"},
)
LAYERED = {
    "formats",
    "drawing",
    "service",
    "client",
    "terminals",
    "growing",
}  # packages whose modules have layers of their own
HEAVY = {
    "matplotlib.pyplot": {"screens/window.py"},
    "click": {"cli.py", "options.py"},
    "psycopg": {"service/stores/__init__.py", "service/stores/postgres.py"},
    "av": {"encoders/mp4.py"},
    "uvicorn": {"service/server.py"},
    "urllib3": {"client/remote.py"},
}
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def layer(place: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if place in names)


def home(file: str) -> str:
    """What a file of the package belongs to: a top-level module or package, or a module of a layered one."""
    return place(Path(file).with_suffix("").parts)


def place(parts: Sequence[str]) -> str:
    return ".".join(parts[:2]) if parts[0] in LAYERED else parts[0]


@cache
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
        other = place(parts[1:])
        path = PACKAGE / other.replace(".", "/")
        if not path.exists() and not path.with_suffix(".py").exists():
            continue  # a name of the package itself, not a module
        if other in LAYERED:
            continue  # its modules stand beside it among the names
        if other == own:
            # Within a package, a kind knows its package and nothing of its siblings.
            siblings = {path.stem for path in (PACKAGE / own.replace(".", "/")).glob("*.py")} - {"__init__"}
            own_parts = len(own.split("."))
            inner = parts[1 + own_parts] if len(parts) > 1 + own_parts else ""
            loads_its_kinds = file.endswith("__init__.py")
            assert inner not in siblings or loads_its_kinds, f"{file} imports its sibling {name}"
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


def test_falcon_is_imported_only_by_the_service() -> None:
    users = {file for file in FILES if any(name.split(".")[0] == "falcon" for name in imported(file))}
    assert users
    assert all(file.startswith("service/") for file in users)


def test_every_module_has_a_layer() -> None:
    assert {home(file) for file in FILES} == set().union(*LAYERS)
