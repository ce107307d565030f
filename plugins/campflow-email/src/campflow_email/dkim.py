"""Signing mail: DKIM (RFC 6376) with RSA or, after RFC 8463, Ed25519; canonicalization relaxed/relaxed.

The arithmetic is OpenSSL's. dkimpy does it in Python and signs a hundred mails a second; the tests verify with it, and
with opendkim.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from campflow.errors import ChannelError

#: The fields that are signed where they are there. RFC 8058 wants both of one-click unsubscribing.
_SIGNED = (
    "from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type",
    "content-transfer-encoding", "list-id", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip

#: Signed once more than they are there, so that nobody can put a second one in front (RFC 6376, 8.15).
_SEALED = ("from", "subject", "reply-to")

_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)\r\n")
_SPACE = re.compile(rb"[ \t]+")
_LINE_END = re.compile(rb"[ \t]+\r\n")


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for a domain; its public key is found in the DNS at `SELECTOR._domainkey.DOMAIN`."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    def signature(self, data: bytes, now: int) -> bytes:
        """The `DKIM-Signature` field of a mail (lines ending in CRLF); it goes in front. `now` is in seconds."""
        head, _, body = data.partition(b"\r\n\r\n")
        fields = {name.decode().lower(): value for name, value in _FIELD.findall(head + b"\r\n")}
        names = [name for name in _SIGNED if name in fields]
        algorithm = "rsa" if isinstance(self.key, RSAPrivateKey) else "ed25519"
        digest = base64.b64encode(hashlib.sha256(_body(body)).digest()).decode()
        start = (
            f"v=1; a={algorithm}-sha256; c=relaxed/relaxed; d={self.domain}; s={self.selector}; t={now};\r\n"
            f" h={':'.join([*names, *_SEALED])};\r\n bh={digest};\r\n b="
        )
        signed = b"".join(_header(name, fields[name]) + b"\r\n" for name in names)
        signed += _header("dkim-signature", start.encode())
        value = base64.b64encode(self._sign(signed)).decode()
        lines = "\r\n ".join(value[place : place + 74] for place in range(0, len(value), 74))
        return f"DKIM-Signature: {start}{lines}\r\n".encode()

    def record(self) -> tuple[str, str]:
        """Name and text of the DNS record (TXT) that shows the public key."""
        public = self.key.public_key()
        if isinstance(self.key, Ed25519PrivateKey):
            kind, data = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            kind, data = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"{self.selector}._domainkey.{self.domain}", f"v=DKIM1; k={kind}; p={base64.b64encode(data).decode()}"

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(hashlib.sha256(data).digest())
        return self.key.sign(data, PKCS1v15(), hashes.SHA256())


def read_signer(domain: str, selector: str, pem: bytes) -> Signer:
    """A signer with a private key in PEM. Raises ChannelError."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ChannelError(
            f"`dkim_key` is no private key in PEM without a password: {error}: "
            "make one with `openssl genrsa -out dkim.pem 2048`"
        ) from error
    if not isinstance(key, (RSAPrivateKey, Ed25519PrivateKey)):
        raise ChannelError("`dkim_key` is neither an RSA nor an Ed25519 key: DKIM knows no others")
    return Signer(domain, selector, key)


def _header(name: str, value: bytes) -> bytes:
    """RFC 6376, 3.4.2."""
    return name.encode() + b":" + _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4."""
    lines = _SPACE.sub(b" ", _LINE_END.sub(b"\r\n", body + b"\r\n")).rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""
