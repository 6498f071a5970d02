"""Write what `make demo` prints into docs/demo.md, between its ```text and its end."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the demo and replace the block."""
    done = subprocess.run([sys.executable, "-m", "demo"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    page = ROOT / "docs" / "demo.md"
    head, _, _ = page.read_text(encoding="utf-8").rpartition("```text\n")
    page.write_text(f"{head}```text\n{done.stdout}```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
