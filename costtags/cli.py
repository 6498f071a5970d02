"""The command line: a group whose commands stand in `commands/`, one a file, imported when they are called for.

Exit codes: 0 fine, 1 findings that block, 2 could not do the job.
"""

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from costtags.commands.output import FAILED, shown
from costtags.yamlfile import FileProblems

INTERRUPTED = 130  # as shells have it: no verdict

# Name -> what it does. Its module in `commands/` is imported only when it is called for: some need what is slow to
# import. Those that do nothing for a person are not listed.
COMMANDS = {
    "check": "Validate tags.yaml and exemptions.yaml.",
    "tags": "Check tags and print them for a job request.",
    "preview": "Judge a Pulumi program before anything is created.",
    "state": "Judge what a stack has deployed, by its exported state.",
    "render": "Compile tags.yaml into policies, budgets and the rest.",
    "audit": "Find what is tagged wrongly in live accounts.",
    "repair": "Repair live tags by a plan that is reviewed, applied, undone.",
    "activate": "Activate the tags of tags.yaml for cost reports.",
    "doctor": "Say whether all is in place in AWS, as tags.yaml says.",
    "impact": "Say which past calls a policy would have denied.",
    "query": "Ask a bill who spent what, from files or on Athena.",
    "report": "Report who spent what on SageMaker, and what is not attributed.",
    "init": "Write a first tags.yaml from what exists.",
    "pack": "Print the installed policy pack's folder.",
}
_HIDDEN = ("json-schema",)


class _Main(click.Group):
    """The command group; what a command cannot do ends with a message and exit code 2, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return the names of the commands, as help lists them."""
        return sorted(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the command that a misspelt one is near to."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from costtags.suggest import nearest

            near = nearest(args[0], COMMANDS)
            if near is None:
                raise
            raise click.UsageError(f'{error.message} Did you mean "{near}"?', ctx) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS and cmd_name not in _HIDDEN:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"costtags.commands.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; problems of files become messages, all of them."""
        try:
            return super().invoke(ctx)
        except FileProblems as error:
            for problem in error.problems:
                click.echo(f"{shown(problem.file)}:{problem.line}: {problem.message}", err=True)
            ctx.exit(FAILED)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:  # whoever read our output has gone: there is no one to tell
            sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the exit
            ctx.exit(FAILED)
        except Exception as error:  # a fault of ours must not look like a verdict: Python itself would exit with 1
            traceback.print_exc()
            click.echo(
                f"costtags: internal error ({type(error).__name__}); please report it with the lines above", err=True
            )
            ctx.exit(FAILED)


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="costtags")
def main() -> None:
    """Cost allocation tags for Amazon SageMaker, as code: tags.yaml says what they must be."""
