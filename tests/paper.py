"""Eyes that are not ours: poppler reads the pages of a PDF, zbar the codes on them."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Left out where the program is missing; on CI it may not be missing."""
    return pytest.mark.skipif(
        shutil.which(program) is None and not os.environ.get("CI"), reason=f"{program} is not installed ({package})"
    )


poppler = needs("pdftotext", "Debian: poppler-utils")
zbar = needs("zbarimg", "Debian: zbar-tools")


@dataclass(frozen=True, slots=True)
class Word:
    """A word on a page, in millimetres from the upper left corner of the trimmed sheet."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    page: int


def words(pdf: Path) -> list[Word]:
    said = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    found = []
    for page, text in enumerate(said.split("<page ")[1:], 1):
        for match in re.finditer(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>', text):
            left, top, right, bottom = (float(each) * 25.4 / 72 for each in match.groups()[:4])
            found.append(Word(match[5], left, top, right, bottom, page))
    return found


def text(pdf: Path) -> str:
    said = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    return said.stdout


def codes(pdf: Path, page: int, folder: Path) -> list[str]:
    """What a scanner reads on a page that was printed at 150 dots an inch."""
    where = ["-f", str(page), "-l", str(page), "-r", "150", "-png"]
    subprocess.run(["pdftoppm", *where, str(pdf), str(folder / "page")], check=True, capture_output=True)
    pictures = [str(each) for each in sorted(folder.glob("page*.png"))]
    said = subprocess.run(["zbarimg", "-q", "--raw", *pictures], capture_output=True, text=True, check=False).stdout
    for each in pictures:
        Path(each).unlink()
    return said.split()
