"""The one HTTP module, against a provider that misbehaves in every way that was ever seen."""

import asyncio
import datetime as dt
import socket
from collections.abc import Sequence

import pytest
from tests.provider import Provider, Script, answer, drip, flood, hang_up, run, silence

from campflow.errors import ChannelError
from campflow.http import LONGEST_WAIT, HttpClient, HttpError, NoAnswer, NotSent, Reply, fate, retry_after

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def asked(script: Script | Sequence[Script], count: int = 1, **settings: float) -> tuple[list[Reply], Provider]:
    """So many requests, one after the other, over one client."""
    provider = Provider([script] if callable(script) else script)

    async def work() -> list[Reply]:
        async with provider.serving() as url:
            client = HttpClient(url, **({"timeout": 5.0} | settings))  # type: ignore[arg-type]  # numbers all of them
            try:
                return [await client.send("POST", "/messages", json={"to": "ada"}) for _ in range(count)]
            finally:
                await client.close()

    return run(work()), provider


def test_one_connection_serves_many_requests() -> None:
    replies, provider = asked(answer(200, '{"id": "m-1"}'), count=20)
    assert {reply.json_object()["id"] for reply in replies} == {"m-1"}
    assert provider.connections == 1
    assert [each.line for each in provider.asked] == ["POST /messages HTTP/1.1"] * 20
    assert provider.asked[0].body == b'{"to":"ada"}'


def test_a_provider_that_is_not_there_was_told_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def run() -> None:
            client = HttpClient(url)
            with pytest.raises(NotSent, match=r"cannot reach 127\.0\.0\.1"):
                await client.send("GET", "/")
            await client.close()

        asyncio.run(run())


@pytest.mark.parametrize("script", [hang_up, silence, drip])
def test_what_breaks_off_may_have_been_taken(script: Script) -> None:
    with pytest.raises(NoAnswer):
        asked(script)


def test_an_answer_is_read_to_a_bound() -> None:
    with pytest.raises(NoAnswer, match="more than 1,000,000 bytes"):
        asked(flood)


def test_a_compressed_answer_that_nobody_asked_for_is_not_unfolded() -> None:
    with pytest.raises(NoAnswer, match="compressed"):
        asked(answer(200, b"\x1f\x8b", content_encoding="gzip"))
    replies, provider = asked(answer(200, "{}"))
    assert replies[0].status == 200
    assert provider.asked[0].headers["accept-encoding"] == "identity"


def test_a_redirect_is_not_followed() -> None:
    (reply,), provider = asked(answer(302, location="http://169.254.169.254/latest"))
    assert len(provider.asked) == 1
    with pytest.raises(ChannelError, match="redirect"):
        fate(reply)


@pytest.mark.parametrize("body", ["", "<html>", "[1, 2]", "nul", "[" * 50_000, "\xff"])
def test_rubbish_with_200_is_no_answer(body: str) -> None:
    (reply,), _ = asked(answer(200, body))
    with pytest.raises(NoAnswer, match="200, and the body is not"):
        reply.json_object()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "accepted"), (202, "accepted"), (429, "retry"), (500, "retry"), (503, "retry"), (502, "uncertain"),
        (207, "uncertain"), (504, "uncertain"), (408, "uncertain"), (400, "rejected"), (413, "rejected"),
        (422, "rejected"),
    ],
)  # fmt: skip
def test_what_a_status_means_for_a_message(status: int, outcome: str) -> None:
    assert fate(Reply(status, {}, b"because")).outcome == outcome


@pytest.mark.parametrize("status", [301, 401, 403, 404])
def test_what_is_about_us_spoils_no_message(status: int) -> None:
    with pytest.raises(ChannelError):
        fate(Reply(status, {}, b""))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7), (" 120 ", 120), ("0.5", 0.5),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30), ("Sun, 01 Mar 2026 13:00:30 +0100", 30),
        # Of no use: our own pause is better.
        ("0", None), ("-5", None), ("Sun, 01 Mar 2026 11:00:00 GMT", None), ("soon", None), ("", None), (None, None),
        ("nan", None), ("Sun, 99 Mar 2026 12:00:30 GMT", None),
        # Not believed.
        ("99999999999", LONGEST_WAIT), ("inf", LONGEST_WAIT), ("1e400", LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT), ("9" * 5000, LONGEST_WAIT),
    ],
)  # fmt: skip
def test_how_long_a_provider_wants_to_be_left_alone(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_what_a_provider_says_is_quoted_short_and_printable() -> None:
    (reply,), _ = asked(answer(400, "no\r\n\x1b[2Jsuch\x00 user " + "x" * 10_000))
    detail = fate(reply).detail
    assert detail.startswith("400 no")
    assert len(detail) <= 210
    assert detail.isprintable()


def test_a_request_that_cannot_be_written_was_not_sent() -> None:
    async def run() -> None:
        client = HttpClient("http://127.0.0.1:1")
        with pytest.raises(NotSent, match="cannot be written"):
            await client.send("POST", "/", json=float("nan"))
        with pytest.raises(HttpError):
            await client.send("GET", "/", headers={"x-name": "a\r\nbcc: b"})
        await client.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0", "[::]", "[::1]", "[::ffff:127.0.0.1]",
        "10.1.2.3", "169.254.169.254", "192.168.1.1", "100.64.0.1", "[fe80::1]", "[fd00::1]", "[2002:7f00:1::]",
        "224.0.0.1", "192.168.257", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::10.1.2.3]",
        "[fec0::1]", "[ff02::1]", "[2001:0:7f00:1::]", "[::ffff:169.254.169.254]", "100.100.100.200",
        "255.255.255.255",
    ],
)  # fmt: skip
def test_where_only_public_addresses_are_wanted_nothing_is_said_to_others(host: str) -> None:
    provider = Provider()

    async def run() -> None:
        async with provider.serving() as url:
            client = HttpClient("", timeout=5, public_only=True)
            with pytest.raises(NotSent, match=r"not an address of the public internet|cannot find"):
                await client.send("POST", f"http://{host}:{url.rpartition(':')[2]}/")
            await client.close()

    asyncio.run(run())
    assert provider.asked == []


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver, which is not ours, says a public address first and this machine's afterwards."""
    provider = Provider()
    answers = ["192.0.2.1", "127.0.0.1"]  # of RFC 5737, but for the test it is public

    async def run() -> None:
        async with provider.serving() as url:
            port = int(url.rpartition(":")[2])

            async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
                address = answers.pop(0) if len(answers) > 1 else answers[0]
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
            client = HttpClient("", timeout=3, public_only=True)
            with pytest.raises(NotSent):
                await client.send("POST", f"http://rebinding.example:{port}/")
            await client.close()

    asyncio.run(run())
    assert provider.asked == []
    assert len(answers) == 1
