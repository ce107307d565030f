"""What campflow relies on in a channel, as tests to inherit."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal, Protocol

import pytest

from campflow.content.templates import compile_text
from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Channel, ChannelPlugin, Doubt, LookupChannel, Message, Receipt
from campflow.hooks.offers import checked
from campflow.testing.life import PATIENCE, Applicable, needs, once_each, opened, refuse_a_misspelt_setting, run
from campflow.testing.samples import AT, HOSTILE, ODD_VALUES, context, message

#: What a provider can be told to make of a message: refuse it for good, ask to come back, or take it and never answer.
Answer = Literal["no", "later", "silence"]


class Provider(Protocol):
    """The other side of a channel, as a suite needs it: something real that takes messages. Write one for yours.

    settings  of the channel, so that it talks to this provider
    """

    settings: Mapping[str, object]

    def taken(self) -> Sequence[str]:
        """The text of each message that it has taken, in any order: one for each, whatever was offered twice."""

    def will_answer(self, answer: Answer, message: Message) -> None:
        """What it makes of this message from now on; only asked for what `answers` of the suite names."""


class ChannelContract(Applicable):
    """Inherit it, say which plugin it is, give a `provider`, and pytest runs it.

    plugin   what the hook returns
    content  the body of a content file that says `{{ text }}` somewhere
    options  front matter that such a file needs
    answers  what the provider can be told to answer
    nowhere  settings with which nobody is reached, for a channel that reaches out to somebody
    patience settings with which it gives up waiting soon: in a second or two
    """

    plugin: ClassVar[ChannelPlugin]
    content: ClassVar[str] = "{{ text }}"
    options: ClassVar[Mapping[str, object]] = {}
    answers: ClassVar[frozenset[Answer]] = frozenset()
    nowhere: ClassVar[Mapping[str, object] | None] = None
    patience: ClassVar[Mapping[str, object]] = {}

    @pytest.fixture
    def provider(self, tmp_path: Path) -> Provider:
        raise NotImplementedError("give the suite a fixture `provider`")

    def address(self, number: int) -> str:
        """The address of person `number`."""
        return f"person{number}@example.com"

    # --- tools --------------------------------------------------------------------------------------------------

    @classmethod
    def applies(cls, need: str) -> bool:
        plugin = getattr(cls, "plugin", None)
        if plugin is None:
            return True
        needed: dict[str, bool] = {
            "key": plugin.idempotency == "key",
            "lookup": plugin.idempotency == "lookup",
            "address": plugin.address is not None,
            "nowhere": cls.nowhere is not None,
        }
        return needed.get(need, need in cls.answers)

    def message(
        self,
        number: int,
        text: str = "Hello",
        *,
        options: Mapping[str, object] | None = None,
        address: str | None = None,
    ) -> Message:
        if address is None:
            address = self.address(number) if self.plugin.address else ""
        said = {**self.options, **(options or {})}
        return message(self.plugin, number, self.content, address, text=text, options=said)

    def messages(self, count: int) -> list[Message]:
        return [self.message(number, f"word{number}word") for number in range(1, count + 1)]

    def channel(self, settings: Mapping[str, object], folder: Path) -> Channel:
        return self.plugin.make(self.plugin.settings.model_validate(settings), context(folder))

    def send(
        self, provider: Provider, folder: Path, *windows: Sequence[Message], **more: object
    ) -> list[dict[int, Receipt]]:
        """Deliver these windows over one open channel: the receipts of each, which are one for each message."""

        async def work() -> list[dict[int, Receipt]]:
            async with opened(self.channel({**provider.settings, **more}, folder)) as channel:
                return [await self.receipts(channel, window) for window in windows]

        return run(work)

    async def receipts(self, channel: Channel, window: Sequence[Message]) -> dict[int, Receipt]:
        found = [receipt async for receipt in channel.deliver(window)]
        once_each([each.message_id for each in window], [each.message_id for each in found])
        assert {each.outcome for each in found} <= {"accepted", "rejected", "retry", "uncertain"}
        assert all(each.detail for each in found if each.outcome != "accepted"), "say why, in `detail`"
        return {each.message_id: each for each in found}

    def arrived(self, provider: Provider, word: str) -> int:
        return sum(word in text for text in provider.taken())

    # --- declared -----------------------------------------------------------------------------------------------

    def test_what_it_declares_is_sound(self) -> None:
        assert checked(self.plugin, ChannelPlugin, "campflow_channels") is self.plugin

    def test_a_setting_that_does_not_exist_is_refused(self, provider: Provider) -> None:
        refuse_a_misspelt_setting(self.plugin.settings, provider.settings)

    def test_content_is_made_ready_for_filling(self) -> None:
        for extension in self.plugin.extensions:
            try:
                one, again = (self.plugin.prepare(self.content, extension, dict(self.options)) for _ in range(2))
            except ContentError:  # it may be no text of this kind
                continue
            assert one == again, "the same file must give the same texts"
            assert one.parts, "give at least one part"
            compiled = [compile_text(text, html=name == "html", name=name) for name, text in one.parts.items()]
            assert any("w0rd" in text.fill({"text": "w0rd"}) for text in compiled), "no part shows the text"

    def test_content_that_is_none_raises_content_errors_only(self) -> None:
        for extension in self.plugin.extensions:
            for body in ("", " \n", "\0", "<", "{{", "---\n", "<mjml>", "x" * 100_000):
                with suppress(ContentError):
                    self.plugin.prepare(body, extension, dict(self.options))

    # --- delivered ----------------------------------------------------------------------------------------------

    def test_a_window_arrives_once_with_a_receipt_for_each(self, provider: Provider, tmp_path: Path) -> None:
        window = self.messages(min(self.plugin.window, 25))
        (receipts,) = self.send(provider, tmp_path, window)
        assert {receipt.outcome for receipt in receipts.values()} == {"accepted"}
        assert [self.arrived(provider, f"word{each.message_id}word") for each in window] == [1] * len(window)

    def test_one_channel_delivers_window_after_window(self, provider: Provider, tmp_path: Path) -> None:
        one, two, three = ([each] for each in self.messages(3))
        for receipts in self.send(provider, tmp_path, one, two, three):
            assert {receipt.outcome for receipt in receipts.values()} == {"accepted"}
        assert len(provider.taken()) == 3

    def test_a_channel_can_be_opened_after_another_was_closed(self, provider: Provider, tmp_path: Path) -> None:
        one, two = self.messages(2)
        self.send(provider, tmp_path, [one])
        self.send(provider, tmp_path, [two])
        assert len(provider.taken()) == 2

    # --- hostile ------------------------------------------------------------------------------------------------

    def test_whatever_people_are_called_their_neighbours_get_theirs(self, provider: Provider, tmp_path: Path) -> None:
        """campflow refuses breaks of lines in front matter; in the text they are the person's own."""
        window = self.messages(2)
        for text in HOSTILE.values():
            for options in ({}, {name: "{{ text }}" for name, old in self.options.items() if isinstance(old, str)}):
                try:
                    window.append(self.message(len(window) + 1, text, options=options))
                except ContentError:
                    continue
        receipts: dict[int, Receipt] = {}
        for start in range(0, len(window), self.plugin.window):
            receipts |= self.send(provider, tmp_path, window[start : start + self.plugin.window])[0]
        accepted = [number for number, receipt in receipts.items() if receipt.outcome == "accepted"]
        assert {1, 2} <= set(accepted)
        assert len(provider.taken()) == len(accepted), "a text must not become two messages, or none"
        assert not any(text.strip() == "49" for text in provider.taken()), "what people write must not be run"

    def test_options_of_any_kind_spoil_their_own_message_at_most(self, provider: Provider, tmp_path: Path) -> None:
        neighbour, number, odd = self.message(1, "word1word"), 1, []
        for name in sorted(self.plugin.options):
            for value in ODD_VALUES:
                try:
                    odd.append(self.message(number := number + 1, options={name: value}))
                except ContentError:
                    continue
        for each in odd:
            self.send(provider, tmp_path, [each])
        (receipts,) = self.send(provider, tmp_path, [neighbour])
        assert receipts[1].outcome == "accepted"

    @needs("address")
    def test_an_address_that_is_none_spoils_its_own_message(self, provider: Provider, tmp_path: Path) -> None:
        right, others = self.address(1), self.address(2)
        bad = [
            "", " ", "\0", "x" * 2_000, f"{right}\r\nRCPT TO:<{others}>", f"{right},{others}", f"{right};{others}",
            f"{right} {others}", f"{right}\n{others}", f"{right}\u2028{others}", f"<{right}>,<{others}>",
        ]  # fmt: skip
        for number, address in enumerate(bad, start=2):
            window = [self.message(1, "word1word"), self.message(number, f"word{number}word", address=address)]
            (receipts,) = self.send(provider, tmp_path, window)
            assert receipts[1].outcome == "accepted", repr(address)
            assert receipts[number].outcome == "rejected", f"{address!r} is not one address: reject it"
            assert self.arrived(provider, f"word{number}word") == 0, repr(address)

    # --- what providers say -------------------------------------------------------------------------------------

    @needs("no")
    def test_what_the_provider_refuses_is_rejected_and_the_rest_goes(self, provider: Provider, tmp_path: Path) -> None:
        window = self.messages(3)
        provider.will_answer("no", window[1])
        (receipts,) = self.send(provider, tmp_path, window)
        assert [receipts[number].outcome for number in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
        assert [self.arrived(provider, f"word{number}word") for number in (1, 2, 3)] == [1, 0, 1]

    @needs("later")
    def test_what_the_provider_puts_off_is_to_be_tried_again(self, provider: Provider, tmp_path: Path) -> None:
        window = self.messages(3)
        provider.will_answer("later", window[1])
        try:
            (receipts,) = self.send(provider, tmp_path, window)
            assert receipts[2].outcome == "retry", "a `no` that may become a `yes` is a retry"
        except ChannelError:
            pass  # the whole provider wants to be left alone
        assert self.arrived(provider, "word2word") == 0

    @needs("silence")
    def test_silence_after_a_message_is_uncertain(self, provider: Provider, tmp_path: Path) -> None:
        """Neither `rejected` nor `retry`, which say that nothing was taken, nor `accepted`, which says that it was."""
        window = self.messages(1)
        provider.will_answer("silence", window[0])

        async def work() -> list[Receipt]:
            async with opened(self.channel({**provider.settings, **self.patience}, tmp_path)) as channel:
                found: list[Receipt] = []
                try:
                    async for receipt in channel.deliver(window):
                        found.append(receipt)
                except ChannelError:
                    pass
                return found

        found = run(work)
        assert {receipt.outcome for receipt in found} <= {"uncertain"}, "no receipt at all says the same"

    @needs("key")
    def test_what_is_offered_twice_with_one_key_is_taken_once(self, provider: Provider, tmp_path: Path) -> None:
        window = self.messages(2)
        for _ in range(2):
            (receipts,) = self.send(provider, tmp_path, window)
            assert {receipt.outcome for receipt in receipts.values()} == {"accepted"}
        assert [self.arrived(provider, f"word{number}word") for number in (1, 2)] == [1, 1]

    @needs("lookup")
    def test_a_provider_that_is_asked_knows_what_it_took(self, provider: Provider, tmp_path: Path) -> None:
        known, unknown = self.messages(2)

        async def work() -> dict[int, str]:
            async with opened(self.channel(provider.settings, tmp_path)) as channel:
                await self.receipts(channel, [known])
                asking: LookupChannel = channel  # type: ignore[assignment]
                doubts = [Doubt(each.message_id, each.key, AT) for each in (known, unknown)]
                return {receipt.message_id: receipt.outcome async for receipt in asking.lookup(doubts)}

        found = run(work)
        assert found.get(1) == "accepted"
        assert found.get(2) in (None, "retry", "uncertain")

    @needs("nowhere")
    def test_a_provider_that_is_not_there_is_a_channel_error(self, provider: Provider, tmp_path: Path) -> None:
        """Raised by `open`, or by `deliver` after a `retry` for each: nothing is lost, and nothing uncertain."""
        window = self.messages(2)
        found: list[Receipt] = []

        async def work() -> None:
            channel = self.channel({**provider.settings, **self.patience, **(self.nowhere or {})}, tmp_path)
            async with opened(channel):
                async for receipt in channel.deliver(window):
                    found.append(receipt)

        with pytest.raises(ChannelError) as raised:
            run(work)
        assert str(raised.value), "say what to do"
        if found:
            once_each([1, 2], [receipt.message_id for receipt in found])
            assert {receipt.outcome for receipt in found} == {"retry"}

    # --- the end ------------------------------------------------------------------------------------------------

    def test_it_can_be_closed_in_the_middle_of_a_window(self, provider: Provider, tmp_path: Path) -> None:
        """A process that is stopped finishes its window; one that is cancelled does not."""
        window = self.messages(min(self.plugin.window, 5))

        async def work() -> None:
            async with opened(self.channel(provider.settings, tmp_path)) as channel:
                delivery = channel.deliver(window)
                await anext(delivery)
                closing = getattr(delivery, "aclose", None)
                if closing is not None:
                    await asyncio.wait_for(closing(), PATIENCE / 4)

        run(work)
        assert all(self.arrived(provider, f"word{each.message_id}word") <= 1 for each in window)

    def test_closing_what_sent_nothing_does_nothing(self, provider: Provider, tmp_path: Path) -> None:
        async def work() -> None:
            async with opened(self.channel(provider.settings, tmp_path)):
                pass

        run(work)
        assert list(provider.taken()) == []
