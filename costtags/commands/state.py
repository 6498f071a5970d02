"""costtags state."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from costtags.commands.exempting import excuse_of, exempt_options, exempted
from costtags.commands.options import policy_config_option, schema_option, schema_path
from costtags.commands.output import end, fail, note, outputs_of, shown

if TYPE_CHECKING:
    from datetime import datetime


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@schema_option
@policy_config_option
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="The folder of the Pulumi project, for the places of findings; by default the working directory.",
)
@click.option("--format", "formats", multiple=True, metavar="FORMAT[=FILE]", help="As for preview; repeatable.")
@exempt_options
def state(
    file: Path, schema: Path | None, policy_config: Path | None, project: Path, formats: tuple[str, ...],
    exempt_all: bool, owner: str | None, reason: str | None, expires: "datetime | None",
) -> None:  # fmt: skip
    """Judge FILE, which `pulumi stack export` wrote (- is stdin): no CLI, no credentials, no network.

    What is judged is what was deployed; resources that Pulumi only reads are left out, and encrypted values count as
    unknown.

    Exits with 0 where it passes, 1 where findings block it, 2 where it cannot be judged.
    """
    from datetime import UTC, datetime

    from costtags import exemptions, policyconfig
    from costtags.gate.state import StateError, judge, read
    from costtags.schema import load

    path = schema_path(schema, Path.cwd())
    outputs = outputs_of(formats)
    excuse = excuse_of(exempt_all, owner, reason, expires)
    levels = policyconfig.levels(policyconfig.load(policy_config) if policy_config else {})
    loaded = load(path)
    excused = exemptions.load(exemptions.beside(path.resolve()), datetime.now(tz=UTC).date())
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        exported = read(data)
        report = judge(exported, loaded, excused, levels, project.resolve())
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror or error}")
    except StateError as error:
        fail(f"{'stdin' if str(file) == '-' else shown(str(file))} {error}")
    else:
        report = report.shown_from(Path.cwd(), project.resolve())
        if not exported.resources:
            note("the export has no resources: nothing is deployed, so there is nothing to judge")
        if any(finding.code == "unknown-value" for finding in report.findings):
            note("encrypted values count as unknown; `pulumi stack export --show-secrets` has them in plain text")
        report = exempted(report, path, excuse)
        end(report, outputs)
