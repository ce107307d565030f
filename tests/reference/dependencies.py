"""Which campaign is worked through before which, and which events about campaigns someone asks for."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from campflow.model.expressions import ContactField, EventPattern
from campflow.model.flow import Campaign, Emit, Flow, SetField


def in_order(flow: Flow) -> list[Campaign]:
    """A campaign comes after those that make what it reads; otherwise as in the file."""
    waiting, done = list(flow.campaigns), list[Campaign]()
    while waiting:
        ready = [one for one in waiting if not any(_feeds(other, one) for other in waiting if other is not one)]
        done.append(ready[0] if ready else waiting[0])
        waiting.remove(done[-1])
    return done


def named_campaign_events(flow: Flow) -> set[tuple[str, str]]:
    """`(entered, welcome)` for each that a pattern names; a pattern without a name asks for every campaign."""
    named = set()
    for pattern in (part for campaign in flow.campaigns for part in _inside(campaign)):
        if isinstance(pattern, EventPattern) and pattern.event in ("entered", "left", "converted"):
            about = [pattern.about] if pattern.about else [campaign.name for campaign in flow.campaigns]
            named |= {(pattern.event, name) for name in about}
    return named


def _feeds(maker: Campaign, reader: Campaign) -> bool:
    emits = {part.event for part in _inside(maker) if isinstance(part, Emit)}
    sets = {part.field for part in _inside(maker) if isinstance(part, SetField)}
    for part in _inside(reader):
        if isinstance(part, ContactField) and part.name in sets:
            return True
        if isinstance(part, EventPattern):
            about_maker = part.event in ("entered", "left", "converted") and part.about in (None, maker.name)
            if part.event in emits or about_maker:
                return True
    return False


def _inside(part: object) -> Iterator[object]:
    """The part and everything in it."""
    yield part
    if isinstance(part, tuple):
        for item in part:
            yield from _inside(item)
    elif is_dataclass(part):
        for one in fields(part):
            yield from _inside(getattr(part, one.name))
