"""Batches in a folder: whole or not there, each letter in one of them, whatever crashes."""

import asyncio
import csv
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests import paper

from campflow.content.templates import compile_text
from campflow.errors import ChannelError, ContentError, WebhookRefused
from campflow.hooks.contracts import ChannelContext, Message, Receipt, Sender, WebRequest
from campflow_print import LETTER, batches
from campflow_print.ledger import ledger
from campflow_print.prepare import prepare
from campflow_print.scans import key_in

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
PERSON = {
    "first_name": "Ada", "last_name": "Lovelace", "street": "Hauptstrasse 12a", "postcode": "8001", "city": "Zürich",
    "country": "CH",
}  # fmt: skip


def message(
    number: int, person: dict[str, object] | None = None, body: str = "Hello {{ first_name }}!", **more: Any
) -> Message:
    """As campflow makes it: parts filled with the contact's fields."""
    known = {**PERSON, **(person or {})}
    parts = prepare(body, "md", {}).parts
    filled = {
        name: compile_text(text, html=name == "html", name=name).fill({**known, "contact": known})
        for name, text in parts.items()
    }
    base: dict[str, Any] = {
        "message_id": number, "key": f"{number:x}-0123456789abcdef01234567", "channel": "letter", "name": "offer",
        "campaign": "spring", "contact_key": f"person{number}", "address": str(known["street"]), "language": None,
        "parts": filled, "options": {}, "planned_at": AT, "unsubscribe_token": "",
    }  # fmt: skip
    return Message(**{**base, **more})


def send(folder: Path, messages: Sequence[Message], **settings: object) -> dict[int, Receipt]:
    async def work() -> dict[int, Receipt]:
        made = LETTER.make(LETTER.settings.model_validate(settings), ChannelContext(str(folder), Sender()))
        await made.open()
        found = {receipt.message_id: receipt async for receipt in made.deliver(messages)}
        await made.close()
        return found

    return asyncio.run(work())


def batch_folders(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "letters").iterdir() if path.is_dir())


