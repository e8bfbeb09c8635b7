"""The language host for closed networks, under the real engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from edgewise import engine
from edgewise.engine.environment import OWN_LANGUAGE_HOST
from tests.engine.tiny import TinyProject, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAVES_WITHIN_S: Final = 10.0

POLICY_PACK: Final = """\
import sys
from concurrent.futures import ThreadPoolExecutor
import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    def Handshake(self, request, context):
        return analyzer_pb2.AnalyzerHandshakeResponse()
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def GetAnalyzerInfo(self, request, context):
        policy = analyzer_pb2.PolicyInfo(name="no-groups", enforcementLevel=analyzer_pb2.MANDATORY)
        return analyzer_pb2.AnalyzerInfo(name="tiny-pack", version="1.0.0", policies=[policy])
    def Configure(self, request, context):
        return empty_pb2.Empty()
    def ConfigureStack(self, request, context):
        return analyzer_pb2.AnalyzerStackConfigureResponse()
    def Analyze(self, request, context):
        return analyzer_pb2.AnalyzeResponse()
    def AnalyzeStack(self, request, context):
        found = [
            analyzer_pb2.AnalyzeDiagnostic(
                policyName="no-groups", policyPackName="tiny-pack", policyPackVersion="1.0.0", urn=resource.urn,
                message="groups are forbidden", enforcementLevel=analyzer_pb2.MANDATORY)
            for resource in request.resources if resource.type == "tiny:index:Group"
        ]
        return analyzer_pb2.AnalyzeResponse(diagnostics=found)

server = grpc.server(ThreadPoolExecutor(4))
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyProject:
    made = make_project(tmp_path)
    monkeypatch.setenv("PATH", f"{OWN_LANGUAGE_HOST}{os.pathsep}{os.environ['PATH']}")
    return made


@pytest.fixture
def host() -> Iterator[subprocess.Popen[str]]:
    """Start a host as the engine does, with the address of an engine that is not there."""
    command = [str(OWN_LANGUAGE_HOST / "pulumi-language-python"), "127.0.0.1:1"]
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def preview(project: TinyProject, tmp_path: Path) -> tuple[bool, str]:
    """Preview the stack `local` and return whether it went well, and what the engine showed."""
    with (tmp_path / "shown").open("w+") as shown:
        try:
            engine.preview("local", ["--color", "never"], output=shown, root=project.root)
            went_well = True
        except engine.EngineError:
            went_well = False
        shown.seek(0)
        return went_well, shown.read()


def has_line(shown: str, text: str) -> bool:
    return text in " ".join(shown.split())


def test_configuration_reaches_the_program(project: TinyProject, tmp_path: Path) -> None:
    project.write_stack("local", "config:\n  tiny:greeting: grüezi\n  tiny:nested:\n    a: [1, two]\n")
    went_well, shown = preview(project, tmp_path)
    assert went_well
    assert has_line(shown, 'greeting : "grüezi"')
    assert has_line(shown, 'nested : { a: [ [0]: 1 [1]: "two" ] }')
    assert has_line(shown, "dry_run : true")


def test_program_runs_with_the_interpreter_that_runs_edgewise(project: TinyProject, tmp_path: Path) -> None:
    project.write_program("import pulumi, sys\npulumi.export('prefix', sys.prefix)\n")
    assert has_line(preview(project, tmp_path)[1], f'prefix: "{sys.prefix}"')


def test_secret_configuration_is_known_to_be_secret(project: TinyProject, tmp_path: Path) -> None:
    # GIVEN a secret in the stack's settings, and a program that asks for it as for any other value
    engine.select("local", stand_in=True, root=project.root)
    env = engine.environment("local", stand_in=True, root=project.root)
    command = [str(engine.pulumi_path()), "config", "set", "--stack", "local", "--secret", "token", "s3cret"]
    subprocess.run(command, cwd=project.root, env=env, check=True)
    project.write_program(
        "import pulumi\nfrom pulumi.runtime.config import is_config_secret\n"
        "pulumi.export('length', len(pulumi.Config().require('token')))\n"
        "pulumi.export('known', [is_config_secret('tiny:token'), is_config_secret('tiny:greeting')])\n"
    )
    # WHEN it runs, THEN the value is decrypted, and the SDK knows which key is secret
    _, shown = preview(project, tmp_path)
    assert has_line(shown, "length: 6")
    assert has_line(shown, "known : [ [0]: true [1]: false ]")
    assert "s3cret" not in shown


def test_unhandled_error_is_shown_once_with_the_users_own_frames(project: TinyProject, tmp_path: Path) -> None:
    project.write_program("import broken\n")
    (project.root / "infra" / "broken.py").write_text("raise ValueError('deep inside')\n")
    went_well, shown = preview(project, tmp_path)
    assert not went_well
    assert shown.count("ValueError: deep inside") == 1
    assert "broken.py" in shown
    for own_frame in ("program.py", "host.py", "runpy", "run_in_stack"):
        assert own_frame not in shown.partition("Diagnostics:")[2].replace("pulumi-language-python", "")


def test_run_error_is_a_message_without_a_traceback(project: TinyProject, tmp_path: Path) -> None:
    project.write_program("import pulumi\nraise pulumi.RunError('memory_mb 64: at least 128')\n")
    went_well, shown = preview(project, tmp_path)
    assert not went_well
    assert shown.partition("Diagnostics:")[2].count("memory_mb 64: at least 128") == 1
    assert "Traceback" not in shown
    assert "unhandled" not in shown


def test_exit_code_of_a_program_that_leaves_is_named(project: TinyProject, tmp_path: Path) -> None:
    project.write_program("import sys\nsys.exit(7)\n")
    went_well, shown = preview(project, tmp_path)
    assert not went_well
    assert "the program exited with code 7" in shown


def test_policy_pack_runs_and_its_refusal_ends_the_preview(project: TinyProject, tmp_path: Path) -> None:
    pack = project.root / "policies" / "tiny"
    pack.mkdir(parents=True)
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(POLICY_PACK)
    # GIVEN a program with a group, THEN the pack refuses it
    went_well, shown = preview(project, tmp_path)
    assert not went_well
    assert has_line(shown, "groups are forbidden")
    # GIVEN one without, THEN the same pack lets it pass
    project.write_program("import pulumi\npulumi.export('greeting', 'hello')\n")
    went_well, shown = preview(project, tmp_path)
    assert went_well, shown
    assert "tiny-pack" in shown


def test_sigint_ends_the_host_quietly(host: subprocess.Popen[str]) -> None:
    assert host.stdout is not None
    assert int(host.stdout.readline()) > 0
    host.send_signal(signal.SIGINT)
    assert host.wait(LEAVES_WITHIN_S) == 0
    assert host.communicate() == ("", "")


def test_host_and_program_leave_when_the_engine_was_killed(project: TinyProject) -> None:
    # GIVEN a program that would run for an hour under an engine that is killed
    marker = project.root / "started"
    project.write_program(
        f"import os, pathlib, time\npathlib.Path({str(marker)!r}).write_text(str(os.getpid()))\ntime.sleep(3600)\n"
    )
    engine.select("local", stand_in=True, root=project.root)
    env = engine.environment("local", stand_in=True, root=project.root)
    command = [str(engine.pulumi_path()), "preview", "--stack", "local"]
    process = subprocess.Popen(command, cwd=project.root, env=env, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (marker.exists() and marker.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    # THEN the program is gone soon after
    program = Path(f"/proc/{marker.read_text()}")
    deadline = time.monotonic() + LEAVES_WITHIN_S
    while program.exists():
        assert time.monotonic() < deadline, "the program still runs"
        time.sleep(0.05)
