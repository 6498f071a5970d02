"""Runs a Python Pulumi program against a resource monitor and reports how it ended, in its user's terms."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` puts the current folder first on the path: its modules would hide those imported below.
    del sys.path[0]

import argparse
import asyncio
import concurrent.futures
import logging
import runpy
import traceback
from collections.abc import Sequence
from contextlib import suppress
from os import chdir
from pathlib import Path
from types import TracebackType

import grpc
import pulumi
from google.protobuf.empty_pb2 import Empty
from pulumi import runtime

# Code that stands between the interpreter and the user's program: it opens a traceback and says nothing.
MACHINERY = (
    str(Path(__file__).parent) + "/",
    runpy.__file__,
    "<frozen runpy>",
    "<frozen importlib._bootstrap",
    str(Path(asyncio.__file__).parent) + "/",
    str(Path(concurrent.futures.__file__).parent) + "/",
    str(Path(pulumi.__file__).parent) + "/",
)
NEVER_SHOWN = MACHINERY[:4]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program that the command line names and returns the exit code."""
    arguments = parser().parse_args(argv)
    program: Path = arguments.program.resolve()
    folder = program if program.is_dir() else program.parent
    if not (program.is_file() or (program / "__main__.py").is_file()):
        print(f"{program}: no Python program here (no __main__.py)", file=sys.stderr)
        return 1

    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    settings = runtime.Settings(
        project=arguments.project,
        stack=arguments.stack,
        monitor=arguments.monitor,
        engine=arguments.engine,
        parallel=arguments.parallel,
        dry_run=arguments.dry_run == "true",
        organization=arguments.organization,
        root_directory=str(arguments.root_directory or folder),
    )
    return execute(program, settings, arguments.arguments, log_errors=arguments.log_errors)


def execute(program: Path, settings: runtime.Settings, arguments: Sequence[str] = (), *, log_errors: bool) -> int:
    """Runs a program, a file or a folder with a `__main__.py`, with the settings and returns the exit code."""
    folder = program if program.is_dir() else program.parent
    runtime.configure(settings)
    chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = [str(program), *arguments]
    try:
        return run(str(program), log_errors=log_errors)
    finally:
        flush()


def flush() -> None:
    """Writes out what the program printed, unless it closed its streams or put something else in their place."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(ValueError, OSError, AttributeError):
            stream.flush()


def parser() -> argparse.ArgumentParser:
    """Describes the command line."""
    result = argparse.ArgumentParser(prog="costtags.gate.run_program", description=__doc__)
    for name in ("monitor", "engine", "project", "stack"):
        result.add_argument(f"--{name}", required=True)
    result.add_argument("--organization", default="organization")
    result.add_argument("--root-directory", type=Path, help="where Pulumi.yaml is")
    result.add_argument("--dry-run", choices=["true", "false"], default="true")
    result.add_argument("--parallel", type=int, default=0)
    result.add_argument("--log-errors", action="store_true", help="to the engine's log, not to stderr")
    result.add_argument("program", type=Path)
    result.add_argument("arguments", nargs="*")
    return result


def run(program: str, *, log_errors: bool) -> int:
    """Runs the program to its end, with all that it left to do, and returns the exit code."""
    # A program that fails leaves futures unread. asyncio would complain of each one, after the real error.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def load() -> None:
        runpy.run_path(program, run_name="__main__")
        if not log_errors:
            # One turn of the loop lets the registrations begin. Otherwise the SDK finds none to wait for and waits
            # for the outputs instead, at a cost that is quadratic in their number (pulumi/runtime/stack.py,
            # wait_for_rpcs). For the real engine it is left out: its own language host does not know it.
            await asyncio.sleep(0)

    try:
        loop.run_until_complete(runtime.run_in_stack(load))
    except pulumi.RunError as error:
        report(str(error), log_errors=log_errors)
        return 1
    except SystemExit as end:
        return exit_code(end, log_errors=log_errors)
    except KeyboardInterrupt:
        return 130  # who interrupted it knows
    except BaseException as error:
        report(users_traceback(error), log_errors=log_errors)
        return 1
    finally:
        loop.close()
    return 0


def report(message: str, *, log_errors: bool) -> None:
    """Shows what ended the program: on stderr, or through the engine, which then shows it as the error."""
    if log_errors:
        sys.stdout.flush()
        pulumi.log.error(message)
    else:
        print(message.rstrip("\n"), file=sys.stderr)


def exit_code(end: SystemExit, *, log_errors: bool) -> int:
    """Turns a `sys.exit` of the program into an exit code; unless it means success, says where it was."""
    if end.code in (None, 0):
        monitor = runtime.settings.get_monitor()
        if monitor is not None:
            monitor.SignalAndWaitForShutdown(Empty())  # the SDK does so only where nothing was raised
        return 0
    report(f"the program called sys.exit({end.code!r}) at {place(end.__traceback__)}", log_errors=log_errors)
    # Only the low byte reaches the parent: an exit with 256 must not look like success.
    return (end.code & 0xFF or 1) if isinstance(end.code, int) else 1


def place(trace: TracebackType | None) -> str:
    """Returns FILE:LINE of the last frame that is not machinery."""
    frames = [frame for frame in traceback.extract_tb(trace) if not is_machinery(frame)]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


def users_traceback(error: BaseException) -> str:
    """Formats an exception as Python does, but starting in the user's own code."""
    details = traceback.TracebackException.from_exception(error)
    trim(details)
    return "".join(details.format() if details.stack or details.__cause__ else details.format_exception_only())


def trim(details: traceback.TracebackException) -> None:
    """Keeps the frames from the user's first to the user's last, also in the exceptions that this one came from."""
    frames = [frame for frame in details.stack if not frame.filename.startswith(NEVER_SHOWN)]
    users = [at for at, frame in enumerate(frames) if not is_machinery(frame)]
    if users:
        frames = frames[users[0] : users[-1] + 1]
    elif frames and (frames[-1].name == "handle_grpc_error" or issubclass(details.exc_type, SyntaxError)):
        frames = []  # the engine's error, or that of a file that could not even begin: the message says all
    details.stack = traceback.StackSummary.from_list(frames)
    if details.__context__ is not None and issubclass(details.__context__.exc_type, grpc.RpcError):
        # How the engine's answer came: the exception raised from it repeats what it says.
        details.__context__ = None
    for other in (details.__cause__, details.__context__, *(details.exceptions or ())):
        if other is not None:
            trim(other)


def is_machinery(frame: traceback.FrameSummary) -> bool:
    """Says whether a frame belongs to what runs the program rather than to the program."""
    return frame.filename.startswith(MACHINERY)


if __name__ == "__main__":
    sys.exit(main())