def manifest(batch: Path) -> list[dict[str, str]]:
    with (batch / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@paper.poppler
def test_a_window_of_letters_is_one_file_with_a_manifest(tmp_path: Path) -> None:
    receipts = send(tmp_path, [message(number, {"first_name": f"Ada{number}"}) for number in (1, 2, 3)])
    (batch,) = batch_folders(tmp_path)
    assert batch.name.startswith("2026-12-01-offer-")
    assert [receipts[number].outcome for number in (1, 2, 3)] == ["accepted"] * 3
    assert receipts[2].provider_id == f"{batch.name}/2"
    lines = manifest(batch)
    assert [(line["letter"], line["contact"], line["first_page"], line["pages"]) for line in lines] == [
        ("1", "person1", "1", "1"), ("2", "person2", "2", "1"), ("3", "person3", "3", "1"),
    ]  # fmt: skip
    pages = paper.text(batch / "letters.pdf").split("\f")
    for number, line in enumerate(lines, 1):
        assert f"Ada{number} Lovelace" in pages[int(line["first_page"]) - 1]
        assert f"Hello Ada{number}!" in pages[int(line["first_page"]) - 1]


def test_letters_of_different_messages_are_different_files(tmp_path: Path) -> None:
    send(tmp_path, [message(1), message(2, name="thanks"), message(3), message(4, options={"window": "nfz10011"})])
    assert sorted([line["contact"] for line in manifest(batch)] for batch in batch_folders(tmp_path)) == [
        ["person1", "person3"], ["person2"], ["person4"],
    ]  # fmt: skip


def test_who_has_no_whole_address_gets_a_reason_and_the_others_their_letter(tmp_path: Path) -> None:
    wrong: list[dict[str, object]] = [
        {"city": None}, {"postcode": ""}, {"street": " "}, {"first_name": None, "last_name": None},
        {"city": "Zürich\nEve Evil\nElsewhere 1"}, {"street": "x" * 61}, {"country": "XX"}, {"city": "W" * 60},
    ]  # fmt: skip
    receipts = send(tmp_path, [message(0), *(message(number, each) for number, each in enumerate(wrong, 1))])
    assert receipts.pop(0).outcome == "accepted"
    assert {receipt.outcome for receipt in receipts.values()} == {"rejected"}
    assert receipts[1].detail == "the contact has no city"
    assert len(manifest(batch_folders(tmp_path)[0])) == 1


@pytest.mark.parametrize(
    ("person", "posted_in", "last"),
    [
        ({}, "CH", "8001 Zürich"),
        ({"country": "FR", "postcode": "75001", "city": "Paris"}, "FR", "75001 PARIS"),
        ({"country": "FR", "postcode": "75001", "city": "Paris"}, "CH", "75001 PARIS, FRANKREICH"),
        ({"country": "de", "postcode": "10115", "city": "Berlin"}, "FR", "10115 Berlin, ALLEMAGNE"),
        ({"country": None}, "DE", "8001 Zürich"),
        ({"country": "GB", "postcode": "SW1A 2AA", "city": "London"}, "DE", "LONDON, SW1A 2AA, VEREINIGTES KÖNIGREICH"),
        ({"country": "US", "postcode": "10001", "city": "New York", "state": "NY"}, "US", "NEW YORK NY 10001"),
    ],
)  # fmt: skip
def test_an_address_ends_as_the_post_wants_it(
    person: dict[str, object], posted_in: str, last: str, tmp_path: Path
) -> None:
    send(tmp_path, [message(1, person)], country=posted_in)
    (line,) = manifest(batch_folders(tmp_path)[0])
    assert line["address"] == f"Ada Lovelace, Hauptstrasse 12a, {last}"


def test_what_is_offered_again_is_in_no_second_batch(tmp_path: Path) -> None:
    window = [message(number) for number in (1, 2, 3)]
    first = send(tmp_path, window)
    (batch,) = batch_folders(tmp_path)
    before = (batch / "letters.pdf").read_bytes()
    assert send(tmp_path, window) == first
    # In another company, and after the printer has fetched the batch.
    shutil.rmtree(batch)
    again = send(tmp_path, [message(3), message(4)])
    assert again[3] == first[3]
    (rest,) = batch_folders(tmp_path)
    assert [line["contact"] for line in manifest(rest)] == ["person4"]
    # The same batch, made anew elsewhere, is the same file.
    send(tmp_path / "elsewhere", window)
    (twin,) = batch_folders(tmp_path / "elsewhere")
    assert (twin.name, (twin / "letters.pdf").read_bytes()) == (batch.name, before)


CRASH = """
import asyncio, json, os, sys
from pathlib import Path
from campflow.hooks.contracts import ChannelContext, Message, Sender
from campflow_print import LETTER, batches
import datetime as dt
folder, place, stored = sys.argv[1], sys.argv[2], json.loads(sys.stdin.read())
def die(*_, **__): os._exit(9)
if place == "before the pages": batches._write = die
if place == "before the rename": batches._flush = die
if place == "before the ledger":
    from campflow_print.ledger import Ledger
    Ledger.add = die
async def work():
    channel = LETTER.make(LETTER.settings(), ChannelContext(folder, Sender()))
    await channel.open()
    messages = [Message(**{**each, "planned_at": dt.datetime.fromisoformat(each["planned_at"])}) for each in stored]
    async for _ in channel.deliver(messages): pass
asyncio.run(work())
"""


@pytest.mark.parametrize("place", ["before the pages", "before the rename", "before the ledger"])
def test_a_crash_leaves_no_half_batch_and_no_letter_twice(place: str, tmp_path: Path) -> None:
    window = [message(number) for number in (1, 2)]
    stored = [{name: getattr(each, name) for name in each.__slots__} for each in window]
    died = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path), place],
        input=json.dumps(stored, default=str), text=True, check=False,
    )  # fmt: skip
    assert died.returncode == 9
    for batch in batch_folders(tmp_path):
        if not batch.name.startswith(".draft-"):
            assert {path.name for path in batch.iterdir()} == {"letters.pdf", "manifest.csv"}
            assert (batch / "letters.pdf").read_bytes().endswith(b"%%EOF")
    receipts = send(tmp_path, [*window, message(3)])
    assert {receipt.outcome for receipt in receipts.values()} == {"accepted"}
    whole = [batch for batch in batch_folders(tmp_path) if not batch.name.startswith(".draft-")]
    assert sorted(line["contact"] for batch in whole for line in manifest(batch)) == ["person1", "person2", "person3"]
    for draft in set(batch_folders(tmp_path)) - set(whole):
        os.utime(draft, (0, 0))
    send(tmp_path, [])
    assert batch_folders(tmp_path) == whole, "what a dead process left is thrown away"


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("a file, and no folder")
    with pytest.raises(Exception, match="set `folder`"):
        send(tmp_path, [message(1)])


def test_a_letterhead_that_is_no_picture_is_nobodys_letters_fault(tmp_path: Path) -> None:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="1"/></svg>'
    (tmp_path / "head.svg").write_text("no picture")
    with pytest.raises(ChannelError, match=r"head\.svg cannot be printed"):
        send(tmp_path, [message(1)], letterhead="head.svg", bleed=3)
    (tmp_path / "head.svg").write_text(head)
    assert send(tmp_path, [message(1)], letterhead="head.svg", bleed=3)[1].outcome == "accepted"


def test_no_cell_of_the_manifest_is_a_formula(tmp_path: Path) -> None:
    send(tmp_path, [message(1, {"first_name": "=HYPERLINK(1)"}, contact_key="=1+1")])
    (line,) = manifest(batch_folders(tmp_path)[0])
    assert (line["contact"], line["address"][:3]) == ("'=1+1", "'=H")


# --- what a letter may hold ------------------------------------------------------------------------------------------


