"""Draws docs/report.png, the report of a sample bill in headless Chromium: `make_report_picture.py [FILE]`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from costtags.costs.sample import sample_cells
from costtags.costs.sample_files import write_sample
from costtags.schema import load

ROOT = Path(__file__).resolve().parent.parent
MONTHS = [f"2026-{number:02d}" for number in range(1, 7)]
SIZE = (1120, 1200)


def main() -> int:
    """Draw the picture."""
    picture = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "report.png"
    browser = subprocess.run(
        [sys.executable, ROOT / "tests" / "browser" / "get.py"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        schema = Path(shutil.copy(ROOT / "tags.yaml", folder))
        write_sample(sample_cells(load(schema), MONTHS, lines=20_000, last_day=17), Path(folder, "bill"))
        page = Path(folder, "report.html")
        command = [sys.executable, "-m", "costtags", "report", "bill", "--schema", schema.name, "--out", str(page)]
        subprocess.run(command, cwd=folder, check=True)
        shot = [f"--screenshot={picture.resolve()}", f"--window-size={SIZE[0]},{SIZE[1]}", "--hide-scrollbars"]
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", *shot, page.as_uri()],
            check=True,
            stderr=subprocess.DEVNULL,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
