"""Notes to Slack, Teams and a webhook, before servers that look at what they get as the real ones do."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from campflow.errors import PluginError
from campflow.hooks.contracts import Answer, ChannelContext, Note, Sender, SinkPlugin
from campflow.testing import FigureContract, Figures, SinkContract
from campflow.testing.samples import measurement, note
from campflow_notices import FIGURES_WEBHOOK, SLACK, TEAMS, WEBHOOK

SPEC = Path(__file__).parents[4] / "shared" / "specs" / "slack_web_openapi_v2.json"
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Office:
    """A server in a thread of its own; what `hears` makes of a request is its answer."""

    settings: Mapping[str, object] = {}

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.refused: list[str] = []
        self.answers: list[tuple[int, dict[str, str], str]] = []

    def taken(self) -> Sequence[str]:
        return self.texts

    def hears(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        raise NotImplementedError

    def serve(self) -> Iterator["Office"]:
        office = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                more: dict[str, str] = {}
                if office.answers:
                    status, more, said = office.answers.pop(0)
                else:
                    status, said = office.hears(self.path, headers, body)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *_: object) -> None:
                """Nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = Thread(target=server.serve_forever)
            thread.start()
            self.settings = self.reached_at(f"http://127.0.0.1:{server.server_address[1]}")
            yield self
            server.shutdown()
            thread.join()

    def reached_at(self, url: str) -> Mapping[str, object]:
        raise NotImplementedError


# --- the three of them ------------------------------------------------------------------------------------------------


