"""What a post may say, and what nobody may slip into it."""

from pathlib import Path

import pytest

from campflow.content.pictures import LARGEST, Wanted, read_picture, wanted
from campflow.errors import ContentError
from campflow_social.bluesky import facets, record_key
from campflow_social.mastodon import length
from campflow_social.texts import MENTIONED, graphemes, prepare

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def test_lines_of_dashes_divide_a_thread_before_anything_is_filled() -> None:
    prepared = prepare("One {{ campaign.title }}\n---\nTwo\n--- \nThree", {})
    assert dict(prepared.parts) == {"1": "One {{ campaign.title }}", "2": "Two", "3": "Three"}


@pytest.mark.parametrize(
    ("body", "most", "reason"),
    [
        ("", 25, "a post is empty"),
        ("One\n---\n\n---\nTwo", 25, "between two lines"),
        ("One\n---\nTwo", 1, "no threads"),
        ("x\n---\n" * 30 + "x", 25, "the most is 25"),
    ],
)
def test_what_is_no_thread_is_refused(body: str, most: int, reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        prepare(body, {}, most)


def test_only_whom_the_file_names_is_mentioned() -> None:
    prepared = prepare('Thanks @lea@tea.example, {{ "@eve" }} and {{ campaign.owner }} and a@b.example', {})
    assert prepared.front_matter[MENTIONED] == ["lea@tea.example"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("hello", 5),
        ("é", 1),
        ("https://tea.example/" + "x" * 200, 23),
        ("see https://tea.example/a.", 28),
        ("hi @lea@very-long-server.example", 7),
        ("http://a.b", 23),
    ],
)
def test_characters_count_as_mastodon_counts_them(text: str, count: int) -> None:
    assert length(text) == count


def test_a_warning_counts_too() -> None:
    assert length("hello", "spoiler") == 12


@pytest.mark.parametrize(("text", "count"), [("tea", 3), ("🧑‍🌾🇨🇭", 2), ("e\u0301", 1), ("", 0)])
def test_characters_count_as_a_reader_counts_them(text: str, count: int) -> None:
    assert graphemes(text) == count


def test_places_of_links_tags_and_mentions_are_bytes_of_utf_8() -> None:
    text = "🍵 Grüße @Lea.example: https://tea.example/ü, #früh (@eve.example)"
    found = facets(text, {"lea.example": "did:plc:lea"})
    data = text.encode()
    said = [data[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode() for each in found]
    assert said == ["@Lea.example", "https://tea.example/ü", "#früh"]
    assert [next(iter(each["features"]))["$type"].partition("#")[2] for each in found] == ["mention", "link", "tag"]


def test_what_overlaps_is_one_place() -> None:
    assert [each["features"][0]["uri"] for each in facets("https://tea.example/#tag", {})] == [
        "https://tea.example/#tag"
    ]


def test_a_record_key_is_a_tid_and_always_the_same() -> None:
    keys = {record_key(f"{number}.0") for number in range(500)}
    assert len(keys) == 500
    assert all(len(key) == 13 and key[0] in "234567abcdefghij" for key in keys)
    assert record_key("1.0") == record_key("1.0") != record_key("1.1")


# --- pictures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        ("spring.jpg", "is a list"),
        ([{"file": "a.png"}], "has no `alt`"),
        ([{"file": "a.png", "alt": " "}], "has no `alt`"),
        ([{"file": "a.png", "alt": "x", "url": "y"}], "nothing else"),
        ([{"alt": "x"}], "has a `file`"),
        ([{"file": "a.png", "alt": "x" * 2_000}], "more than 1,500"),
        ([{"file": "a.png", "alt": "x"}] * 5, "4 is the most"),
        ([1], "has a `file`"),
    ],
)
def test_media_that_are_none_are_refused(media: object, reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        wanted({"media": media})


def test_a_picture_is_known_by_its_bytes_and_lies_below_content(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    (content / "good.png").write_bytes(PNG)
    (content / "bad.png").write_bytes(b"<svg onload=alert(1)>")
    (content / "empty.png").write_bytes(b"")
    (content / "large.png").write_bytes(PNG + b"\0" * LARGEST)
    (content / "link.png").symlink_to(tmp_path / "secret.png")
    assert read_picture(tmp_path, Wanted("good.png", "x")).type == "image/png"
    for name, reason in {
        "bad.png": "is no picture", "empty.png": "is no picture", "large.png": "more than", "link.png": "leads out",
        "../secret.png": "leads out", "/etc/passwd": "leads out", "none.png": "there is no", "a\0b": "cannot be read",
        ".": "there is no",
    }.items():  # fmt: skip
        with pytest.raises(ContentError, match=reason):
            read_picture(tmp_path, Wanted(name, "x"))
