"""Messages that reach nobody: lines of a file, for who tries a campaign."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from campflow.errors import ChannelError
from campflow.hooks.contracts import Message, Receipt
from campflow.testing import Answer, ChannelContract, context
from campflow.testing.samples import message as sample
from campflow_sms import SMS

SETTINGS: Mapping[str, object] = {"provider": "file", "sender": "Blue Heron"}


def phone(number: int) -> str:
    return f"+3361234{number:04d}"


def message(number: int, text: str, address: str | None = None) -> Message:
    return sample(SMS, number, "{{ text }}", phone(number) if address is None else address, text=text)


def send(folder: Path, *messages: Message, **more: object) -> list[Receipt]:
    channel = SMS.make(SMS.settings.model_validate({**SETTINGS, **more}), context(folder))

    async def work() -> list[Receipt]:
        await channel.open()
        try:
            return [receipt async for receipt in channel.deliver(messages)]
        finally:
            await channel.close()

    return asyncio.run(work())


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_message_is_a_line_that_says_to_whom_from_whom_what_and_in_how_many_segments(tmp_path: Path) -> None:
    long = 'Tea, "first flush",\nand é. ' * 8
    receipts = send(tmp_path, message(1, "Hello"), message(2, long), price="0.05 EUR")
    assert [(each.outcome, each.cost) for each in receipts] == [("accepted", "0.05 EUR"), ("accepted", "0.10 EUR")]
    first, second = lines(tmp_path / "sms.jsonl")
    assert first == {
        "to": phone(1), "from": "Blue Heron", "text": "Hello", "segments": 1, "key": message(1, "Hello").key,
    }  # fmt: skip
    assert (second["text"], second["segments"]) == (long.strip(), 2)


def test_what_no_phone_would_get_is_rejected_and_not_written(tmp_path: Path) -> None:
    receipts = send(tmp_path, message(1, "Hello", "12345"), message(2, "x" * 700), message(3, "Hello"))
    assert [each.outcome for each in receipts] == ["rejected", "rejected", "accepted"]
    assert [each["to"] for each in lines(tmp_path / "sms.jsonl")] == [phone(3)]


def test_a_file_that_cannot_be_written_stops_the_channel_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "sms.jsonl").mkdir()
    channel = SMS.make(SMS.settings.model_validate(SETTINGS), context(tmp_path))

    found: list[str] = []

    async def work() -> None:
        async for receipt in channel.deliver([message(1, "Hello"), message(2, "Hello")]):
            found.append(receipt.outcome)

    with pytest.raises(ChannelError, match="set another `file`"):
        asyncio.run(work())
    assert found == ["retry", "retry"]


def test_a_file_outside_of_the_project_is_refused() -> None:
    with pytest.raises(ValueError, match="below the project"):
        SMS.settings.model_validate({**SETTINGS, "file": "../sms.jsonl"})


class Written:
    """The file, and the texts in it."""

    settings = SETTINGS

    def __init__(self, path: Path) -> None:
        self.path = path

    def taken(self) -> list[str]:
        return [str(each["text"]) for each in lines(self.path)] if self.path.exists() else []

    def will_answer(self, answer: Answer, message: Message) -> None:
        raise AssertionError("a file says nothing")


class TestContract(ChannelContract):
    plugin = SMS
    options: ClassVar[Mapping[str, object]] = {"max_segments": 10}

    @pytest.fixture
    def provider(self, tmp_path: Path) -> Written:
        return Written(tmp_path / "sms.jsonl")

    def address(self, number: int) -> str:
        return phone(number)
