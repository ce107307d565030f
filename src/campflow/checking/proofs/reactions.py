"""Reactions to what was never sent: ways out that wait in vain, and conversions that never come."""

from collections import Counter
from collections.abc import Iterator

from campflow.checking.names import Names
from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.sketch import Station
from campflow.checking.proofs.walking import Walk
from campflow.checking.tree import find
from campflow.checking.wording import warnings as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.model import flow


def reactions_follow_messages(evidence: Evidence) -> Iterator[Diagnostic]:
    """A way out on a reaction to a message stands in a stage to which a path leads on which that message is sent.

    Nothing is said where the message may have come from somewhere else: another campaign sends it, people enter more
    than once (and may answer what they got the time before), or `moved` brings people from a stage that is gone.
    """
    everywhere = Counter(send.message.text for send in evidence.all(syntax.Send))
    for walk in evidence.walks:
        here = Counter(send.message.text for send in find(walk.sketch.node, syntax.Send))
        others = set(everywhere - here)
        if walk.sketch.sound and not walk.sketch.moved_to and _once(walk):
            for station in walk.sketch.stations:
                if station.name in walk.reached:
                    yield from _unanswered(station, walk, others, evidence.names)


def _unanswered(station: Station, walk: Walk, others: set[str], names: Names) -> Iterator[Diagnostic]:
    awaited = [message for message in _awaited(station, names) if message.text not in others]
    if not awaited:
        return  # most stages; to look for the paths to each takes long
    before = [each for each in walk.sketch.stations if station.name in walk.reached_from([each.name])]
    known = [each for each in before if each.name in walk.reached]
    sent = {send.message for each in known for send in each.actions if isinstance(send, flow.Send)}
    doubtful = any(each.doubtful for each in known)
    for message in () if doubtful else awaited:
        if message.text not in sent:
            later = next((each.name for each in walk.sketch.stations if _does_send(each, message.text)), None)
            yield say.dead_way_out(message, station.name, sorted(sent), later)


def _awaited(station: Station, names: Names) -> Iterator[syntax.Name]:
    """The messages to which its ways out wait for a reaction."""
    for exit in station.exits:
        trigger = exit.node.trigger
        if isinstance(trigger, syntax.OnEvent) and (message := trigger.pattern.about):
            words = names.events.get(trigger.pattern.event.text)
            if words and words.event.about == "message":
                yield message


def conversions_can_happen(evidence: Evidence) -> Iterator[Diagnostic]:
    """Every conversion is on an event that can happen.

    Events of one's own can always be imported or received. A reaction to a message needs a campaign that sends it, or
    sends anything; one to a page needs a page; `left` and `converted` need a campaign with such a clause.
    """
    for node in evidence.all(syntax.Convert):
        words = evidence.names.events.get(node.pattern.event.text)
        kind = words.event.about if words else None
        if kind and (missing := _missing(kind, node.pattern, evidence)):
            yield say.silent_conversion(node, missing)


def _missing(kind: str, pattern: syntax.EventPattern, evidence: Evidence) -> str | None:
    """What would have to be there for the event to happen; None where it can."""
    about = pattern.about.text if pattern.about else None
    if kind == "message":
        sent = {send.message.text for send in evidence.all(syntax.Send)}
        if about is None:
            return None if sent else "no campaign sends anything"
        known = about in evidence.names.messages
        return f"no campaign sends `{about}`" if known and about not in sent else None
    if kind == "page":
        return None if about or evidence.names.pages else "the project has no landing page"
    return _never_told(pattern.event.text, about, evidence)


def _never_told(event: str, about: str | None, evidence: Evidence) -> str | None:
    clause = {"left": syntax.Leave, "converted": syntax.Convert}.get(event)
    campaigns = [node for node in evidence.all(syntax.CampaignDeclaration) if about in (None, node.name.text)]
    if clause is None or not campaigns or any(isinstance(item, clause) for node in campaigns for item in node.items):
        return None
    owner = f"`{about}` has" if about else "no campaign has"
    return f"{owner} {'no' if about else 'a'} `{'leave' if event == 'left' else 'convert'}` clause"


def _once(walk: Walk) -> bool:
    """Whether nobody is in the campaign a second time."""
    return all(isinstance(entry.reentry, flow.Once) and entry.per is None for entry in walk.sketch.entries)


def _does_send(station: Station, message: str) -> bool:
    return any(isinstance(act, flow.Send) and not act.post and act.message == message for act in station.actions)
