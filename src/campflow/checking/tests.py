"""Test blocks: every name bound to what the project declares, every value of the type of its field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from campflow.checking import expressions
from campflow.checking.checks.templates import posts
from campflow.checking.clauses import UNNAMED
from campflow.checking.lengths import length, whole
from campflow.checking.names import EventWords, Fields
from campflow.checking.scope import Scope
from campflow.checking.tree import find
from campflow.checking.triggers import moment
from campflow.checking.wording import names as say_names
from campflow.checking.wording import tests as say
from campflow.language import syntax
from campflow.model import tests
from campflow.model.expressions import Constant
from campflow.model.people import ConstantValue, Field

#: Events that the engine itself tells of: a test brings them about instead of telling them.
_TOLD_BY_CAMPFLOW = frozenset({"sent", "entered", "left", "converted", "expired"})


def resolve_tests(files: Sequence[syntax.FlowFile], scope: Scope) -> tuple[tests.Test, ...]:
    """The sound tests, in the order of the files; reports what is mistaken in the others."""
    declared = (each for file in files for each in file.declarations if isinstance(each, syntax.TestDeclaration))
    return tuple(test for node in declared if (test := _test(node, scope)))


def _test(node: syntax.TestDeclaration, scope: Scope) -> tests.Test | None:
    campaign = scope.names.campaigns.get(node.campaign.text)
    if campaign is None:
        scope.report(say_names.unknown("campaign", node.campaign, scope.names.campaigns))
    inside = _Steps(scope, campaign)
    found: list[tests.Step | None] = [inside.step(step) for step in node.steps]
    steps: tuple[tests.Step, ...] | None = whole(found)
    if campaign is None or steps is None:
        return None
    return tests.Test(node.title.value, node.campaign.text, steps, node.span)


@dataclass(slots=True)
class _Steps:
    """Resolves the steps of one test in their order. Without a campaign, what belongs to it is not looked at."""

    scope: Scope
    campaign: syntax.CampaignDeclaration | None
    contacts: dict[str, None] = field(default_factory=dict)

    def step(self, node: syntax.Step) -> tests.Step | None:
        """The step, or None after its mistakes were reported."""
        text = self.scope.texts.written(node.span)
        match node:
            case syntax.TestContact():
                self.contacts[node.name.text] = None
                given = self._given(node.fields, self.scope.names.contact_fields, None)
                return None if given is None else tests.SomebodyIs(node.name.text, given, text, node.span)
            case syntax.AtMoment():
                return tests.ClockAt(moment(node.moment), text, node.span)
            case syntax.AfterPause():
                pause = length(node.duration, self.scope)
                return tests.ClockAfter(pause, text, node.span) if pause else None
            case syntax.Happens():
                return self._did(node, text)
            case syntax.ForceArm():
                known = self._is_arm(node)
                return tests.ForcedArm(node.split.text, node.arm.text, text, node.span) if known else None
            case _:
                return self._expectation(node, text)

    def _is_somebody(self, name: syntax.Name) -> bool:
        if name.text not in self.contacts:
            self.scope.report(say.nobody(name, self.contacts))
        return name.text in self.contacts

    # --- what happens -------------------------------------------------------------------------------------------

    def _did(self, node: syntax.Happens, text: str) -> tests.SomebodyDid | None:
        known = self._is_somebody(node.contact)
        pattern = expressions.pattern(syntax.EventPattern(node.event, node.about, None, node.span), self.scope)
        event = self.scope.names.events.get(node.event.text)
        if event is None:
            return None
        if event.built_in and node.event.text in _TOLD_BY_CAMPFLOW:
            self.scope.report(say.told_by_campflow(node.event))
            return None
        given = self._given(node.fields, event.fields, event)
        if not known or pattern is None or given is None:
            return None
        about = node.about.text if node.about else None
        return tests.SomebodyDid(node.contact.text, node.event.text, about, given, text, node.span)

    def _given(
        self, options: Iterable[syntax.Option], fields: Fields, event: EventWords | None
    ) -> tuple[tests.Given, ...] | None:
        """The fields of an event, or where there is none of the contact."""
        first: dict[str, syntax.Option] = {}
        for option in options:
            if first.setdefault(option.name.text, option) is not option:
                self.scope.report(say_names.duplicate("field", option.name, first[option.name.text].name.span))
        return whole([self._value(option, fields, event) for option in first.values()])

    def _value(self, option: syntax.Option, fields: Fields, event: EventWords | None) -> tests.Given | None:
        name = option.name.text
        if name not in fields:
            unknown = say_names.unknown("field", option.name, fields, of=event.event.name) if event else (
                say_names.unknown_contact_field(option.name, fields)
            )  # fmt: skip
            self.scope.report(unknown)
            return None
        declared = fields[name]
        value = self._constant(option.value, declared) if declared else None
        return None if value is None else tests.Given(name, value)

    def _constant(self, node: syntax.Expression, declared: Field) -> ConstantValue | None:
        """The value as a literal of the field's type; one item stands for a list of one."""
        element = declared.type.element
        goal = f"an item of `{declared.name}`" if element else f"`{declared.name}`"
        found = expressions.assigned(element or declared.type, goal, node, self.scope)
        if found is not None and not isinstance(found, Constant):
            self.scope.report(say.not_plain(declared, node.span))
            return None
        if found is None:
            return None
        return (found.value,) if element else found.value

    # --- what is expected ---------------------------------------------------------------------------------------

    def _expectation(
        self, node: syntax.ExpectIn | syntax.ExpectSent | syntax.ExpectConverted | syntax.ExpectLeft, text: str
    ) -> tests.Expectation | None:
        who = node.contact.text
        if isinstance(node, syntax.ExpectSent) and posts(node.channel.text, self.scope.names):
            known = self._is_the_campaign(node)
        else:
            known = self._is_somebody(node.contact)
        match node:
            case syntax.ExpectIn():
                there = self._is_stage(node.stage)
                found: tests.Expectation = tests.ExpectIn(who, node.stage.text, text, node.span)
            case syntax.ExpectSent():
                there = self._is_send(node)
                at = node.at.value if node.at else None
                words = (node.channel.text, node.message.text)
                found = tests.ExpectSent(
                    who, node.negated, *words, at, text, node.span, posts(words[0], self.scope.names)
                )
            case syntax.ExpectConverted():
                there = self._is_conversion(node)
                name = node.conversion.text if node.conversion else None
                found = tests.ExpectConverted(who, node.negated, name, text, node.span)
            case syntax.ExpectLeft():
                there = True
                found = tests.ExpectLeft(who, node.negated, text, node.span)
        return found if known and there else None

    def _is_the_campaign(self, node: syntax.ExpectSent) -> bool:
        """Whether a post is expected of who makes it: the campaign, and none of its people."""
        if self.campaign is None:
            return False
        if node.contact.text != self.campaign.name.text:
            self.scope.report(say.not_the_campaign(node, self.campaign.name.text))
        return node.contact.text == self.campaign.name.text

    def _is_stage(self, name: syntax.Name) -> bool:
        if self.campaign is None:
            return False
        stages = [item.name.text for item in self.campaign.items if isinstance(item, syntax.Stage)]
        return self._known("stage", name, stages)

    def _is_send(self, node: syntax.ExpectSent) -> bool:
        """Whether the campaign sends it: what it never sends cannot be expected, and is easily not sent."""
        if not self._known("channel", node.channel, self.scope.names.vocabulary.channels) or self.campaign is None:
            return False
        sends = find(self.campaign, syntax.Send)
        named = (send.message.text for send in sends if send.channel.text == node.channel.text)
        messages = tuple(dict.fromkeys(named))
        if node.message.text in messages:
            return True
        self.scope.report(say.never_sent(node, self.campaign.name.text, messages))
        return False

    def _is_conversion(self, node: syntax.ExpectConverted) -> bool:
        if self.campaign is None:
            return False
        written = [item for item in self.campaign.items if isinstance(item, syntax.Convert)]
        if not written:
            self.scope.report(say.no_conversion(self.campaign.name.text, node.span))
            return False
        names = [convert.name.text if convert.name else UNNAMED for convert in written]
        return node.conversion is None or self._known("conversion", node.conversion, names)

    def _is_arm(self, node: syntax.ForceArm) -> bool:
        if self.campaign is None:
            return False
        if node.split.text == tests.HOLDOUT:
            return self._known("choice", node.arm, ("yes", "no"), of=tests.HOLDOUT)
        splits = {split.name.text: split for split in find(self.campaign, syntax.Split)}
        if not self._known("split", node.split, splits):
            return False
        arms = [arm.name.text for arm in splits[node.split.text].arms]
        return self._known("arm", node.arm, arms, of=node.split.text)

    def _known(self, kind: str, name: syntax.Name, known: Iterable[str], of: str | None = None) -> bool:
        """Whether the name is among those of the test's campaign; reports where not."""
        listed = tuple(known)
        if name.text not in listed:
            owner = of or (self.campaign.name.text if self.campaign and kind != "channel" else None)
            self.scope.report(say_names.unknown(kind, name, listed, of=owner))
        return name.text in listed
