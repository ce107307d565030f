"""Mail by Resend: up to a hundred messages a request, each request with a key that is good for a day.

With `batch = 1` a request is one message and its key the message's own: one whose fate is unknown is offered again. A
larger batch has a key of its own, under which it is offered again at once where no answer came; after a crash nobody
knows the batch any more, and its messages are uncertain until Resend's webhook tells.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Message, Receipt
from campflow.http import NoAnswer, NotSent, Reply, fate, next_window, one_by_one
from campflow_email.api import ApiChannel
from campflow_email.drafts import KEY, draft, written

URL = "https://api.resend.com"
#: How often a request without an answer is made again under its key.
TRIES = 3
#: Errors that say "this key is known": the request under it was taken before.
_KNOWN = "invalid_idempotent_request"
_AT_WORK = "concurrent_idempotent_requests"
#: What is over until somebody has paid, or a day has passed: about the account, not about a message.
_SPENT = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})


class ResendChannel(ApiChannel):
    provider, url, beside = "Resend", URL, 1

    def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        # More requests side by side would only meet the limit sooner.
        return one_by_one(messages, self._one, 1) if self._settings.batch == 1 else self._together(messages)

    async def _together(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        mails: dict[int, Mapping[str, object]] = {}
        for message in messages:
            try:
                mails[message.message_id] = self._mail(message)
            except ContentError as error:
                yield Receipt(message.message_id, "rejected", detail=str(error))
        left = {each.message_id: each for each in messages if each.message_id in mails}
        while left:
            group = list(left.values())[: self._settings.batch]
            try:
                async for receipt in self._batch(group, [mails[each.message_id] for each in group]):
                    del left[receipt.message_id]
                    yield receipt
            except NoAnswer as error:
                for each in group:
                    del left[each.message_id]
                    yield Receipt(each.message_id, "uncertain", detail=str(error))
            except (NotSent, ChannelError) as error:
                for message_id in left:
                    yield Receipt(message_id, "retry", detail=str(error))
                raise ChannelError(str(error), getattr(error, "retry_after", None)) from error

    async def _one(self, message: Message) -> Receipt:
        try:
            mail = self._mail(message)
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        reply = await self._ask("/emails", mail, message.key, 1)
        if _error(reply) == _KNOWN:
            return Receipt(message.message_id, "accepted", detail="taken before, as it was written then")
        meant = fate(reply)
        if meant.outcome != "accepted":
            return Receipt(message.message_id, meant.outcome, detail=_said(reply), retry_after=meant.retry_after)
        return Receipt(message.message_id, "accepted", provider_id=_id(reply, reply.json_object()))

    async def _batch(self, group: Sequence[Message], mails: Sequence[Mapping[str, object]]) -> AsyncIterator[Receipt]:
        """Raises HttpError before the first receipt: it is about all of them."""
        key = hashlib.sha256(" ".join(each.key for each in group).encode()).hexdigest()
        # Permissive: a mail that Resend will not have does not keep back the others.
        reply = await self._ask("/emails/batch", list(mails), key, TRIES, {"x-batch-validation": "permissive"})
        meant = fate(reply)
        if meant.outcome == "rejected" and len(group) > 1:  # one of them spoils it: which one, each is asked
            async for receipt in one_by_one(group, self._one, 1):
                yield receipt
            return
        if meant.outcome != "accepted":
            for message in group:
                yield Receipt(message.message_id, meant.outcome, detail=_said(reply), retry_after=meant.retry_after)
            return
        ids, refused = _made(reply, len(group))
        for at, message in enumerate(group):
            if at in refused:
                yield Receipt(message.message_id, "rejected", detail=refused[at])
            else:
                yield Receipt(message.message_id, "accepted", provider_id=ids.pop(0))

    async def _ask(
        self, path: str, body: object, key: str, tries: int, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The answer, asked for again under the same key where none came. Raises HttpError and ChannelError."""
        sent = {"idempotency-key": key, **(headers or {})}
        trouble: NoAnswer | None = None
        for _ in range(tries):
            try:
                reply = await self.client.send("POST", path, json=body, headers=sent)
            except NoAnswer as error:
                trouble = error
                continue
            except NotSent:
                if trouble is None:
                    raise
                break  # an earlier try may have arrived
            named = _error(reply)
            if named in _SPENT:
                raise ChannelError(f"Resend: {_said(reply)}: see the plan of the account", reply.retry_after)
            if reply.status == 429:
                raise ChannelError(f"Resend: {_said(reply)}", next_window(reply))
            if named != _AT_WORK:
                return reply
            trouble = NoAnswer("Resend is still at work on it")
        raise trouble or NoAnswer("nobody was asked")

    def _mail(self, message: Message) -> Mapping[str, object]:
        """Raises ContentError."""
        made = draft(message, self._sender)
        mail: dict[str, object] = {
            "from": written(*made.origin),
            "to": [made.recipient],
            "subject": made.subject,
            "text": made.text,
            "tags": [{"name": KEY, "value": message.key}],
        }
        if made.html is not None:
            mail["html"] = made.html
        if made.reply_to is not None:
            mail["reply_to"] = [written(*made.reply_to)]
        if made.headers:
            mail["headers"] = made.headers
        return mail


def _made(reply: Reply, count: int) -> tuple[list[str], dict[int, str]]:
    """The ids of what was made of a batch, in its order, and the reasons for what was not, by its place.

    Raises NoAnswer where that does not come to one for each.
    """
    told = reply.json_object()
    made, errors = told.get("data") or [], told.get("errors") or []
    if isinstance(made, list) and isinstance(errors, list):
        ids = [_id(reply, each) for each in made]
        refused = {
            each["index"]: _printable(str(each.get("message") or "refused"))
            for each in errors
            if isinstance(each, dict) and isinstance(each.get("index"), int) and 0 <= each["index"] < count
        }
        if len(ids) + len(refused) == count and len(refused) == len(errors):
            return ids, refused
    raise NoAnswer(f"{reply.status}, and not one answer for each mail: {reply.said}")


def _id(reply: Reply, made: object) -> str:
    found = made.get("id") if isinstance(made, dict) else None
    if not isinstance(found, str) or not found:
        raise NoAnswer(f"{reply.status}, and no id of what was made: {reply.said}")
    return found[:200]


def _error(reply: Reply) -> str:
    """The name of Resend's error; empty where there is none."""
    if reply.status < 400:
        return ""
    try:
        return str(reply.json_object().get("name") or "")
    except NoAnswer:
        return ""


def _said(reply: Reply) -> str:
    try:
        sentence = reply.json_object().get("message")
    except NoAnswer:
        sentence = None
    return _printable(f"{reply.status} {sentence if isinstance(sentence, str) else reply.said}")


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:300].strip()
