"""The command line: `liveplot render`, `show`, `serve`, `push`, `kinds`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from liveplot_cli import charts, encoders, readers
from liveplot_cli.drawing import theme
from liveplot_cli.errors import LimitError, LiveplotError, MissingError, OutputError, ReaderGoneError, printable
from liveplot_cli.following import Following
from liveplot_cli.limits import Limits
from liveplot_cli.look import Look
from liveplot_cli.option import build, options_of
from liveplot_cli.options import Command, GroupedCommand, GroupedOption, options_from
from liveplot_cli.pushing import Pushing
from liveplot_cli.selection import Selection
from liveplot_cli.serving import Serving
from liveplot_cli.showing import Showing
from liveplot_cli.signals import BROKEN_PIPE, abort, end, handled
from liveplot_cli.startup import quick_imports
from liveplot_cli.timing import Timing
from liveplot_cli.writing import Writing

if TYPE_CHECKING:
    import logging

    from liveplot_cli.write import Rendered, Target

_LONGEST_LINE = 300  # characters of an error

# The jobs, and with them numpy, matplotlib and PyAV, are imported when a command runs: help must come at once.
_DRAWING = [Timing, Selection, *readers.load_all(), *charts.load_all(), Look, Limits]


def _work_options(command: Command) -> Command:
    for flags, meaning in (
        (("--debug",), "Show the traceback of an error."),
        (("-v", "--verbose"), "Say what was chosen, and why."),
        (("-q", "--quiet"), "Say nothing but errors."),
    ):
        command = click.option(*flags, cls=GroupedOption, group="Work", is_flag=True, help=meaning)(command)
    return command


_kind_option = click.option(
    "-k", "--kind",
    cls=GroupedOption, group="Chart", type=click.Choice([charts.AUTO, *charts.names()]), default=charts.AUTO,
    show_default=True, help="What to draw; auto takes heatmap for pictures, trace for one column or up to 12 with "
    "names, else line; -v says why.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="liveplot-cli", message="liveplot %(version)s")
def cli() -> None:
    """Turn a history of numbers into a moving picture.

    A history is a matrix: row 1 holds the initial values, every further row the values after an update.
    """


@cli.command(cls=GroupedCommand, no_args_is_help=True)
@click.argument("history", nargs=-1, required=True)
@click.option(
    "-o", "--output",
    cls=GroupedOption, group="Output", multiple=True, required=True, metavar="OUT",
    help="What to write: a .gif, an .mp4, a .webp, an .html page that plays it, a folder/ of numbered PNG frames, or - "
    "for stdout; repeat it for several, drawn once.",
)  # fmt: skip
@_kind_option
@options_from([Writing, Following, *_DRAWING, *encoders.load_all()])
@click.option(
    "-j", "--jobs",
    cls=GroupedOption, group="Work", type=click.IntRange(0), default=0, metavar="N",
    help="Processes that draw; 0 is one for each core.  [default: 0]",
)  # fmt: skip
@_work_options
def render(
    history: Sequence[str],
    output: Sequence[str],
    kind: str,
    jobs: int,
    quiet: bool,
    verbose: bool,
    debug: bool,
    **given: Any,
) -> None:
    """Draw the HISTORY into files, one frame per row.

    It is a table (.csv, .tsv, .jsonl, .ndjson), an array (.npy, .npz) or pictures (.png, .tif, .tiff, .jpg, .jpeg,
    .gif, .mp4, .mov, or a folder of them), as it is or compressed to .gz, or - for standard input.

    \b
    liveplot render history.npy -o film.gif
    liveplot render loss.csv -o loss.mp4 --fps 30 --hold 2 -t "loss, epoch {index}"
    liveplot render --follow train.csv -o run.gif
    """
    _log(quiet, verbose)
    os.environ["MPLBACKEND"] = "agg"  # nothing here opens a window, whatever the user's backend is, or fails to be
    with handled(abort):
        from liveplot_cli.prepare import prepare
        from liveplot_cli.write import options_of_writing, targets

    # What is wrong with a file or an option is told before the longest of the imports.
    options = _given(given)
    outputs = targets(output, options, *history)
    if options.get("follow"):
        _grow(history, outputs, kind, options, quiet)
        return
    prepared = prepare(list(history), kind, options, writing=options_of_writing(outputs))
    with _long_imports():
        from liveplot_cli.shots import write_film

    with _progress(quiet) as progress:
        written = write_film(prepared, outputs, options, jobs, progress)
    if not quiet:
        for file in written:
            _say(_closing(file))


def _grow(
    history: Sequence[str], outputs: Sequence[Target], kind: str, options: dict[str, Any], quiet: bool
) -> None:  # fmt: skip
    """The film of a history that is still growing; a signal that has ended it then ends the process, too."""
    with _long_imports():
        from liveplot_cli.jobs.grow import grow

    written, ended_by = grow(history, outputs, kind, options)
    if not quiet:
        _say(_closing(written))
    if ended_by is not None:
        end(ended_by)


@cli.command(cls=GroupedCommand, no_args_is_help=True)
@click.argument("history", nargs=-1, required=True)
@click.option(
    "--step", cls=GroupedOption, group="Time", is_flag=True, help="Start paused; each Enter goes on by one row."
)
@_kind_option
@options_from([Showing, Following, *_DRAWING])
@_work_options
def show(history: Sequence[str], step: bool, kind: str, quiet: bool, verbose: bool, debug: bool, **given: Any) -> None:
    """Play the HISTORY (a table, an array, pictures, or - for standard input, as for render) in a window,
    or in the terminal where there is no display.

    \b
    space  pause, or play     left, right, Enter  by one row    Home, End  first, last
    + -  speed                [ ] c  a section    s g  save     ?  all keys    q  quit
    \b
    liveplot show history.npy
    liveplot show --follow train.csv
    """
    _log(quiet, verbose)
    with _long_imports():
        from liveplot_cli.jobs.show import show as job

    job(list(history), kind=kind, step=step, **_given(given))


@cli.command(cls=GroupedCommand)
@options_from([Serving])
@_work_options
def serve(quiet: bool, verbose: bool, debug: bool, **given: Any) -> None:
    """Serve live plots: rows come in by POST as training goes on, and everybody watches them in a browser.

    \b
    liveplot serve
    liveplot push http://127.0.0.1:8000/ loss.csv
    """
    _log(quiet, verbose)
    try:
        with _long_imports():
            from liveplot_cli.service.server import serve as job
    except ModuleNotFoundError as error:
        raise MissingError(f"serve needs {error.name}: pip install 'liveplot-cli[serve]'") from None
    job(build(Serving, _given(given)), (lambda line: None) if quiet else _say)


@cli.command(cls=GroupedCommand, no_args_is_help=True)
@click.argument("url")
@click.argument("file", required=False)
@options_from([Pushing, Selection, *readers.load_all()])
@_work_options
def push(url: str, file: str | None, quiet: bool, verbose: bool, debug: bool, **given: Any) -> None:
    """Send rows to the live service at URL, those of a FILE or each as it comes.

    A FILE is what render reads. Without one, or for -, it is standard input: a table or JSON lines, of which every
    line is sent when it is there.

    \b
    liveplot push http://127.0.0.1:8000/ loss.csv
    python train.py | liveplot push http://127.0.0.1:8000/runs/digits -
    """
    _log(quiet, verbose)
    with handled(abort):
        from liveplot_cli.jobs.push import push as job

    sentence = job(url, file, _given(given))
    if not quiet:
        _say(sentence)


@cli.command()
def kinds() -> None:
    """List the charts, readers and formats there are, each with its options, and the themes and palettes."""
    for title, found in (
        ("Charts (-k)", charts.load_all()),
        ("Readers", readers.load_all()),
        ("Formats (-o)", encoders.load_all()),
    ):
        click.echo(f"{title}\n")
        for kind in found:
            _print_kind(kind)
    for title, names in (
        ("Themes (--theme)", [*theme.THEMES, "any style of matplotlib"]),
        ("Palettes (--palette)", [*theme.PALETTES, "any colour sequence of matplotlib", "your own: #hex,#hex"]),
    ):
        click.echo(f"{title}\n\n  {', '.join(names)}\n")


def _print_kind(kind: type) -> None:
    """A kind's name and its promise, and below it its options."""
    promise = (kind.__doc__ or "").strip().splitlines()[0]
    click.echo(f"  {kind.__name__.lower():<9} {promise}")
    for described in options_of(kind).values():
        flags = ", ".join(described.flags) + (f" {described.metavar}" if described.metavar else "")
        shown = f" [default: {described.default}]" if described.default else ""
        click.echo(click.wrap_text(f"{flags}: {described.help}{shown}", 100, " " * 12, " " * 16))
    click.echo()


