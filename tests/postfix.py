"""A Postfix of the tests' own (Debian's `postfix`): one port on the loopback interface, its own queue and mailboxes.

It takes mail for the MAILBOXES; `nobody@b.example` is refused at once, `gone` and `full` are taken and then bounced.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

_PROGRAM = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
#: Postfix works as several users, and only root may start it.
_FOUND = _PROGRAM is not None and os.geteuid() == 0

#: Whatever stands behind a `+` comes there too.
MAILBOXES = ("ada@b.example", "eve@b.example", "lea@b.example", "bounces@acme.example")

needed = pytest.mark.skipif(not _FOUND and not os.environ.get("CI"), reason="Postfix, started by root, was not found")


def left_out() -> str | None:
    """What the summary says."""
    return None if _FOUND else "nothing was sent through Postfix (Debian: postfix; only root can start it)"


@dataclass(frozen=True)
class Postfix:
    """`port` it listens on, `ca` of its certificate for `localhost` (a PEM file), `folder` of its mailboxes."""

    port: int
    ca: Path
    folder: Path

    def mailbox(self, domain: str, name: str) -> Path:
        """The Maildir of somebody."""
        return self.folder / domain / name

    def mails(self, domain: str, name: str, count: int) -> list[bytes]:
        """What somebody got, as soon as it is so many."""
        until = time.monotonic() + 30
        while len(found := sorted(self.mailbox(domain, name).glob("new/*"))) < count:
            assert time.monotonic() < until, f"{len(found)} of {count} mails came to {name}@{domain}"
            time.sleep(0.02)  # another program delivers
        return [path.read_bytes() for path in found]


_MAIN = """
compatibility_level = 3.6
queue_directory = {top}/queue
data_directory = {top}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {top}
maillog_file = {top}/log
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.b.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_tls_cert_file = {top}/etc/cert.pem
smtpd_tls_key_file = {top}/etc/key.pem
smtpd_tls_security_level = may
smtpd_tls_session_cache_database =
virtual_mailbox_domains = b.example, acme.example
virtual_mailbox_base = {top}/mail
virtual_mailbox_maps = inline:{{{boxes}}}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
recipient_delimiter = +
transport_maps = inline:{{{{gone@b.example=error:5.1.1 nobody of that name}}, \
{{full@b.example=error:5.2.2 mailbox full}}}}
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = check_recipient_access inline:{{{{nobody@b.example=550 5.1.1 no such user here}}}}, \
permit_mynetworks, reject
"""

_MASTER = """
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def running() -> Iterator[Postfix]:
    """Started, and stopped by its own command."""
    assert _PROGRAM is not None, "Postfix is missing (Debian: postfix)"
    # Not below pytest's folder, which only root may enter.
    top = Path(tempfile.mkdtemp(prefix="campflow-postfix-"))
    try:
        top.chmod(0o755)
        for name in ("etc", "queue", "data", "mail"):
            (top / name).mkdir(mode=0o755)
        shutil.chown(top / "data", "postfix")
        shutil.chown(top / "mail", "postfix", "postfix")
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost")
        authority.cert_pem.write_to_path(top / "etc" / "ca.pem")
        certificate.private_key_pem.write_to_path(top / "etc" / "key.pem")
        for each in certificate.cert_chain_pems:
            each.write_to_path(top / "etc" / "cert.pem", append=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        owner = (top / "mail").stat()
        boxes = ", ".join(f"{{{each}={'/'.join(reversed(each.split('@')))}/}}" for each in MAILBOXES)
        main = _MAIN.format(top=top, uid=owner.st_uid, gid=owner.st_gid, boxes=boxes)
        (top / "etc" / "main.cf").write_text(main)
        (top / "etc" / "master.cf").write_text(_MASTER.format(port=port))
        _postfix(top, "start")
        try:
            _wait_for(port, top / "log")
            yield Postfix(port, top / "etc" / "ca.pem", top / "mail")
        finally:
            _postfix(top, "stop")
    finally:
        shutil.rmtree(top)


def _postfix(top: Path, word: str) -> None:
    said = subprocess.run([str(_PROGRAM), "-c", str(top / "etc"), word], capture_output=True, text=True, check=False)
    log = (top / "log").read_text() if (top / "log").exists() else ""
    assert said.returncode == 0, said.stdout + said.stderr + log


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as greeted:
                assert greeted.recv(100).startswith(b"220 ")
                return
        except OSError:
            assert time.monotonic() < until, log.read_text() if log.exists() else "Postfix does not answer"
            time.sleep(0.05)  # a server of its own starts
