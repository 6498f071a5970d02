"""The bare program under the SDK's own mocks: what the embedded engine is measured against."""

import asyncio
import runpy
from pathlib import Path

import pulumi
from pulumi.runtime import mocks, stack


class Echo(mocks.Mocks):
    """Answers each registration with its inputs."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict]:
        return args.name, args.inputs

    def call(self, _args: mocks.MockCallArgs) -> dict:
        return {}


def main() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(Echo(), project="bench", stack="dev", preview=True)
    pulumi.runtime.set_config("aws:region", "us-east-1")
    program = str(Path(__file__).parent / "program" / "__main__.py")

    def load() -> None:
        runpy.run_path(program, run_name="__main__")

    loop.run_until_complete(stack.run_pulumi_func(load))


main()
