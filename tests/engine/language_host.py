"""Serves Pulumi's LanguageRuntime for Python, where a Pulumi CLI comes without its own language host."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2


class PythonHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs and plugins; a project's `virtualenv` is ignored: this interpreter is the one."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.children: list[subprocess.Popen] = []

    def end(self) -> None:
        """Ends with all that was started here: the engine waits for whatever still holds its pipes."""
        for child in self.children:
            child.kill()
        os._exit(0)

    def Handshake(self, request, _context):
        self.engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request, _context):
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPackages(self, _request, _context):
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(self, _request, _context):
        yield from ()

    def Run(self, request, _context):
        info = request.info
        command = [sys.executable, "-u", "-P", "-m", "costtags.gate.run_program"]
        for name, value in (
            ("monitor", request.monitor_address),
            ("engine", self.engine),
            ("project", request.project),
            ("stack", request.stack),
            ("organization", request.organization),
            ("root-directory", info.root_directory),
            ("dry-run", "true" if request.dryRun else "false"),
            ("parallel", request.parallel),
        ):
            command.append(f"--{name}={value}")
        program = Path(info.program_directory) / info.entry_point
        command += ["--log-errors", "--", str(program), *request.args]
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        process = subprocess.Popen(command, cwd=request.pwd or info.program_directory, env=environment)
        self.children.append(process)
        code = process.wait()
        # The program's error is already shown; `bail` says so, and the engine adds no second one.
        return language_pb2.RunResponse(bail=code != 0)

    def RunPlugin(self, request, context):
        folder = request.info.program_directory
        if request.kind == "analyzer":
            command, cwd = ["-m", "pulumi.policy", *request.args, folder], folder
        else:
            # As Pulumi's own host has it: a component package runs in the folder of the program that uses it.
            command, cwd = [folder, *request.args], request.pwd
        process = subprocess.Popen(
            [sys.executable, "-u", *command],
            cwd=cwd,
            env=dict(item.split("=", 1) for item in request.env) or None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.children.append(process)
        # A call that ends early was cancelled: the engine is done with the plugin.
        context.add_callback(process.kill)
        output: queue.Queue = queue.Queue()
        for name in ("stdout", "stderr"):
            threading.Thread(target=pump, args=(getattr(process, name), name, output), daemon=True).start()
        open_streams = 2
        while open_streams:
            name, data = output.get()
            if data:
                yield language_pb2.RunPluginResponse(**{name: data})
            else:
                open_streams -= 1
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def pump(stream, name: str, output: queue.Queue) -> None:
    while data := stream.read1():
        output.put((name, data))
    output.put((name, b""))


def write_launchers(folder: Path, *, language_host: bool, packages: tuple[str, ...] = ("aws", "aws-native")) -> Path:
    """Fills a folder for PATH with the executables that the engine looks for, all run by this interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    commands = {f"pulumi-resource-{name}": f"-m costtags.gate.dry_provider {name}" for name in packages}
    if language_host:
        commands["pulumi-language-python"] = str(Path(__file__).resolve())
    for name, arguments in commands.items():
        launcher = folder / name
        launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u -P {arguments} "$@"\n')
        launcher.chmod(0o755)
    return folder


def main() -> None:
    parent = os.getppid()
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=_GRPC_CHANNEL_OPTIONS)
    host = PythonHost(engine=sys.argv[-1])
    # The engine interrupts its plugins when it is done, and waits for those that do not end.
    signal.signal(signal.SIGINT, lambda *_: host.end())
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    while os.getppid() == parent:  # an engine that was killed interrupts no one
        server.wait_for_termination(timeout=1)
    host.end()


if __name__ == "__main__":
    main()
