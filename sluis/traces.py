"""The door to OpenTelemetry: spans of requests, of the stages of a feed, of statements and of webhooks.

No person is in them: the form of a path and never the path, no query, no parameter or text of a statement, no message
of an error. Its provider is this program's own and not the global one, which other libraries write to as they like.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.watch import ALWAYS
from catalog import outbox, stages
from catalog.outbox import Delivery

_W3C: Final = TraceContextTextMapPropagator()
_PARENT: Final = "traceparent"
_NAME: Final = "service.name"
_UNNAMED: Final = "unknown_service"
_VERB: Final = re.compile(r"\w+")
_TABLE: Final = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\"?(\w+)", re.IGNORECASE)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OPEN: Final = "sluis.spans"
_FLUSH_MILLISECONDS: Final = 5_000


def processor(exporter: str) -> SpanProcessor:
    """Sends spans in batches, from a thread of its own; what else to know the SDK reads from OTEL_… variables."""
    return BatchSpanProcessor(OTLPSpanExporter() if exporter == "otlp" else ConsoleSpanExporter())


class Traces:
    """What is followed in this process."""

    def __init__(self, to: SpanProcessor) -> None:
        said = Resource.create()  # out of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
        unnamed = str(said.attributes.get(_NAME, _UNNAMED)).startswith(_UNNAMED)
        self.provider = TracerProvider(resource=said.merge(Resource({_NAME: "sluis"})) if unnamed else said)
        self.provider.add_span_processor(to)
        self._tracer = self.provider.get_tracer("sluis")

    def current(self) -> str | None:
        """The number of the trace that is under way here."""
        found = trace.get_current_span().get_span_context()
        return f"{found.trace_id:032x}" if found.is_valid else None

    def requests_of(self, app: Starlette) -> None:
        """A span for every request to this application. To be said before it serves."""
        app.add_middleware(Followed, traces=self)

    def request(self, scope: Scope) -> Any:
        """The span of one request, as part of the caller's trace where it names one."""
        said = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        return self._tracer.start_as_current_span(
            method,
            context=_W3C.extract(said),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        )

    def stages(self) -> None:
        """A span for every stage that a function of ours is named."""
        stages.listen(self._stage)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        if not trace.get_current_span().is_recording():
            yield
            return
        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
            yield

    def statements_of(self, engine: Engine) -> None:
        """A span for every statement, within a request; a worker that looks for work all day makes none."""
        system = {"db.system.name": engine.dialect.name}

        def begin(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
            span = None
            if trace.get_current_span().is_recording():
                operation, table = _about(statement)
                span = self._tracer.start_span(f"{operation} {table or ''}".strip(), kind=SpanKind.CLIENT)
                span.set_attributes(system | {"db.operation.name": operation})
                if table:
                    span.set_attribute("db.collection.name", table)
            connection.info.setdefault(_OPEN, []).append(span)

        def end(connection: Connection, *_: Any) -> None:
            _close(connection, failed=False)

        def fail(context: ExceptionContext) -> None:
            if context.connection is not None and context.execution_context is not None:  # or no statement was begun
                _close(context.connection, failed=True)

        event.listen(engine, "before_cursor_execute", begin)
        event.listen(engine, "after_cursor_execute", end)
        event.listen(engine, "handle_error", fail)

    def webhooks(self) -> aiohttp.TraceConfig:
        """A span for every message to a webhook, in the trace of what it tells of; the receiver can go on with it."""

        async def start(_session: Any, about: SimpleNamespace, sent: aiohttp.TraceRequestStartParams) -> None:
            delivery: Delivery = about.trace_request_ctx
            parent = _W3C.extract({_PARENT: delivery.traceparent}) if delivery.traceparent else None
            about.span = self._tracer.start_span("POST webhook", context=parent, kind=SpanKind.PRODUCER)
            about.span.set_attributes(
                {
                    "http.request.method": "POST",
                    "server.address": sent.url.host or "",
                    "messaging.message.id": delivery.message_id,
                    "sluis.message.type": delivery.type,
                    "http.request.resend_count": delivery.attempts,
                }
            )
            _W3C.inject(sent.headers, trace.set_span_in_context(about.span))

        async def finish(_session: Any, about: SimpleNamespace, got: aiohttp.TraceRequestEndParams) -> None:
            _answered(about.span, got.response.status, 300)
            about.span.end()

        async def fail(_session: Any, about: SimpleNamespace, got: aiohttp.TraceRequestExceptionParams) -> None:
            _failed(about.span, type(got.exception).__name__)
            about.span.end()

        config = aiohttp.TraceConfig()
        config.on_request_start.append(start)
        config.on_request_end.append(finish)
        config.on_request_exception.append(fail)
        return config


class Followed:
    """Around the whole application: each request is a span, and what it does happens within."""

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through; what watches the process is not followed."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._flushing(send))
            return
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self._app(scope, receive, send)
            return
        with self._traces.request(scope) as span:
            carrier: dict[str, str] = {}
            _W3C.inject(carrier)
            told = outbox.TRACE.set(carrier.get(_PARENT))
            try:
                await self._app(scope, receive, _noting(span, send))
            except Exception:  # it becomes an answer further out
                _answered(span, 500, 500)
                raise
            finally:
                outbox.TRACE.reset(told)
                _describe(span, scope)

    def _flushing(self, send: Send) -> Send:
        """The server ends by a signal, after which nothing more is run: what was not sent yet is sent before."""

        async def flushed(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                await run_in_threadpool(self._traces.provider.force_flush, _FLUSH_MILLISECONDS)
            await send(message)

        return flushed


def _noting(span: Span, send: Send) -> Send:
    async def noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            _answered(span, message["status"], 500)
        await send(message)

    return noted


def _describe(span: Span, scope: Scope) -> None:
    """What is only known at the end: the form of the path, for whom, and the number by which the logs know it."""
    state, route = scope.get("state", {}), getattr(scope.get("route"), "path", None)
    if route is not None:
        span.update_name(f"{scope['method']} {route}")
    about = {"http.route": route, "sluis.tenant": state.get("tenant"), "sluis.request": state.get("number")}
    span.set_attributes({name: value for name, value in about.items() if value is not None})


def _answered(span: Span, status: int, wrong_from: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= wrong_from:
        _failed(span, str(status))


def _failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _about(statement: str) -> tuple[str, str | None]:
    """What a statement does, and with which table."""
    verb, table = _VERB.search(statement), _TABLE.search(statement)
    return verb[0].upper() if verb else "OTHER", table[1] if table else None


def _close(connection: Connection, *, failed: bool) -> None:
    opened = connection.info.get(_OPEN)
    span = opened.pop() if opened else None
    if span is not None:
        if failed:
            _failed(span, "database")
        span.end()
