"""`campflow run --play`: a manual clock in fast motion, with the funnels of the campaigns live in the terminal."""

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from campflow.cli.desk import funnel
from campflow.cli.show import console
from campflow.engine.clock import ManualClock
from campflow.engine.status import CampaignStatus, status
from campflow.errors import CampflowError
from campflow.model.calendar import DAY, add, to_instant, to_local
from campflow.model.people import Duration
from campflow.model.times import shown

if TYPE_CHECKING:
    from rich.console import Group

    from campflow.engine.channels import Channels
    from campflow.engine.doors import Doors
    from campflow.engine.runtime import Runtime
    from campflow.project import Project

#: Seconds that a step takes at least where somebody watches, and between two pictures.
STEP, PICTURE = 0.03, 0.08


async def play_time(project: "Project", runtime: "Runtime", step: Duration, end: int) -> None:
    """Move the clock to `end` step by step; at each, people move and messages go out. Ends by itself."""
    clock = runtime.clock
    if not isinstance(clock, ManualClock):
        raise CampflowError('time can be played only where campflow.toml says clock = "manual"')
    start = max(clock.now(), _beginning(runtime, project.settings.timezone, end))
    if start >= end:
        raise CampflowError(
            f"the clock stands at {shown(start, project.settings.timezone)} already: name a later --until"
        )
    show = _Screen(project, runtime, start, end) if sys.stdout.isatty() else _Report(project, runtime)
    with show:
        async with runtime.channels() as channels, runtime.doors() as doors:
            at = start
            while at < end:
                begun = time.monotonic()
                at = min(add(project.settings.timezone, at, step), end)
                clock.move(at)
                await _pass(runtime, channels, doors, at)
                show.at(at)
                await asyncio.sleep(max(0.0, show.pace - (time.monotonic() - begun)))


def _beginning(runtime: "Runtime", zone: str, end: int) -> int:
    """Where there is something to see: the first campaign begins, or on a day with the first thing that happens."""
    said = [each.start for each in runtime.deployment.campaigns.values() if each.start > 0]
    event = runtime.database.tables.event.c
    with runtime.database.reader() as connection:
        first = connection.scalar(select(func.min(event.at)))
    midnight = () if first is None else (to_instant(zone, to_local(zone, int(first)) // DAY * DAY),)
    return min((*said, *midnight), default=end - 1)


async def _pass(runtime: "Runtime", channels: "Channels", doors: "Doors", now: int) -> None:
    runtime.tick(now)
    runtime.release(now)
    report = await runtime.deliver(channels)
    for name, reason in report.failures.items():
        raise CampflowError(f"channel {name}: {reason}")
    errands = await runtime.do_errands(doors)
    for name, reason in errands.failures.items():
        raise CampflowError(f"{name}: {reason}")


def _funnels(project: "Project", runtime: "Runtime") -> tuple[CampaignStatus, ...]:
    with runtime.database.reader() as connection:
        return status(connection, runtime.database.tables, project.stage_order)


class _Screen:
    """A picture that changes in place."""

    pace = STEP

    def __init__(self, project: "Project", runtime: "Runtime", start: int, end: int) -> None:
        from rich.live import Live

        self.project, self.runtime, self.start, self.end = project, runtime, start, end
        self.live = Live(console=console(), auto_refresh=False)
        self.drawn = 0.0

    def __enter__(self) -> "_Screen":
        self.live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.__exit__(None, None, None)

    def at(self, now: int) -> None:
        if now < self.end and time.monotonic() - self.drawn < PICTURE:
            return
        self.live.update(self._picture(now), refresh=True)
        self.drawn = time.monotonic()

    def _picture(self, now: int) -> "Group":
        from rich.console import Group
        from rich.text import Text

        share = (now - self.start) / (self.end - self.start)
        done = round(40 * share)
        day = shown(now, self.project.settings.timezone)[:10]
        line = Text(f"{day}  ", style="bold").append("━" * done, style="green").append("━" * (40 - done), style="dim")
        parts: list[Text | object] = [line]
        for each in _funnels(self.project, self.runtime):
            parts += [Text(), funnel(each, self.project)]
        return Group(*parts)  # type: ignore[arg-type]  # a table and a text are what a console prints


class _Report:
    """Where the output is a file or a pipe: a line a month, and the funnels at the end."""

    pace = 0.0

    def __init__(self, project: "Project", runtime: "Runtime") -> None:
        self.project, self.runtime, self.month = project, runtime, ""

    def __enter__(self) -> "_Report":
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            for each in _funnels(self.project, self.runtime):
                console().print()
                console().print(funnel(each, self.project))

    def at(self, now: int) -> None:
        day = shown(now, self.project.settings.timezone)[:10]
        if day[:7] == self.month:
            return
        self.month = day[:7]
        told = [
            f"{each.name}: {each.inside:,} inside, {each.sent:,} sent, "
            f"{sum(one.count for one in each.conversions):,} converted"
            for each in _funnels(self.project, self.runtime)
            if each.entered
        ]
        print(f"{day}  " + ("; ".join(told) or "nobody has entered yet"), flush=True)
