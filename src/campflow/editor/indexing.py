"""From a syntax tree to the occurrences of names in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from campflow.checking.campaigns import entry_words
from campflow.checking.clauses import UNNAMED
from campflow.checking.names import EventWords, Names
from campflow.checking.tree import children, find
from campflow.checking.vocabulary import PAGE
from campflow.diagnostics.source import Span
from campflow.editor.index import Kind, Occurrence, Symbol
from campflow.language import syntax
from campflow.model.tests import HOLDOUT


@dataclass(frozen=True, slots=True)
class Known:
    """What a name in one file may stand for. `channels` are those on which a message of that name exists or is sent."""

    names: Names
    channels: Mapping[str, Sequence[str]]

    @property
    def fingerprint(self) -> object:
        """Two trees that are one, and two of these with equal fingerprints, have the same occurrences."""
        events = tuple((name, words.event.about, tuple(words.fields)) for name, words in self.names.events.items())
        return tuple(self.names.contact_fields), events, tuple(self.channels.items())


def known(files: Iterable[syntax.FlowFile], names: Names) -> Known:
    channels: dict[str, dict[str, None]] = {}
    for content in names.vocabulary.content.files:
        if content.channel != PAGE:
            channels.setdefault(content.message, {})[content.channel] = None
    for file in files:
        for send in find(file.declarations, syntax.Send):
            channels.setdefault(send.message.text, {})[send.channel.text] = None
    return Known(names, {message: tuple(sorted(found)) for message, found in sorted(channels.items())})


def occurrences(file: syntax.FlowFile, known: Known) -> tuple[Occurrence, ...]:
    """All of one file, in no order."""
    walk = _Walk(known)
    walk.go(file.declarations, _Scope())
    return tuple(walk.found)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where in the tree we are. `event` is the one whose fields come first, `person` the owner of a test's people."""

    campaign: str = ""
    event: EventWords | None = None
    entry: tuple[EventWords, ...] = ()
    person: str = ""


