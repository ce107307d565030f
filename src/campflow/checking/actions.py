"""What a stage does: send, set, emit, notify, sync, do."""

from collections.abc import Iterable

from campflow.checking import expressions
from campflow.checking.inside import Inside
from campflow.checking.lengths import length, lost, whole
from campflow.checking.literals import constant
from campflow.checking.names import EventWords
from campflow.checking.triggers import weekday
from campflow.checking.vocabulary import COMMON_OPTIONS
from campflow.checking.wording import campaigns as say
from campflow.checking.wording import events as say_events
from campflow.checking.wording import names as say_names
from campflow.language import syntax
from campflow.model import flow
from campflow.model.expressions import Constant
from campflow.model.people import Duration


def action(node: syntax.Action, inside: Inside) -> flow.Action | None:
    """One action with its place in the campaign, or None after its mistakes were reported."""
    order, text = next(inside.orders), inside.scope.texts.written(node.span)
    match node:
        case syntax.Send():
            return _send(node, order, text, inside)
        case syntax.Set():
            return _set(node, order, text, inside)
        case syntax.Emit():
            return _emit(node, order, text, inside)
        case syntax.Notify():
            known = inside.known("sink", node.sink, inside.scope.names.vocabulary.sinks)
            return flow.Notify(node.sink.text, node.text.value, order, text, node.span) if known else None
        case syntax.Sync():
            known = inside.known("audience", node.audience, inside.scope.names.vocabulary.audiences)
            return flow.Sync(node.audience.text, order, text, node.span) if known else None
        case syntax.Do():
            return _do(node, order, text, inside)


def _send(node: syntax.Send, order: int, text: str, inside: Inside) -> flow.Send | None:
    channels = inside.scope.names.vocabulary.channels
    channel = channels.get(node.channel.text)
    inside.known("channel", node.channel, channels)
    written = _once_each("option", node.options, inside)
    expiry = next((option for option in written if option.name.text == "expires"), None)
    others = [option for option in written if option is not expiry]
    options = _options(others, channel.options | COMMON_OPTIONS if channel else None, node.channel.text, inside)
    expires = _expires(expiry, inside) if expiry else None
    time = _send_time(node.time, inside)
    if channel is None or options is None or time is None or lost(expiry, expires):
        return None
    nth = inside.sends.count((channel.name, node.message.text))
    inside.sends.append((channel.name, node.message.text))
    content = inside.scope.names.vocabulary.content
    said = content.is_transactional(channel.name, node.message.text)
    return flow.Send(
        channel.name, node.message.text, options, time, expires, nth, order, text, node.span,
        None if channel.posts else content.purpose(channel.name, node.message.text),
        channel.posts or _is_transactional(options, said),
        channel.posts,
    )  # fmt: skip


def _is_transactional(options: Iterable[flow.OptionValue], front_matter: bool) -> bool:
    """What stands on the statement overrides the front matter."""
    said = (each.value for each in options if each.name == "transactional")
    return next((each.value is True for each in said if isinstance(each, Constant)), front_matter)


def _expires(option: syntax.Option, inside: Inside) -> Duration | None:
    if isinstance(option.value, syntax.Duration):
        return length(option.value, inside.scope)
    inside.scope.report(say.not_a_length(option.name.text, option.value.span))
    return None


def _send_time(node: syntax.SendTime | None, inside: Inside) -> flow.SendTime | None:
    if node is None:
        return flow.SendTime()
    delay = length(node.delay, inside.scope) if node.delay else None
    if lost(node.delay, delay):
        return None
    return flow.SendTime(node.time.value if node.time else None, weekday(node.weekday), delay)


def _set(node: syntax.Set, order: int, text: str, inside: Inside) -> flow.SetField | None:
    fields = inside.scope.names.contact_fields
    name = node.field.text
    if name not in fields:
        inside.scope.report(say_names.unknown_contact_field(node.field, fields))
    field = fields.get(name)
    if field is None:
        expressions.value(node.value, inside.scope)
        return None
    value = expressions.assigned(field.type, f"`{name}`", node.value, inside.scope)
    return flow.SetField(name, value, order, text, node.span) if value else None


