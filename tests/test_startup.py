"""In processes of their own, for in this one matplotlib has long been imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CALM = """
import gc
from liveplot_cli.startup import quick_imports
"""


def said(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", CALM + program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_what_is_imported_quickly_works_but_is_not_documented() -> None:
    assert (
        said("""
with quick_imports():
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle
line = Line2D([], [])
line.set(color="red", linewidth=3)
print(line.get_color(), line.get_linewidth(), Circle((0, 0)).set(radius=2), Line2D.set.__doc__, Circle.set.__doc__)
""")
        == "red 3.0 [None] None None"
    )


def test_what_is_imported_afterwards_is_as_matplotlib_makes_it() -> None:
    assert (
        said("""
with quick_imports():
    from matplotlib.lines import Line2D
class Heavy(Line2D):
    pass
print("linewidth" in Heavy.set.__doc__, Heavy.set.__signature__.parameters["linewidth"].kind.name)
""")
        == "True KEYWORD_ONLY"
    )


@pytest.mark.parametrize("fails", [False, True])
def test_garbage_is_looked_for_again_but_not_among_what_was_imported(fails: bool) -> None:
    assert said(f"""
before = gc.get_freeze_count()
try:
    with quick_imports():
        import matplotlib.figure
        assert not gc.isenabled()
        assert not {fails}
except AssertionError:
    print("failed")
print(gc.isenabled(), gc.get_freeze_count() - before > 50_000)
""").split() == [*(["failed"] if fails else []), "True", "True"]


def test_a_matplotlib_that_documents_in_another_way_is_imported_none_the_less() -> None:
    assert (
        said("""
from matplotlib.artist import Artist
del Artist._update_set_signature_and_docstring
Artist.__init_subclass__ = classmethod(lambda cls: None)
with quick_imports():
    from matplotlib.lines import Line2D
print(hasattr(Artist, "_update_set_signature_and_docstring"))
""")
        == "False"
    )


def test_what_is_wrong_with_a_file_is_told_before_the_longest_imports(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("a,b\n1,x\n")
    code = "import sys; from liveplot_cli.cli import run; print(run(sys.argv[1:]), 'matplotlib' in sys.modules)"
    command = [sys.executable, "-c", code, "render", str(tmp_path / "h.csv"), "-o", str(tmp_path / "a.gif")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "3 False\n"


def test_a_command_needs_no_thread_but_its_own() -> None:
    """Where none may be started OpenBLAS, which numpy brings along, would end the process as Ctrl-C does."""
    code = """
import os, sys
from liveplot_cli.__main__ import main
sys.argv = ["liveplot", "--version"]
try:
    main()
except SystemExit:
    import numpy
    print(len(os.listdir("/proc/self/task")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1"