class _Walk:
    """One walk over one file."""

    def __init__(self, known: Known) -> None:
        self._names, self._channels = known.names, known.channels
        self.found: list[Occurrence] = []

    def go(self, node: object, scope: _Scope) -> None:
        """Into a node, or into each of several."""
        match node:
            case syntax.Reference():
                self._reference(node, scope)
            case syntax.EventPattern():
                self._pattern(node, scope)
            case syntax.Aggregate():
                self._pattern(node.pattern, scope)
                if node.field:
                    self._event_field(node.field, node.pattern.event.text)
            case syntax.InSegment():
                self._add(node.segment, "segment")
            case syntax.Call():
                self._add(node.function, "function")
                self.go(node.arguments, scope)
            case _:
                self._declaration(node, scope)

    # --- declarations -------------------------------------------------------------------------------------------

    def _declaration(self, node: object, scope: _Scope) -> None:
        match node:
            case syntax.ContactDeclaration():
                self._fields(node.fields, "")
            case syntax.EventDeclaration():
                self._add(node.name, "event", declaration=node)
                self._fields(node.fields, node.name.text)
            case syntax.SegmentDeclaration():
                self._add(node.name, "segment", declaration=node)
                self.go(node.condition, scope)
            case syntax.CampaignDeclaration():
                self._add(node.name, "campaign", declaration=node)
                entry = entry_words(node, self._names).events
                self.go(node.items, _Scope(campaign=node.name.text, entry=entry))
            case syntax.TestDeclaration():
                self._test(node)
            case _:
                self._part_of_campaign(node, scope)

    def _fields(self, fields: Iterable[syntax.FieldDeclaration], owner: str) -> None:
        for field in fields:
            self._add(field.name, "field", owner, field)

    def _test(self, node: syntax.TestDeclaration) -> None:
        span = node.title.span
        inside = span._replace(column=span.column + 1, end_column=span.end_column - 1)
        self._add(syntax.Name(node.title.value, inside), "test", node.campaign.text, node)
        self._add(node.campaign, "campaign")
        self.go(node.steps, _Scope(campaign=node.campaign.text, person=f"{node.span.path}:{node.span.line}"))

    # --- campaigns ----------------------------------------------------------------------------------------------

    def _part_of_campaign(self, node: object, scope: _Scope) -> None:
        campaign = scope.campaign
        match node:
            case syntax.Enter():
                if node.per and isinstance(node.trigger, syntax.OnEvent):
                    self._event_field(node.per, node.trigger.pattern.event.text)
                self.go((node.trigger, node.guard), replace(scope, entry=()))
            case syntax.Convert():
                if node.name:
                    self._add(node.name, "conversion", campaign, node)
                self.go(node.pattern, scope)
                self.go(node.worth, replace(scope, event=self._names.events.get(node.pattern.event.text)))
                self._stage(node.target, scope)
            case syntax.Moved():
                self._stage(node.old, scope)
                self._stage(node.new, scope)
            case syntax.LimitRule() if node.channel:
                self._add(node.channel, "channel")
            case syntax.Stage():
                self._add(node.name, "stage", campaign, node)
                self.go(node.items, scope)
            case syntax.WayOut():
                self.go((node.trigger, node.guard), scope)
                self._stage(node.target, scope)
            case syntax.Split():
                self._add(node.name, "split", campaign, node)
                for arm in node.arms:
                    self._add(arm.name, "arm", f"{campaign}.{node.name.text}", arm)
                self.go((tuple(arm.items for arm in node.arms), node.measure), scope)
            case _:
                self._action(node, scope)

    def _action(self, node: object, scope: _Scope) -> None:
        match node:
            case syntax.Send():
                self._add(node.channel, "channel")
                self._add(node.message, "message", node.channel.text)
                self.go(node.options, scope)
            case syntax.Set():
                self._contact_field(node.field)
                self.go(node.value, scope)
            case syntax.Emit():
                self._add(node.event, "event")
                self._given(node.fields, node.event.text, scope)
            case syntax.Notify():
                self._add(node.sink, "sink")
            case syntax.Sync():
                self._add(node.audience, "audience")
            case syntax.Do():
                self._add(node.action, "action")
                self.go(node.options, scope)
            case _:
                self._step(node, scope)

    def _stage(self, name: syntax.Name | None, scope: _Scope) -> None:
        if name:
            self._add(name, "stage", scope.campaign)

    # --- tests --------------------------------------------------------------------------------------------------

    def _step(self, node: object, scope: _Scope) -> None:
        match node:
            case syntax.TestContact():
                self._add(node.name, "person", scope.person, node)
                self._given(node.fields, "", scope)
            case syntax.Happens():
                self._add(node.contact, "person", scope.person)
                self._pattern(syntax.EventPattern(node.event, node.about, None, node.span), scope)
                self._given(node.fields, node.event.text, scope)
            case syntax.ForceArm() if node.split.text != HOLDOUT:
                self._add(node.split, "split", scope.campaign)
                self._add(node.arm, "arm", f"{scope.campaign}.{node.split.text}")
            case syntax.ExpectIn():
                self._add(node.contact, "person", scope.person)
                self._stage(node.stage, scope)
            case syntax.ExpectSent():
                self._add(node.contact, "person", scope.person)
                self._add(node.channel, "channel")
                self._add(node.message, "message", node.channel.text)
            case syntax.ExpectConverted():
                self._add(node.contact, "person", scope.person)
                if node.conversion and node.conversion.text != UNNAMED:
                    self._add(node.conversion, "conversion", scope.campaign)
            case syntax.ExpectLeft():
                self._add(node.contact, "person", scope.person)
            case _:
                for child in children(node):
                    self.go(child, scope)

    def _given(self, options: Iterable[syntax.Option], event: str, scope: _Scope) -> None:
        """Fields of an event (of the contact, where that is empty) with their values."""
        for option in options:
            if event:
                self._event_field(option.name, event)
            else:
                self._contact_field(option.name)
            self.go(option.value, scope)

    # --- conditions ---------------------------------------------------------------------------------------------

    def _reference(self, node: syntax.Reference, scope: _Scope) -> None:
        first, *rest = node.parts
        if not rest:
            if scope.event and first.text in scope.event.fields:
                self._event_field(first, scope.event.event.name)
            elif first.text != "now":
                self._contact_field(first)
        elif first.text == "contact":
            self._contact_field(rest[0])
        elif first.text == "entry":
            self.entry_field(rest[0].text, rest[0].span, scope.entry)
        elif scope.event and first.text == scope.event.event.name:
            self._add(first, "event")
            self._event_field(rest[0], first.text)

    def _pattern(self, node: syntax.EventPattern, scope: _Scope) -> None:
        event = self._names.events.get(node.event.text)
        self._add(node.event, "event")
        if node.about and event:
            self._about(node.about, event)
        self.go(node.where, replace(scope, event=event))

    def _about(self, name: syntax.Name, event: EventWords) -> None:
        if event.event.about == "campaign":
            self._add(name, "campaign")
        elif event.event.about == "page":
            self._add(name, "message", PAGE)
        elif event.event.about == "message" and name.text in self._channels:
            channels = self._channels[name.text]
            self._place(name.span, tuple(Symbol("message", name.text, channel) for channel in channels))

    # --- what is found ------------------------------------------------------------------------------------------

    def entry_field(self, name: str, span: Span, entry: Iterable[EventWords]) -> None:
        """A field of the entering events, in a condition or a template."""
        having = (words.event.name for words in entry if name in words.fields)
        self._place(span, tuple(Symbol("field", name, event) for event in having))

    def _contact_field(self, name: syntax.Name) -> None:
        if name.text in self._names.contact_fields:
            self._add(name, "field")

    def _event_field(self, name: syntax.Name, event: str) -> None:
        words = self._names.events.get(event)
        if words and name.text in words.fields:
            self._add(name, "field", event)

    def _add(self, name: syntax.Name, kind: Kind, owner: str = "", declaration: object = None) -> None:
        self._place(name.span, (Symbol(kind, name.text, owner),), declaration)

    def _place(self, span: Span, symbols: tuple[Symbol, ...], declaration: object = None) -> None:
        if symbols and (span.line, span.column) != (span.end_line, span.end_column):
            self.found.append(Occurrence(span, symbols, declaration))
