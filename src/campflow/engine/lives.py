"""What made-up people will do, in the order in which they do it: by themselves, and when a message comes.

Chance is asked for each person, event and message by name. So the same seed gives the same people with the same whims,
also where a line of the campaign or a rate has changed.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from campflow.engine.behaviour import Behaviour, times
from campflow.engine.made_up import Maker
from campflow.model.constants import Stored
from campflow.storage.tables import event_column


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of one person; `fields` are the values of its own columns."""

    person: int
    name: str
    about: str | None
    at: int
    message_id: int | None
    fields: Mapping[str, Stored]


@dataclass(slots=True)
class Lives:
    """`reactions` counts what was drawn, by message and reaction, told or not."""

    seed: int
    behaviour: Behaviour
    maker: Maker
    reactions: dict[str, dict[str, int]] = field(default_factory=dict)
    _waiting: list[tuple[int, int, Happening]] = field(default_factory=list)
    _told: int = 0
    _shares: dict[str, Mapping[str, float]] = field(default_factory=dict)
    _copies: dict[tuple[int, str], int] = field(default_factory=dict)
    _heard: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._heard = self.behaviour.heard

    def plan(self, people: int, rfm: str | None, past: int, start: int, end: int) -> None:
        """What persons 1 to `people` will do by themselves from `past` on; what they do once, from `start` on."""
        for event in self.behaviour.own_events(rfm):
            for person in range(1, people + 1):
                chance = self._chance(event.name, person)
                once = (chance.randrange(start, end),)
                for at in once if event.rate is None else times(event.rate, past, end, chance):
                    self._expect(self._own(person, event.name, at, chance))

    def react(self, person: int, message: str, message_id: int, at: int) -> None:
        """What comes of one copy of a message: all of it counted, and told what the campaigns listen to."""
        if message not in self._shares:
            self._shares[message] = {each.name: each.rate or 0 for each in self.behaviour.reactions(message)}
        nth = self._copies[person, message] = self._copies.get((person, message), 0) + 1
        drawn = self.behaviour.draw(self._shares[message], self._chance(message, person, nth))
        counts = self.reactions.setdefault(message, {})
        for name, delay in {"sent": 0, **drawn}.items():
            counts[name] = counts.get(name, 0) + 1
            if name in self._heard:
                self._expect(Happening(person, name, message, at + delay, message_id, {}))

    def due(self, until: int) -> Iterator[tuple[int, Happening]]:
        """What has happened up to then and was not told yet, each with a number of its own."""
        while self._waiting and self._waiting[0][0] <= until:
            _, number, happening = heapq.heappop(self._waiting)
            yield number, happening

    def _own(self, person: int, event: str, at: int, chance: Random) -> Happening:
        name, _, page = event.partition(" ")
        declared = self.behaviour.flow.event(name)
        written = self.behaviour.written.fields.get(name, {})
        examples = self.behaviour.measured.examples.get(name)
        said = dict(chance.choice(examples)) if examples else {}
        made_up = [each for each in (declared.fields if declared else ()) if each.name in written or not examples]
        said |= self.maker.fields(made_up, written, chance)
        columns = {event_column(name, field): value for field, value in said.items()}
        return Happening(person, name, page or None, at, None, columns)

    def _expect(self, happening: Happening) -> None:
        self._told += 1
        heapq.heappush(self._waiting, (happening.at, self._told, happening))

    def _chance(self, *names: object) -> Random:
        return Random(" ".join(map(str, (self.seed, *names))))  # noqa: S311 -- made-up people, no secrets
