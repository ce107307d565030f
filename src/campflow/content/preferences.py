"""The link to a person's preferences, and the form that is shown there: what their tokens say."""

from dataclasses import dataclass

from campflow.content import tokens
from campflow.content.tokens import SigningKeys

_PURPOSE, _FORM = "preferences", "preferences-form"

#: Seconds for which a form that was shown may be sent.
OPEN_FOR = 12 * 3_600


@dataclass(frozen=True, slots=True)
class Preference:
    """Whose preferences, and the message that the link came with."""

    contact_id: int
    message_id: int


def sign_preference(keys: SigningKeys, preference: Preference) -> str:
    return tokens.seal(keys, _PURPOSE, f"{preference.contact_id:x}-{preference.message_id:x}")


def read_preference(keys: SigningKeys, token: str) -> Preference | None:
    """What the token says, or None where we did not sign it."""
    said = tokens.unseal(keys, _PURPOSE, token)
    if said is None:
        return None
    contact, message = (int(each, 16) for each in said.split("-"))
    return Preference(contact, message)


def sign_form(keys: SigningKeys, preference: Preference, at: int) -> str:
    """What a form carries that was shown at this second: nobody else's form, nor one that we never showed, is taken."""
    return tokens.seal(keys, _FORM, f"{preference.contact_id:x}-{preference.message_id:x}-{at:x}")


def read_form(keys: SigningKeys, preference: Preference, token: str) -> int | None:
    """When the form was shown; None where we did not show it to this person."""
    said = tokens.unseal(keys, _FORM, token)
    if said is None:
        return None
    contact, message, at = (int(each, 16) for each in said.split("-"))
    return at if (contact, message) == (preference.contact_id, preference.message_id) else None
