"""costtags preview."""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from costtags.commands.exempting import excuse_of, exempt_options, exempted
from costtags.commands.options import policy_config_option, schema_option, schema_path
from costtags.commands.output import end, fail, note, outputs_of, say

if TYPE_CHECKING:
    from datetime import datetime

    from costtags.gate.processes import Processes
    from costtags.gate.report import Report


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option(
    "--stack", metavar="NAME", help="The stack whose config the program gets; not needed where there is only one."
)
@schema_option
@policy_config_option
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="YAML or JSON: what an account, another stack or a secret would have said.",
)
@click.option(
    "--timeout", type=click.FloatRange(1, 86400), default=300, show_default=True, help="Seconds for the program."
)
@click.option(
    "--engine", type=click.Choice(["embedded", "pulumi"]), default="embedded", show_default=True,
    help="embedded: Python programs, nothing to install; pulumi: any language, by the `pulumi` on PATH.",
)  # fmt: skip
@click.option("--format", "formats", multiple=True, metavar="FORMAT[=FILE]", help="See above; repeatable.")
@exempt_options
def preview(
    directory: Path,
    stack: str | None,
    schema: Path | None,
    policy_config: Path | None,
    answers: Path | None,
    timeout: float,
    engine: str,
    formats: tuple[str, ...],
    exempt_all: bool,
    owner: str | None,
    reason: str | None,
    expires: "datetime | None",
) -> None:
    """Judge the Pulumi program in DIRECTORY before anything is created: no CLI, no credentials, no network.

    Exits with 0 where it passes, 1 where findings block it, 2 where it cannot be judged.

    \b
    Formats: one is printed, others go to files (--format text --format sarif=FILE).
      text      for people, the default; coloured and wrapped on a terminal only
      json      for programs: a stable contract
      sarif     SARIF 2.1.0, for GitHub code scanning and other viewers
      junit     JUnit XML for CI servers: each resource is a test case
      markdown  for a comment on a pull request: at most 65,000 characters
      github    annotations of GitHub Actions: 10 errors, 10 warnings, the rest counted
    """
    from costtags.gate.processes import PackError, ProgramError, starting

    path = schema_path(schema, directory)
    outputs = outputs_of(formats)
    excuse = excuse_of(exempt_all, owner, reason, expires)
    given, environment = _answers(answers)
    try:
        if engine == "pulumi":
            report = _judged_by_pulumi(path, directory, stack, policy_config, given, timeout)
        else:
            with starting(path.resolve(), environment) as processes:
                _end_on_signals(processes)
                report = _judged(processes, path, directory, stack, policy_config, given, timeout)
    except (ProgramError, PackError) as error:
        fail(str(error))
    else:
        if report.placeholders:
            note(f"placeholders stand for {', '.join(report.placeholders)} (answer with --answers FILE)")
        if report.unused_answers:
            note(f"the program asked for none of these answers: {', '.join(report.unused_answers)}")
        report = exempted(report, path, excuse)
        end(report, outputs)


def _judged_by_pulumi(
    schema: Path,
    directory: Path,
    stack: str | None,
    policy_config: Path | None,
    given: dict[str, Any],
    timeout: float,
) -> "Report":
    """Judge a program by the real engine, without credentials."""
    from datetime import UTC, datetime

    from costtags import exemptions, policyconfig
    from costtags.gate.engine import preview as judge
    from costtags.gate.preview import Job
    from costtags.gate.project import load as load_project
    from costtags.schema import load

    project = load_project(directory, stack, given, only_python=False)
    levels = policyconfig.levels(policyconfig.load(policy_config) if policy_config else {})
    exemptions.load(exemptions.beside(schema), datetime.now(tz=UTC).date())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    job = Job(project, load(schema), levels, given, timeout)
    report = judge(schema.resolve(), job, policy_config, say)
    return report.shown_from(Path.cwd(), project.folder)


def _judged(
    processes: "Processes",
    schema: Path,
    directory: Path,
    stack: str | None,
    policy_config: Path | None,
    given: dict[str, Any],
    timeout: float,
) -> "Report":
    """Judge a program whose process is starting: it begins as soon as its project is read, before the rest is."""
    from datetime import UTC, datetime

    from costtags import exemptions, policyconfig
    from costtags.gate.program import start
    from costtags.gate.project import load as load_project

    project = load_project(directory, stack, given)
    levels = policyconfig.levels(policyconfig.load(policy_config) if policy_config else {})
    if project.other_environment is not None:
        say(f"note: the project names {project.other_environment}; its program runs in {sys.prefix} here")
    program = start(processes, project, schema.resolve(), given, levels)

    from costtags.gate.preview import Job
    from costtags.gate.preview import preview as judge
    from costtags.schema import load

    exemptions.load(exemptions.beside(schema), datetime.now(tz=UTC).date())  # the pack reads it too, and says less
    report = judge(processes, program, Job(project, load(schema), levels, given, timeout), say)
    return report.shown_from(Path.cwd(), project.folder)


def _answers(path: Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the answers, and the environment with what they set: the CLI, too, sets an ESC environment's for all."""
    if path is None:
        return {}, dict(os.environ)
    from costtags.gate.answers import load
    from costtags.gate.project import environment_answers

    given = load(path)
    return given, {**os.environ, **environment_answers(given)[1]}


def _end_on_signals(processes: "Processes") -> None:
    """End the program at once where we are told to end, then leave by way of every `finally`."""

    def end(number: int, _frame: object) -> None:
        # First: where the exit below is raised, something may swallow it, and wait on for a program that runs.
        processes.end_program()
        click.echo("interrupted", err=True)
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
