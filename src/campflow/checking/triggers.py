"""What makes contacts enter, move and leave: events, time, conditions."""

import datetime as dt
from typing import cast

from campflow.checking import expressions
from campflow.checking.history import is_key
from campflow.checking.lengths import length, lost
from campflow.checking.names import EventWords
from campflow.checking.references import find_event
from campflow.checking.scope import Scope
from campflow.checking.wording import events as say
from campflow.checking.wording import names as say_names
from campflow.language import syntax
from campflow.model import flow

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def weekday(name: syntax.Weekday | None) -> flow.Weekday | None:
    return cast(flow.Weekday, _WEEKDAYS.index(name)) if name else None


def on_event(node: syntax.OnEvent, scope: Scope) -> flow.OnEvent | None:
    found = expressions.pattern(node.pattern, scope)
    return flow.OnEvent(found.pattern) if found else None


def when(node: syntax.When, scope: Scope) -> flow.When | None:
    condition = expressions.condition(node.condition, scope)
    return flow.When(condition) if condition else None


def of_way_out(node: syntax.Trigger, scope: Scope) -> flow.Trigger | None:
    """The trigger of a way out of a stage."""
    match node:
        case syntax.OnEvent():
            return on_event(node, scope)
        case syntax.When():
            return when(node, scope)
        case syntax.After():
            pause = length(node.duration, scope)
            return flow.After(pause) if pause else None
        case syntax.AtTime():
            return flow.AtTime(node.time.value, weekday(node.weekday))
        case syntax.OnDate():
            return flow.OnDate(moment(node.moment))
        case syntax.Else():
            return flow.Else()


def moment(node: syntax.Date | syntax.DateTime) -> dt.datetime:
    """A local moment; midnight where only a day was written."""
    return node.value if isinstance(node, syntax.DateTime) else dt.datetime.combine(node.value, dt.time())


def enter(node: syntax.Enter, order: int, scope: Scope) -> flow.Enter | None:
    """A way in. `scope` has no entry: nobody has entered when it is asked."""
    trigger = _of_entry(node.trigger, scope)
    guard = expressions.condition(node.guard, scope) if node.guard else None
    reentry = _reentry(node.reentry, scope)
    key_fits = _key_fits(node, scope) if node.per else True
    if trigger is None or reentry is None or lost(node.guard, guard) or not key_fits:
        return None
    per = node.per.text if node.per else None
    return flow.Enter(trigger, guard, per, reentry, order, scope.texts.written(node.span), node.span)


def leave(node: syntax.Leave, order: int, scope: Scope) -> flow.Leave | None:
    trigger = on_event(node.trigger, scope) if isinstance(node.trigger, syntax.OnEvent) else when(node.trigger, scope)
    guard = expressions.condition(node.guard, scope) if node.guard else None
    if trigger is None or lost(node.guard, guard):
        return None
    return flow.Leave(trigger, guard, order, scope.texts.written(node.span), node.span)


def _of_entry(
    node: syntax.OnEvent | syntax.Every | syntax.At | syntax.When, scope: Scope
) -> flow.OnEvent | flow.Every | flow.OnDate | flow.When | None:
    match node:
        case syntax.OnEvent():
            return on_event(node, scope)
        case syntax.When():
            return when(node, scope)
        case syntax.At():
            return flow.OnDate(node.moment.value)
        case syntax.Every():
            return flow.Every(node.time.value, weekday(node.weekday), node.day_of_month)


def _reentry(node: syntax.Reentry | None, scope: Scope) -> flow.Reentry | None:
    """`once` where nothing is written."""
    if node is None or node.rule == "once":
        return flow.Once()
    if node.rule == "every time":
        return flow.EveryTime()
    pause = length(node.after, scope) if node.after else None
    return flow.Again(pause) if pause else None


def _key_fits(node: syntax.Enter, scope: Scope) -> bool:
    """Whether `per FIELD` names a field of the entering event by which journeys can be told apart."""
    if node.per is None:
        return True
    if not isinstance(node.trigger, syntax.OnEvent):
        scope.report(say.no_key(node.per.text, node.per.span))
        return False
    event = find_event(node.trigger.pattern.event, scope, silent=True)
    return event is not None and _is_key_of(node.per, event, scope)


def _is_key_of(name: syntax.Name, event: EventWords, scope: Scope) -> bool:
    if name.text not in event.fields:
        scope.report(say_names.unknown("field", name, event.fields, of=event.event.name))
        return False
    field = event.fields[name.text]
    if field and not is_key(field.type):
        scope.report(say.bad_key(name, field.type))
        return False
    return field is not None
