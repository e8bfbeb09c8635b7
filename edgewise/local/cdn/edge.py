"""One distribution: what happens to a request between the viewer's connection and the answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from multidict import CIMultiDict

from edgewise.local.cdn import event, gateevent, headers, routing
from edgewise.local.cdn.body import Body, BodyReader
from edgewise.local.cdn.cache import CACHED_ERRORS, Cache, Key
from edgewise.local.cdn.event import InvalidAnswerError, ViewerRequest
from edgewise.local.cdn.pages import STATUS_HEADERS_TOO_LARGE, Reply, error_page
from edgewise.local.functions.environments import Outcome, Result
from edgewise.local.gate.client import GateError, GateRunner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from edgewise.local.cdn.firewall import Firewall
    from edgewise.local.cdn.origin import S3Origin
    from edgewise.local.cdn.switch import Switch
    from edgewise.local.functions.pool import Pool
    from edgewise.local.stack.model import Behaviour, Distribution, Origin

# CloudFront's words where they are known from its pages; no figure of the function's own is shown.
NOT_CONFIGURED: Final = (
    "This distribution is not configured to allow the HTTP request method that was used for this request."
)
FUNCTION_FAILED: Final = (
    "The function associated with the CloudFront distribution is invalid or doesn't have the required permissions."
)
_LAMBDA_FAILURES: Final = {
    Outcome.ERROR: "LambdaExecutionError from cloudfront",
    Outcome.CRASH: "LambdaExecutionError from cloudfront",
    Outcome.INIT_ERROR: "LambdaExecutionError from cloudfront",
    # The same page names a throttled and a too slow function under "limit exceeded".
    Outcome.TIMEOUT: "LambdaLimitExceeded from cloudfront",
    Outcome.THROTTLED: "LambdaLimitExceeded from cloudfront",
}


@dataclass(kw_only=True, eq=False, slots=True)
class Edge:
    """A distribution at work; what its counters mean, `edgewise.local.admin.Admin` says."""

    distribution: Distribution
    gates: GateRunner
    pools: Mapping[str, Pool]
    origin: S3Origin
    switch: Switch
    firewall: Firewall | None = None
    cache: Cache = field(default_factory=Cache)
    counters: Counter[str] = field(default_factory=Counter)

    async def answer(
        self, request: ViewerRequest, *, header_bytes: int, has_body: bool, read_body: Callable[[], Awaitable[Body]]
    ) -> Reply:
        """Answer a request.

        Parameters
        ----------
        request : ViewerRequest
            The request as it came.
        header_bytes : int
            Size of URL and headers.
        has_body : bool
            Whether a body follows.
        read_body : callable
            Reads at most 1 MB of it and tells whether there was more. It is called only when the gate has
            let the request through.
        """
        body = BodyReader(read=read_body)
        self.counters["requests"] += 1
        enabled = self.switch.enabled
        reply = await self._screen(request, body) if enabled else self._disabled(request)
        stopped = "" if reply is None else "blocked_" if enabled else "disabled_"
        if reply is None:
            reply = await self._answer(request, header_bytes=header_bytes, has_body=has_body, read_body=body.read_once)
        self.counters[f"status_{reply.status}"] += 1
        reply.headers["X-Cache"] = reply.x_cache
        reply.headers["Via"] = headers.via(self.distribution.domain_name)
        reply.headers["X-Amz-Cf-Pop"] = "LOCAL-P1"
        reply.headers["X-Amz-Cf-Id"] = request.request_id
        self.counters[f"{stopped}bytes_in"] += header_bytes + body.size(request)
        self.counters[f"{stopped}bytes_out"] += reply.size(head=request.method == "HEAD")
        return reply

    def _disabled(self, request: ViewerRequest) -> Reply:
        """Answer for a distribution that is switched off: nothing of it works, its web ACL neither."""
        self.counters["disabled"] += 1
        return error_page(403, "The distribution is disabled.", request_id=request.request_id)

    async def _screen(self, request: ViewerRequest, body: BodyReader) -> Reply | None:
        """Let the web ACL judge; what it blocks reaches nothing else."""
        if self.firewall is None:
            return None
        inspected = (await body.read_once())[0] if self.firewall.inspects_body else b""
        return self.firewall.judge(request, body=inspected)

    async def _answer(
        self, request: ViewerRequest, *, header_bytes: int, has_body: bool, read_body: Callable[[], Awaitable[Body]]
    ) -> Reply:
        refusal = self._refuse(request, header_bytes=header_bytes, has_body=has_body)
        if refusal is not None:
            return refusal
        behaviour = routing.behaviour_for(self.distribution, request.uri)
        if request.method not in behaviour.allowed_methods:
            return error_page(403, NOT_CONFIGURED, request_id=request.request_id)
        reply = await self._behave(request, behaviour, read_body)
        headers.apply_policy(reply.headers, behaviour.response_headers_policy)
        return reply

    def _refuse(self, request: ViewerRequest, *, header_bytes: int, has_body: bool) -> Reply | None:
        """Refuse what CloudFront refuses whatever the behaviour says."""
        request_id = request.request_id
        if len(request.uri) + len(request.querystring) > routing.MAX_URL_BYTES:
            return error_page(414, "The URL is too long.", request_id=request_id, headers={"Connection": "close"})
        if header_bytes > routing.MAX_HEADER_BYTES:
            closing = {"Connection": "close"}
            return error_page(
                STATUS_HEADERS_TOO_LARGE, "The headers are too large.", request_id=request_id, headers=closing
            )
        if request.method == "GET" and has_body:
            return error_page(403, "Bad request.", request_id=request_id)
        return None

    async def _behave(
        self, request: ViewerRequest, behaviour: Behaviour, read_body: Callable[[], Awaitable[Body]]
    ) -> Reply:
        passed = await self._gate(request, behaviour)
        if isinstance(passed, Reply):
            return passed
        if not behaviour.cache_policy.caches or request.method not in ("GET", "HEAD"):
            return await self._to_origin(passed, behaviour, read_body)
        reply = await self._cached(passed, behaviour, read_body)
        if behaviour.lambda_arn is None and reply.status == 200:
            self.counters["model_bytes_out"] += reply.size(head=request.method == "HEAD")
        return reply

    async def _gate(self, request: ViewerRequest, behaviour: Behaviour) -> ViewerRequest | Reply:
        if behaviour.gate_arn is None:
            return request
        self.counters["gate_calls"] += 1
        try:
            answer = await self.gates.call(behaviour.gate_arn, gateevent.gate_event(request, self.distribution))
            passed = gateevent.read_gate_answer(answer, request)
        except GateError:
            return self._gate_failed(503, "FunctionExecutionError from cloudfront", request)
        except InvalidAnswerError:
            return self._gate_failed(502, "FunctionValidationError from cloudfront", request)
        self.counters["gate_passed" if isinstance(passed, ViewerRequest) else "gate_refused"] += 1
        return passed

    def _gate_failed(self, status: int, x_cache: str, request: ViewerRequest) -> Reply:
        self.counters["gate_errors"] += 1
        return error_page(status, FUNCTION_FAILED, request_id=request.request_id, x_cache=x_cache)

    async def _cached(
        self, request: ViewerRequest, behaviour: Behaviour, read_body: Callable[[], Awaitable[Body]]
    ) -> Reply:
        """Answer from the cache, or fill it."""
        key = _key(request, behaviour)
        entry = self.cache.fresh(key)
        if entry is not None:
            return _hit(entry.reply, entry.age_s(self.cache.now()), request)
        stale = self.cache.stale(key)
        reply = await self._to_origin(request, behaviour, read_body)
        if stale is not None and reply.status in CACHED_ERRORS and reply.status >= 500:
            self.cache.keep(key, stale)
            return _hit(stale.reply, stale.age_s(self.cache.now()), request)
        self.cache.store(key, replace(reply, headers=CIMultiDict(reply.headers)), behaviour.cache_policy)
        return _conditional(reply, request)

    async def _to_origin(
        self, request: ViewerRequest, behaviour: Behaviour, read_body: Callable[[], Awaitable[Body]]
    ) -> Reply:
        origin = self.distribution.origins[behaviour.origin_id]
        body, truncated = b"", False
        if request.method not in ("GET", "HEAD"):
            body, truncated = await read_body()
        request = replace(
            request, querystring=request.querystring if behaviour.origin_request_policy.query_strings else ""
        )
        to_origin = headers.to_origin(
            request.headers,
            policy=behaviour.origin_request_policy,
            encodings=behaviour.cache_policy.encodings_in_key,
            origin_host=origin.domain_name,
            viewer_host=self.distribution.domain_name,
            client_ip=request.client_ip,
            domain_name=self.distribution.domain_name,
            body=request.method not in ("GET", "HEAD"),
        )
        if behaviour.lambda_arn is not None:
            answer = await self._function(
                request, behaviour, origin, to_origin=to_origin, body=body, truncated=truncated
            )
            if isinstance(answer, Reply):
                return answer
            request = answer
        self.counters["origin_requests"] += 1
        return await self.origin.fetch(request, self.distribution, origin, headers=to_origin)

    async def _function(
        self,
        request: ViewerRequest,
        behaviour: Behaviour,
        origin: Origin,
        *,
        to_origin: CIMultiDict[str],
        body: bytes,
        truncated: bool,
    ) -> ViewerRequest | Reply:
        """Run the behaviour's origin-request function."""
        assert behaviour.lambda_arn is not None
        shown = body if behaviour.include_body and request.method not in ("GET", "HEAD") else None
        text = event.origin_event(
            request, self.distribution, origin, headers=to_origin, body=shown, truncated=truncated
        )
        self.counters["function_calls"] += 1
        self.counters["function_bytes_in"] += len(request.uri) + headers.size(to_origin) + len(body)
        result = await self.pools[behaviour.lambda_arn].invoke(text)
        if result.outcome is not Outcome.OK:
            return self._function_failed(result, request)
        try:
            return event.read_lambda_answer(result.body, request)
        except InvalidAnswerError:
            self.counters["lambda_invalid_answers"] += 1
            x_cache = "LambdaValidationError from cloudfront"
            return error_page(502, FUNCTION_FAILED, request_id=request.request_id, x_cache=x_cache)

    def _function_failed(self, result: Result, request: ViewerRequest) -> Reply:
        x_cache = _LAMBDA_FAILURES[result.outcome]
        return error_page(503, FUNCTION_FAILED, request_id=request.request_id, x_cache=x_cache)

    def to_json(self) -> dict[str, object]:
        """Return the counters as a JSON object."""
        gates = {behaviour.gate_arn for behaviour in self.distribution.behaviours if behaviour.gate_arn}
        return {
            **self.counters,
            **(self.firewall.to_json() if self.firewall else {}),
            "id": self.distribution.distribution_id,
            "enabled": self.switch.enabled,
            "status": self.switch.status,
            "gate_store_reads": sum(self.gates.reads[arn] for arn in gates),
            "cache_hits": self.cache.hits,
            "cache_misses": self.cache.misses,
        }


def _key(request: ViewerRequest, behaviour: Behaviour) -> Key:
    """Return the cache key: no query strings, no cookies in the policies that are imitated."""
    encoding = ""
    if behaviour.cache_policy.encodings_in_key:
        encoding = headers.normalised_encoding(request.headers.get("Accept-Encoding", ""))
    return request.method, request.uri, encoding


def _hit(reply: Reply, age_s: int, request: ViewerRequest) -> Reply:
    x_cache = "Hit from cloudfront" if reply.status < 400 else "Error from cloudfront"
    hit = replace(reply, headers=CIMultiDict(reply.headers), x_cache=x_cache)
    hit.headers["Age"] = str(age_s)
    return _conditional(hit, request)


def _conditional(reply: Reply, request: ViewerRequest) -> Reply:
    """Answer 304 when the viewer has this very response."""
    etag = reply.headers.get("ETag")
    if reply.status != 200 or etag is None or request.headers.get("If-None-Match") != etag:
        return reply
    reply.headers.popall("Content-Length", None)
    return replace(reply, status=304, body=b"", reason="Not Modified")
