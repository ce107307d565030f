"""What is said of the name under the pointer: its type, who is there, what a message's subject reads like."""

from collections.abc import Iterator

from campflow.checking.campaigns import entry_words
from campflow.checking.names import EventWords
from campflow.checking.tree import find
from campflow.checking.vocabulary import PAGE, ContentFile
from campflow.content.filter_words import NO_FILTERS
from campflow.editor import filters
from campflow.editor.crowd import people_in
from campflow.editor.index import Occurrence, Symbol
from campflow.editor.samples import filled
from campflow.editor.view import View
from campflow.language import syntax
from campflow.language.mistakes.wording import FORMS
from campflow.model.people import Field


def hover(view: View, path: str, offset: int) -> tuple[str, Occurrence | None] | None:
    """Markdown about the name at an offset, and the name; or about the statement that a word begins."""
    line, column = view.places(path).line_and_column(offset)
    here = view.index.at(path, line, column)
    if here is not None:
        told = list(dict.fromkeys(text for symbol in here.symbols if (text := _about(view, symbol, here))))
        return ("\n\n---\n\n".join(told), here) if told else None
    filter_said = filters.explained(view, view.places(path).text, offset)
    if filter_said:
        return filter_said, None
    form = FORMS.get(_first_word(view, path, line, column))
    return (f"```flow\n{form}\n```", None) if form else None


def _first_word(view: View, path: str, line: int, column: int) -> str:
    """The first word of the line, if the place is in it."""
    places = view.places(path)
    start, end = places.offset(line, 1), places.offset(line, 1_000_000)
    text = places.text[start:end]
    blanks = len(text) - len(text.lstrip())
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    return word if blanks < column <= blanks + len(word) + 1 else ""


def _about(view: View, symbol: Symbol, here: Occurrence) -> str:
    match symbol.kind:
        case "field":
            return _field(view, symbol)
        case "event":
            words = view.names.events.get(symbol.name)
            return _event(words) if words else ""
        case "segment":
            segment = view.names.segments.get(symbol.name)
            return _code(view.written(segment.span)) if segment else ""
        case "campaign":
            return _campaign(view, symbol.name)
        case "stage":
            return _stage(view, symbol)
        case "message":
            return _message(view, symbol, here)
        case "channel":
            return _channel(view, symbol.name)
        case "function":
            function = view.names.vocabulary.functions.get(symbol.name)
            return f"{_code(str(function))}\n{function.about}" if function else ""
        case "person" | "test":
            return ""
        case _:
            return f"{symbol.kind} **{symbol.name}**"


def _field(view: View, symbol: Symbol) -> str:
    """`plan  one of trial, pro`, and whose field it is."""
    event = view.names.events.get(symbol.owner)
    fields = view.names.contact_fields if not symbol.owner else event.fields if event else {}
    field = fields.get(symbol.name)
    if field is None:
        return ""
    whose = f"Field of the event `{symbol.owner}`" if symbol.owner else "Field of the contact"
    return f"{_code(_declared(field))}\n{whose}."


def _declared(field: Field) -> str:
    return f"{field.name}  {field.type}{'?' if field.optional else ''}"


def _event(words: EventWords) -> str:
    event = words.event
    if words.built_in:
        return f"{_code(f'event {event.name}')}\nBuilt in: it is told of a {event.about}."
    fields = "".join(f"\n  {_declared(field)}" for field in words.fields.values() if field)
    return _code(f"event {event.name} {{{fields}\n}}" if fields else f"event {event.name}")


def _campaign(view: View, name: str) -> str:
    node = view.names.campaigns.get(name)
    if node is None:
        return ""
    stages = sum(isinstance(item, syntax.Stage) for item in node.items)
    inside = people_in(view.project, name) if view.project else None
    parts = [_head("campaign", name, node.title), f"{stages} stages"]
    return ", ".join(parts) + _people(inside, "inside")


def _stage(view: View, symbol: Symbol) -> str:
    campaign = view.names.campaigns.get(symbol.owner)
    stages = [item for item in campaign.items if isinstance(item, syntax.Stage)] if campaign else []
    node = next((stage for stage in stages if stage.name.text == symbol.name), None)
    if node is None:
        return ""
    here = people_in(view.project, symbol.owner, symbol.name) if view.project else None
    head = _head("final stage" if node.final else "stage", symbol.name, node.title)
    return f"{head} of {symbol.owner}" + _people(here, "ended here" if node.final else "here now")


def _people(count: int | None, where: str) -> str:
    if count is None:
        return ""
    return f"\n\n{count:,} {'person' if count == 1 else 'people'} {where}"


def _message(view: View, symbol: Symbol, here: Occurrence) -> str:
    """The subject for a made-up person, and the files. A `send` may have a subject of its own."""
    kind = "landing page" if symbol.owner == PAGE else f"{symbol.owner} message"
    files = view.names.vocabulary.content.variants(symbol.owner, symbol.name)
    lines = [f"{kind} **{symbol.name}**"]
    subject = _own_subject(view, here) or _subject(files)
    if subject:
        entry = tuple(_entries(view, symbol))
        known = view.project.filters if view.project else NO_FILTERS
        lines.append(f"> {filled(subject, view.names, symbol.owner, symbol.name, entry, known)}")
    lines += [f"- `{file.path}`" for file in files] or ["no content file"]
    return "\n\n".join(lines[: -len(files) or None]) + ("\n\n" + "\n".join(lines[-len(files) :]) if files else "")


def _subject(files: tuple[ContentFile, ...]) -> str:
    plain_first = sorted(files, key=lambda file: file.language is not None)
    return next((str(file.front_matter["subject"]) for file in plain_first if "subject" in file.front_matter), "")


def _own_subject(view: View, here: Occurrence) -> str:
    file = view.file(here.span.path)
    for send in find(file.declarations, syntax.Send) if file else ():
        if send.message.span == here.span:
            own = (option.value for option in send.options if option.name.text == "subject")
            return next((value.value for value in own if isinstance(value, syntax.Text)), "")
    return ""


def _entries(view: View, symbol: Symbol) -> Iterator[EventWords]:
    """The events by which contacts enter the campaigns that send the message."""
    for campaign in view.names.campaigns.values():
        sends = find(campaign.items, syntax.Send)
        if any((send.channel.text, send.message.text) == (symbol.owner, symbol.name) for send in sends):
            yield from entry_words(campaign, view.names).events


def _channel(view: View, name: str) -> str:
    channel = view.names.vocabulary.channels.get(name)
    if channel is None:
        return ""
    fields = ", ".join(f"`{each}`" for each in channel.addressed_by)
    address = f"It writes to the contact's {fields}." if fields else ""
    endings = ", ".join(f"`.{each}`" for each in channel.extensions)
    return f"channel **{name}**\n\n{address} Content files end in {endings}.".replace("\n\n ", "\n\n")


def _head(kind: str, name: str, title: syntax.Text | None) -> str:
    return f"{kind} **{name}**" + (f" “{title.value}”" if title else "")


def _code(text: str) -> str:
    return f"```flow\n{text}\n```"
