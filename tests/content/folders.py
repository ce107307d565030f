"""A content folder, and a channel whose messages are in it."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from campflow.errors import ContentError
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Prepared


def prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    if "<boom" in body:
        raise ContentError("this cannot be made ready")
    return Prepared({"text": body, "html": f"<p>{body}</p>"}, front_matter)


def make(settings: BaseModel, context: ChannelContext) -> Channel:
    raise AssertionError("nothing is sent here")


CHANNEL = ChannelPlugin(
    name="email",
    address="email",
    settings=BaseModel,
    extensions=("md", "txt"),
    options=frozenset({"subject"}),
    reports=frozenset(),
    idempotency="none",
    window=10,
    prepare=prepare,
    make=make,
)
CHANNELS = {"email": CHANNEL}


def project(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
