"""A simulation in words and bars: what `campflow simulate` prints."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from campflow.cli.figures import worth
from campflow.cli.forecasts import Report
from campflow.cli.show import console, counted
from campflow.engine.forecast import Forecast, Proportion
from campflow.model.calendar import DAY
from campflow.model.currencies import exponent
from campflow.model.times import shown

if TYPE_CHECKING:
    from rich.table import Table

#: Characters of a stage's bar, and the most of a row of days.
BAR, SPARK = 28, 60

_BLOCKS = "▁▂▃▄▅▆▇█"

_SOURCES = {"written": "from the rates file", "measured": "as measured so far", "default": "a round figure of ours"}


def show(report: Report) -> None:
    from rich.text import Text

    main, found = report.behaviour.main, report.forecast
    first, last = report.days
    what = "contacts of the project" if report.sample else "made-up people"
    line = Text(main.title or main.name, style="bold")
    line.append(f"   {report.people:,} {what}, {first} to {last}, seed {report.seed}", style="not bold dim")
    console().print(line, soft_wrap=True)
    for part in (_headline(report), *report.notes()):
        print(part)
    print()
    console().print(_funnel(found))
    if found.channels:
        _head("Messages a day")
        console().print(_messages(report))
    _head("Cost")
    for told in _cost(report):
        print(f"  {told}")
    _lines("Nobody took", ((each.span.path, each.span.line, each.text) for each in found.nobody_took))
    _head("Assumed")
    for told in _assumed(report):
        print(f"  {told}")


def _head(text: str) -> None:
    from rich.text import Text

    print()
    console().print(Text(text, style="bold"))


def _headline(report: Report) -> str:
    found = report.forecast
    told = [f"{found.entered:,} entered", f"{sum(each.messages for each in found.channels):,} sent"]
    told += [f"{count:,} {state}" for state, count in found.states.items() if state in ("rejected", "expired")]
    for each in found.conversions:
        name = "converted" if each.name == "conversion" else each.name
        value = worth(report.project, report.behaviour.main.name, each.name, each.worth)
        told.append(f"{each.converted.count:,} {name} {_percent(each.converted, found)}{value}")
    return " · ".join(told)


def _percent(part: Proportion, found: Forecast) -> str:
    """`44.1 % (43.0 to 45.2)`"""
    if not found.entered:
        return "0 %"
    low, high = part.interval.low, part.interval.high
    return f"{part.share:.1%} ({low * 100:.1f} to {high * 100:.1f})".replace("%", " %", 1)


def _funnel(found: Forecast) -> "Table":
    from rich.table import Table
    from rich.text import Text

    rows = Table.grid(padding=(0, 2, 0, 0))
    for right in (False, True, False, True, False):
        rows.add_column(justify="right" if right else "left")
    rows.add_row("", *(Text(head, style="dim") for head in ("at the end", "", "came by", "of all, 95 % interval")))
    most = max((each.reached.count for each in found.stages), default=0) or 1
    for each in found.stages:
        full, wide = round(BAR * min(each.people, each.reached.count) / most), round(BAR * each.reached.count / most)
        color = "green" if each.final else "cyan"
        bar = Text("█" * full, style=color).append("░" * (wide - full), style="dim").append(" " * (BAR - wide))
        label = Text(f"  {'◆' if each.final else '●'} ", style=color).append(each.name, style="default")
        rows.add_row(label, f"{each.people:,}", bar, f"{each.reached.count:,}", _percent(each.reached, found))
    if found.left.count:
        left = Text("  ○ left", style="yellow")
        rows.add_row(left, f"{found.left.count:,}", "", f"{found.left.count:,}", _percent(found.left, found))
    return rows


def _messages(report: Report) -> "Table":
    from rich.table import Table

    rows = Table.grid(padding=(0, 2, 0, 0))
    for each in report.forecast.channels:
        most = max(each.days)
        day = shown(report.period.start + each.days.index(most) * DAY, report.zone)[:10]
        rows.add_row(f"  {each.name}", sparkline(each.days), f"{each.messages:,}, at most {most:,} on {day}")
    return rows


def sparkline(days: tuple[int, ...]) -> str:
    """A row of bars, each for one day; for as many as make it fit where there are too many. `·` is nothing at all."""
    together = -(-len(days) // SPARK)
    sums = [sum(days[start : start + together]) for start in range(0, len(days), together)]
    most = max(sums, default=0) or 1
    return "".join("·" if not each else _BLOCKS[min(7, each * 8 // (most + 1))] for each in sums)


def _cost(report: Report) -> Iterator[str]:
    found, main = report.forecast, report.behaviour.main
    prices = report.behaviour.written.cost
    unknown = [each.name for each in found.channels if each.name not in prices]
    if unknown:
        yield f"What a message costs by {' and '.join(unknown)} is not said: [cost] of a --rates file says it."
    for each in found.channels:
        if each.cost is not None:
            yield f"{each.messages:,} by {each.name}: {_money(report, each.cost)}"
    total = found.cost
    if main.budget is not None and total is not None:
        share = f" ({total / main.budget.minor:.1%})".replace("%", " %") if main.budget.minor else ""
        over = ", more than there is" if total > main.budget.minor else ""
        yield f"{_money(report, total)} of the budget of {_money(report, Decimal(main.budget.minor))}{share}{over}"
    elif main.budget is not None:
        yield f"The budget is {_money(report, Decimal(main.budget.minor))}."
    for conversion in found.conversions:
        if total is not None and conversion.converted.count:
            name = "conversion" if conversion.name == "conversion" else conversion.name
            yield f"{_money(report, total / conversion.converted.count)} for each {name}"
    if not found.channels and main.budget is None:
        yield "Nothing was sent."


def _money(report: Report, minor: Decimal) -> str:
    flow = report.project.flow.flow
    currency = flow.currency or report.project.settings.currency or ""
    digits = exponent(currency) if currency else 2
    amount = minor / 10**digits
    exact = digits if not amount or amount >= Decimal("0.1") else digits + 2  # a mail costs less than a cent
    return f"{amount:,.{exact}f} {currency}".strip()


def _lines(head: str, lines: Iterable[tuple[str, int, str]]) -> None:
    """Places and what stands there; nothing where there are none."""
    from rich.text import Text

    found = list(lines)
    if found:
        _head(head)
    for path, line, text in found:
        console().print(Text(f"  {path}:{line}  ", style="cyan").append(text, style="default"), soft_wrap=True)


def _assumed(report: Report) -> Iterator[str]:
    """Each rate once, with all messages that it is the same for."""
    together: dict[tuple[str, float | None, str], list[str]] = {}
    for each in report.assumptions:
        source = _SOURCES[each.source] if each.rate is not None else "at some moment of these days"
        if each.message is not None:
            together.setdefault((each.name, each.rate, source), []).append(each.message)
            continue
        rate = "once each" if each.rate is None else f"{each.rate:.3g} times a person and 30 days"
        examples = len(report.behaviour.measured.examples.get(each.name, ()))
        said = f"; it says what one of the project's last {examples:,} said" if examples else ""
        yield f"{each.name}: {rate}, {source}{said}"
    for (name, share, source), messages in together.items():
        yield f"{name}: {(share or 0) * 100:.3g} % of {', '.join(messages)}, {source}"
    if report.past_days:
        yield f"before the first day, {counted(report.past_days, 'day')} of such events"