def _emit(node: syntax.Emit, order: int, text: str, inside: Inside) -> flow.Emit | None:
    names = inside.scope.names
    event = names.events.get(node.event.text)
    if event is None:
        inside.scope.report(say_names.unknown_event(node.event, inside.scope))
    elif event.built_in:
        inside.scope.report(say_events.not_emitted(node.event))
    if event is None or event.built_in:
        for option in node.fields:
            expressions.value(option.value, inside.scope)
        return None
    given = [_emitted(option, event, inside) for option in _once_each("field", node.fields, inside)]
    rest = _left_out(node, event, inside)
    fields = whole(given)
    if fields is None or rest is None:
        return None
    return flow.Emit(event.event.name, (*fields, *rest), order, text, node.span)


def _emitted(option: syntax.Option, event: EventWords, inside: Inside) -> flow.OptionValue | None:
    name = option.name.text
    if not inside.known("field", option.name, event.fields, event.event.name):
        return None
    field = event.fields[name]
    if field is None:
        expressions.value(option.value, inside.scope)
        return None
    value = expressions.assigned(field.type, f"`{name}`", option.value, inside.scope)
    return flow.OptionValue(name, value) if value else None


def _left_out(node: syntax.Emit, event: EventWords, inside: Inside) -> tuple[flow.OptionValue, ...] | None:
    """The defaults of the fields that were not written; reports those that have none and may not be missing."""
    written = {option.name.text for option in node.fields}
    absent = [field for name, field in event.fields.items() if field and name not in written]
    needed = [field.name for field in absent if field.default is None and not field.optional]
    unknown = written - set(event.fields)
    if needed and not unknown:  # a misspelt name is told by itself
        inside.scope.report(say_events.fields_left_out(event.event.name, needed, node.span))
    if needed:
        return None
    defaults = ((field, field.default) for field in absent)
    return tuple(flow.OptionValue(f.name, Constant(value, f.type)) for f, value in defaults if value is not None)


def _do(node: syntax.Do, order: int, text: str, inside: Inside) -> flow.Do | None:
    actions = inside.scope.names.vocabulary.actions
    words = actions.get(node.action.text)
    inside.known("action", node.action, actions)
    options = _options(
        _once_each("option", node.options, inside), words.options if words else None, node.action.text, inside
    )
    if words is None or options is None:
        return None
    return flow.Do(node.action.text, options, order, text, node.span)


def _options(
    options: Iterable[syntax.Option], known: frozenset[str] | None, owner: str, inside: Inside
) -> tuple[flow.OptionValue, ...] | None:
    """The options of a block; `known` None where the owner itself is unknown, so that any option may be right."""
    return whole([_option(option, known, owner, inside) for option in options])


def _option(option: syntax.Option, known: frozenset[str] | None, owner: str, inside: Inside) -> flow.OptionValue | None:
    name, scope = option.name.text, inside.scope
    if known is not None and name not in known:
        scope.report(say_names.unknown("option", option.name, sorted(known), of=owner))
        return None
    if name == "transactional" and not isinstance(option.value, syntax.YesNo):
        scope.report(say.not_yes_or_no(name, option.value.span))
        return None
    if isinstance(option.value, syntax.Duration):
        found = constant(option.value, scope.texts.written(option.value.span), scope.names.currency)
        value = scope.judge(found) if found else None
    else:
        value = expressions.value(option.value, scope)
    return flow.OptionValue(name, value) if value else None


def _once_each(kind: str, options: Iterable[syntax.Option], inside: Inside) -> list[syntax.Option]:
    """The options, or the fields; the second of a name is reported, and left out."""
    seen: dict[str, syntax.Option] = {}
    for option in options:
        first = seen.setdefault(option.name.text, option)
        if first is not option:
            inside.scope.report(say_names.duplicate(kind, option.name, first.name.span))
    return list(seen.values())
