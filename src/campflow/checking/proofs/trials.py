"""Splits that one person can meet within each other's measuring window, so that neither can be read."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.examples import example
from campflow.checking.proofs.limits import length
from campflow.checking.proofs.sketch import Station
from campflow.checking.proofs.telling import described
from campflow.checking.proofs.walking import Walk
from campflow.checking.wording import warnings as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model import flow
from campflow.model.expressions import EventPattern

#: Splits of a project that are compared with each other.
_MOST = 40


@dataclass(frozen=True, slots=True)
class Trial:
    """A split that measures something. `touches` are the messages and channels that it is about."""

    walk: Walk
    station: Station
    name: syntax.Name
    measured: EventPattern
    within: int
    touches: frozenset[str]


def no_trials_overlap(evidence: Evidence) -> Iterator[Diagnostic]:
    """No two splits on the same message or channel are met by one person while the other is still being measured.

    In one campaign: both in one stage, or the second can be reached before the window of the first has closed, and not
    by the very event that it measures. In two campaigns: somebody is in both audiences, and both run at one time.
    """
    trials = (trial for walk in evidence.walks for trial in _trials(walk, evidence))
    for one, other in itertools.combinations(itertools.islice(trials, _MOST), 2):
        shared = sorted(one.touches & other.touches)
        story = _meets(one, other, evidence) if shared else None
        if story:
            yield say.overlapping(one.name, other.name, shared[0], story)


def _trials(walk: Walk, evidence: Evidence) -> Iterator[Trial]:
    for station in walk.sketch.stations:
        for node in station.node.items:
            split = evidence.placed.statement(node.span, flow.Split)
            if isinstance(node, syntax.Split) and split and split.measure:
                sends = [act for arm in split.arms for act in arm.actions if isinstance(act, flow.Send)]
                about = {f"the message `{split.measure.pattern.about}`"} if split.measure.pattern.about else set()
                messages = {f"the message `{send.message}`" for send in sends}
                channels = {f"the channel `{send.channel}`" for send in sends}
                window = length(split.measure.within)
                touches = frozenset(about | messages | channels)
                yield Trial(walk, station, node.name, split.measure.pattern, window, touches)


def _meets(one: Trial, other: Trial, evidence: Evidence) -> str | None:
    """Who meets both in time; None where nobody surely does."""
    if one.walk is not other.walk:
        return _in_both(one.walk, other.walk, evidence)
    if not one.walk.reached.issuperset((one.station.name, other.station.name)):
        return None
    if one.station is other.station:
        return f"a contact who enters `{one.station.name}` is drawn for both at once"
    for first, second in ((one, other), (other, one)):
        soonest = _soonest(first, second.station.name)
        if soonest is not None and soonest < first.within:
            return (
                f"a contact can come from `{first.station.name}` to `{second.station.name}` "
                f"while `{first.name.text}` is still being measured"
            )
    return None


def _soonest(trial: Trial, goal: str) -> int | None:
    """Milliseconds from the trial's stage to another; ways by the measured event itself do not count."""
    sketch = trial.walk.sketch
    known = {trial.station.name: 0}
    waiting = [trial.station.name]
    while waiting:
        here = min(waiting, key=lambda name: known[name])
        waiting.remove(here)
        station = sketch.station(here)
        for exit in station.exits if station and not station.doubtful else ():
            trigger = exit.way.trigger
            if exit.way.order in trial.walk.barred or _is_measured(trigger, trial.measured):
                continue
            at = known[here] + (length(trigger.duration) if isinstance(trigger, flow.After) else 0)
            if at < known.get(exit.way.target, at + 1):
                known[exit.way.target] = at
                waiting.append(exit.way.target)
    return known.get(goal)


def _is_measured(trigger: flow.Trigger, measured: EventPattern) -> bool:
    return isinstance(trigger, flow.OnEvent) and (trigger.pattern.event, trigger.pattern.about) == (
        measured.event,
        measured.about,
    )


def _in_both(one: Walk, other: Walk, evidence: Evidence) -> str | None:
    first, second = one.sketch, other.sketch
    if first.audience is None or second.audience is None or not _at_one_time(one, other, evidence):
        return None
    person = example([(first.audience, True), (second.audience, True)])
    if person is None:
        return None
    who = described(person, evidence.names.currency)
    return f"{who} can be in `{first.name}` and in `{second.name}` at the same time"


def _at_one_time(one: Walk, other: Walk, evidence: Evidence) -> bool:
    """Whether the days on which people enter overlap."""
    runs = [_runs(walk, evidence) for walk in (one, other)]
    return all(
        a is None or b is None or a.end is None or b.start <= a.end for a, b in ((runs[0], runs[1]), (runs[1], runs[0]))
    )


def _runs(walk: Walk, evidence: Evidence) -> flow.Runs | None:
    spans: list[Span] = [item.span for item in walk.sketch.node.items if isinstance(item, syntax.Runs)]
    return evidence.placed.statement(spans[0], flow.Runs) if spans else None
