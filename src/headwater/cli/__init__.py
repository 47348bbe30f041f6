"""The command line: a table of commands, and what happens to their errors.

Each command is one thin file with a function called ``command``. Those
files import what is heavy inside that function, so that ``headwater --help`` starts at once.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from headwater.errors import HeadwaterError

COMMANDS = {
    "init": "headwater.cli.init",
    "diagnose": "headwater.cli.diagnose",
    "simulate": "headwater.cli.simulate",
    "sweep": "headwater.cli.sweep",
    "verify": "headwater.cli.verify",
    "check": "headwater.cli.check",
    "import": "headwater.cli.importing",
    "schema": "headwater.cli.schema",
}
"""Name of each command, in the order of the help, and the module it is in."""

BAD_INPUT = 2
"""Exit code of whatever the caller can mend."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 a negative answer, 2 bad input, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # an old terminal's encoding may lack a sign or a letter of a name
            stream.reconfigure(errors="replace")
    try:
        # Said here, so that `python -m headwater.cli` is called the same in its help.
        make_app()(prog_name="headwater")
    except HeadwaterError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_INPUT)
    except MemoryError as error:
        print(f"this does not fit into memory: {str(error) or 'no more could be had'}", file=sys.stderr)
        print("ask for fewer models, samples, symbols or dimensions, or a smaller --chunk", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO):
            raise
        print(f"the output cannot be written: {error.strerror}; make room and run it again", file=sys.stderr)
        _leave_quietly()
    except KeyboardInterrupt:
        sys.exit(130)


def _leave_quietly() -> NoReturn:
    """Exit without another try at what could not be written."""
    os._exit(BAD_INPUT)


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
        app.command(name)(import_module(module).command)
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