@paper.poppler
def test_markdown_is_the_authors_and_fields_are_text(tmp_path: Path) -> None:
    body = "# For {{ first_name }}\n\n{% if last_name %}Dear *{{ last_name }}*{% endif %}\n\n- tea\n- {{ city }}\n"
    send(tmp_path, [message(1, {"first_name": "<b>*A*_d_</b>", "last_name": "{{ 7 * 7 }}"}, body)])
    said = " ".join(paper.text(batch_folders(tmp_path)[0] / "letters.pdf").split())
    assert "For <b>*A*_d_</b> Dear {{ 7 * 7 }} • tea • Zürich" in said


@pytest.mark.parametrize(
    ("body", "front_matter", "reason"),
    [
        ("", {}, "is empty"),
        ("<script>alert(1)</script>", {}, "nothing of the letter can be printed"),
        ("Hello <iframe src=x></iframe>", {}, "<iframe> cannot be printed"),
        ("![logo](logo.png)", {}, "<img> cannot be printed"),
        ("Hello", {"window": "a4"}, "is no window: choose sn010130_right"),
    ],
)
def test_check_says_what_cannot_be_printed(body: str, front_matter: dict[str, object], reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        prepare(body, "md", front_matter)


# --- codes -----------------------------------------------------------------------------------------------------------


def scan(folder: Path, url: str, method: str = "GET") -> Any:
    assert LETTER.webhook is not None
    webhook = LETTER.webhook(LETTER.settings(), ChannelContext(str(folder), Sender()))
    return asyncio.run(webhook.hear(WebRequest(method, url, {}, b"", AT)))


@paper.poppler
@paper.zbar
def test_the_scan_of_a_letters_code_is_an_event_and_leads_on(tmp_path: Path) -> None:
    target = "https://acme.example/spring?a=1&b=2"
    send(tmp_path, [message(1, options={"scan": target}), message(2)], scan_url="https://acme.example/hooks/letter")
    (batch,) = batch_folders(tmp_path)
    (url,) = paper.codes(batch / "letters.pdf", 1, tmp_path)
    assert paper.codes(batch / "letters.pdf", 2, tmp_path) == []
    answer = scan(tmp_path, url)
    assert (answer.status, answer.headers["Location"]) == (303, target)
    (reaction,) = answer.reactions
    assert (reaction.name, reaction.key, reaction.at) == ("scanned", message(1).key, AT)
    assert scan(tmp_path, url, "HEAD").reactions == (), "a machine that looks first has not scanned"
    shutil.rmtree(batch)
    assert scan(tmp_path, url).headers["Location"] == target, "letters outlive their files"


@pytest.mark.parametrize(
    "query", ["", "?k=", "?k=1-0123456789abcdef0123456f", "?k=%00", "?u=https://evil.example", f"?k={'a' * 9_999}"]
)
def test_a_code_that_is_on_no_letter_leads_nowhere(query: str, tmp_path: Path) -> None:
    send(tmp_path, [message(1, options={"scan": "https://acme.example"})], scan_url="https://acme.example/hooks/letter")
    with pytest.raises(WebhookRefused):
        scan(tmp_path, f"https://acme.example/hooks/letter{query}")


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "file:///etc/passwd", "https://", "tel:117", "https://a.example/" + "x" * 500]
)
def test_a_code_leads_to_the_web_only(target: str, tmp_path: Path) -> None:
    receipts = send(tmp_path, [message(1, options={"scan": target}), message(2)])
    assert (receipts[1].outcome, receipts[2].outcome) == ("rejected", "accepted")


def test_two_processes_do_not_print_one_letter_twice(tmp_path: Path) -> None:
    """The second waits until the first has put its batch in place."""
    (tmp_path / "letters").mkdir()
    with ledger(tmp_path / "letters") as known:
        waiting = subprocess.Popen(
            [sys.executable, "-c", CRASH, str(tmp_path), "nowhere"], stdin=subprocess.PIPE, text=True
        )
        each = message(1)
        assert waiting.stdin is not None
        waiting.stdin.write(json.dumps([{name: getattr(each, name) for name in each.__slots__}], default=str))
        waiting.stdin.close()
        line = batches.Line(each.key, "person1", "offer", "spring", 1, 1, ("Ada",), None)
        batches.keep(tmp_path / "letters", "the-first", b"pages", [line], known)
    assert waiting.wait(60) == 0
    assert [batch.name for batch in batch_folders(tmp_path)] == ["the-first"]


def test_a_scanner_gives_an_address_or_a_key() -> None:
    assert key_in(" https://acme.example/hooks/letter?k=1-abc\r\n") == key_in("1-abc") == "1-abc"
    assert key_in("") is key_in("\u2028") is None


def test_a_preview_is_the_page_and_no_batch(tmp_path: Path) -> None:
    assert LETTER.proof is not None
    letter = message(1)
    proof = LETTER.proof(letter, LETTER.settings(), ChannelContext(str(tmp_path), Sender()))
    assert (proof.extension, proof.data[:5]) == ("pdf", b"%PDF-")
    assert list(tmp_path.iterdir()) == []
