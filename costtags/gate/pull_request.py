"""Puts a report in Markdown on a pull request of GitHub: one comment, which later runs update.

Run by the GitHub Action: `python -m costtags.gate.pull_request REPORT`, with the variables that Actions sets.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from costtags.gate.formats.as_markdown import MARKER

SECONDS = 30
MAX_PAGES = 30  # of a hundred comments


class CommentError(Exception):
    """The comment could not be written; the message says why."""


def comment(report: str, key: str, api: str, repository: str, number: int, token: str) -> str:
    """Write the report as the one comment of ours for this key on a pull request; return what was done.

    Raises CommentError. The key tells apart the programs of a repository that has several.
    """
    marker = f"<!-- costtags {re.sub('[^A-Za-z0-9_./ ]', '_', key)} -->"
    body = f"{marker}\n{report.removeprefix(MARKER).lstrip()}"
    issue = f"{api}/repos/{repository}/issues"
    ours = next((one["id"] for one in _comments(f"{issue}/{number}/comments", token) if _is_ours(one, marker)), None)
    if ours is None:
        _call("POST", f"{issue}/{number}/comments", token, {"body": body})
        return "comment written"
    _call("PATCH", f"{issue}/comments/{ours}", token, {"body": body})
    return "comment updated"


def _is_ours(found: dict[str, Any], marker: str) -> bool:
    # Anyone may write the marker; a comment of a person is never replaced.
    return str(found.get("body", "")).startswith(marker) and (found.get("user") or {}).get("type") == "Bot"


def _comments(url: str, token: str) -> Iterator[dict[str, Any]]:
    for page in range(1, MAX_PAGES + 1):
        found = _call("GET", f"{url}?per_page=100&page={page}", token)
        yield from found
        if len(found) < 100:
            return


def _call(method: str, url: str, token: str, body: dict[str, str] | None = None) -> Any:
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "User-Agent": "costtags",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise CommentError(f"{method} {url.split('?')[0]}: {error.code} {error.reason}{_hint(error.code)}") from None
    except (OSError, ValueError) as error:
        raise CommentError(f"{method} {url.split('?')[0]}: {error}") from None


def _hint(code: int) -> str:
    if code in (401, 403, 404):
        return " (the token of a fork's pull request may only read; else give the job `pull-requests: write`)"
    return ""


def pull_request_number(environment: dict[str, str]) -> int | None:
    """Return the number of the pull request that a job of Actions runs for, or None."""
    path = environment.get("GITHUB_EVENT_PATH")
    if path and Path(path).is_file():
        event = json.loads(Path(path).read_text(encoding="utf-8"))
        number = (event.get("pull_request") or {}).get("number")
        if isinstance(number, int):
            return number
    found = re.fullmatch(r"refs/pull/([0-9]+)/(merge|head)", environment.get("GITHUB_REF", ""))
    return int(found[1]) if found else None


def main() -> int:
    """Write the comment; a comment that cannot be written is said, and fails no job."""
    environment = dict(os.environ)
    number = pull_request_number(environment)
    if number is None:
        print("costtags: no pull request, no comment")
        return 0
    report = Path(sys.argv[1])
    if not report.is_file():
        print(f"costtags: there is no report {report}: no comment")
        return 0
    try:
        done = comment(
            report.read_text(encoding="utf-8"),
            environment.get("COSTTAGS_COMMENT_KEY", ""),
            environment.get("GITHUB_API_URL", "https://api.github.com"),
            environment.get("GITHUB_REPOSITORY", ""),
            number,
            environment.get("GITHUB_TOKEN", ""),
        )
    except CommentError as error:
        # A newline or a per cent would end or change the command.
        said = str(error).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::warning title=costtags::no comment on the pull request: {said}")
        return 0
    print(f"costtags: {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
