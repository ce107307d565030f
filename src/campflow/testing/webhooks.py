"""What campflow relies on in a webhook, as tests to inherit."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from campflow.errors import WebhookRefused
from campflow.hooks.contracts import (
    ChannelPlugin,
    MakeWebhook,
    Reaction,
    WebAnswer,
    Webhook,
    WebhookPlugin,
    WebRequest,
)
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
    unsigned  headers, in small letters, without which a call is nobody's; empty where the secret is in the query of the
              address
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

    def test_only_declared_reactions_are_told(self, tmp_path: Path) -> None:
        """All others are lost, and so is every reaction that somebody tells who is no channel."""
        known = self.plugin.reports if isinstance(self.plugin, ChannelPlugin) else frozenset[str]()
        for call in self.calls():
            (answer,) = self.hear(tmp_path, call.request)
            told = {each.name for each in answer.reactions if isinstance(each, Reaction)}
            assert told <= known, "name them in `reports` of the channel; who is no channel tells a ContactEvent"

    def test_the_same_call_twice_has_the_same_ids(self, tmp_path: Path) -> None:
        """Also a second later, and when campflow was started anew meanwhile."""
        for call in self.calls():
            later = replace(call.request, at=call.request.at + dt.timedelta(seconds=1))
            (first,) = self.hear(tmp_path, call.request)
            for requests in ((call.request, later), (later,)):
                try:
                    answers = self.hear(tmp_path, *requests)
                except WebhookRefused:
                    continue  # a replay that is known as one
                for again in answers:
                    assert [each.id for each in again.reactions] == [each.id for each in first.reactions]

    def test_a_call_without_its_signature_is_refused(self, tmp_path: Path) -> None:
        for call in self.calls():
            for header in self.unsigned:
                kept = {name: value for name, value in call.request.headers.items() if name != header}
                assert kept != call.request.headers, f"no call has the header `{header}`"
                self.refused(tmp_path, replace(call.request, headers=kept))
                for forged in ("", "A" * 44, "\xe9"):
                    self.refused(tmp_path, replace(call.request, headers={**kept, header: forged}))
            if not self.unsigned:
                address = urlsplit(call.request.url)
                assert address.query, "no header and no address says who calls: anybody could"
                forged_query = urlencode([(name, f"{value}x") for name, value in parse_qsl(address.query)])
                for query in ("", forged_query):
                    self.refused(tmp_path, replace(call.request, url=address._replace(query=query).geturl()))

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
