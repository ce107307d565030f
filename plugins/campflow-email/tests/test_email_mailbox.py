"""The mailbox that answers come to: what is read is read again until it is said to be recorded, and then no more."""

import imaplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from campflow.errors import ChannelError
from campflow_email.mailbox import Mailbox, open_mailbox

ONE, TWO, THREE = (f"Subject: {word}\r\n\r\nHello\r\n".encode() for word in ("one", "two", "three"))
USER, PASSWORD = "demouser", "demopass"

#: Puts a mail into the mailbox.
Drop = Callable[[bytes], None]


def _maildir(folder: Path) -> tuple[Mailbox, Drop]:
    for name in ("tmp", "new", "cur"):
        (folder / "bounces" / name).mkdir(parents=True)
    dropped: list[None] = []

    def drop(data: bytes) -> None:
        (folder / "bounces" / "new" / f"17{len(dropped):03}.a.host").write_bytes(data)
        dropped.append(None)

    return open_mailbox("maildir:bounces", None, folder, 5), drop


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """pymap, an IMAP server with mailboxes in memory. The port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [
        sys.executable,
        "-c",
        "from pymap.main import main; main()",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-tls",
        "dict",
    ]
    process = subprocess.Popen([*command, "--demo-data"], stderr=subprocess.PIPE)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr and process.stderr.read().decode()
                time.sleep(0.05)  # a server of its own starts
        yield port
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def _imap(port: int) -> Iterator[tuple[Mailbox, Drop]]:
    with imaplib.IMAP4("127.0.0.1", port) as session:
        session.login(USER, PASSWORD)
        session.select("Sent")
        session.uid("STORE", "1:*", "+FLAGS", r"(\Seen)")

        def drop(data: bytes) -> None:
            assert session.append("Sent", "", "", data)[0] == "OK"

        box = open_mailbox(f"imap://{USER}@127.0.0.1:{port}/Sent", PASSWORD, Path(), 5)
        yield box, drop
        box.close()


@pytest.fixture(params=["maildir", "imap"])
def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Mailbox, Drop]]:
    if request.param == "maildir":
        yield _maildir(tmp_path)
    else:
        with _imap(request.getfixturevalue("server")) as made:
            yield made


def test_what_was_not_recorded_is_read_again(mailbox: tuple[Mailbox, Drop]) -> None:
    box, drop = mailbox
    drop(ONE)
    drop(TWO)
    first = list(box.new(10))
    assert [each.data for each in first] == [ONE, TWO]
    assert list(box.new(10)) == first  # with the same ids
    box.seen([first[0].id])
    drop(THREE)
    assert [each.data for each in box.new(10)] == [TWO, THREE]
    box.seen(each.id for each in list(box.new(10)))
    assert list(box.new(10)) == []


def test_no_more_than_asked_for_at_a_time(mailbox: tuple[Mailbox, Drop]) -> None:
    box, drop = mailbox
    for data in (ONE, TWO, THREE):
        drop(data)
    assert [each.data for each in box.new(2)] == [ONE, TWO]


def test_a_mailbox_is_read_on_after_its_connection_was_lost(server: int) -> None:
    with _imap(server) as (box, drop):
        drop(ONE)
        assert [each.data for each in box.new(9)] == [ONE]
        box._session.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
        (found,) = box.new(9)
        box.seen([found.id])
        assert list(box.new(9)) == []


@pytest.mark.parametrize("url", ["imap://demouser@127.0.0.1:1/INBOX", "maildir:nowhere"])
def test_a_mailbox_that_is_not_there_says_what_to_do(url: str, tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="`inbox`"):
        list(open_mailbox(url, "x", tmp_path, 1).new(1))


def test_a_wrong_password_and_a_folder_that_is_not_there(server: int) -> None:
    for user, password, folder in ((USER, "wrong", "INBOX"), (USER, PASSWORD, 'no"where')):
        box = open_mailbox(f"imap://{user}@127.0.0.1:{server}/{folder}", password, Path(), 5)
        with pytest.raises(ChannelError, match="cannot read mail at"):
            list(box.new(1))
