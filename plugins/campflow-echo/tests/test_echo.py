"""The tutorial's channel, found and used as campflow does."""

import asyncio
import datetime as dt
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from campflow.hooks.contracts import ChannelContext, Message, Receipt, Sender
from campflow.hooks.manager import load_plugins


def message(number: int, text: str) -> Message:
    return Message(
        message_id=number,
        key=f"k{number}",
        channel="echo",
        name="hello",
        campaign="spring",
        contact_key=f"person{number}",
        address="",
        language=None,
        parts={"text": text},
        options={},
        planned_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        unsubscribe_token="t",
    )


def test_each_message_is_one_line_of_the_file(tmp_path: Path) -> None:
    plugins = load_plugins({}, points=[EntryPoint("echo", "campflow_echo", "campflow")])
    assert plugins.failed == ()
    plugin = plugins.channels["echo"]
    assert plugin.prepare("Hi {{ email }}", "txt", {}).parts == {"text": "Hi {{ email }}"}
    channel = plugin.make(plugin.settings(file="out.txt"), ChannelContext(str(tmp_path), Sender()))

    async def send() -> list[Receipt]:
        await channel.open()
        receipts = [receipt async for receipt in channel.deliver([message(1, "Hi\nZoé\n"), message(2, "Hi")])]
        await channel.close()
        return receipts

    assert asyncio.run(send()) == [Receipt(1, "accepted"), Receipt(2, "accepted")]
    assert (tmp_path / "out.txt").read_text("utf-8") == "person1\thello\tHi Zoé\nperson2\thello\tHi\n"


def test_a_setting_it_does_not_have_is_refused() -> None:
    plugin = load_plugins({}, points=[EntryPoint("echo", "campflow_echo", "campflow")]).channels["echo"]
    with pytest.raises(ValueError, match="fil"):
        plugin.settings(fil="out.txt")
