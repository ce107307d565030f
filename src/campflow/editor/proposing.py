"""The names that a project has, of each kind, as an editor proposes them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from lark import Token
from lsprotocol.types import CompletionItem, CompletionItemKind

from campflow.checking.campaigns import entry_words
from campflow.checking.clauses import UNNAMED
from campflow.checking.names import EventWords, Fields
from campflow.checking.tree import find
from campflow.checking.vocabulary import COMMON_OPTIONS, PAGE
from campflow.editor.cursor import Cursor
from campflow.editor.view import View
from campflow.language import syntax
from campflow.model.people import Kind

#: Types that a field can be declared with; `one of` and `list of` are words.
_TYPES = [kind for kind in get_args(Kind) if kind not in ("choice", "list", "duration")]
_MODELS = ("first touch", "last touch", "linear", "time decay", "position", "markov", "shapley")
_UNITS = get_args(syntax.Unit)
_STARTERS = ("ON", "DID", "NOT", "MEASURE", "LPAR")


def item(label: str, kind: CompletionItemKind, detail: str = "", insert: str | None = None) -> CompletionItem:
    """One proposal. Words of the language are listed below names."""
    below = kind in (CompletionItemKind.Keyword, CompletionItemKind.Function)
    return CompletionItem(
        label, kind=kind, detail=detail or None, insert_text=insert, sort_text=f"{'2' if below else '1'}{label}"
    )


@dataclass(frozen=True, slots=True)
class Proposing:
    """What there is to propose in one project at one place."""

    view: View
    cursor: Cursor

    # --- declared by name ---------------------------------------------------------------------------------------

    def campaigns(self) -> Iterator[CompletionItem]:
        for name, node in self.view.names.campaigns.items():
            yield item(name, CompletionItemKind.Module, _title(node.title))

    def segments(self) -> Iterator[CompletionItem]:
        for name, node in self.view.names.segments.items():
            yield item(name, CompletionItemKind.Interface, _title(node.title))

    def events(self) -> Iterator[CompletionItem]:
        for name, words in self.view.names.events.items():
            yield item(name, CompletionItemKind.Event, _signature(words))

    def declared_events(self) -> Iterator[CompletionItem]:
        for name, words in self.view.names.events.items():
            if not words.built_in:
                yield item(name, CompletionItemKind.Event, _signature(words))

    def channels(self) -> Iterator[CompletionItem]:
        for name in self.view.names.vocabulary.channels:
            yield item(name, CompletionItemKind.Class, "channel")

    def sinks(self) -> Iterator[CompletionItem]:
        return _plain(self.view.names.vocabulary.sinks, "sink")

    def audiences(self) -> Iterator[CompletionItem]:
        return _plain(self.view.names.vocabulary.audiences, "audience")

    def actions(self) -> Iterator[CompletionItem]:
        return _plain(self.view.names.vocabulary.actions, "action")

    def messages(self) -> Iterator[CompletionItem]:
        """Those of the channel that was written before."""
        return self._messages(str(self.cursor.statement[-1]))

    def _messages(self, channel: str) -> Iterator[CompletionItem]:
        for name in sorted(self.view.names.vocabulary.content.messages(channel)):
            files = self.view.names.vocabulary.content.variants(channel, name)
            subject = next((file.front_matter["subject"] for file in files if "subject" in file.front_matter), "")
            yield item(name, CompletionItemKind.File, str(subject))

    def abouts(self) -> Iterator[CompletionItem]:
        """What the event that was written before is about."""
        words = self.view.names.events.get(str(self.cursor.statement[-1]))
        match words.event.about if words else None:
            case "campaign":
                yield from self.campaigns()
            case "page":
                yield from self._messages(PAGE)
            case "message":
                yield from _plain(self.view.names.messages, "message", CompletionItemKind.File)

    # --- declared in the campaign -------------------------------------------------------------------------------

    @property
    def _campaign(self) -> syntax.CampaignDeclaration | None:
        return self.view.names.campaigns.get(self.cursor.campaign)

    def _items(self) -> Iterable[object]:
        return self._campaign.items if self._campaign else ()

    def stages(self) -> Iterator[CompletionItem]:
        for stage in self._items():
            if isinstance(stage, syntax.Stage):
                detail = _title(stage.title) or ("final" if stage.final else "stage")
                yield item(stage.name.text, CompletionItemKind.EnumMember, detail)

    def conversions(self) -> Iterator[CompletionItem]:
        named = (each.name.text for each in self._items() if isinstance(each, syntax.Convert) and each.name)
        return _plain(named, "conversion", CompletionItemKind.EnumMember)

    def splits(self) -> Iterator[CompletionItem]:
        yield from _plain((split.name.text for split in find(self._campaign, syntax.Split)), "split")
        yield item("holdout", CompletionItemKind.EnumMember, "yes: who is held out")

    def arms(self) -> Iterator[CompletionItem]:
        wanted = str(self.cursor.statement[1])
        if wanted == "holdout":
            return _plain(("yes", "no"), "held out")
        splits = (split for split in find(self._campaign, syntax.Split) if split.name.text == wanted)
        return _plain((arm.name.text for split in splits for arm in split.arms), f"arm of {wanted}")

    def sent(self) -> Iterator[CompletionItem]:
        channel = str(self.cursor.statement[-1])
        sends = (send for send in find(self._campaign, syntax.Send) if send.channel.text == channel)
        return _plain((send.message.text for send in sends), "sent by this campaign", CompletionItemKind.File)

    def people(self) -> Iterator[CompletionItem]:
        """Those whom the test has introduced so far."""
        named = re.findall(r"^[ \t]*contact[ \t]+([a-z]\w*)", self.cursor.before, re.MULTILINE)
        return _plain(named, "contact of this test", CompletionItemKind.Variable)

    # --- fields -------------------------------------------------------------------------------------------------

    def contact_fields(self) -> Iterator[CompletionItem]:
        return _fields(self.view.names.contact_fields, "of the contact")

    def event_fields(self) -> Iterator[CompletionItem]:
        """Of the event before the point."""
        return self._fields_of(str(self.cursor.statement[-2]))

    def owned_fields(self) -> Iterator[CompletionItem]:
        """What may stand after `contact.`, `entry.`, `rfm.` or the event at hand."""
        owner = str(self.cursor.statement[-2])
        if owner == "contact":
            yield from self.contact_fields()
        elif owner == "entry" and self._campaign:
            for words in entry_words(self._campaign, self.view.names).events:
                yield from self._fields_of(words.event.name)
        elif owner == "rfm":
            yield from _plain(("recency", "frequency", "monetary"), "score from 1 to 5", CompletionItemKind.Field)
        elif owner == self._event_at_hand():
            yield from self._fields_of(owner)

    def key_fields(self) -> Iterator[CompletionItem]:
        """Of the entering event: `enter on cart_updated per `."""
        return self._fields_of(str(self.cursor.statement[2])) if len(self.cursor.statement) > 2 else iter(())

    def operands(self) -> Iterator[CompletionItem]:
        """What a value in a condition can begin with."""
        if event := self._event_at_hand():
            yield from self._fields_of(event)
        yield from self.contact_fields()
        yield item("now", CompletionItemKind.Constant, "this moment")
        yield item("contact", CompletionItemKind.Variable, "the contact's fields", insert="contact.")
        if self._campaign:
            yield item("entry", CompletionItemKind.Variable, "fields of the entering event", insert="entry.")
        if self.view.names.vocabulary.rfm_event:
            yield item("rfm", CompletionItemKind.Variable, "scores from 1 to 5", insert="rfm.")

    def options(self) -> Iterator[CompletionItem]:
        """What a block behind `send`, `emit`, `do`, or a step of a test may hold."""
        header = self.cursor.header
        words = self.view.names.vocabulary
        match header[0].type if len(header) > 1 else "":
            case "SEND" if channel := words.channels.get(str(header[1])):
                yield from _plain(sorted(channel.options | COMMON_OPTIONS), f"option of {channel.name}")
            case "DO" if action := words.actions.get(str(header[1])):
                yield from _plain(sorted(action.options), f"option of {action.name}")
            case "CONTACT":
                yield from self.contact_fields()
            case "EMIT" | "NAME":
                yield from self._fields_of(str(header[1]))

    def choices(self) -> Iterator[CompletionItem]:
        """The values of the `one of` field that a text here is compared with or given to."""
        field = self._field_at_hand() if "TEXT" in self.cursor.expected else None
        words = self.view.names
        owner: Fields = words.contact_fields
        if field is None:
            return
        name, event = field
        if event in words.events and name in words.events[event].fields:
            owner = words.events[event].fields
        declared = owner.get(name)
        if declared:
            element = declared.type.element or declared.type
            for choice in element.choices:
                written = choice if self.cursor.quoted is not None else f'"{choice}"'
                yield item(written, CompletionItemKind.Value, f"value of {name}")

    def _fields_of(self, event: str) -> Iterator[CompletionItem]:
        words = self.view.names.events.get(event)
        return _fields(words.fields if words else {}, f"of {event}")

    def _field_at_hand(self) -> tuple[str, str] | None:
        """The field a text here belongs to, and the event whose fields come before the contact's (or none)."""
        kinds, tokens = self.cursor.kinds, [str(token) for token in self.cursor.statement]
        if self.cursor.block == "options" and kinds == "NAME":
            header = self.cursor.header
            return tokens[0], str(header[1]) if header[0].type in ("EMIT", "NAME") else ""
        listed = re.search(r"NAME (?:NOT )?(?:COMPARE|IN LPAR(?: TEXT COMMA)*|EQUAL)$", kinds)
        if listed is None:
            return None
        place = len(kinds[: listed.start()].split())
        whose = tokens[place - 2] if place > 1 and tokens[place - 1] == "." else ""
        return tokens[place], "" if whose == "contact" else whose or self._event_at_hand()

    def _event_at_hand(self) -> str:
        """The event of the `where` or `worth` that the place is in; empty outside of one."""
        tokens = self.cursor.statement
        depth = 0
        for place in range(len(tokens) - 1, 0, -1):
            kind = tokens[place].type
            depth += (kind == "RPAR") - (kind == "LPAR")
            if kind in ("IF", "WITHIN", "ARROW"):
                return ""
            if kind == "WORTH":
                return _pattern_event(tokens)
            if kind == "WHERE" and depth <= 0:
                return _pattern_event(tokens[:place])
        return ""

    # --- words --------------------------------------------------------------------------------------------------

    def types(self) -> Iterator[CompletionItem]:
        return _plain(_TYPES, "type", CompletionItemKind.TypeParameter)

    def limited(self) -> Iterator[CompletionItem]:
        yield from self.channels()
        yield item("messages", CompletionItemKind.Class, "all channels together")

    def spans(self) -> Iterator[CompletionItem]:
        return _plain(_UNITS, "", CompletionItemKind.Unit)

    def units(self) -> Iterator[CompletionItem]:
        return _plain((f"{unit}s" for unit in _UNITS), "", CompletionItemKind.Unit)

    def goals(self) -> Iterator[CompletionItem]:
        yield from _plain((UNNAMED, "cost per conversion"), "", CompletionItemKind.EnumMember)
        yield from self.conversions()

    def models(self) -> Iterator[CompletionItem]:
        return _plain(_MODELS, "", CompletionItemKind.EnumMember)


def _pattern_event(tokens: tuple[Token, ...]) -> str:
    """The event that was named last in these: behind `on`, `did`, `measure` or the bracket of a figure."""
    for before, token in zip(tokens[-2::-1], tokens[:0:-1], strict=False):
        if token.type == "NAME" and before.type in _STARTERS:
            return str(token)
    return ""


def _plain(
    names: Iterable[str], detail: str, kind: CompletionItemKind = CompletionItemKind.Property
) -> Iterator[CompletionItem]:
    return (item(name, kind, detail) for name in dict.fromkeys(names))


def _fields(fields: Fields, whose: str) -> Iterator[CompletionItem]:
    for name, field in fields.items():
        missing = "?" if field and field.optional else ""
        yield item(name, CompletionItemKind.Field, f"{field.type}{missing} {whose}" if field else whose)


def _signature(words: EventWords) -> str:
    if words.built_in:
        return f"of a {words.event.about}"
    return ", ".join(words.fields) or "event"


def _title(title: syntax.Text | None) -> str:
    return title.value if title else ""
