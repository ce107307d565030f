"""Whether what a test expects is so, read from the contact's story; and if not, what is so instead."""

import datetime as dt
from collections.abc import Iterable, Sequence

from campflow.engine.listing import ListedMessage
from campflow.engine.story import Conversion, Journey
from campflow.model.calendar import to_instant
from campflow.model.constants import local_milliseconds
from campflow.model.flow import Campaign
from campflow.model.tests import Expectation, ExpectConverted, ExpectIn, ExpectLeft, ExpectSent
from campflow.model.times import shown

#: The name of the conversion that has none.
UNNAMED = "conversion"


def found_instead(step: Expectation, journeys: Sequence[Journey], campaign: Campaign, zone: str) -> str | None:
    """None where the expectation is met, else a sentence about the contact.

    `journeys` are the contact's through the campaign, the oldest first. Of those with one key only the last says
    where the contact is. Times are told in `zone`.
    """
    match step:
        case ExpectIn():
            return _in(step, _present(journeys), campaign, zone)
        case ExpectSent():
            return _sent(step, journeys, zone)
        case ExpectConverted():
            return _converted(step, journeys, campaign, zone)
        case ExpectLeft():
            present = _present(journeys)
            is_so = any(_has_left(journey) for journey in present)
            return None if is_so is not step.negated else _where(step.contact, present, campaign, zone)


def moment(zone: str, written: dt.datetime) -> int:
    """The instant of a local time in a test."""
    return to_instant(zone, local_milliseconds(written))


def _present(journeys: Iterable[Journey]) -> list[Journey]:
    """The last journey with each key."""
    return list({journey.key: journey for journey in journeys}.values())


def _has_left(journey: Journey) -> bool:
    return journey.stage is None and not journey.held_out


def _in(step: ExpectIn, present: Sequence[Journey], campaign: Campaign, zone: str) -> str | None:
    if any(journey.stage == step.stage for journey in present):
        return None
    return _where(step.contact, present, campaign, zone)


def _where(contact: str, present: Sequence[Journey], campaign: Campaign, zone: str) -> str:
    if not present:
        return f"{contact} has not entered `{campaign.name}`"
    return f"{contact} " + ", and ".join(_place(journey, zone) for journey in present)


def _place(journey: Journey, zone: str) -> str:
    last = journey.moves[-1]
    key = f" with `{journey.key}`" if journey.key else ""
    if journey.held_out:
        return f"is held out{key}: in no stage"
    if _has_left(journey):
        return f"left from `{last.came_from}`{key} at {_time(last.at, zone)}"
    final = "final " if journey.ended_at is not None else ""
    return f"is in {final}`{journey.stage}`{key} since {_time(last.at, zone)}"


def post_found_instead(step: ExpectSent, posts: Iterable[ListedMessage], zone: str) -> str | None:
    """The same of what a campaign posts, which is nobody's."""
    return _handed(step, posts, "posted", zone)


def _sent(step: ExpectSent, journeys: Sequence[Journey], zone: str) -> str | None:
    messages = (message for journey in journeys for message in journey.messages)
    return _handed(step, messages, f"sent to {step.contact}", zone)


def _handed(step: ExpectSent, all_: Iterable[ListedMessage], verb: str, zone: str) -> str | None:
    messages = [each for each in all_ if (each.channel, each.name) == (step.channel, step.message)]
    handed = [each.settled_at for each in messages if each.state == "accepted" and each.settled_at is not None]
    wanted = [at for at in handed if step.at is None or at == moment(zone, step.at)]
    if bool(wanted) is not step.negated:
        return None
    what = f"{step.channel} `{step.message}`"
    if handed:
        return f"{what} was {verb} at {_and(_time(at, zone) for at in handed)}"
    if not messages:
        return f"{what} was not {verb}"
    last, no = messages[-1], f"{what} was not {verb}"
    planned = f"planned for {_time(last.planned_at, zone)}"
    if last.state == "planned":
        return f"{no} yet: it is {planned}"
    return f"{no}: it was {planned}, and is {last.state}" + (f" ({last.detail})" if last.detail else "")


def _converted(step: ExpectConverted, journeys: Sequence[Journey], campaign: Campaign, zone: str) -> str | None:
    all_ = [conversion for journey in journeys for conversion in journey.conversions]
    name = step.conversion or _the_conversion(campaign)
    counted = [each for each in all_ if name in (None, each.name)]
    if bool(counted) is not step.negated:
        return None
    if counted:
        return f"{step.contact} converted{_named(counted[0])} at {_and(_time(each.at, zone) for each in counted)}"
    others = f", but{_named(all_[0])} at {_time(all_[0].at, zone)}" if all_ else ""
    return f"{step.contact} has not converted{others}"


def _the_conversion(campaign: Campaign) -> str | None:
    """What `converted` alone means: the unnamed one; None for any where all have names."""
    return UNNAMED if any(each.name == UNNAMED for each in campaign.conversions) else None


def _named(conversion: Conversion) -> str:
    return "" if conversion.name == UNNAMED else f" `{conversion.name}`"


def _time(at: int, zone: str) -> str:
    return shown(at, zone, seconds=at % 60_000 != 0)


def _and(texts: Iterable[str]) -> str:
    return " and ".join(texts)
