"""Letters for campflow: print-ready PDF for window envelopes, with a personal QR code."""

from collections.abc import Mapping

from pydantic import BaseModel

from campflow.content import postal
from campflow.hooks.contracts import (
    Channel,
    ChannelContext,
    ChannelPlugin,
    CommandPlugin,
    Message,
    Prepared,
    Proof,
    Webhook,
)
from campflow.hooks.specs import hookimpl
from campflow_print.returned import returned
from campflow_print.settings import LetterSettings

CAMPFLOW_API = (1, 0)


# What reads Markdown and what sets pages are imported when they are needed: to check campaigns takes less time.
def _prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    from campflow_print.prepare import prepare

    return prepare(body, extension, front_matter)


def _make(settings: BaseModel, context: ChannelContext) -> Channel:
    from campflow_print.channel import make_channel

    return make_channel(settings, context)


def _proof(message: Message, settings: BaseModel, context: ChannelContext) -> Proof:
    from campflow_print.channel import make_proof

    return make_proof(message, settings, context)


def _hear(settings: BaseModel, context: ChannelContext) -> Webhook:
    from campflow_print.scans import make_scans

    return make_scans(settings, context)


LETTER = ChannelPlugin(
    name="letter",
    address=postal.ADDRESS,
    needs=postal.NEEDS,
    settings=LetterSettings,
    extensions=("md", "html"),
    options=frozenset({"window", "scan", "scan_text"}),
    reports=frozenset({"sent", "failed", "scanned", "returned"}),
    # A letter that is in a batch already goes into no other one: see ledger.py.
    idempotency="key",
    # One file of pages for each window: printers want few large ones.
    window=500,
    prepare=_prepare,
    make=_make,
    icon="✉",
    webhook=_hear,
    proof=_proof,
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (LETTER,)


@hookimpl
def campflow_commands() -> tuple[CommandPlugin, ...]:
    return (CommandPlugin("returned", returned),)
