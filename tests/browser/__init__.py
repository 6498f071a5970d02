"""Headless Chromium as a process: what a page's DOM is, what it says on the console, how it looks, how it prints."""

import struct
import subprocess
import tempfile
import zlib
from pathlib import Path


class Browser:
    """A Chromium that is started anew for each question, with a profile of its own and without network."""

    def __init__(self, path: str) -> None:
        self._path = path

    def dom(self, page: Path) -> tuple[str, list[str]]:
        """The page's DOM once it is loaded, and what was written on the console."""
        done = self._run(page, "--dump-dom", "--enable-logging=stderr", "--log-level=0")
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    def pixel(self, page: Path, *, dark: bool) -> tuple[int, int, int]:
        """The colour of the page's upper left corner, where the reader's scheme is light or dark."""
        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder, "shot.png")
            scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
            self._run(page, f"--screenshot={shot}", "--window-size=600,400", "--hide-scrollbars", scheme)
            return first_pixel(shot.read_bytes())

    def pdf(self, page: Path) -> bytes:
        """The page on paper."""
        with tempfile.TemporaryDirectory() as folder:
            paper = Path(folder, "page.pdf")
            self._run(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
            return paper.read_bytes()

    def _run(self, page: Path, *options: str) -> "subprocess.CompletedProcess[str]":
        with tempfile.TemporaryDirectory() as profile:
            command = [
                self._path, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                "--host-resolver-rules=MAP * ~NOTFOUND", *options, page.as_uri(),
            ]  # fmt: skip
            return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def first_pixel(png: bytes) -> tuple[int, int, int]:
    """Reads a PNG's first pixel, which no filter changes, since it has no neighbours."""
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        data += png[at + 8 : at + 8 + size] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += size + 12
    red, green, blue = zlib.decompress(data)[1:4]
    return red, green, blue
