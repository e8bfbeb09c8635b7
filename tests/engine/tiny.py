"""A tiny Pulumi project in a folder of its own, with a provider whose resources take their time."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = """\
name: tiny
runtime: python
main: infra
stackConfigDir: stacks
"""

PROGRAM = """\
import json, os, sys
import pulumi
from slow_thing import SlowThing

config = pulumi.Config()
for name in config.get_object("slow") or []:
    SlowThing(name)
pulumi.ComponentResource("tiny:index:Group", "group")
pulumi.export("greeting", config.get("greeting"))
pulumi.export("nested", config.get_object("nested"))
pulumi.export("key", pulumi.Output.secret("a-signing-key"))
pulumi.export("interpreter", sys.executable)
pulumi.export("dry_run", pulumi.runtime.is_dry_run())
pulumi.export("root", pulumi.get_root_directory() if hasattr(pulumi, "get_root_directory") else None)
"""

SLOW_THING = """\
import pulumi

class SlowThing(pulumi.CustomResource):
    def __init__(self, name):
        super().__init__("slow:index:Thing", name, {"name": name})
"""

PROVIDER = """\
#!{python}
import os, pathlib, signal, time
from concurrent.futures import ThreadPoolExecutor
import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

HERE = pathlib.Path(__file__).parent
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGINT, signal.SIGTERM}})

class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def Handshake(self, request, context):
        return provider_pb2.ProviderHandshakeResponse()
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)
    def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse()
    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(supportsPreview=True)
    def Check(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)
    def Diff(self, request, context):
        return provider_pb2.DiffResponse()
    def Create(self, request, context):
        if not request.preview:
            with (HERE / "creates").open("a") as log:
                log.write(request.properties["name"] + "\\n")
            while (HERE / "hold").exists():
                time.sleep(0.05)
        return provider_pb2.CreateResponse(id=request.properties["name"], properties=request.properties)
    def Delete(self, request, context):
        return empty_pb2.Empty()

server = grpc.server(ThreadPoolExecutor(4))
provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
engine = os.getppid()
while not signal.sigtimedwait({{signal.SIGINT, signal.SIGTERM}}, 0.5) and os.getppid() == engine:
    pass  # an engine that was killed sends no signal
"""


@dataclass(frozen=True, kw_only=True)
class TinyProject:
    """The project's folder, and the folder of its provider."""

    root: Path
    plugins: Path

    @property
    def hold(self) -> Path:
        """While this file exists, the provider's creates don't end."""
        return self.plugins / "hold"

    def creates(self) -> list[str]:
        """Return the names of the resources whose creation has begun, in order."""
        log = self.plugins / "creates"
        return log.read_text().split() if log.exists() else []

    def write_program(self, text: str) -> None:
        (self.root / "infra" / "__main__.py").write_text(text)

    def write_stack(self, name: str, text: str) -> None:
        (self.root / "stacks" / f"Pulumi.{name}.yaml").write_text(text)


def make_project(folder: Path) -> TinyProject:
    """Write the project."""
    project = TinyProject(root=folder / "project", plugins=folder / "plugins")
    for path in (project.root / "infra", project.root / "stacks", project.plugins):
        path.mkdir(parents=True)
    (project.root / "Pulumi.yaml").write_text(PROJECT)
    (project.root / "infra" / "slow_thing.py").write_text(SLOW_THING)
    project.write_program(PROGRAM)
    project.write_stack("local", "config:\n  tiny:greeting: hello\n")
    provider = project.plugins / "pulumi-resource-slow"
    provider.write_text(PROVIDER.format(python=sys.executable))
    provider.chmod(0o755)
    return project
