"""Commands that run campaigns: run, tick."""

import sys
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campflow.cli.main import FINDINGS, asked_to_stop
from campflow.cli.options import DatabaseUrl, ProjectFolder, open_project
from campflow.cli.show import colored, printable, printable_lines
from campflow.errors import ProjectError

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from campflow.engine.runtime import Runtime
    from campflow.project import Project


def run(
    play: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help='Manual clock: play time in steps of this much ("1 day") and watch.'),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="With --play: where to end.")] = None,
    role: Annotated[
        str | None,
        typer.Option(metavar="ROLE,…", help="Do only this of what a daemon does: tick, send, web. Default: all."),
    ] = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Run the campaigns until Ctrl-C or SIGTERM: move people, send messages, see new events within seconds."""
    import asyncio

    from campflow.engine.daemon import Daemon
    from campflow.running import open_runtime
    from campflow.settings import FILE

    roles = _roles(role)
    opened = open_project(project, database)
    if play is not None or until is not None:
        _play(opened, play, until)
        return
    log = logger()
    for failed in opened.plugins.failed:
        log.warning("plugin left out", plugin=failed.name, reason=failed.reason)
    if opened.settings.clock == "manual":
        log.warning('the clock is "manual": time moves only by `campflow tick --now` and `campflow run --play`')
    chosen = opened.executor()
    executor = chosen[0].make(chosen[1], opened.channel_context) if chosen else None
    with closing(open_runtime(opened)) as runtime:
        web = None
        if "web" in roles and opened.settings.web.port is not None:
            from campflow.web.opening import open_web

            web = open_web(opened, runtime, log)
            log.info("serving", host=opened.settings.web.host, port=web.port, base_url=opened.settings.web.base_url)
        elif roles == ("web",):
            raise ProjectError(f"{FILE}: `web.port`: this setting is needed to serve the web part and not written")
        if asked_to_stop:
            return
        asyncio.run(Daemon(runtime, log, roles=roles, executor=executor, web=web, sinks=opened.figure_sinks()).run())


def _roles(written: str | None) -> tuple[str, ...]:
    """The roles of a daemon, in their own order. Raises BadParameter for one that there is not."""
    from campflow.diagnostics.diagnostic import did_you_mean
    from campflow.engine.daemon import ROLES

    if written is None:
        return tuple(ROLES)
    named = [name.strip() for name in written.split(",") if name.strip()]
    for name in named:
        if name not in ROLES:
            hint = did_you_mean(name, ROLES) or f"there are {', '.join(ROLES)}"
            raise typer.BadParameter(f"there is no role `{name}`: {hint}", param_hint="--role")
    if not named:
        raise typer.BadParameter(f"name one or more of {', '.join(ROLES)}", param_hint="--role")
    return tuple(name for name in ROLES if name in named)


def _play(opened: "Project", play: str | None, until: str | None) -> None:
    import asyncio

    from campflow.cli.playing import play_time
    from campflow.model.durations import parse_duration
    from campflow.model.times import parse_time
    from campflow.running import open_runtime

    if play is None or until is None:
        raise typer.BadParameter('both are needed: run --play "1 day" --until 2026-01-01', param_hint="--play, --until")
    _need_manual_clock(opened, "--play")
    try:
        step, end = parse_duration(play), parse_time(until, opened.settings.timezone)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--play, --until") from error
    with closing(open_runtime(opened)) as runtime:
        _say_waiting(runtime)
        asyncio.run(play_time(opened, runtime, step, end))


def tick(
    now: Annotated[str | None, typer.Option(metavar="TIME", help="Manual clock: move it here first.")] = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Make one pass: move everybody who is due, hand over what is ready, end."""
    import asyncio

    from campflow.engine.clock import ManualClock
    from campflow.model.times import parse_time, shown
    from campflow.running import open_runtime

    opened = open_project(project, database)
    zone = opened.settings.timezone
    if now is not None:
        _need_manual_clock(opened, "--now")
        try:
            at = parse_time(now, zone)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--now") from error
        opened.channel_settings()  # what is wrong with them is said before the clock moves
        with closing(opened.desk()) as store:
            ManualClock(store).move(at)
    with closing(open_runtime(opened)) as runtime:
        _say_waiting(runtime)
        at = runtime.clock.now()
        told, failures = asyncio.run(one_pass(runtime))
    done = ", ".join(f"{count:,} {name}" for name, count in told.items() if count)
    print(f"{shown(at, zone)} {zone}: {done or 'nothing to do'}")
    for name, reason in failures.items():
        print(printable(f"{name}: {reason}; {_WAITS.get(name.split()[0], 'what it is told waits')}"), file=sys.stderr)
    if failures:
        raise typer.Exit(FINDINGS)


#: What waits where something failed, by the kind of it.
_WAITS = {
    "campaign": "its people wait",
    "channel": "its messages wait",
    "engagements": "its posts are asked about later",
}


def _say_waiting(runtime: "Runtime") -> None:
    for name, reason in runtime.waiting.items():
        print(printable_lines(f"campaign {name}: {reason}"), file=sys.stderr)


async def one_pass(runtime: "Runtime") -> tuple[dict[str, int], dict[str, str]]:
    """Counts of what was done, by word, and what failed or could not be reached with the reason."""
    from campflow.engine.trouble import reason

    now = runtime.clock.now()
    done, failed = runtime.tick_all(now)
    stuck = {f"campaign {name}": reason(error) for name, error in failed.items()}
    released = runtime.release(now)
    async with runtime.channels() as channels:
        report = await runtime.deliver(channels)
        unread = {f"engagements of {name}": why for name, why in (await runtime.engaging().look(channels)).items()}
    async with runtime.doors() as doors:
        errands = await runtime.do_errands(doors)
    observing = runtime.observing()
    try:
        unobserved = {f"observer {name}": reason for name, reason in (await observing.drain()).items()}
    finally:
        await observing.close()
    counts = asdict(done) | {"expired": released.expired} | asdict(report)
    failures = {f"channel {name}": reason for name, reason in counts.pop("failures").items()}
    outside = {f"errands {name}": count for name, count in errands.counts().items()}
    return counts | outside, stuck | failures | errands.failures | unobserved | unread


def _need_manual_clock(opened: "Project", option: str) -> None:
    if opened.settings.clock != "manual":
        raise typer.BadParameter('time can be moved only where campflow.toml says clock = "manual"', param_hint=option)


def logger() -> "FilteringBoundLogger":
    """Log lines on standard error: `key=value` in a terminal, JSON elsewhere."""
    import logging
    import os

    import structlog

    debug = os.environ.get("CAMPFLOW_DEBUG") == "1"
    # APScheduler tells of every look it skips; what matters is said by the daemon itself.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    terminal = sys.stderr.isatty()
    errors: Any = structlog.processors.format_exc_info if debug else _without_traceback
    render: Any = (
        structlog.dev.ConsoleRenderer(colors=colored(sys.stderr), exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if terminal and debug else [errors]),
            _as_letters,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    made: FilteringBoundLogger = structlog.get_logger()
    return made


def _as_letters(_logger: object, _method: str, event: Any) -> Any:
    """What others wrote does not drive the terminal of who reads the log."""
    return {name: printable_lines(said) if isinstance(said, str) else said for name, said in event.items()}


def _without_traceback(_logger: object, _method: str, event: Any) -> Any:
    event.pop("exc_info", None)
    return event
