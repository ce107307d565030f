"""Sentences about what is allowed and still looks like a mistake."""

import datetime as dt
from collections.abc import Sequence

from campflow.checking.vocabulary import ContentFile
from campflow.checking.wording.proofs import listed
from campflow.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model import flow


def warning(code: str, message: str, span: Span, hint: str | None, labels: tuple[Label, ...] = ()) -> Diagnostic:
    return Diagnostic(code, message, span, hint, labels, "warning")


def dead_way_out(message: syntax.Name, stage: str, sent: Sequence[str], later: str | None) -> Diagnostic:
    had = f"got {listed(sent)} at most" if sent else "got nothing from this campaign"
    if later:
        hint = f"`{message.text}` is sent in `{later}`, from which no path leads here"
    else:
        hint = did_you_mean(message.text, sent) or "send it before, or take this line away"
    text = f"nobody in `{stage}` has been sent `{message.text}`\na contact who comes to `{stage}` has {had}"
    return warning("dead-way-out", text, message.span, hint)


def silent_conversion(node: syntax.Convert, missing: str) -> Diagnostic:
    about = f" {node.pattern.about.text}" if node.pattern.about else ""
    text = f"`{node.pattern.event.text}{about}` never happens, so nobody ever converts: {missing}"
    return warning("silent-conversion", text, node.pattern.span, "name an event that people can do something to have")


def starves(
    stage: syntax.Name, rule: flow.LimitRule, planned: int, let_through: int, until: flow.WayOut, limit: Span
) -> Diagnostic:
    what = f"{rule.channel} messages" if rule.channel else "messages"
    text = (
        f"`{stage.text}` plans {planned} {what}, and the limit lets {let_through} through before the stage is left\n"
        f"a contact who enters `{stage.text}` has moved on by `{until.text}` while {planned - let_through} still "
        f"{'waits' if planned - let_through == 1 else 'wait'}"
    )
    hint = "spread the messages over several stages, stay longer, or raise the limit"
    return warning("limit-starves", text, stage.span, hint, (Label(limit, "this limit"),))


def overdue(campaign: str, node: syntax.Runs, today: dt.date) -> Diagnostic:
    last = node.end.value if node.end else node.start.value
    text = f"`{campaign}` ended on {last}, and today is {today}\na contact who would enter now does not"
    return warning("overdue-run", text, node.span, "write later days, or take the campaign away")


def overlapping(one: syntax.Name, other: syntax.Name, shared: str, story: str) -> Diagnostic:
    text = f"`{one.text}` and `{other.text}` spoil each other: both are about {shared}\n{story}"
    hint = "let the second wait until the first has been measured, or keep people out of one of the two"
    return warning("overlapping-tests", text, other.span, hint, (Label(one.span, "measured at the same time"),))


def unused(kind: str, name: syntax.Name, how: str) -> Diagnostic:
    text = f"nothing uses the {kind} `{name.text}`"
    hint = f"write `{how} {name.text}` where it is wanted, or take it away"
    return warning("unused", text, name.span, hint)


def unused_file(file: ContentFile, span: Span) -> Diagnostic:
    text = f"nothing sends the {file.channel} message `{file.message}`"
    hint = f"write `send {file.channel} {file.message}` in a stage, or take the file away"
    return warning("unused", text, span, hint)
