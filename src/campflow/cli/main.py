"""`campflow`: the command. Exit codes: 0 clean, 1 findings or a failure, 2 wrong use."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version

from campflow.errors import CampflowError, FlowError, ProjectError

#: Set to 1, a failure shows its traceback.
DEBUG = "CAMPFLOW_DEBUG"

CLEAN, FINDINGS, WRONG_USE = 0, 1, 2


#: Signals that came before there was a daemon to stop. An exit that is raised inside a destructor ends nothing, so
#: whoever starts the daemon looks here.
asked_to_stop: list[int] = []


def _stop(number: int, _: object) -> None:
    asked_to_stop.append(number)
    sys.unraisablehook = _without_exits
    sys.exit(CLEAN)


def _without_exits(unraisable: "sys.UnraisableHookArgs") -> None:
    """An exit in a destructor, or in what the import of a module calls back, is no mistake that anybody made."""
    if unraisable.exc_type is not SystemExit:
        sys.__unraisablehook__(unraisable)


def main(words: Sequence[str] | None = None) -> None:
    """Run a command line (the process's own where no words are given) and end by SystemExit with its code.

    No error leaves a traceback unless CAMPFLOW_DEBUG asks for it.
    """
    alone = words is None
    words = sys.argv[1:] if words is None else list(words)
    if words in (["--version"], ["-V"]):  # answered before anything is imported
        print(f"campflow {version('campflow')}")
        return
    # Who stops a daemon that is still starting has it stopped as cleanly as one that runs.
    if alone and words[:1] in (["run"], ["worker"]):
        signal.signal(signal.SIGTERM, _stop)
    # A quarter of the time of `check` went into looking for cycles in modules and trees that have none.
    hurries = alone and words[:1] == ["check"]
    if hurries:
        gc.disable()
    from campflow.cli.commands import app_for, of_plugins

    try:
        app_for(words, of_plugins(words))(words)
    except SystemExit as end:
        if hurries:
            _end_at_once(end.code)
        raise
    except Exception as error:
        if os.environ.get(DEBUG) == "1":
            raise
        sys.exit(explain_failure(error))


def _end_at_once(code: str | int | None) -> None:
    """End the process without taking its trees apart first, which takes a tenth of a `check`: nothing is left open."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more; the usual end says so
        return
    os._exit(code if isinstance(code, int) else 0 if code is None else FINDINGS)


def explain_failure(error: Exception) -> int:
    """Say on stderr what failed and what to do; gives the exit code."""
    if isinstance(error, FlowError):
        from campflow.cli.show import show_flow_error

        show_flow_error(error)
        return FINDINGS
    from campflow.cli.show import printable_lines

    if isinstance(error, CampflowError):
        print(printable_lines(f"campflow: {error}"), file=sys.stderr)
        return WRONG_USE if isinstance(error, ProjectError) else FINDINGS
    from campflow.engine.trouble import reason

    print(
        printable_lines(f"campflow: {reason(error)}\n")
        + f"This should not have happened. {DEBUG}=1 before the command shows where it did.",
        file=sys.stderr,
    )
    return FINDINGS
