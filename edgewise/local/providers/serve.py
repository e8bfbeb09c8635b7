"""Serve one stand-in provider over gRPC, as the engine starts its plugins: the port on the first line of stdout."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from types import FrameType
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
from pulumi.runtime.proto import provider_pb2_grpc

from edgewise.local.providers.provider import Package, Provider, RefusedError

THREADS = 8
PARENT_CHECK_S = 1.0
METHODS = {
    "Handshake": "handshake",
    "GetPluginInfo": "get_plugin_info",
    "Attach": "attach",
    "Cancel": "cancel",
    "CheckConfig": "check_config",
    "DiffConfig": "diff_config",
    "Configure": "configure",
    "Invoke": "invoke",
    "Check": "check",
    "Diff": "diff",
    "Create": "create",
    "Read": "read",
    "Update": "update",
    "Delete": "delete",
}
"""gRPC method to the provider's; all others answer UNIMPLEMENTED, which the engine takes well."""

MAX_MESSAGE_BYTES = 400 * 1024 * 1024  # pulumi: rpcutil.GrpcChannelOptions


def servicer(provider: Provider) -> provider_pb2_grpc.ResourceProviderServicer:
    """Put a provider behind Pulumi's gRPC service.

    Parameters
    ----------
    provider
        Its `RefusedError` becomes the call's error, with the message as it is.
    """
    methods = {name: _method(getattr(provider, spelled)) for name, spelled in METHODS.items()}
    made: provider_pb2_grpc.ResourceProviderServicer = type(
        "StandIn", (provider_pb2_grpc.ResourceProviderServicer,), methods
    )()
    return made


def _method(answer: Callable[[Any], Any]) -> Callable[[object, Any, grpc.ServicerContext], Any]:
    def call(_self: object, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return answer(request)
        except RefusedError as refusal:
            context.abort(grpc.StatusCode.UNKNOWN, str(refusal))  # UNKNOWN is what a Go provider's plain error is

    return call


def serve(package: Package) -> None:
    """Serve until the engine ends the process by SIGINT or SIGTERM, or is gone itself.

    Parameters
    ----------
    package
        The imitated provider.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=THREADS),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer(Provider(package)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    engine = os.getppid()
    while not ended.wait(PARENT_CHECK_S) and os.getppid() == engine:
        pass  # an engine that was killed sends no signal: this process is then another's child
    server.stop(grace=None)
