"""Sentences about the graph of stages: who gets where, who stays for ever, and what never acts."""

from collections.abc import Sequence

from campflow.checking.wording.proofs import listed
from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.language import syntax
from campflow.model import flow
from campflow.model.expressions import EventPattern

#: How reactions are said of a contact: "never clicks `welcome`".
_DEEDS = {
    "opened": "opens",
    "clicked": "clicks",
    "opened_any": "opens",
    "clicked_any": "clicks",
    "replied": "replies to",
    "complained": "complains about",
    "unsubscribed": "unsubscribes from",
    "resubscribed": "comes back to",
    "visited": "visits",
    "submitted": "submits",
}
_ANYTHING = {
    "opened": "opens anything",
    "clicked": "clicks anything",
    "opened_any": "opens anything",
    "clicked_any": "clicks anything",
    "replied": "replies",
    "complained": "complains",
    "unsubscribed": "unsubscribes",
    "resubscribed": "comes back",
    "visited": "visits a page",
    "submitted": "submits a form",
}
_MOST_DEEDS = 3
_MOST_STAGES = 6


def unreachable(
    stage: syntax.Name, start: str, seen: Sequence[str], behind: Sequence[str], barred: Sequence[syntax.WayOut]
) -> Diagnostic:
    further = [name for name in seen if name != start]
    shown = f"{listed(further[:_MOST_STAGES])}{' …' if len(further) > _MOST_STAGES else ''}"
    path = f"can go on to {shown} and no further" if further else "can go nowhere else"
    message = f"nobody can ever get to `{stage.text}`\na contact starts in `{start}` and {path}"
    if behind:
        message += f"; {listed(behind)} can be reached only from `{stage.text}`"
    labels = tuple(Label(way.span, "nobody can meet the condition of this way") for way in barred)
    hint = f"lead an arrow there, such as `after 3 days -> {stage.text}`, or take the stage away"
    return Diagnostic("unreachable-stage", message, stage.span, hint, labels)


def dead_end(
    stage: syntax.Name, people: Sequence[str], exits: Sequence[flow.WayOut], arms: Sequence[str], goal: str
) -> Diagnostic:
    """`people` are the contact of the story as it is when each timer acts; `arms` are those that it is drawn into."""
    timers = [way for way in exits if isinstance(way.trigger, flow.After | flow.AtTime | flow.OnDate)]
    moments = list(dict.fromkeys(_moment(way.trigger) for way in timers))
    first = people[0] if people else "a contact"
    if len(people) > 1:
        moved = [
            f"{person.removeprefix('a contact ')} {moment}" for person, moment in zip(people, moments, strict=False)
        ]
        story = f"a contact who is in `{stage.text}`, {' and '.join(moved)}"
    else:
        story = f"{_one(first)} enters `{stage.text}`"
    drawn = [f"is drawn into {listed(arms)}"] if arms else []
    deeds = [*drawn, *(f"never {deed}" for deed in _deeds(exits))]
    story = " and ".join([", ".join([story, *deeds[:-1]]), deeds[-1]]) if deeds else story
    message = f"a contact could stay in `{stage.text}` for ever\n{story} stays there for ever"
    labels = tuple(Label(way.span, "acts only for those who meet its `if`") for way in timers)
    return Diagnostic("dead-end", message, stage.span, _way_on(exits, goal), labels)


def spin(person: str, ways: Sequence[syntax.WayOut], stages: Sequence[str]) -> Diagnostic:
    first, *others = ways
    path = ", ".join(f"`{name}`" for name in (*stages[1:], stages[0]))
    message = (
        f"this circle of stages takes no time at all\n{_one(person)} is in `{stages[0]}` goes on to {path} "
        "and round again, all at one moment and without end"
    )
    labels = tuple(Label(way.span, "and on at once") for way in others)
    return Diagnostic("spin-cycle", message, first.span, "let time pass on the way, as `after 1 day -> …` does", labels)


def shadowed(stage: str, way: flow.WayOut, beaters: Sequence[flow.WayOut | flow.Leave], at_entry: bool) -> Diagnostic:
    texts = listed([each.text for each in beaters])
    if at_entry:
        story = f"a contact who enters `{stage}` leaves it at that moment by {texts}"
        hint = "take one of the ways out away, or let the other wait: `after 1 day -> …`"
    else:
        story = f"a contact in `{stage}` always goes by {texts}, which {_sooner(way, beaters)}"
        hint = _make_room(way, beaters)
    message = f"`{way.text}` never acts\n{story}"
    labels = tuple(Label(each.span, "always acts first") for each in beaters)
    return Diagnostic("shadowed-exit", message, way.span, hint, labels)


def _one(person: str) -> str:
    """The person, ready for a verb: "a contact who", or "a contact who has had a `purchase` and"."""
    return f"{person} and" if " who " in person else f"{person} who"


def _make_room(way: flow.WayOut, beaters: Sequence[flow.WayOut | flow.Leave]) -> str:
    """What lets the beaten way out act."""
    if isinstance(way.trigger, flow.Else):
        return "take it away"
    if _sooner(way, beaters).endswith("sooner"):
        return "let it wait no longer than the other, give the other an `if`, or take it away"
    return "write it before the other, or take it away"


def _sooner(way: flow.WayOut, beaters: Sequence[flow.WayOut | flow.Leave]) -> str:
    one = len(beaters) == 1
    if isinstance(way.trigger, flow.After | flow.AtTime) and any(each.trigger != way.trigger for each in beaters):
        return "acts sooner" if one else "act sooner"
    if isinstance(way.trigger, flow.Else):
        return "acts at entry already" if one else "act at entry already"
    return "acts at the same moment and stands before it" if one else "act at the same moment and stand before it"


def _deeds(exits: Sequence[flow.WayOut]) -> list[str]:
    """What a contact must not do in order to stay."""
    patterns = [way.trigger.pattern for way in exits if isinstance(way.trigger, flow.OnEvent)]
    return list(dict.fromkeys(_deed(pattern) for pattern in patterns))[:_MOST_DEEDS]


def _deed(pattern: EventPattern) -> str:
    if pattern.event in _DEEDS:
        return f"{_DEEDS[pattern.event]} `{pattern.about}`" if pattern.about else _ANYTHING[pattern.event]
    name = f"{pattern.event} {pattern.about or ''}".rstrip()
    return f"has {'an' if name[0] in 'aeiou' else 'a'} `{name}` there"


def _moment(trigger: flow.Trigger) -> str:
    match trigger:
        case flow.After(duration):
            return f"after {duration}"
        case flow.AtTime(time):
            return f"at {time:%H:%M}"
        case flow.OnDate(moment):
            return f"on {moment:%Y-%m-%d}"
    return "later"


def _way_on(exits: Sequence[flow.WayOut], goal: str) -> str:
    """What lets everyone out."""
    if any(isinstance(way.trigger, flow.When) for way in exits):
        return f"add `else -> {goal}` for those who meet none of the conditions, or a way out by time"
    if any(way.guard for way in exits if isinstance(way.trigger, flow.After)):
        return f"add the same way out without an `if` below: `after 3 days -> {goal}`"
    return f"add a way out by time, such as `after 7 days -> {goal}`"
