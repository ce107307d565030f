"""A small project that is really served, and whose mail lies in its Maildir: four links and a pixel."""

import email
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path

from tests.databases import Store
from tests.web.served import NOW, Served, served_project

from campflow.engine.clock import ManualClock
from campflow.engine.hits import judge_hits
from campflow.model.times import parse_time

FLOW = """
contact {
  email     email
  phone     phone?
  language  language?
}

event signup
event purchase { amount  money }

campaign spring {
  runs      from 2026-03-01
  purpose   newsletter
  audience  email is set
  enter     on signup
  stage hello {
    send email hello
    on clicked hello -> engaged
    after 300 days   -> silent
  }
  final engaged
  final silent
}
"""

MAIL = """---
subject: Hello
---
[Tea](https://shop.example/tea?a=1&b=2), [cups](https://shop.example/cups#blue),
[news](https://shop.example/{{ contact.email | urlencode }}) and [pots](https://pots.example).

[No more]({{ unsubscribe_url }})
"""

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


@dataclass
class Mailed(Served):
    """`folder` is the project's."""

    folder: Path = Path()

    def mail(self, who: str = "ada") -> EmailMessage:
        """What was sent to somebody, the newest."""
        found = [
            email.message_from_bytes(path.read_bytes(), policy=default)
            for path in sorted((self.folder / "mail" / "new").iterdir())
        ]
        return next(each for each in reversed(found) if each["To"] == f"{who}@x.example")

    def links(self, who: str = "ada") -> dict[str, str]:
        """The paths of the links of a mail by their words: those in the text, `` for the hidden one, `pixel`."""
        body = self.mail(who).get_body(("html",))
        assert body is not None
        html = body.get_content()
        found = {words: address for address, words in re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', html)}
        if pixel := re.search(r'<img src="([^"]*)"', html):
            found["pixel"] = pixel[1]
        return {words: unescape(address).removeprefix("http://127.0.0.1") for words, address in found.items()}

    def fetch(self, path: str, method: str = "GET", agent: str = CHROME, **headers: str) -> str:
        """Where a visitor is led."""
        answer = self.client.request(method, self.url + path, headers={"user-agent": agent, **headers})
        assert answer.status_code in (200, 302), answer.text
        return str(answer.headers.get("location", ""))

    def later(self, seconds: int) -> None:
        """Time goes on, and what was fetched is judged."""
        clock = self.runtime.clock
        assert isinstance(clock, ManualClock)
        clock.move(clock.now() + seconds * 1_000)
        judge_hits(self.runtime.inbox, clock.now())

    def told(self) -> dict[str, int]:
        """How many events of openings and clicks there are, by name."""
        names = ("opened", "clicked", "opened_any", "clicked_any")
        return {name: count for name in names if (count := len(self.events(name)))}


def write_mail_project(folder: Path, database: str, more: str = "", content: str = MAIL) -> None:
    (folder / "content").mkdir(exist_ok=True)
    (folder / "spring.flow").write_text(FLOW)
    (folder / "content" / "hello.email.md").write_text(content)
    (folder / "campflow.toml").write_text(
        f'database = "{database}"\nclock = "manual"\nplugins = ["email"]\ncurrency = "EUR"\n'
        f'[sender]\nname = "Acme"\nemail = "hello@acme.example"\n[web]\nport = 0\nbase_url = "http://127.0.0.1"\n{more}\n'
    )


@contextmanager
def mailed(folder: Path, store: Store, more: str = "", content: str = MAIL) -> Iterator[Mailed]:
    """Ada and Bob have had their mail an hour ago."""
    write_mail_project(folder, store.shared_url(folder), more, content)
    with served_project(folder) as web:
        clock = web.runtime.clock
        assert isinstance(clock, ManualClock)
        clock.move(parse_time(NOW, "UTC") + 3_600_000)
        yield Mailed(web.url, web.runtime, web.log, web.client, folder)
