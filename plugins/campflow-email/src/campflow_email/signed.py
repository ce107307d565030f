"""Who is calling: the signatures that mail providers put on what they tell us. All of them are over bytes."""

import base64
import binascii
import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from campflow.errors import WebhookRefused
from campflow.hooks.contracts import WebRequest

#: Seconds that a call may be old, or our clocks may differ: what Standard Webhooks advises.
TOLERANCE = 300.0

_PREFIX = "whsec_"


def shared_secret(text: str) -> bytes:
    """The key in `whsec_…`, as Standard Webhooks and Resend write it. Raises ValueError."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < 16:
        raise ValueError(f"not the secret of a webhook: copy {_PREFIX}… from the provider's page")
    return key


def public_key(text: str) -> EllipticCurvePublicKey:
    """The verification key that SendGrid shows: base64 of a key on P-256. Raises ValueError."""
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error, TypeError):
        key = None
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("not a verification key: copy it from SendGrid's page on the event webhook, on one line")
    return key


def verify_shared(key: bytes, request: WebRequest) -> str:
    """The id of a call signed as Standard Webhooks 1.0 has it, in the headers that Svix uses. Raises WebhookRefused."""
    id, stamp = request.headers.get("svix-id", ""), request.headers.get("svix-timestamp", "")
    _fresh(request, stamp)
    said = b".".join((id.encode("utf-8", "replace"), stamp.encode(), request.body))
    right = base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
    shown = request.headers.get("svix-signature", "").encode("utf-8", "replace").split()
    # A key that is being changed signs beside the one before.
    if not id or not any(hmac.compare_digest(f"v1,{right}".encode(), each) for each in shown):
        raise WebhookRefused("the signature is not right: check `webhook_secret`")
    return id


def verify_public(key: EllipticCurvePublicKey, request: WebRequest) -> None:
    """A call of SendGrid's event webhook: ECDSA over its time and the bytes of its body. Raises WebhookRefused."""
    stamp = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
    _fresh(request, stamp)
    try:
        shown = base64.b64decode(request.headers.get("x-twilio-email-event-webhook-signature", ""), validate=True)
        key.verify(shown, stamp.encode() + request.body, ECDSA(SHA256()))
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise WebhookRefused("the signature is not right: check `webhook_secret`") from error


def _fresh(request: WebRequest, stamp: str) -> None:
    if request.method != "POST" or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise WebhookRefused("the call has no time in its signature")
    if abs(request.at.timestamp() - int(stamp)) > TOLERANCE:
        raise WebhookRefused("the call is too old, or a clock is wrong")