class Slack(Office):
    def reached_at(self, url: str) -> Mapping[str, object]:
        return {"url": f"{url}/api/", "token": "xoxb-1", "channel": "#sales"}

    def hears(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        if headers.get("authorization") != "Bearer xoxb-1":
            return 200, '{"ok": false, "error": "invalid_auth"}'
        wrong = wrong_of_slack(json.loads(body)) if SPEC.exists() else None
        if path != "/api/chat.postMessage" or wrong:
            self.refused.append(f"{path}: {wrong}")
            return 200, '{"ok": false, "error": "invalid_arguments"}'
        self.texts.append(json.loads(body)["text"])
        return 200, '{"ok": true, "ts": "1503435956.000247"}'


def wrong_of_slack(body: dict[str, Any]) -> str | None:
    """What Slack's own description says against the arguments of chat.postMessage."""
    described = json.loads(SPEC.read_text("utf-8"))["paths"]["/chat.postMessage"]["post"]["parameters"]
    arguments = {each["name"]: each for each in described if each["in"] == "formData"}
    missing = [name for name, each in arguments.items() if each.get("required") and name not in body]
    unknown = [name for name in body if name not in arguments]
    types = {"string": str, "boolean": bool}
    mistyped = [
        name for name, value in body.items()
        if name in arguments and not isinstance(value, (types[arguments[name]["type"]], bool))
    ]  # fmt: skip
    return f"missing {missing}, unknown {unknown}, mistyped {mistyped}" if missing or unknown or mistyped else None


class Teams(Office):
    def reached_at(self, url: str) -> Mapping[str, object]:
        return {"url": f"{url}/workflows/1?sig=secret", "private": True}

    def hears(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        (attachment,) = json.loads(body)["attachments"]
        (block,) = attachment["content"]["body"]
        assert (attachment["contentType"], block["type"]) == (
            "application/vnd.microsoft.card.adaptive",
            "RichTextBlock",
        )
        self.texts.append("".join(each["text"] for each in block["inlines"]))
        return 202, ""


class Hook(Office):
    """A receiver as Standard Webhooks describes it."""

    def reached_at(self, url: str) -> Mapping[str, object]:
        return {"url": f"{url}/campflow", "secret": SECRET, "private": True}

    def hears(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        if f"v1,{mac}" not in headers["webhook-signature"].split(" "):
            return 401, "bad signature"
        self.told(json.loads(body))
        return 204, ""

    def told(self, said: dict[str, Any]) -> None:
        assert said["type"] == "campflow.note"
        self.texts.append(said["data"]["text"])


@pytest.fixture
def slack() -> Iterator[Office]:
    yield from Slack().serve()


class TestSlack(SinkContract):
    plugin: ClassVar[SinkPlugin] = SLACK

    @pytest.fixture
    def texts(self, slack: Office) -> Office:
        return slack


class TestTeams(SinkContract):
    plugin: ClassVar[SinkPlugin] = TEAMS

    @pytest.fixture
    def texts(self) -> Iterator[Office]:
        yield from Teams().serve()


class TestWebhook(SinkContract):
    plugin: ClassVar[SinkPlugin] = WEBHOOK

    @pytest.fixture
    def texts(self) -> Iterator[Office]:
        yield from Hook().serve()


class FiguresHook(Hook):
    def __init__(self) -> None:
        super().__init__()
        self.figures: list[tuple[str, float]] = []

    def told(self, said: dict[str, Any]) -> None:
        assert said["type"] == "campflow.figures"
        self.figures += [(each["name"], each["value"]) for each in said["data"]["figures"]]


class Board:
    """The figures that such a receiver was told."""

    def __init__(self, hook: Office) -> None:
        assert isinstance(hook, FiguresHook)
        self._hook, self.settings = hook, hook.settings

    def taken(self) -> Sequence[tuple[str, float]]:
        return self._hook.figures


class TestFiguresWebhook(FigureContract):
    plugin = FIGURES_WEBHOOK

    @pytest.fixture
    def figures(self) -> Iterator[Figures]:
        for office in FiguresHook().serve():
            yield Board(office)

    def test_a_receiver_that_refuses_is_said(self, figures: Figures, tmp_path: Path) -> None:
        wrong = {**figures.settings, "secret": "whsec_" + base64.b64encode(b"x" * 32).decode()}
        assert self.plugin.figures is not None
        sink = self.plugin.figures(self.plugin.settings.model_validate(wrong), ChannelContext("", Sender()))
        with pytest.raises(PluginError, match=r"the provider refuses us|does not take the figures"):
            sink.publish([measurement("sent", 1)])
        assert figures.taken() == []


# --- what is particular -----------------------------------------------------------------------------------------------


def told(plugin: SinkPlugin, settings: Mapping[str, object], *notes: Note) -> list[Answer]:
    async def run() -> list[Answer]:
        assert plugin.texts is not None
        sink = plugin.texts(plugin.settings.model_validate(settings), ChannelContext("", Sender()))
        await sink.open()
        try:
            return [answer async for answer in sink.notify(notes)]
        finally:
            await sink.close()

    return asyncio.run(run())


def test_nobody_calls_everyone_by_a_name(slack: Office) -> None:
    told(SLACK, slack.settings, note(1, "New: <!channel> & <https://evil.example|click>"))
    assert slack.taken() == ["New: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"]


@pytest.mark.skipif(not SPEC.exists() and not os.environ.get("CI"), reason="the providers' descriptions are not here")
def test_slack_gets_what_its_description_says_and_the_twin_is_refused(slack: Office) -> None:
    assert [each.outcome for each in told(SLACK, slack.settings, note(1, "hello"))] == ["done"]
    assert slack.refused == []
    for wrong in ({"text": "no channel"}, {"channel": "#a", "txt": "x"}, {"channel": 1, "text": "x"}):
        assert wrong_of_slack(wrong) is not None


@pytest.mark.parametrize(
    ("status", "headers", "said", "outcome", "after"),
    [
        (429, {"retry-after": "30"}, "", "retry", 30.0),
        (200, {}, '{"ok": false, "error": "ratelimited"}', "retry", None),
        (200, {}, '{"ok": false, "error": "msg_too_long"}', "failed", None),
        (200, {}, "<html>proxy</html>", "retry", None),
        (503, {}, "", "retry", None),
    ],
)
def test_what_slack_says_decides_and_a_pause_is_for_the_whole_batch(
    slack: Office, status: int, headers: dict[str, str], said: str, outcome: str, after: float | None
) -> None:
    slack.answers.append((status, headers, said))
    first, second = told(SLACK, slack.settings, note(1, "one"), note(2, "two"))
    assert (first.outcome, first.retry_after) == (outcome, after)
    assert second.outcome == ("retry" if outcome == "retry" else "done")


@pytest.mark.parametrize(("error", "advice"), [("not_in_channel", "invite the bot"), ("invalid_auth", "`token`")])
def test_what_is_wrong_with_us_says_what_to_do_and_spoils_no_note(slack: Office, error: str, advice: str) -> None:
    slack.answers.append((200, {}, json.dumps({"ok": False, "error": error})))
    with pytest.raises(PluginError, match=advice):
        told(SLACK, slack.settings, note(1, "one"))


def test_the_same_note_has_the_same_id_at_a_webhook() -> None:
    hook = Hook()
    seen: list[str] = []
    hears = hook.hears

    def listening(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        seen.append(headers["webhook-id"])
        return hears(path, headers, body)

    hook.hears = listening  # type: ignore[method-assign]
    for office in hook.serve():
        for _ in range(2):
            told(WEBHOOK, office.settings, note(1, "one"))
    assert len(seen) == 2
    assert len(set(seen)) == 1


@pytest.mark.parametrize(("plugin", "make"), [(WEBHOOK, Hook), (TEAMS, Teams)])
def test_a_webhook_within_ones_own_network_has_to_be_wanted(plugin: SinkPlugin, make: type[Office]) -> None:
    made = make()
    for office in made.serve():
        port = str(office.settings["url"]).partition("://")[2].partition("/")[0].rpartition(":")[2]
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "user@127.0.0.1"):
            there = {**office.settings, "private": False, "url": f"http://{host}:{port}/campflow"}
            (answer,) = told(plugin, there, note(1, "one"))
            assert answer.outcome == "retry"
            assert "not an address of the public internet" in answer.detail
    assert made.taken() == []


def test_nor_do_figures_go_there_unasked() -> None:
    hook = FiguresHook()
    for office in hook.serve():
        settings = FIGURES_WEBHOOK.settings.model_validate({**office.settings, "private": False})
        assert FIGURES_WEBHOOK.figures is not None
        sink = FIGURES_WEBHOOK.figures(settings, ChannelContext("", Sender()))
        with pytest.raises(PluginError, match="not an address of the public internet"):
            sink.publish([measurement("campflow_sent", 1.0)])
    assert hook.figures == []


def test_a_webhook_follows_nobody_to_another_address() -> None:
    hook = Hook()
    for office in hook.serve():
        office.answers.append((307, {"location": str(office.settings["url"])}, ""))
        with pytest.raises(PluginError, match="redirect"):
            told(WEBHOOK, office.settings, note(1, "one"))
    assert hook.taken() == []


@pytest.mark.parametrize("plugin", [SLACK, TEAMS, WEBHOOK])
def test_a_project_that_notifies_nobody_needs_no_settings(plugin: SinkPlugin) -> None:
    settings = plugin.settings()
    assert plugin.texts is not None
    with pytest.raises(PluginError, match="needs"):
        plugin.texts(settings, ChannelContext("", Sender()))


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!!", "short", "whsec_" + base64.b64encode(b"x" * 65).decode()])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match="not a secret of Standard Webhooks"):
        WEBHOOK.settings.model_validate({"secret": secret})
