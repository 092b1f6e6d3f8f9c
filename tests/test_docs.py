"""What the documentation says is so."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import build  # docs/build.py
import click
import pytest

from liveplot_cli import charts, encoders, readers
from liveplot_cli.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
COMMANDS = [(page, arguments) for page in PAGES for arguments in build.commands(page)]


def test_the_reference_is_what_help_says() -> None:
    assert build.REFERENCE.read_text() == build.reference(), "run make docs"


@pytest.mark.parametrize(
    ("page", "arguments"), COMMANDS, ids=lambda part: " ".join(part) if isinstance(part, list) else part.name
)
def test_every_command_in_the_text_is_one_that_works(page: Path, arguments: list[str]) -> None:
    command = cli.commands[arguments[0]]
    group = click.Context(cli, **cli.context_settings)  # without it the command would keep another help option
    command.make_context(arguments[0], arguments[1:], parent=group, resilient_parsing=False).close()
    for word in arguments:
        if word.startswith("examples/"):
            assert (ROOT / word).exists()


def test_every_kind_has_a_film_and_a_page_that_says_what_it_is() -> None:
    assert build.GALLERY.read_text() == build.gallery(), "run make docs"
    assert {page.stem for page in build.KINDS.iterdir()} == set(charts.names())
    for kind in charts.names():
        assert (build.KINDS / f"{kind}.md").read_text() == build.kind_page(kind), "run make docs"
        assert kind in {film["kind"] for film in build.FILMS}


def test_commands_are_found_in_the_text() -> None:
    assert len(COMMANDS) > 15


def test_every_example_is_shown_with_its_command_and_picture() -> None:
    text = (ROOT / "examples" / "README.md").read_text()
    for data in (ROOT / "examples").iterdir():
        if data.suffix in (".csv", ".npy"):
            assert f"examples/{data.name}" in text
            assert data.name in (ROOT / "examples" / "ORIGIN.md").read_text()
    drawn = {
        found[1] for page in build.PAGES for arguments in build.commands(page) if (found := build.picture(arguments))
    }
    assert drawn == set(build.PICTURES.iterdir()), "run make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_in_the_text_exists(page: Path) -> None:
    known = {
        flag
        for command in cli.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for flag in [*parameter.opts, *parameter.secondary_opts]
    }
    known |= {"--help", "--version"}
    spans = re.findall(r"`([^`\n]*)`", page.read_text())
    for span in spans:
        for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", span):
            if not span.startswith(("pip ", "make ")):
                assert flag in known, f"{flag} in {span!r}"


def test_every_kind_is_in_the_reference_and_every_module_in_the_architecture() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    package = ROOT / "src" / "liveplot_cli"
    for path in [path for folder in (package, package / "formats", package / "drawing") for path in folder.iterdir()]:
        if path.suffix == ".py" and not path.name.startswith("__"):
            assert f"`{path.name}`" in architecture, path.name
    help_text = build.reference()
    assert "|".join(["auto", *charts.names()]) in help_text
    for kind in [*readers.load_all(), *encoders.load_all()]:
        for suffix in filter(None, kind.suffixes):
            assert suffix in help_text


def test_the_changelog_knows_the_version() -> None:
    assert f"## [{version('liveplot-cli')}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_glossary_is_the_language_of_the_files() -> None:
    """Words that hide what a thing is stay out of the names."""
    refused = re.compile(r"manager|handler|processor|helper|utils|engine")
    for path in (ROOT / "src").rglob("*.py"):
        assert not refused.search(path.stem)
        for name in re.findall(r"^\s*(?:def|class) (\w+)", path.read_text(), re.MULTILINE):
            assert not refused.search(name.lower()), f"{path.name}: {name}"


CASES = [f"{section}{number:02}" for section, count in zip("ABCDEFG", (39, 20, 10, 20, 22, 12, 4), strict=True)
         for number in range(1, count + 1)]  # fmt: skip


def test_every_case_of_faults_is_a_test_and_every_test_that_is_named_exists() -> None:
    reliability = (ROOT / "docs" / "reliability.md").read_text()
    tests = "".join(path.read_text() for path in sorted((ROOT / "tests").glob("test_*.py")))
    functions = set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE))
    named = set(re.findall(r"\b(test_\w+)`", reliability)) - {"test_refused"}
    assert named
    assert named <= functions, named - functions
    ids = set(re.findall(r"\"([A-G]\d\d)(?= |\")", tests))
    ids |= {case.upper() for name in functions for case in re.findall(r"_([a-g]\d\d)(?=_)", name)}
    assert [case for case in CASES if case not in ids] == []