@contextmanager
def _long_imports() -> Iterator[None]:
    """Import within the block what draws, in half the time and deaf to nothing."""
    try:
        with handled(abort), quick_imports():
            yield
    except (
        ValueError
    ) as error:  # what matplotlib answers a backend that it does not know, and settings that are no text
        reason = str(error).partition(";")[0]
        raise MissingError(
            f"matplotlib does not start ({reason}); unset MPLBACKEND or mend your matplotlibrc"
        ) from None


def run(arguments: Sequence[str]) -> int:
    """Run a command and hand back its exit code; every error is one line on stderr."""
    try:
        status = cli.main(args=list(arguments), prog_name="liveplot", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        _complain(error.format_message())
        return error.exit_code
    except ReaderGoneError:
        abort(BROKEN_PIPE)
    except Exception as error:
        if "--debug" in arguments:
            raise
        sentence, code = _told(error)
        _complain(sentence)
        return code


def _told(error: Exception) -> tuple[str, int]:
    """What a person is told of an error, and its exit code."""
    match error:
        case LiveplotError():
            return error.sentence + _advice(error), error.exit_code
        case MemoryError() | OSError(errno=errno.ENOMEM):
            return "there is not enough memory; try a smaller --size or fewer --jobs", LimitError.exit_code
        case ImportError() if "failed to map" in str(error) or "cannot allocate" in str(error):
            return "there is not enough memory to start", LimitError.exit_code
        case ImportError():
            return f"something liveplot needs cannot be imported ({error}); install it again", MissingError.exit_code
        case OSError():
            return f"cannot go on: {error.strerror or error}", OutputError.exit_code
    sentence = f"this is a bug in liveplot ({type(error).__name__}: {error}); run again with --debug and report it"
    return sentence, LiveplotError.exit_code


def _complain(sentence: str) -> None:
    """One line, which click makes as long as what was typed."""
    line = f"Error: {' '.join(printable(sentence).split())}"
    _say(line if len(line) < _LONGEST_LINE else f"{line[: _LONGEST_LINE - 2]}…")


def _say(line: str) -> None:
    """A line on stderr; where that is closed or full, nobody is listening and nothing is wrong."""
    with suppress(OSError):
        click.echo(printable(line), err=True)


def _advice(error: LiveplotError) -> str:
    if error.cure is None:
        return ""
    from shlex import quote

    name, value = error.cure
    return f"; try --{name.replace('_', '-')}" + (f" {quote(value)}" if value else "")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were on the command line; the others keep the defaults declared with them."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def _closing(file: Rendered) -> str:
    width, height = file.size
    if not file.seconds:
        return f"{file.path}: a still, {width}x{height}, {file.bytes:,} bytes"
    frames = f"{file.frames:,} frame" + ("s" if file.frames != 1 else "")
    return f"{file.path}: {frames}, {float(file.seconds):.2f} s, {width}x{height}, {file.bytes:,} bytes"


def _log(quiet: bool, verbose: bool) -> None:
    """Send the package's notes to stderr: warnings, with -v what was chosen too, with -q nothing."""
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("liveplot: %(message)s"))
    handler.addFilter(_escaped)
    log = logging.getLogger("liveplot_cli")
    log.handlers[:] = [handler]
    log.propagate = False
    if quiet:
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
    log.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)


def _escaped(record: logging.LogRecord) -> bool:
    """Let a note pass, the names in it made safe for a terminal."""
    record.msg, record.args = printable(record.getMessage()), ()
    return True


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left on stderr, where that is a terminal; else nothing."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with ExitStack() as shown:
        bars: list[Any] = []

        def advance(done: int, total: int) -> None:
            if not bars:
                bars.append(shown.enter_context(click.progressbar(length=total, label="Drawing", file=sys.stderr)))
            bars[0].update(done - bars[0].pos)

        yield advance
