"""What the other files of a project can see of a file: its outline. A file is checked with the outlines of the others.

An outline is the tree without the statements that are nobody else's business. It keeps what is declared; of a campaign
the clauses by which people come and go, and each statement that names something for the first time there: a message, an
event, a segment, a currency. Stages with a split that measures are kept as they are, for splits of two campaigns may
spoil each other.

`facts` say the same as text, each with the word that a file must contain for the fact to matter to it; None: it matters
to all. They hold no places, so that a line more or less changes none.

Who writes a check that looks at other files than that of its finding sees to it that both hold what it looks at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from campflow.checking.texts import Texts
from campflow.checking.tree import find
from campflow.diagnostics.source import Source
from campflow.language import syntax

#: Stages of a campaign that is proven; the proofs take longer than in proportion.
MOST_STAGES = 500

#: A word, and what is so about it in this file.
Fact: TypeAlias = tuple[str | None, str]

_SHARED = (syntax.ContactDeclaration, syntax.EventDeclaration, syntax.SegmentDeclaration)
_CLAUSES = (syntax.Runs, syntax.Audience, syntax.Enter, syntax.Leave, syntax.Convert)
_NAMING = (
    syntax.Send, syntax.Emit, syntax.EventPattern, syntax.InSegment, syntax.Money, syntax.Happens, syntax.ExpectSent
)  # fmt: skip
_WORD = re.compile(r"\w+")

#: The words by which others ask whether a campaign has such a clause.
_ASKED_BY = {syntax.Leave: "left", syntax.Convert: "converted"}


@dataclass(frozen=True, slots=True)
class Outline:
    """`words` are all of the text. `tested` are the campaigns that its tests are of. `declares`: it has a contact, an
    event or a segment, so it matters to it who else names them, however misspelt."""

    file: syntax.FlowFile
    facts: tuple[Fact, ...]
    words: frozenset[str]
    tested: frozenset[str]
    declares: bool


def outline(file: syntax.FlowFile, source: Source) -> Outline:
    """The outline of a file that was read without a mistake."""
    declarations = tuple(map(_outlined, file.declarations))
    texts = Texts({source.path: source})
    return Outline(
        file=syntax.FlowFile(file.path, declarations),
        facts=tuple(dict.fromkeys(fact for each in declarations for fact in _facts(each, texts))),
        words=frozenset(_WORD.findall(source.text)),
        tested=frozenset(each.campaign.text for each in declarations if isinstance(each, syntax.TestDeclaration)),
        declares=any(isinstance(each, _SHARED) for each in declarations),
    )


def has_trial(campaign: syntax.CampaignDeclaration) -> bool:
    """Whether a split in it measures something."""
    return any(isinstance(item, syntax.Stage) and _is_trial(item) for item in campaign.items)


def _is_trial(stage: syntax.Stage) -> bool:
    return any(isinstance(item, syntax.Split) and item.measure for item in stage.items)


# --- what is left of the tree -----------------------------------------------------------------------------------


def _outlined(node: syntax.Declaration) -> syntax.Declaration:
    match node:
        case syntax.CampaignDeclaration():
            return _campaign(node)
        case syntax.TestDeclaration():
            news = _News()
            return replace(node, steps=tuple(step for step in node.steps if news.in_(step)))
        case _:
            return node


def _campaign(node: syntax.CampaignDeclaration) -> syntax.CampaignDeclaration:
    news, kept = _News(), list[syntax.Clause | syntax.Stage]()
    drawn = has_trial(node) and sum(isinstance(item, syntax.Stage) for item in node.items) <= MOST_STAGES
    for item in node.items:
        if not isinstance(item, syntax.Stage):
            if news.in_(item) or isinstance(item, _CLAUSES):
                kept.append(item)
        elif drawn and _is_trial(item):
            kept.append(item)
        elif (inner := tuple(each for each in item.items if news.in_(each))) or drawn:
            kept.append(replace(item, items=inner))
    return replace(node, items=tuple(kept))


class _News:
    """Knows which names came up before in a campaign or a test."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()

    def in_(self, statement: object) -> bool:
        """Whether it names something for the first time."""
        names = {_named(node) for node in find(statement, _NAMING)}
        new = not names <= self._seen
        self._seen |= names
        return new


def _named(node: object) -> tuple[str, ...]:
    match node:
        case syntax.Send(channel, message):
            return "send", channel.text, message.text
        case syntax.Emit(event):
            return "emit", event.text
        case syntax.EventPattern(event, about):
            return "event", event.text, about.text if about else ""
        case syntax.InSegment(segment):
            return "segment", segment.text
        case syntax.Money(_, currency):
            return "money", currency
        case syntax.Happens(_, event):
            return "event", event.text, ""
        case syntax.ExpectSent(channel=channel, message=message):
            return "expected", channel.text, message.text
        case _:
            raise AssertionError(node)


# --- what it says -----------------------------------------------------------------------------------------------


def _facts(node: syntax.Declaration, texts: Texts) -> Iterator[Fact]:
    path = node.span.path
    for kind, *words in dict.fromkeys(_named(part) for part in find(node, _NAMING)):
        match kind:
            case "send":
                yield None, "something is sent"
                yield words[1], f"sent by {words[0]} in {path}"
            case "emit":
                yield None, f"{words[0]} is emitted"
            case "event" | "segment":
                yield words[0], "is named"
    if isinstance(node, syntax.CampaignDeclaration):
        name = node.name.text
        yield name, f"is a campaign of {path}"
        for item in node.items:
            if word := _ASKED_BY.get(type(item)):
                yield word, f"can be of {name}"
        if has_trial(node):
            yield "measure", f"{name} has {[texts.written(item.span) for item in node.items if _shapes_trials(item)]}"
    elif not isinstance(node, syntax.TestDeclaration):
        yield None, f"{path} says {texts.written(node.span)}"


def _shapes_trials(item: syntax.Clause | syntax.Stage) -> bool:
    return _is_trial(item) if isinstance(item, syntax.Stage) else isinstance(item, _CLAUSES)
