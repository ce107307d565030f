"""What campflow relies on in a webhook, as tests to inherit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from campflow.errors import WebhookRefused
from campflow.hooks.contracts import ChannelPlugin, MakeWebhook, WebAnswer, Webhook, WebhookPlugin, WebRequest
from campflow.hooks.offers import REACTIONS
from campflow.testing.life import opened, run
from campflow.testing.samples import context


@dataclass(frozen=True, slots=True)
class Call:
    """A genuine call of the provider, and the names of the reactions or events that it tells of."""

    request: WebRequest
    tells: Sequence[str]


class WebhookContract:
    """Inherit it beside the suite of the channel; give calls as the provider really makes them.

    plugin    the channel that has a `webhook`, or a WebhookPlugin
    settings  with which the calls are genuine
    unsigned  headers, in small letters, without which a call is nobody's; empty where the secret is in the address
    """

    plugin: ClassVar[ChannelPlugin | WebhookPlugin]
    settings: ClassVar[Mapping[str, object]] = {}
    unsigned: ClassVar[Sequence[str]] = ()

    def calls(self) -> Sequence[Call]:
        """Genuine calls, at least one; made now, where their signatures have a time."""
        raise NotImplementedError("give the suite the provider's calls")

    # --- tools --------------------------------------------------------------------------------------------------

    def webhook(self, folder: Path) -> Webhook:
        make: MakeWebhook | None = self.plugin.webhook if isinstance(self.plugin, ChannelPlugin) else self.plugin.make
        assert make is not None, f"{self.plugin.name} has no webhook"
        return make(self.plugin.settings.model_validate(self.settings), context(folder))

    def hear(self, folder: Path, *requests: WebRequest) -> list[WebAnswer]:
        async def work() -> list[WebAnswer]:
            async with opened(self.webhook(folder)) as webhook:
                return [await webhook.hear(request) for request in requests]

        return run(work)

    def refused(self, folder: Path, request: WebRequest) -> None:
        with pytest.raises(WebhookRefused) as refused:
            self.hear(folder, request)
        assert 400 <= refused.value.status < 500

    # --- tests --------------------------------------------------------------------------------------------------

    def test_genuine_calls_tell_of_what_happened(self, tmp_path: Path) -> None:
        calls = self.calls()
        assert calls
        for call in calls:
            (answer,) = self.hear(tmp_path, call.request)
            assert [each.name for each in answer.reactions] == list(call.tells)
            assert 200 <= answer.status < 300
            assert all(each.id for each in answer.reactions), "an id makes that twice is once"
            assert all(each.at.tzinfo for each in answer.reactions), "a time needs its offset"

    def test_only_declared_reactions_are_told(self) -> None:
        told = {name for call in self.calls() for name in call.tells} & REACTIONS
        known = self.plugin.reports if isinstance(self.plugin, ChannelPlugin) else told
        assert told <= known, "name them in `reports`"

    def test_the_same_call_twice_has_the_same_ids(self, tmp_path: Path) -> None:
        for call in self.calls():
            try:
                once, twice = self.hear(tmp_path, call.request, call.request)
            except WebhookRefused:
                continue  # a replay that is known as one
            assert [each.id for each in once.reactions] == [each.id for each in twice.reactions]

    def test_a_call_without_its_signature_is_refused(self, tmp_path: Path) -> None:
        for call in self.calls():
            for header in self.unsigned:
                kept = {name: value for name, value in call.request.headers.items() if name != header}
                assert kept != call.request.headers, f"no call has the header `{header}`"
                self.refused(tmp_path, replace(call.request, headers=kept))
                self.refused(tmp_path, replace(call.request, headers={**kept, header: ""}))
                self.refused(tmp_path, replace(call.request, headers={**kept, header: "A" * 44}))

    def test_a_body_that_was_changed_is_refused(self, tmp_path: Path) -> None:
        """Also one that means the same: signatures are over bytes."""
        for call in self.calls():
            body = call.request.body
            for forged in (body + b" ", body[:-1], body.replace(b"a", b"b", 1)):
                if self.unsigned and forged != body:
                    self.refused(tmp_path, replace(call.request, body=forged))

    def test_rubbish_is_refused_and_never_breaks_it(self, tmp_path: Path) -> None:
        request = self.calls()[0].request
        for body in (b"", b"\0", b"{", b"[]", b"null", b'{"a": [' * 1_000, b"\xff\xfe", b"a=1&a=2", b"1" * 5_000):
            for headers in (request.headers, {}):
                try:
                    (answer,) = self.hear(tmp_path, replace(request, body=body, headers=headers))
                except WebhookRefused:
                    continue
                assert list(answer.reactions) == []
