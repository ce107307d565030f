"""The links of a message: which are led through us, which stay as they are, and what their tokens say."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from campflow.content.clicks import Click, Opening, Tracker, read_click, read_opening, sign_click, sign_opening
from campflow.content.filters import TRACKER
from campflow.content.marking import mark
from campflow.content.record import Record
from campflow.content.rendering import Library
from campflow.content.templates import compile_text
from campflow.content.tokens import SigningKeys, signing_keys
from campflow.content.wanted import Wanted
from campflow.errors import ContentError
from campflow.hooks.contracts import ChannelPlugin
from campflow_email import EMAIL

KEYS = signing_keys("a secret of ours", ())
BASE = "https://go.acme.example"
HERE = Tracker(KEYS, BASE, 17, 4711, "spring", "hello")
ALL = Wanted(opens=True, clicks=True, text=True)

VALUES: dict[str, Any] = {
    "sku": "a/b?c#d", "site": "https://evil.example/x", "end": ".evil.example", "bad": "javascript:alert(1)",
    "yes": True, "items": ("one", "two"), "contact": Record({"name": "Zoë & <Co>"}),
    "ours": f"{BASE}/pages/demo/?t=1", "leave": f"{BASE}/u/1.a.b.c", "near": f"{BASE}.evil.example/",
}  # fmt: skip


def filled(html: str, wanted: Wanted = ALL, tracker: Tracker = HERE) -> str:
    """The HTML part for one person, made the short way where that goes, and by Jinja: both say the same."""
    text = compile_text(mark({"html": html}, wanted)["html"], html=True, name="a mail")
    values = {**VALUES, TRACKER: tracker}
    made = text.fill(values)
    assert replace(text, slots=None).fill(values) == made
    return made


def link(href: str, **more: Any) -> str:
    """The address that a link is written with."""
    found = re.search(r'<a href="([^"]*)"', filled(f'<a href="{href}">x</a>', **more))
    assert found
    return unescape(found[1])


def click(address: str) -> Click | None:
    return read_click(KEYS, address.removeprefix(f"{BASE}/c/")) if address.startswith(f"{BASE}/c/") else None


# --- which, and where to ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://acme.example/tea?a=1&amp;b=2", "https://acme.example/tea?a=1&b=2"),
        ("https://acme.example/{{ sku }}", "https://acme.example/a/b?c#d"),
        ("https://acme.example/?q={{ contact.name | urlencode }}", "https://acme.example/?q=Zo%C3%AB%20%26%20%3CCo%3E"),
        ("{% if yes %}https://acme.example/{% else %}https://b.example/{% endif %}", "https://acme.example/"),
        # Pages of our own, however their address came about.
        ("{{ ours }}", f"{BASE}/pages/demo/?t=1"),
    ],
)
def test_a_link_to_a_page_of_the_author_leads_through_us(href: str, url: str) -> None:
    assert click(link(href)) == Click(17, 4711, 1, 0 if href == "{{ ours }}" else 1, url)


@pytest.mark.parametrize(
    ("href", "written"),
    [
        ("mailto:ada@x.example?subject=Hi%20there", "mailto:ada@x.example?subject=Hi%20there"),
        ("tel:+41446681800", "tel:+41446681800"),
        ("#top", "#top"),
        # A page that stands in a contact's field is not vouched for: else anybody's page could be reached through us.
        ("{{ site }}", "https://evil.example/x"),
        ("https://acme.example{{ end }}", "https://acme.example.evil.example"),
        ("https://acme.example{% if yes %}{{ end }}{% endif %}/", "https://acme.example.evil.example/"),
        ("{{ near }}", f"{BASE}.evil.example/"),
        # Unsubscribing acts on who comes, and is no click.
        ("{{ leave }}", f"{BASE}/u/1.a.b.c"),
        # Refused: nothing leads there, and the mail goes out all the same.
        ("{{ bad }}", ""),
        ("https://acme.example{{ '@' }}evil.example/", ""),
    ],
)
def test_other_links_stay_or_are_left_out(href: str, written: str) -> None:
    assert link(href) == written


@pytest.mark.parametrize("attribute", ['data-campflow-track="no"', "data-campflow-track"])
def test_one_link_opts_out(attribute: str) -> None:
    made = filled(f'<a {attribute} href="https://acme.example/?a=1">x</a><a href="https://acme.example/b">y</a>')
    first, second = re.findall(r'href="([^"]*)">[xy]', made)
    assert (first, click(second)) == ("https://acme.example/?a=1", Click(17, 4711, 1, 1, "https://acme.example/b"))


def test_links_in_loops_and_in_any_quotes() -> None:
    made = filled(
        "{% for item in items %}<A HREF='https://acme.example/{{ item }}'>x</A>{% endfor %}"
        '<map><area href=https://acme.example/map></map><p title=\'a href="https://x.example"\'>href="https://y.example"</p>'
    )
    found = [click(each) for each in re.findall(r"(?i)<a(?:rea)? href=['\"]?([^'\">]*)", made)][:3]
    assert found == [
        Click(17, 4711, 1, 2, "https://acme.example/one"), Click(17, 4711, 1, 2, "https://acme.example/two"),
        Click(17, 4711, 2, 2, "https://acme.example/map"),
    ]  # fmt: skip
    assert "title='a href=\"https://x.example\"'" in made
    assert 'href="https://y.example"</p>' in made


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "https://acme.example@evil.example/"])
def test_a_link_that_may_not_be_sent_is_told_before_anything_is(href: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="cannot be sent"):
        mark({"html": f"<a href='{href}'>x</a>"}, Wanted())
    from campflow.content.inspect import inspect_content

    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "hi.email.md").write_text(f"---\nsubject: Hi\n---\nOne\n\n<a href='{href}'>x</a>\n")
    (problem,) = inspect_content(tmp_path, {"email": EMAIL}).files[0].problems
    assert (problem.code, problem.span.line) == ("bad-template", 6)


# --- the end of a mail --------------------------------------------------------------------------------------------


def test_the_pixel_and_the_link_that_nobody_sees_stand_at_the_end() -> None:
    made = filled('<html><body><a href="https://a.example/">x</a></body></html>')
    end = made[made.index("x</a>") + 5 :]
    hidden, pixel = re.findall(r'(?:href|src)="([^"]*)"', end)
    assert click(hidden) == Click(17, 4711, 0, 1, "")
    assert read_opening(KEYS, pixel.removeprefix(f"{BASE}/o/")) == Opening(17, 4711, 1)
    assert 'style="display:none" aria-hidden="true" tabindex="-1"' in end
    assert end.endswith("</body></html>")


@pytest.mark.parametrize(
    ("wanted", "through", "pixels"),
    [(Wanted(), 0, 0), (Wanted(opens=True), 0, 1), (Wanted(clicks=True), 2, 0), (ALL, 2, 1)],
)
def test_only_what_is_wanted_is_tracked(wanted: Wanted, through: int, pixels: int) -> None:
    made = filled('<a href="https://a.example/">x</a>', wanted)
    assert (made.count(f"{BASE}/c/"), made.count(f"{BASE}/o/")) == (through, pixels)


def test_without_an_address_of_ours_links_lead_straight_there() -> None:
    html = '<a href="https://a.example/?x=1&amp;y={{ sku }}">x</a>'
    made = filled(html, tracker=Tracker(KEYS, "", 1, 1))
    assert unescape(made) == '<a href="https://a.example/?x=1&y=a/b?c#d">x</a>'


# --- text, and what is added --------------------------------------------------------------------------------------


def test_links_of_a_text_are_the_same_links() -> None:
    html = '<a href="https://a.example/x?a=1&amp;b=2">x</a> <a href="https://b.example/">y</a>'
    text = "Look (https://a.example/x?a=1&b=2), or https://c.example/{{ sku }}. <https://d.example/(d)>"
    marked = mark({"html": html, "text": text}, ALL)
    made = compile_text(marked["text"], html=False, name="a text").fill({**VALUES, TRACKER: HERE})
    found = [click(each) for each in re.findall(r"https://[^\s)>]*[^\s)>.,]", made)]
    assert [(each.number, each.url) for each in found if each] == [
        (1, "https://a.example/x?a=1&b=2"), (3, "https://c.example/a/b?c#d"), (4, "https://d.example/(d)")
    ]  # fmt: skip
    assert re.fullmatch(r"Look \(\S+\), or \S+[^.]\. <\S+>", made)
    # Nobody asked for it: a long address in a text is ugly.
    assert mark({"html": html, "text": text}, Wanted(opens=True, clicks=True))["text"] == text


def test_parameters_for_whoever_counts_visitors() -> None:
    tracker = HERE.adding({"source": "campflow", "medium": "email", "term": "", "campaign": "spring 26"})
    wanted = replace(ALL, utm={})
    added = "utm_source=campflow&utm_medium=email&utm_campaign=spring+26&utm_content=hello"
    address = link("https://a.example/?x=1#part", wanted=wanted, tracker=tracker)
    assert getattr(click(address), "url", "") == f"https://a.example/?x=1&{added}#part"
    # Also where nothing is tracked; never to somebody else's page.
    untracked = replace(wanted, opens=False, clicks=False, text=False)
    assert link("https://a.example/", wanted=untracked, tracker=tracker) == f"https://a.example/?{added}"
    assert link("{{ site }}", wanted=wanted, tracker=tracker) == "https://evil.example/x"


def rendered(folder: Path, head: str, tracking: Wanted, french: str | None = None) -> Mapping[str, str]:
    (folder / "content" / "fr").mkdir(parents=True)
    body = "[shop](https://a.example/)"
    (folder / "content" / "hi.email.md").write_text(f"---\nsubject: Hi\n{head}\n---\n{body}\n")
    if french is not None:
        (folder / "content" / "fr" / "hi.email.md").write_text(f"---\nsubject: Salut\n{french}\n---\n{body}\n")
    channels: dict[str, ChannelPlugin] = {"email": EMAIL}
    language = None if french is None else "fr"
    return Library(folder, channels, {"email": tracking}).render("email", "hi", language, {}, {}, HERE).parts


@pytest.mark.parametrize(
    ("head", "clicks", "opens", "in_text", "utm"),
    [
        ("", True, True, False, False),
        ("track: no", False, False, False, False),
        ("track: opens", False, True, False, False),
        ("track: [clicks, text]", True, False, True, False),
        ("utm: yes\ntrack: no", False, False, False, True),
        ("utm_source: news\ntrack: no", False, False, False, True),
    ],
)
def test_a_message_says_what_is_tracked_of_it(
    tmp_path: Path, head: str, clicks: bool, opens: bool, in_text: bool, utm: bool
) -> None:
    parts = rendered(tmp_path, head, Wanted(opens=True, clicks=True))
    found = (f"{BASE}/c/" in parts["html"], f"{BASE}/o/" in parts["html"], f"{BASE}/c/" in parts["text"])
    assert (*found, "utm_medium=email" in parts["html"]) == (clicks, opens, in_text, utm)


def test_a_language_says_it_with_the_plain_file(tmp_path: Path) -> None:
    assert BASE not in rendered(tmp_path, "track: no", ALL, french="")["html"]


# --- tokens -------------------------------------------------------------------------------------------------------


def test_tokens_that_nobody_signed_lead_nowhere() -> None:
    token = sign_click(KEYS, Click(17, 4711, 1, 3, "https://acme.example/"))
    head, _, mac = token.rpartition(".")
    other = signing_keys("another project's secret", ())
    bad = [
        token[:-1], f"{token}A", f"{head}.", f"{head}.{'A' * len(mac)}", head, "", ".", "...", "2..-----.", "x" * 9_000,
        token.replace("-1-3-", "-2-3-"), token.replace("11-1267", "12-1267"), f"1{token[1:]}", token.upper(),
        f" {token}",
        sign_click(other, Click(17, 4711, 1, 3, "https://acme.example/")), "\ud800", "é.é.é.é",
        # What is good for opening is not good for clicking.
        sign_opening(KEYS, Opening(17, 4711, 3)),
    ]  # fmt: skip
    assert [each for each in bad if read_click(KEYS, each) is not None] == []
    assert read_opening(KEYS, token) is None
    assert read_click(KEYS, token) == Click(17, 4711, 1, 3, "https://acme.example/")


def test_a_former_secret_leads_on_and_one_that_was_given_up_does_not() -> None:
    token = sign_click(signing_keys("the old secret of ours", ()), Click(1, 2, 1, 1, "https://acme.example/"))
    new = "the new secret of ours"
    assert read_click(signing_keys(new, ("the old secret of ours",)), token) is not None
    expired: SigningKeys = signing_keys(new, ())
    assert read_click(expired, token) is None
