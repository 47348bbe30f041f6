"""The command line: a table of commands, and what happens to their errors.

Each command is one thin file with a function called ``command``. Those
files import what is heavy inside that function, so that ``headwater --help`` starts at once.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from types import TracebackType
from typing import Annotated, NoReturn

import typer

from headwater.errors import HeadwaterError

COMMANDS = {
    "init": "headwater.cli.init",
    "diagnose": "headwater.cli.diagnose",
    "simulate": "headwater.cli.simulate",
    "sweep": "headwater.cli.sweep",
    "verify": "headwater.cli.verify",
    "plan": "headwater.cli.plan",
    "threshold": "headwater.cli.threshold",
    "weights": "headwater.cli.weights",
    "sensitivity": "headwater.cli.sensitivity",
    "calibrate": "headwater.cli.calibrate",
    "check": "headwater.cli.check",
    "import": "headwater.cli.importing",
    "explain": "headwater.cli.explain",
    "ledger": "headwater.cli.ledger",
    "schema": "headwater.cli.schema",
}
"""Name of each command, in the order of the help, and the module it is in.

A module has a function ``command``, or an ``app`` of several commands.
"""

BAD_INPUT = 2
"""Exit code of whatever the caller can mend."""
UNEXPECTED = 70
"""Exit code of a mistake in the program, which must not pass for a negative answer."""

_FULL = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)


def main() -> None:
    """Run the command line and exit: 0 done, 1 a negative answer, 2 bad input, 70 a bug, 130 interrupted."""
    if sys.stderr is None:
        # closed by the caller, who goes by the exit code
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.excepthook = _fault
    _run()


def _fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Python ends with 1 after an error that nobody caught, which would pass for a negative answer."""
    with suppress(OSError, ImportError):
        told = "".join(traceback.format_exception(kind, error, trace))
        print(_masked(told), end="", file=sys.stderr, flush=True)
    os._exit(UNEXPECTED)


def _run() -> None:
    """Run the command line; what the caller can mend is said in a line or two."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # an old terminal's encoding may lack a sign or a letter of a name
            stream.reconfigure(errors="replace")
    try:
        # Named here, so that `python -m headwater.cli` is called the same in its help; and the bare
        # command is called, because the application would put a hook of its own in place of ours.
        typer.main.get_command(make_app())(prog_name="headwater")
    except HeadwaterError as error:
        _say(_plain(str(error)), BAD_INPUT)
    except MemoryError as error:
        _say(
            f"this does not fit into memory: {str(error) or 'no more could be had'}\n"
            "ask for fewer models, samples, symbols or dimensions, or a smaller --chunk",
            BAD_INPUT,
        )
    except OSError as error:
        if error.errno in _FULL:
            with suppress(SystemExit):
                _say(f"the output cannot be written: {error.strerror}; make room and run it again", BAD_INPUT)
            # without another try at what could not be written
            os._exit(BAD_INPUT)
        if not isinstance(error.filename, (str, bytes)):
            raise
        # a folder that may not be looked into, a name that is too long: wherever it was asked about
        file = os.fsdecode(error.filename)
        _say(_plain(f"{file}: {error.strerror}\ncheck the path, and who may read or write there"), BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)


def _plain(text: str) -> str:
    """A message in which no name of a file can steer a terminal."""
    from headwater.report.words import plain

    return "\n".join(plain(line, sys.maxsize) for line in _masked(text).split("\n"))


def _masked(text: str) -> str:
    """A message without the passwords of the addresses on the command line."""
    for word in sys.argv[1:]:
        if "://" in word:
            from headwater.lineage.gathering import masked

            text = masked(text, word)
    return text


def _say(text: str, code: int) -> NoReturn:
    """Say it on standard error and exit; where nothing can be said, the code still tells."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        os._exit(code)
    sys.exit(code)


def make_app() -> typer.Typer:
    """The application with every command."""
    app = typer.Typer(
        name="headwater",
        help="Tell whether models that train on each other's output will collapse.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Plain text: a long path or file name in a message is not broken by a frame.
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, module in COMMANDS.items():
        found = import_module(module)
        if hasattr(found, "app"):
            app.add_typer(found.app, name=name)
        else:
            app.command(name)(found.command)
    return app


def _show_version(asked: bool) -> None:
    if not asked:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        typer.echo(f"headwater {version('headwater')}")
    except PackageNotFoundError:
        typer.echo("headwater (not installed)")
    raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Tell whether models that train on each other's output will collapse."""
