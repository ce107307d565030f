"""How posts were received: what a channel of posts may be asked for again and again."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Posted:
    """A post that the provider took: `provider_id` is what it called it, `at` when that was."""

    message_id: int
    provider_id: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Engagement:
    """How often a post was liked, passed on and answered so far. None: the provider does not say."""

    message_id: int
    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
