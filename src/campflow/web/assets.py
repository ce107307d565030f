"""`/assets/…`: pictures, style sheets and papers beside the landing pages, from `content/assets/`."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campflow.content.files import FOLDER
from campflow.web.part import WebPart

#: What is served, by the ending of its name: nothing that could run, and nothing that was left there by mistake.
TYPES = {
    ".avif": "image/avif", ".css": "text/css", ".gif": "image/gif", ".ico": "image/x-icon", ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg", ".mp4": "video/mp4", ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml",
    ".webp": "image/webp", ".woff2": "font/woff2",
}  # fmt: skip

#: Bytes that one of them may have.
LARGEST = 20_000_000


class Assets:
    def __init__(self, part: WebPart) -> None:
        self._part = part

    async def __call__(self, request: Request) -> Response:
        pages = self._part.runtime.stationery.pages
        file = None if pages is None else _file(pages.folder / FOLDER / "assets", request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        headers = {"cache-control": "public, max-age=3600", "content-security-policy": _POLICY}
        return FileResponse(file, media_type=TYPES[file.suffix.lower()], headers=headers)


#: A picture that somebody opens by itself runs nothing, whatever stands in it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def _file(folder: Path, path: str) -> Path | None:
    """The file that is meant, if it lies in the folder; links out of it are not followed."""
    parts = path.split("/")
    if "\\" in path or "\0" in path or any(not each or each.startswith(".") for each in parts):
        return None
    try:
        file = folder.joinpath(*parts).resolve()
        inside = file.is_relative_to(folder.resolve()) and file.is_file() and file.stat().st_size <= LARGEST
    except (OSError, ValueError):
        return None
    return file if inside and file.suffix.lower() in TYPES else None
