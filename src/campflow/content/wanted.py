"""What is tracked of a message, and what is added to its links: front matter says it, else the project, by channel."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from campflow.checking.vocabulary import TRACK, UTM, UTM_WORDS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is tracked of a message: openings and clicks of its HTML part, clicks in its text part.

    `utm` are added to links, by name without `utm_`; one that is empty is left out. None: none are added.
    """

    opens: bool = False
    clicks: bool = False
    text: bool = False
    utm: Mapping[str, str] | None = None


NOTHING = Wanted()

#: What may be tracked: openings of the HTML part, clicks on its links, clicks on those of the text part.
_TRACKED = ("opens", "clicks", "text")


def tracking_words(said: object) -> tuple[str, ...] | None:
    """What `track` says, in words; None where it is no such thing."""
    if isinstance(said, bool):
        return _TRACKED[:2] if said else ()
    words = [said] if isinstance(said, str) else said
    if not isinstance(words, list | tuple) or not all(isinstance(each, str) and each in _TRACKED for each in words):
        return None
    return tuple(words)


def tracked(front_matter: Mapping[str, object], otherwise: Wanted) -> Wanted:
    """What is tracked of a message: as its front matter says, `otherwise` where that is silent."""
    wanted = otherwise
    words = tracking_words(front_matter[TRACK]) if TRACK in front_matter else None
    if words is not None:
        wanted = replace(wanted, opens="opens" in words, clicks="clicks" in words, text="text" in words)
    own = {name.removeprefix("utm_"): str(front_matter[name]) for name in UTM_WORDS if name in front_matter}
    if front_matter.get(UTM) is False:
        return replace(wanted, utm=None)
    if front_matter.get(UTM) is True or own or wanted.utm is not None:
        wanted = replace(wanted, utm={**(wanted.utm or {}), **own})
    return wanted
