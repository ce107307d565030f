"""What `campflow check` keeps of content files: it saves time, and can never change what is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

import campflow_email
from campflow import kept_content as module
from campflow.checking.vocabulary import ContentFile
from campflow.content.files import ContentPath
from campflow.content.filter_words import Filters
from campflow.content.inspect import inspect_content
from campflow.hooks.contracts import ChannelPlugin
from campflow.keeping import FOLDER
from campflow.kept_content import kept_content

CHANNELS = {"email": campflow_email.EMAIL}
FILES = {
    "welcome.email.md": "---\nsubject: Hello {{ contact.first_name }}\n---\nHello {{ contact.naem }}.\n",
    "welcome.sms.txt": "Hello {% if %}",
    "fr/welcome.email.md": "---\nsubject: [\n---\nBonjour.\n",
    "demo.page.html": "<p>{{ contact.plan }}</p>",
    "broken.email.mjml": "<mjml><mj-body><mj-txt></mj-body></mjml>",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / "content" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "content" / name).write_text(text, "utf-8")
    return tmp_path


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / "content" / name).write_text(text, "utf-8")


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: None,
        write("welcome.email.md", "Hello {{ contact.email }}."),
        write("welcome.email.html", "<p>the same message twice</p>"),
        write("fr/welcome.email.md", "---\ntransactional: no\n---\nBonjour.\n"),
        lambda root: (root / "content/welcome.sms.txt").unlink(),
        lambda root: (root / "content/welcome.email.md").rename(root / "content/hello.email.md"),
        lambda root: (root / "content/broken.email.mjml").rename(root / "content/broken.email.html"),
        lambda root: (root / "content/demo.page.html").write_bytes(b"\xff"),
    ],
)  # fmt: skip
def test_it_says_what_inspecting_says(project: Path, edit: Callable[[Path], object]) -> None:
    assert kept_content(project, CHANNELS) == inspect_content(project, CHANNELS)
    edit(project)
    assert kept_content(project, CHANNELS) == inspect_content(project, CHANNELS)
    assert kept_content(project, {}) == inspect_content(project, {})


def test_only_what_changed_is_inspected(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_content(project, CHANNELS)
    inspected: list[str] = []
    again = module._inspected

    def counted(path: ContentPath, channel: ChannelPlugin | None, filters: Filters) -> ContentFile:
        inspected.append(path.shown)
        return again(path, channel, filters)

    monkeypatch.setattr(module, "_inspected", counted)
    write("welcome.sms.txt", "Hello.")(project)
    kept_content(project, CHANNELS)
    assert inspected == ["content/welcome.sms.txt"]


@pytest.mark.parametrize("damage", [b"", b"[]", b"0" * 64 + b'\n{"content/welcome.sms.txt": 3}'])
def test_a_damaged_file_is_as_good_as_none(project: Path, damage: bytes) -> None:
    expected = kept_content(project, CHANNELS)
    (project / FOLDER / "content.json").write_bytes(damage)
    assert kept_content(project, CHANNELS) == expected
