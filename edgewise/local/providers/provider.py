"""The stand-in provider: what it answers to each question of the engine, thin and stateless."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # protobuf ships no types
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from edgewise.local.providers.behaviour import Behaviour, Refusal
from edgewise.local.providers.blobs import restored
from edgewise.local.providers.check import Settings, check
from edgewise.local.providers.diff import Difference, difference
from edgewise.local.providers.naming import Mode, Naming, logical_name
from edgewise.local.providers.outputs import Identity, Making, created, updated
from edgewise.local.providers.schema import Schema
from edgewise.local.providers.wire import Json, Object, decode, encode, hidden, revealed

LOCAL_STACK = "local"
MODES: Mapping[int, Mode] = {0: "propose", 1: "enforce", 2: "disable"}
Invoke = Callable[[Settings], Object]


@dataclass(frozen=True, kw_only=True)
class Package:
    """One imitated provider.

    Parameters
    ----------
    name
        `aws` or `random`.
    table
        Behaviour by type token.
    invokes
        Answers by function token.
    settings
        Reads the provider's configuration; raises `RefusedError` where the real one would.
    """

    name: str
    table: Mapping[str, Behaviour]
    invokes: Mapping[str, Invoke]
    settings: Callable[[Object], Settings]


class RefusedError(Exception):
    """The provider says no; the message is for the person who runs `pulumi`."""


class Provider:
    """Answers of one package.

    Every method takes and returns the message of the gRPC method of the same name, and raises `RefusedError`.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        self._schema = Schema(package.name)
        self._settings = Settings()

    def handshake(self, _request: provider_pb2.ProviderHandshakeRequest) -> provider_pb2.ProviderHandshakeResponse:
        """Say what this provider understands."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def get_plugin_info(self, _request: Empty) -> plugin_pb2.PluginInfo:
        """Bear the version of the SDK that the types were harvested from."""
        return plugin_pb2.PluginInfo(version=self._schema.version)

    def attach(self, _request: plugin_pb2.PluginAttach) -> Empty:
        """Serve an engine that finds this provider by PULUMI_DEBUG_PROVIDERS."""
        return Empty()

    def cancel(self, _request: Empty) -> Empty:
        """Have nothing under way that could be cancelled."""
        return Empty()

    def check_config(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Take the configuration as it is; `configure` refuses."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def diff_config(self, _request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Never replace a provider."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Read region and default tags."""
        self._settings = self._package.settings(revealed(decode(request.args)))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        """Answer a function, or refuse it by name."""
        answer = self._package.invokes.get(request.tok)
        if answer is None:
            raise RefusedError(self._does_not_imitate(request.tok))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(answer(self._settings)))
        return response

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Complete the inputs, or refuse them."""
        token, behaviour = self._behaviour(request.urn)
        checked = check(
            token,
            behaviour,
            self._schema,
            news=decode(request.news),
            olds=decode(request.olds),
            naming=Naming(
                urn=request.urn,
                random_seed=request.randomSeed,
                mode=MODES[request.autonaming.mode],
                proposed=request.autonaming.proposed_name,
            ),
            settings=self._settings,
        )
        failures = [
            provider_pb2.CheckFailure(property=failure.path, reason=f"{failure.path}: {failure.reason}")
            for failure in checked.failures
        ]
        return provider_pb2.CheckResponse(inputs=encode(checked.inputs), failures=failures)

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Compare checked inputs."""
        _, behaviour = self._behaviour(request.urn)
        found = difference(
            behaviour,
            olds=decode(request.old_inputs),
            news=decode(request.news),
            ignored=frozenset(request.ignoreChanges),
        )
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if found.changed else none,
            diffs=sorted(found.changed),
            replaces=sorted(found.replaces),
            deleteBeforeReplace=found.delete_first,
            detailedDiff=_detailed(found),
            hasDetailedDiff=True,
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Compute id and outputs."""
        _, behaviour = self._behaviour(request.urn)
        inputs = decode(request.properties)
        _refuse("creating", request.urn, _refusals(behaviour), inputs)
        self._only_local("create", request.urn, preview=request.preview)
        making = Making(inputs=inputs, identity=_identity(request.urn))
        resource_id, outputs = created(behaviour, making, preview=request.preview)
        return provider_pb2.CreateResponse(id=resource_id, properties=encode(outputs))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """Find everything as the state says: nothing else could have changed it."""
        self._behaviour(request.urn)
        if not request.properties.fields:
            raise RefusedError(
                f"the stand-in {self._package.name} provider keeps nothing, so it can not import or get "
                f"{request.id!r}; read it with the real provider"
            )
        inputs = decode(request.inputs)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=encode(restored(decode(request.properties), inputs)),
            inputs=encode(restored(inputs, inputs)),
        )

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Compute the outputs that change."""
        _, behaviour = self._behaviour(request.urn)
        inputs = decode(request.news)
        _refuse("updating", request.urn, _refusals(behaviour), inputs)
        self._only_local("update", request.urn, preview=request.preview)
        found = difference(
            behaviour, olds=decode(request.old_inputs), news=inputs, ignored=frozenset(request.ignoreChanges)
        )
        making = Making(
            inputs=inputs,
            before=decode(request.olds),
            changed=found.changed,
            identity=_identity(request.urn),
        )
        outputs = updated(behaviour, making, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    def delete(self, request: provider_pb2.DeleteRequest) -> Empty:
        """Forget."""
        _, behaviour = self._behaviour(request.urn)
        self._only_local("delete", request.urn, preview=False)
        _refuse("deleting", request.urn, behaviour.delete_refusals, decode(request.properties))
        return Empty()

    def _behaviour(self, urn: str) -> tuple[str, Behaviour]:
        token = _type(urn)
        behaviour = self._package.table.get(token)
        if behaviour is None:
            raise RefusedError(self._does_not_imitate(token))
        return token, behaviour

    def _does_not_imitate(self, token: str) -> str:
        return (
            f"stand-in {self._package.name} provider does not imitate {token}; "
            f"it imitates {', '.join(sorted([*self._package.table, *self._package.invokes]))}"
        )

    def _only_local(self, verb: str, urn: str, *, preview: bool) -> None:
        """Let no stack but the local one believe that something was made."""
        stack = urn.split("::", maxsplit=1)[0].removeprefix("urn:pulumi:")
        if not preview and stack != LOCAL_STACK:
            raise RefusedError(
                f"the stand-in {self._package.name} provider must not {verb} {urn}: it makes nothing, and stack "
                f"{stack!r} is not {LOCAL_STACK!r}. Take edgewise/local/providers/bin off PATH, so that pulumi uses "
                "the real provider"
            )


def _type(urn: str) -> str:
    """Return a resource's own type: the last of those that its URN chains, parents first."""
    return urn.split("::")[2].rpartition("$")[2]


def _identity(urn: str) -> Identity:
    return Identity(urn=urn, seed=os.urandom(hashlib.sha256().digest_size))


def _refusals(behaviour: Behaviour) -> Iterable[Refusal]:
    for limit in behaviour.limits:
        if limit.error is not None:
            yield Refusal(error=limit.error, rule=limit.failures)
    yield from behaviour.refusals


def _refuse(verb: str, urn: str, refusals: Iterable[Refusal], inputs: Mapping[str, Json]) -> None:
    """Raise AWS's own refusals, by its names; a preview shows those whose values are known already."""
    seen = hidden(inputs)
    found = [
        f"{refusal.error}: {failure.path}: {failure.reason}" for refusal in refusals for failure in refusal.rule(seen)
    ]
    if found:
        raise RefusedError(f"{verb} {_type(urn)} {logical_name(urn)!r}: " + "; ".join(found))


def _detailed(found: Difference) -> dict[str, provider_pb2.PropertyDiff]:
    return {
        path: provider_pb2.PropertyDiff(
            kind=provider_pb2.PropertyDiff.Kind.Value(
                kind.upper() + ("_REPLACE" if path.replace("[", ".").split(".")[0] in found.replaces else "")
            ),
            inputDiff=True,
        )
        for path, kind in found.details.items()
    }
