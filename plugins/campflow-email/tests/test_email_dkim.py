"""Signed mail, verified by two programs that are not ours: dkimpy and opendkim."""

import os
import shutil
import subprocess
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from hypothesis import given
from hypothesis import strategies as st

from campflow.errors import ChannelError
from campflow_email.dkim import Signer, read_signer

MAIL = (
    b'From: "Acme" <hello@acme.example>\r\nTo: <ada@a.example>\r\n'
    b"Subject: =?utf-8?b?w5x1?=\r\n =?utf-8?b?w6Q=?=\r\nDate: Mon, 02 Nov 2026 08:00:00 +0000\r\n"
    b"Message-ID: <2a-0123@acme.example>\r\nList-Id: <shop.acme.example>\r\n"
    b"List-Unsubscribe: <https://acme.example/u/1.a>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    b"Hello  Ada \t \r\n\r\n  tabs\tand   spaces\r\n\r\n\r\n"
)
NOW = 1_793_000_000


def _pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


RSA = read_signer("acme.example", "c1", _pem(rsa.generate_private_key(65537, 2048)))
ED25519 = read_signer("acme.example", "c1", _pem(ed25519.Ed25519PrivateKey.generate()))


def signed(signer: Signer, mail: bytes = MAIL) -> bytes:
    return signer.signature(mail, NOW) + mail


def says_dkimpy(signer: Signer, mail: bytes) -> bool:
    name, text = signer.record()

    def look_up(asked: bytes, timeout: float = 5) -> bytes:
        assert asked.decode().rstrip(".") == name
        return text.encode()

    return bool(dkim.verify(mail, dnsfunc=look_up))


def test_dkimpy_verifies_it() -> None:
    assert says_dkimpy(RSA, signed(RSA))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello  Ada", b"Hello  Eve"),
        (b"Subject: =", b"Subject: x="),
        (b"/u/1.a>", b"/u/1.b>"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"MIME-Version", b"From: eve@e.example\r\nMIME-Version"),
        (b"MIME-Version", b"Reply-To: eve@e.example\r\nMIME-Version"),
    ],
)
def test_what_was_changed_on_the_way_does_not_verify(old: bytes, new: bytes) -> None:
    mail = signed(RSA)
    assert old in mail
    assert not says_dkimpy(RSA, mail.replace(old, new, 1))


def test_white_space_that_servers_change_does_no_harm() -> None:
    mail = signed(RSA)
    assert says_dkimpy(RSA, mail.replace(b"Hello  Ada \t \r\n", b"Hello Ada\r\n").rstrip() + b"\r\n")


@given(st.text(alphabet=" \t\r\nab=", max_size=60))
def test_any_body_verifies(body: str) -> None:
    lines = "\r\n".join(body.replace("\r", "\n").split("\n")).encode() + b"\r\n"
    mail = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + lines
    assert says_dkimpy(RSA, signed(RSA, mail))


@pytest.mark.skipif(
    shutil.which("opendkim") is None and not os.environ.get("CI"), reason="opendkim is not installed (Debian: opendkim)"
)
@pytest.mark.parametrize("signer", [RSA, ED25519], ids=["RSA", "Ed25519"])
def test_opendkim_verifies_it(signer: Signer, tmp_path: Path) -> None:
    name, text = signer.record()
    (tmp_path / "keys").write_text(f"{name} {text}\n")
    (tmp_path / "conf").write_text(f"TestPublicKeys {tmp_path / 'keys'}\nOn-BadSignature reject\n")
    for wrong in (False, True):
        mail = signed(signer).replace(b"Ada", b"Eve") if wrong else signed(signer)
        (tmp_path / "mail").write_bytes(mail)
        command = ["opendkim", "-x", str(tmp_path / "conf"), "-t", str(tmp_path / "mail")]
        said = subprocess.run(command, capture_output=True, text=True).stdout
        assert said.rstrip().endswith("succeeded") is not wrong, said


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"nonsense", "is no private key"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519"),
    ],
)
def test_a_key_that_is_none(pem: bytes, reason: str) -> None:
    with pytest.raises(ChannelError, match=reason):
        read_signer("acme.example", "c1", pem)
