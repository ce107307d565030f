"""Stages that plan more messages than their campaign's `limit` lets through before they are left."""

import itertools
from collections.abc import Iterator, Sequence
from math import ceil

from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.sketch import Exit, Sketch, Station
from campflow.checking.vocabulary import ContentIndex
from campflow.checking.wording import warnings as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.model import flow
from campflow.model.expressions import Constant
from campflow.model.people import Duration

_DAY = 86_400_000
_MOST_ARMS = 32


def no_limit_starves(evidence: Evidence) -> Iterator[Diagnostic]:
    """What a stage sends at once gets through the limits of its campaign before its first timer ends it. Days and
    months are counted as 24 hours and 30 days; `transactional` messages are free."""
    for walk in evidence.walks:
        for node in find_limits(walk.sketch):
            limit = evidence.placed.statement(node.span, flow.Limit)
            for station in walk.sketch.stations if limit else ():
                found = (_starved(station, rule, evidence) for rule in limit.rules) if limit else ()
                worst = next((each for each in found if each), None)
                if worst:
                    rule, planned, let_through, until = worst
                    yield say.starves(station.node.name, rule, planned, let_through, until, node.span)


def find_limits(sketch: Sketch) -> list[syntax.Limit]:
    return [item for item in sketch.node.items if isinstance(item, syntax.Limit)]


def _starved(
    station: Station, rule: flow.LimitRule, evidence: Evidence
) -> tuple[flow.LimitRule, int, int, flow.WayOut] | None:
    """The messages planned, and those let through until the stage is left, where that is fewer."""
    content = evidence.names.vocabulary.content
    for arms in itertools.islice(itertools.product(*station.arms), _MOST_ARMS):
        last = _left_by(station.exits_of(arms))
        if last is None:
            continue
        stay = wait(last.trigger) or 0
        sends = [send for send in station.sends_of(arms) if rule.channel in (None, send.channel)]
        planned = [send for send in sends if not is_free(send, content) and _planned_by(send) <= stay]
        let_through = rule.count * max(ceil(stay / max(length(rule.per), 1)), 1)
        if len(planned) > let_through:
            return rule, len(planned), let_through, last
    return None


def _left_by(exits: Sequence[Exit]) -> flow.WayOut | None:
    """The way out by which everyone is gone: the first that waits for nothing but time."""
    sure = [each.way for each in exits if not each.way.guard and wait(each.way.trigger) is not None]
    return min(sure, key=lambda way: wait(way.trigger) or 0, default=None)


def wait(trigger: flow.Trigger) -> int | None:
    """How long a way out by time takes at most; None for those on events and conditions, and on a date."""
    match trigger:
        case flow.After(duration):
            return length(duration)
        case flow.AtTime(_, weekday):
            return _DAY if weekday is None else 7 * _DAY
        case flow.Else():
            return 0
    return None


def length(duration: Duration) -> int:
    """Milliseconds, with days of 24 hours and months of 30 days."""
    return (duration.months * 30 + duration.days) * _DAY + duration.milliseconds


def _planned_by(send: flow.Send) -> int:
    """When the message is planned at the latest, after the entry."""
    if send.time.delay:
        return length(send.time.delay)
    return 0 if send.time.time is None else _DAY if send.time.weekday is None else 7 * _DAY


def is_free(send: flow.Send, content: ContentIndex) -> bool:
    """Whether no limit binds the message: it is a post, or `transactional`, by an option or in its front matter."""
    if send.post:
        return True
    options = [each.value for each in send.options if each.name == "transactional"]
    if options:
        return isinstance(options[0], Constant) and options[0].value is True
    return any(file.front_matter.get("transactional") is True for file in content.variants(send.channel, send.message))
