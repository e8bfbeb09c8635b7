"""A language host for Python programs and policy packs, served to the engine over gRPC.

The official host is a Go program that comes with `pulumi`. It is not published as a Go module, so a
`pulumi` built from modules comes without it. This host serves such closed networks only: it is put on PATH
when no official one is there (`edgewise.engine`). It runs everything with the interpreter that runs it.
"""
# ruff: noqa: N802, ARG002 -- method names and parameters are those of the gRPC service

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # protobuf ships no types

PROGRAM_RUNNER: Final = Path(__file__).resolve().with_name("program.py")
# program.py exits with it when the program's error has been shown: the engine need not say more.
EXIT_ERROR_SHOWN: Final = 32
# The engine's own limit on a message: GrpcChannelOptions in pulumi's sdk/go/common/util/rpcutil.
MAX_MESSAGE_BYTES: Final = 400 * 1024 * 1024
WORKER_THREADS: Final = 16  # one for each policy pack of an update, and some for the short calls
STOP_GRACE_S: Final = 5.0
PARENT_CHECK_S: Final = 1.0


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """What `pulumi` asks of a language host. What is not here is answered UNIMPLEMENTED by the base class."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """End every program and policy pack that still runs."""
        for child in list(self._children):
            stop_child(child)

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Accept the engine."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Return the SDK's version: the host speaks that SDK's protocol."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Name no packages: the engine asks for a provider when the first resource needs it."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        """Name no plugins, see `GetRequiredPackages`."""
        return language_pb2.GetRequiredPluginsResponse()

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        """Say which interpreter runs the programs, for `pulumi about`."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """Name no dependencies: the checkout's lock file does."""
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Install nothing: the interpreter has what the lock file names."""
        return iter(())

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """End whatever runs."""
        self.stop()
        return request

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run a Pulumi program to its end, with this host's output as its own."""
        child = self._start(["-P", str(PROGRAM_RUNNER)], context, cwd=request.pwd, stdin=subprocess.PIPE)
        child.communicate(self._instructions(request))
        self._children.discard(child)
        if child.returncode == 0:
            return language_pb2.RunResponse()
        if child.returncode == EXIT_ERROR_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program {how_it_ended(child.returncode)}")

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack and stream its output until it ends or the engine cancels the call."""
        if request.kind != "analyzer":
            reason = f"plugin kind {request.kind!r}: this host runs policy packs ('analyzer') only"
            context.abort(grpc.StatusCode.UNIMPLEMENTED, reason)
        command = ["-m", "pulumi.policy", request.args[0], request.info.program_directory]
        child = self._start(
            command,
            context,
            cwd=request.pwd,
            env=dict(pair.split("=", 1) for pair in request.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        yield from stream_output(child)
        self._children.discard(child)
        yield language_pb2.RunPluginResponse(exitcode=child.wait())

    def _start(
        self,
        command: list[str],
        context: grpc.ServicerContext,
        *,
        cwd: str,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, "-u", *command], cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr
        )
        self._children.add(child)
        context.add_callback(lambda: stop_child(child))  # the call has ended: by itself or by the engine
        return child

    def _instructions(self, request: language_pb2.RunRequest) -> bytes:
        # By standard input, not by arguments or the environment: the configuration holds secrets.
        fields = {
            "program": str(Path(request.info.program_directory, request.info.entry_point).resolve()),
            "args": list(request.args),
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
            "monitor_address": request.monitor_address,
            "engine_address": self._engine_address,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "config": dict(request.config),
            "config_secret_keys": list(request.configSecretKeys),
        }
        return json.dumps(fields).encode()


def stop_child(child: subprocess.Popen[bytes]) -> None:
    """End a child process: politely, then for good."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()


def how_it_ended(code: int) -> str:
    """Say how a process ended, from `subprocess`'s return code."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"exited with code {code}"


def stream_output(child: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """Yield what a child writes to its two streams, as it comes, until both are closed."""
    messages: queue.SimpleQueue[language_pb2.RunPluginResponse | None] = queue.SimpleQueue()

    def pump(stream: IO[bytes], field: str) -> None:
        for line in stream:
            messages.put(
                language_pb2.RunPluginResponse(stdout=line)
                if field == "stdout"
                else language_pb2.RunPluginResponse(stderr=line)
            )
        messages.put(None)

    streams = [(child.stdout, "stdout"), (child.stderr, "stderr")]
    for stream, field in streams:
        threading.Thread(target=pump, args=(stream, field), daemon=True).start()
    open_streams = len(streams)
    while open_streams:
        message = messages.get()
        if message is None:
            open_streams -= 1
        else:
            yield message


def serve(engine_address: str) -> None:
    """Serve the engine until it sends SIGINT or SIGTERM, or is gone."""
    stopped = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stopped.set())
    host = LanguageHost(engine_address)
    limits = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(WORKER_THREADS), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # the engine reads the port from the first line
    engine = os.getppid()
    while not stopped.wait(PARENT_CHECK_S) and os.getppid() == engine:
        pass  # an engine that was killed sends no signal: this process is then another's child
    host.stop()
    server.stop(grace=None)


if __name__ == "__main__":
    serve(sys.argv[-1])
