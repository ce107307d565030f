"""`preview` and `send-test`: one message as one person would get it. Nobody's journey is touched."""

import asyncio
import secrets
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.options import DatabaseUrl, ProjectFolder, open_project
from campflow.cli.show import printable
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.errors import CampflowError, ChannelError, ProjectError

if TYPE_CHECKING:
    from campflow.hooks.contracts import ChannelPlugin, Message, Proof
    from campflow.project import Project

MessageName = Annotated[str, typer.Argument(metavar="MESSAGE", help="Its name, as after `send email`.")]
For = Annotated[
    str | None,
    typer.Option("--for", metavar="KEY", help="An external key or e-mail address. Default: a made-up person."),
]
ChannelName = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Where several have the message.")]
Campaign = Annotated[
    str | None, typer.Option(metavar="NAME", help="The campaign whose `send` it is. Default: the first.")
]
Language = Annotated[str | None, typer.Option(metavar="TAG", help="Instead of the person's.")]


def preview(
    message: MessageName,
    who: For = None,
    channel: ChannelName = None,
    campaign: Campaign = None,
    language: Language = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write what it looks like here.")] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Show a message as one person would get it. Nothing is sent and nothing is written down."""
    opened = open_project(project, database)
    plugin = _plugin(opened, message, channel)
    written = _written(opened, plugin, message, who, campaign, language)
    for line in _told(written):
        print(printable(line))
    if out is None and not open_it:
        return
    proof = _proof(opened, plugin, written)
    file = out or opened.root / ".campflow" / "preview" / f"{message}.{plugin.name}.{proof.extension}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(proof.data)
    except OSError as error:
        raise ProjectError(f"{file} cannot be written ({error.strerror}): choose another place with --out") from error
    print(f"\n{file}", file=sys.stderr)
    if open_it and not webbrowser.open(file.resolve().as_uri()):
        raise CampflowError(f"no browser can be opened here: open {file} yourself")


def send_test(
    message: MessageName,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Where it goes: your own address.")],
    who: For = None,
    channel: ChannelName = None,
    campaign: Campaign = None,
    language: Language = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Send one message now, marked as a test. Nobody's journey is touched, and nothing is counted."""
    from campflow.engine.channels import Channels
    from campflow.engine.preview import marked, send_now

    if not to.strip():
        raise typer.BadParameter("write the address that it goes to", param_hint="--to")
    opened = open_project(project, database)
    plugin = _plugin(opened, message, channel)
    if plugin.posts:
        raise CampflowError(f"what `{plugin.name}` posts everybody reads: look at it by `campflow preview {message}`")
    settings = opened.channel_settings()
    letter = marked(_written(opened, plugin, message, who, campaign, language), to.strip())

    async def hand_over() -> str:
        async with Channels(opened.channels(settings), settings, opened.channel_context) as channels:
            receipt = await send_now(channels, letter)
        if receipt.outcome != "accepted":
            raise ChannelError(f"the test was not taken ({receipt.outcome}): {receipt.detail or 'it says not why'}")
        return receipt.provider_id or ""

    provider_id = asyncio.run(hand_over())
    known = f" ({provider_id})" if provider_id else ""
    print(printable(f"{plugin.name} {message} is handed over for {letter.address}{known}, marked as a test."))


# --- what both need ---------------------------------------------------------------------------------------------


def _plugin(project: "Project", message: str, channel: str | None) -> "ChannelPlugin":
    """The channel of the message. Wrong use where there is no such message, or several channels have it."""
    from campflow.content.files import content_paths

    files = content_paths(project.root)
    having = sorted({file.channel for file in files if file.message == message})
    if not having:
        question = did_you_mean(message, {file.message for file in files})
        hint = question or f"write content/{printable(message)}.email.md"
        raise typer.BadParameter(f"there is no message `{printable(message)}`: {hint}", param_hint="MESSAGE")
    if channel is None and len(having) > 1:
        raise typer.BadParameter(f"{message} is in {', '.join(having)}: choose one", param_hint="--channel")
    name = channel or having[0]
    if name not in having:
        raise typer.BadParameter(
            f"{message} is in {', '.join(having)}, and not in `{printable(name)}`", param_hint="--channel"
        )
    if name not in project.plugins.channels:
        raise CampflowError(f"no plugin offers `{name}`: `campflow plugins` says why")
    return project.plugins.channels[name]


def _written(
    project: "Project",
    plugin: "ChannelPlugin",
    message: str,
    who: str | None,
    campaign: str | None,
    language: str | None,
) -> "Message":
    from dataclasses import replace

    from campflow.content.tokens import signing_keys
    from campflow.engine import preview as previews
    from campflow.engine.story import find_person
    from campflow.running import stationery

    project = _sound(project, plugin.name, message)
    flow = project.flow.flow
    if campaign is not None and flow.campaign(campaign) is None:
        hint = did_you_mean(campaign, {each.name for each in flow.campaigns}) or "`campflow graph` shows them"
        raise typer.BadParameter(f"there is no campaign `{printable(campaign)}`: {hint}", param_hint="--campaign")
    # Of nobody: what is signed with it is worth nothing anywhere.
    paper = stationery(project, signing_keys(secrets.token_hex(32), ()), secrets.token_hex(16))
    paper = replace(paper, tracked=False)
    what = replace(previews.wanted(flow.campaigns, plugin.name, message, campaign), language=language)
    if who is None:
        from time import time

        now = int(time() * 1_000)
        person = previews.made_up_person(paper, now)
        return previews.write(paper, plugin, person, what, now)
    with closing(project.desk()) as desk, desk.reader() as connection:
        found = find_person(connection, desk.tables, who)
        if found is None:
            raise CampflowError(f"nobody has the key or e-mail address {printable(who)}: look at the spelling")
        person = previews.known_person(connection, desk.tables, paper, found.contact_id)
        now = project.clock(desk).now()
    return previews.write(paper, plugin, person, what, now)


def _sound(project: "Project", channel: str, message: str) -> "Project":
    """The project; where there are errors, without the campaigns and the contents in which they stand, if this message
    is sent by another campaign. Whoever writes one message need not wait for who writes another."""
    from dataclasses import replace

    from campflow.checking.broken import broken
    from campflow.engine.preview import wanted
    from campflow.in_force import today

    if project.checked.flow is not None:
        return project
    content = project.vocabulary.content
    others = replace(
        content,
        files=tuple(
            each
            if (each.channel, each.message) == (channel, message)
            else replace(each, problems=(), template_fields=())
            for each in content.files
        ),
    )
    left = project.of(tuple(project.sources.values()), replace(project.vocabulary, content=others))
    if left.checked.flow is None:
        left = today(left, {}, broken(left.checked.files, left.checked.diagnostics))
    if left.checked.flow is None or wanted(left.flow.flow.campaigns, channel, message, None).campaign is None:
        return project
    print("There are errors elsewhere: `campflow check`", file=sys.stderr)
    return left


def _told(message: "Message") -> Iterator[str]:
    """Options and text of a message, line by line."""
    yield f"to: {message.address or '(nobody in particular)'}{f'  ({message.language})' if message.language else ''}"
    for name in ("subject", *sorted(set(message.options) - {"subject"})):
        if message.options.get(name) not in (None, "", False):
            yield f"{name}: {message.options[name]}"
    text = message.parts.get("text") or next(iter(message.parts.values()), "")
    yield ""
    yield from text.strip().splitlines()


def _proof(project: "Project", plugin: "ChannelPlugin", message: "Message") -> "Proof":
    from campflow.engine.channels import own_settings
    from campflow.hooks.contracts import Proof

    if plugin.proof is not None:
        settings = project.channel_settings().get(plugin.name)
        settings = settings or own_settings(plugin.settings, f"channels.{plugin.name}")
        return plugin.proof(message, settings, project.channel_context)
    html = message.parts.get("html")
    if html is not None:
        return Proof("html", html.encode("utf-8", "replace"))
    return Proof(
        "txt", (message.parts.get("text") or next(iter(message.parts.values()), "")).encode("utf-8", "replace")
    )
