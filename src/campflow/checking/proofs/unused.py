"""Declarations and files that nothing uses."""

from collections.abc import Collection, Iterator

from campflow.checking.checks.pages import asking_messages
from campflow.checking.proofs.evidence import Evidence
from campflow.checking.vocabulary import PAGE
from campflow.checking.wording import warnings as say
from campflow.diagnostics.diagnostic import Diagnostic, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax


def everything_is_used(evidence: Evidence) -> Iterator[Diagnostic]:
    """Every segment, event and message of a project with campaigns is named somewhere: in a campaign, in another
    segment, in a test, in campflow.toml, in the front matter of a page.

    Landing pages are not looked at: people come to them from outside. A name on a line that cannot be read, or that
    somebody may have misspelt, counts as used.
    """
    if not evidence.all(syntax.CampaignDeclaration):
        return
    unread = {word for one in evidence.unread for word in evidence.texts.words_of_line(one.span)}
    segments = {node.segment.text for node in evidence.all(syntax.InSegment)}
    segments = _meant(segments, evidence.names.segments) | unread
    for name, segment in evidence.names.segments.items():
        if name not in segments:
            yield say.unused("segment", segment.name, "in segment")
    events = _meant(_events(evidence), evidence.names.events) | unread
    for declared in evidence.all(syntax.EventDeclaration):
        if declared.name.text not in events:
            yield say.unused("event", declared.name, "on")
    yield from _files(evidence, unread)


def _files(evidence: Evidence, unread: Collection[str]) -> Iterator[Diagnostic]:
    vocabulary = evidence.names.vocabulary
    named = {about.text for node in evidence.all(syntax.EventPattern) if (about := node.about)} | set(unread)
    sends = [(node.channel.text, node.message.text) for node in evidence.all(syntax.Send)]
    sends += [(node.channel.text, node.message.text) for node in evidence.all(syntax.ExpectSent)]
    named |= asking_messages(vocabulary.content)
    for channel in vocabulary.channels:
        sent = {message for by, message in sends if by == channel or by not in vocabulary.channels}
        used = _meant(sent, vocabulary.content.messages(channel)) | named
        for file in vocabulary.content.files:
            if file.channel == channel != PAGE and file.message not in used:
                yield say.unused_file(file, Span(file.path, 1, 1, 1, 2))


def _events(evidence: Evidence) -> set[str]:
    used = {node.event.text for node in evidence.all(syntax.EventPattern)}
    used |= {node.event.text for node in evidence.all(syntax.Emit)}
    used |= {node.event.text for node in evidence.all(syntax.Happens)}
    scored = evidence.names.vocabulary.rfm_event
    return used | ({scored} if scored else set())


def _meant(used: Collection[str], declared: Collection[str]) -> set[str]:
    """The names that are used, and those that a misspelt one may stand for."""
    near = {
        question.split("`")[1] for name in used if name not in declared and (question := did_you_mean(name, declared))
    }
    return {*used, *near}
