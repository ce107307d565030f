"""A shop to check campaigns in: `people.flow`, its content, and the words that its plugins would add."""

from pathlib import Path

from campflow.checking.vocabulary import ActionWords, ChannelWords, ContentIndex, Vocabulary
from campflow.compiler import Checked, check_sources
from campflow.content.inspect import inspect_content
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source

SHOP = Path(__file__).with_name("shop")
PEOPLE = Source("people.flow", (SHOP / "people.flow").read_text(encoding="utf-8"))

CHANNELS = {
    "email": ChannelWords("email", "email", frozenset({"subject", "preheader", "from"}), ("md", "mjml", "html")),
    "sms": ChannelWords("sms", "phone", frozenset({"from"}), ("txt",)),
    "letter": ChannelWords("letter", "address", frozenset({"color"}), ("html",)),
    "echo": ChannelWords("echo", None),
}


def vocabulary(
    content: ContentIndex | None = None, currency: str | None = None, rfm_event: str | None = None
) -> Vocabulary:
    return Vocabulary(
        channels=CHANNELS,
        sinks=frozenset({"sales"}),
        audiences=frozenset({"lost_trials"}),
        actions={"add_coupon": ActionWords("add_coupon", frozenset({"value"}))},
        content=inspect_content(SHOP, {}) if content is None else content,
        currency=currency,
        rfm_event=rfm_event,
        timezone="Europe/Paris",
    )


def checked(text: str, words: Vocabulary | None = None) -> Checked:
    """One file beside the shop's people."""
    return check_sources([PEOPLE, Source("a.flow", text)], words or vocabulary())


def errors(text: str, words: Vocabulary | None = None) -> list[Diagnostic]:
    return [one for one in checked(text, words).diagnostics if one.severity == "error"]


def campaign(
    clauses: str = "", actions: str = "", enter: str = "enter on signup", ends: str = "after 3 days -> done"
) -> str:
    """A campaign that is sound by itself, with more clauses and more in its one stage, which `ends` like that."""
    return f"""
campaign c {{
  audience score >= 0
  {enter}
  {clauses}
  stage start {{
    {actions}
    {ends}
  }}
  final done
}}
"""
