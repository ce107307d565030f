"""What a simulation foretells, with all that it rests on; as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from campflow.engine.behaviour import Assumption, Behaviour
from campflow.engine.forecast import Forecast, Proportion
from campflow.engine.simulation import Period
from campflow.model.calendar import DAY
from campflow.model.flow import Send
from campflow.model.times import iso, shown

if TYPE_CHECKING:
    from campflow.project import Project


@dataclass(frozen=True, slots=True)
class Report:
    """A forecast with all that it rests on. `reactions` were drawn, by message and reaction."""

    forecast: Forecast
    project: "Project"
    behaviour: Behaviour
    reactions: Mapping[str, Mapping[str, int]]
    period: Period
    people: int
    seed: int
    sample: bool
    rfm: str | None

    @property
    def zone(self) -> str:
        return self.project.settings.timezone

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last."""
        return shown(self.period.start, self.zone)[:10], shown(self.period.end - 1, self.zone)[:10]

    @property
    def past_days(self) -> int:
        return round((self.period.start - self.period.past) / DAY)

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The rates that can change anything: of what the campaigns listen to."""
        heard = self.behaviour.heard
        sent = (
            action.message
            for campaign in self.behaviour.campaigns
            for stage in campaign.stages
            for action in stage.all_actions()
            if isinstance(action, Send)
        )
        reactions = (each for message in dict.fromkeys(sent) for each in self.behaviour.reactions(message))
        counting = (each for each in reactions if each.name in heard)
        return (*self.behaviour.own_events(self.rfm), *counting)

    def notes(self) -> Iterator[str]:
        """What explains the figures and stands in no line of them."""
        runs, (first, last) = self.behaviour.main.runs, self.days
        if runs is not None and runs.start.isoformat() > last:
            yield f"The campaign runs from {runs.start} on, after these days: nobody can enter before."
        if runs is not None and runs.end is not None and runs.end.isoformat() < first:
            yield f"The campaign ran until {runs.end}, before these days: nobody can enter any more."
        if names := ", ".join(each.name for each in self.behaviour.others):
            yield f"Beside it ran what it looks at: {names}."


# --- JSON -------------------------------------------------------------------------------------------------------


def as_json(report: Report) -> dict[str, Any]:
    """Shares are 0..1, money is in minor units."""
    found, prices = report.forecast, report.behaviour.written.cost
    budget, cost = report.behaviour.main.budget, found.cost
    first, last = report.days
    return {
        "campaign": report.behaviour.main.name,
        "people": report.people,
        "seed": report.seed,
        "from": iso(report.period.start),
        "to": iso(report.period.end),
        "first_day": first,
        "last_day": last,
        "sample": report.sample,
        "entered": found.entered,
        "people_entered": found.people,
        "left": _proportion(found.left),
        "stages": [
            {"name": each.name, "final": each.final, "people": each.people, "reached": _proportion(each.reached)}
            for each in found.stages
        ],
        "conversions": [
            {"name": each.name, **_proportion(each.converted), "worth": each.worth} for each in found.conversions
        ],
        "messages": dict(found.states),
        "channels": [
            {"name": each.name, "messages": each.messages, "days": list(each.days), "cost": _minor(each.cost)}
            for each in found.channels
        ],
        "reactions": {message: dict(counts) for message, counts in sorted(report.reactions.items())},
        "cost": _minor(cost),
        "prices": {name: _minor(price) for name, price in sorted(prices.items())},
        "budget": budget.minor if budget else None,
        "nobody_took": [
            {"file": each.span.path, "line": each.span.line, "kind": each.kind, "text": each.text}
            for each in found.nobody_took
        ],
        "assumed": [
            {"message": each.message, "name": each.name, "rate": each.rate, "source": each.source}
            for each in report.assumptions
        ],
        "past_days": report.past_days,
        "notes": list(report.notes()),
    }


def _proportion(found: Proportion) -> dict[str, Any]:
    return {
        "count": found.count,
        "share": round(found.share, 6),
        "low": round(found.interval.low, 6),
        "high": round(found.interval.high, 6),
    }


def _minor(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
