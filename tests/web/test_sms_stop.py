"""Who texts STOP gets nothing that was on its way: the signed call comes to the real server, the message is leased."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import httpx
from sqlalchemy import select
from tests.databases import Store
from tests.web.served import Log, running

from campflow.engine import leasing, outbox
from campflow.engine.clock import ManualClock
from campflow.engine.fates import RETRY, Outcome
from campflow.engine.gates import Gates
from campflow.engine.runtime import Runtime
from campflow.model.times import parse_time
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CSV
from campflow.project import Project
from campflow.running import open_runtime

ACCOUNT, TOKEN = "AC" + "a" * 32, "0123456789abcdef0123456789abcdef"
FLOW = """
contact {
  phone  phone
}
event signup
campaign reminder {
  runs      from 2026-03-01
  audience  phone is set
  enter     on signup
  stage ask { send sms nudge, after 3 days -> quiet }
  final quiet
}
"""


def write_project(folder: Path, url: str) -> Project:
    (folder / "content").mkdir()
    (folder / "content" / "nudge.sms.txt").write_text("Tea? STOP ends these texts.")
    (folder / "reminder.flow").write_text(FLOW)
    (folder / "campflow.toml").write_text(
        f'database = "{url}"\nclock = "manual"\nplugins = ["sms"]\n[web]\nport = 0\nbase_url = "http://127.0.0.1"\n'
        f'[channels.sms]\nprovider = "twilio"\nsender = "+15552345678"\n'
        f'[channels.sms.twilio]\naccount_sid = "{ACCOUNT}"\nauth_token = "{TOKEN}"\n'
    )
    return Project.open(folder)


def signed_up(runtime: Runtime) -> None:
    common = {"source": CSV.source, "currency": None, "zone": "UTC", "now": runtime.clock.now()}
    contact, known = runtime.stationery.contact, tuple(runtime.stationery.events)
    people = [b"key,phone\n", b"ada,+33612345678\n", b"bob,+33612345679\n"]
    import_people(runtime.database, contact, lines=people, **common)  # type: ignore[arg-type]  # words by name
    lines = [b"key,at\n", b"ada,2026-03-02 09:00\n", b"bob,2026-03-02 09:00\n"]
    import_events(runtime.database, contact, known, lines=lines, event="signup", addresses={}, **common)  # type: ignore[arg-type]


def text(port: int, fields: Mapping[str, str]) -> httpx.Response:
    """As Twilio calls for a text from a phone."""
    said = {"AccountSid": ACCOUNT, "MessageSid": "SM" + "1" * 32, "SmsStatus": "received", **fields}
    url = "http://127.0.0.1/hooks/sms"
    behind = url + "".join(name + said[name] for name in sorted(said))
    signature = base64.b64encode(hmac.new(TOKEN.encode(), behind.encode(), hashlib.sha1).digest()).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    return httpx.post(f"http://127.0.0.1:{port}/hooks/sms", content=urlencode(said), headers=headers)


def test_a_stop_holds_back_what_is_leased_already(store: Store, tmp_path: Path) -> None:
    project = write_project(tmp_path, store.shared_url(tmp_path))
    with closing(project.database()) as database:
        ManualClock(database).move(parse_time("2026-03-02 10:00", "UTC"))
    with closing(open_runtime(project)) as runtime:
        signed_up(runtime)
        now, t = runtime.clock.now(), runtime.database.tables
        runtime.tick(now)
        runtime.release(now)
        gates = Gates(t, runtime.program, runtime.deployment, {"sms": "phone"})
        batch = leasing.lease(runtime.database, "sms", "test", 10, 60.0, now, (), gates)
        assert batch is not None
        with running(project, runtime, Log()) as port:
            answer = text(port, {"From": "+33612345678", "Body": "Stop please"})
            assert (answer.status_code, "unsubscribed" in answer.text) == (200, True)
        query = select(t.message.c.message_id, t.contact.c.contact_key)
        query = query.join(t.contact, t.contact.c.contact_id == t.message.c.contact_id)
        with runtime.database.reader() as connection:
            whose = {row.message_id: row.contact_key for row in connection.execute(query)}
        clerk = outbox.Clerk(runtime.database, batch, RETRY, Random(1), gates=gates)
        going = clerk.hand_over(sorted(whose), Outcome(), now)
        assert [whose[each] for each in going] == ["bob"]
        with runtime.database.reader() as connection:
            states = {whose[row.message_id]: (row.state, row.detail) for row in connection.execute(select(t.message))}
        assert states["ada"] == ("skipped", "consent withdrawn")
