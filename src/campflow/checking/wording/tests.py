"""Sentences about test blocks."""

from collections.abc import Iterable, Sequence

from campflow.checking.wording.names import unknown
from campflow.checking.wording.types import mismatch, phrase
from campflow.diagnostics.diagnostic import Diagnostic, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.people import Field


def nobody(name: syntax.Name, known: Iterable[str]) -> Diagnostic:
    return unknown("contact", name, known, f'say who that is before: `contact {name.text} {{ email "…" }}`')


def told_by_campflow(name: syntax.Name) -> Diagnostic:
    return mismatch(
        f"`{name.text}` is told by campflow itself when it happens, so a test cannot tell it",
        name.span,
        "bring it about by what the contact does and by time, and then `expect` it",
    )


def not_plain(field: Field, span: Span) -> Diagnostic:
    return mismatch(
        f"`{field.name}` is {phrase(field.type)}, and a test says plainly which one: nothing is computed here", span
    )


def not_the_campaign(node: syntax.ExpectSent, campaign: str) -> Diagnostic:
    channel, message = node.channel.text, node.message.text
    return Diagnostic(
        "unknown-name",
        f"what goes out by {channel} is a post: it is made once, for everybody, and nobody in particular gets it",
        node.contact.span,
        f"expect it of the campaign: `expect {campaign} {'not ' if node.negated else ''}sent {channel} {message}`",
    )


def never_sent(node: syntax.ExpectSent, campaign: str, messages: Sequence[str]) -> Diagnostic:
    channel = node.channel.text
    sent = f"it sends {channel} {', '.join(messages)}" if messages else f"it sends nothing by {channel}"
    return Diagnostic(
        "unknown-name",
        f"`{campaign}` never sends {channel} `{node.message.text}`",
        node.message.span,
        did_you_mean(node.message.text, messages) or sent,
    )


def no_conversion(campaign: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "unknown-name",
        f"`{campaign}` has no conversion, so nobody can convert in it",
        span,
        "say in the campaign what counts: `convert on EVENT within 14 days`",
    )
