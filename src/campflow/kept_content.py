"""What `campflow check` found in the files below `content/` the last time, in `.campflow/cache/content.json`.

To try a template takes longer than to read its bytes, and needs libraries that are imported only then. A file is
inspected again when it has changed, or campflow, or the plugin of its channel, or one with filters.
"""

import sys
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from campflow.checking.vocabulary import ContentFile, ContentIndex, TemplateField
from campflow.content.files import ContentPath, content_paths
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.index import indexed
from campflow.content.pictures import MEDIA, with_pictures
from campflow.diagnostics.packing import packed, packed_place, unpacked
from campflow.diagnostics.source import Span
from campflow.hooks.contracts import ChannelPlugin
from campflow.keeping import Keeping, made_by


def kept_content(root: Path, channels: Mapping[str, ChannelPlugin], filters: Filters = NO_FILTERS) -> ContentIndex:
    """What `inspect_content` gives of the project."""
    kept = Keeping(root, "content.json")
    before, after = kept.read(), dict[str, Any]()
    files, filtering = [], _made_of(filters)
    for path in content_paths(root):
        channel = channels.get(path.channel)
        digest = _digest(path, channel, filtering)
        file = _known(path, digest, before.get(path.shown)) or _inspected(path, channel, filters)
        if digest is not None:
            after[path.shown] = [digest, *_packed(file)]
        files.append(with_pictures(root, file, channel) if MEDIA in file.front_matter else file)
    if after != before:
        kept.write(after)
    return indexed(files)


def _inspected(path: ContentPath, channel: ChannelPlugin | None, filters: Filters) -> ContentFile:
    from campflow.content.inspect import inspect_file

    return inspect_file(path, channel, filters=filters)


def _digest(path: ContentPath, channel: ChannelPlugin | None, filtering: str) -> str | None:
    """Of the file and of who makes it ready; None where it cannot be read."""
    try:
        text = path.path.read_bytes()
    except OSError:
        return None
    maker = _of_package(channel.prepare.__module__.partition(".")[0]) if channel else ""
    return sha256(f"{maker} {filtering} {path.extension}\n".encode() + text).hexdigest()


def _made_of(filters: Filters) -> str:
    """The filters of plugins, and the state of their packages."""
    names = [f"{name} {_of_package(_module(function).partition('.')[0])}" for name, function in filters]
    return "\n".join(sorted(names))


def _module(function: object) -> str:
    return str(getattr(function, "__module__", ""))


@cache
def _of_package(name: str) -> str:
    """The state of a plugin's package."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return made_by(Path(file).parent) if file else name


def _known(path: ContentPath, digest: str | None, found: Any) -> ContentFile | None:
    try:
        if digest is None or found[0] != digest:
            return None
        _, fields, problems, front_matter, places = found
        return ContentFile(
            path=path.shown,
            message=path.message,
            channel=path.channel,
            language=path.language,
            template_fields=tuple(TemplateField(name, Span(path.shown, *place)) for name, place in fields),
            problems=tuple(unpacked(path.shown, each) for each in problems),
            front_matter=front_matter,
            option_spans={key: Span(path.shown, *place) for key, place in places.items()},
        )
    except (TypeError, ValueError, LookupError):
        return None


def _packed(file: ContentFile) -> list[Any]:
    return [
        [[field.name, packed_place(field.span)] for field in file.template_fields],
        [packed(each) for each in file.problems],
        dict(file.front_matter),
        {key: packed_place(span) for key, span in file.option_spans.items()},
    ]
