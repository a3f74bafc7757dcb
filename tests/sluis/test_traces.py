"""Requests are followed from the caller to the webhook, and nobody's name or id is in what is told of them."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from dataclasses import replace

import pytest
from fastapi import APIRouter
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from pythonjsonlogger.json import JsonFormatter
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from api.delivery.webhooks import deliver
from catalog import outbox, people, stages, webhooks
from catalog.errors import Invalid
from catalog.keys import Scope
from catalog.webhooks import Topic
from sluis import logs, tracing
from sluis.traces import Traces
from tests.api.conftest import world  # noqa: F401 - the application of the tests of the API
from tests.api.delivery.test_webhooks import Receiver
from tests.make import NOW

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, SPAN = CALLER.split("-")[1:3]
STAGES = {"eligibility", "retrieval", "features", "scoring", "slate", "write"}


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def traces(world, exporter):  # noqa: F811
    made = Traces(SimpleSpanProcessor(exporter))
    made.statements_of(world.database.engine)
    made.stages()
    yield made
    stages.listen(None)
    made.provider.shutdown()


@pytest.fixture
def client(world, traces):  # noqa: F811
    app = create_app(world.client.app.state.services)
    traces.requests_of(app)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def told(exporter):
    def by_name():
        return {span.name: span for span in exporter.get_finished_spans()}

    return by_name


def feed(world, client, **headers):  # noqa: F811
    header = world.header(Scope.RECOMMEND)
    with world.database.write() as connection:
        people.save(connection, world.tenant, replace(world.seller, external_id="personal-4711"), "test", NOW)
    path = "/v1/employees/ext:personal-4711/feed"
    return client.get(path, params={"limit": 5, "language": "nl"}, headers=header | headers)


def test_a_request_is_a_span_of_the_callers_trace(world, client, told):  # noqa: F811
    answer = feed(world, client, traceparent=CALLER)
    assert answer.status_code == 200
    [request] = [span for span in told().values() if span.kind is SpanKind.SERVER]
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (TRACE, SPAN)
    assert request.name.startswith("GET ")
    assert request.name.endswith("/employees/{employee_id}/feed")
    assert dict(request.attributes) == {
        "http.request.method": "GET",
        "http.route": request.name.removeprefix("GET "),
        "http.response.status_code": 200,
        "sluis.tenant": world.tenant,
        "sluis.request": answer.headers["X-Request-Id"],
    }
    assert request.status.status_code is StatusCode.UNSET


def test_the_stages_of_a_feed_and_the_statements_lie_within(world, client, told, exporter):  # noqa: F811
    feed(world, client)
    spans = exporter.get_finished_spans()
    assert set(told()) >= STAGES
    assert len({span.context.trace_id for span in spans}) == 1
    statements = [span for span in spans if span.kind is SpanKind.CLIENT]
    assert {"SELECT employees", "INSERT slates"} <= {span.name for span in statements}
    within = {span.context.span_id: span.name for span in spans}
    written = [span for span in statements if span.name == "INSERT slates"]
    assert {within[span.parent.span_id] for span in written} == {"write"}
    assert {span.attributes["db.system.name"] for span in statements} == {world.database.engine.dialect.name}
    with world.database.read() as connection:
        assert connection.info["sluis.spans"] == []  # each that was begun was ended


def test_nobody_is_in_what_is_told(world, client, exporter):  # noqa: F811
    feed(world, client)
    client.get(f"/v1/employees/{world.seller.id}/eligibility/{world.meant['sales'].id}", headers=world.header(*Scope))
    client.get("/v1/employees", params={"q": "secret"}, headers=world.header(Scope.PEOPLE))
    spans = exporter.get_finished_spans()
    said = str([(span.name, dict(span.attributes), span.events, span.status.description) for span in spans])
    for private in (world.seller.id, "4711", world.seller.email, world.seller.name, "language", "secret", "testclient"):
        assert private not in said


def test_a_failure_is_told_by_its_kind_and_never_in_its_words(world, client, told):  # noqa: F811
    router = APIRouter()

    @router.get("/fails")
    def fails():
        raise RuntimeError("ann@acme.example")

    @router.get("/wrong")
    def wrong():
        with world.database.read() as connection:
            connection.execute(text("SELECT * FROM nowhere WHERE name = 'ann@acme.example'"))

    client.app.include_router(router)
    assert client.get("/fails").status_code == 500
    client.get("/wrong")
    request, statement = told()["GET /fails"], told()["SELECT nowhere"]
    for span, kind in ((request, "500"), (statement, "database")):
        assert (span.status.status_code, span.attributes["error.type"]) == (StatusCode.ERROR, kind)
        assert "ann@" not in span.to_json()


def test_what_watches_the_process_and_who_looks_for_work_are_not_followed(world, client, exporter):  # noqa: F811
    client.get("/healthz")
    with world.database.read() as connection:
        connection.execute(text("SELECT 1"))
    assert exporter.get_finished_spans() == ()


def test_a_caller_who_does_not_want_to_be_followed_is_not(world, client, exporter):  # noqa: F811
    feed(world, client, traceparent=CALLER[:-2] + "00")
    assert exporter.get_finished_spans() == ()
    feed(world, client, traceparent="nonsense")
    assert exporter.get_finished_spans()


def test_what_was_not_sent_yet_is_sent_before_the_server_ends(world, exporter):  # noqa: F811
    late = Traces(BatchSpanProcessor(exporter, schedule_delay_millis=600_000))
    app = create_app(world.client.app.state.services)
    late.requests_of(app)
    with TestClient(app) as client:
        client.get("/v1/articles")
        assert exporter.get_finished_spans() == ()
    assert [span.name for span in exporter.get_finished_spans()] == ["GET /v1/articles"]
    late.provider.shutdown()


# --- on to webhooks --------------------------------------------------------------------------------------------------


def delivered(world, traces, receiver, put):  # noqa: F811
    async def go():
        async with receiver.listening() as port:
            with world.database.write() as connection:
                url = f"http://127.0.0.1:{port}/"
                made = webhooks.add(connection, world.tenant, url, frozenset(Topic), NOW)
            put(made)
            allow = frozenset({("127.0.0.1", port)})
            stop = asyncio.Event()
            return await deliver(world.database, world.tenant, allow, lambda: NOW, stop, [traces.webhooks()])

    return asyncio.run(go())


def test_the_trace_goes_on_to_the_webhook_and_can_go_on_from_there(world, client, traces, told):  # noqa: F811
    receiver, header = Receiver(), world.header(Scope.ADMIN) | {"traceparent": CALLER}

    def put(made):
        assert client.post(f"/v1/webhooks/{made.id}/test", headers=header).status_code == 202

    assert delivered(world, traces, receiver, put) == 1
    sent, request = told()["POST webhook"], next(s for s in told().values() if s.kind is SpanKind.SERVER)
    assert sent.parent.span_id == request.context.span_id
    assert dict(sent.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.request.resend_count": 0,
        "server.address": "127.0.0.1",
        "messaging.message.id": receiver.got[0][0]["webhook-id"],
        "sluis.message.type": "ping",
    }
    assert receiver.got[0][0]["traceparent"] == f"00-{TRACE}-{sent.context.span_id:016x}-01"


def test_what_no_request_brought_about_has_a_trace_of_its_own_and_a_failure_is_told(world, traces, told):  # noqa: F811
    receiver = Receiver()
    receiver.status = 500

    def put(_):
        with world.database.write() as connection:
            outbox.put(connection, world.tenant, Topic.PICKS_READY, {"day": "2026-03-02", "people": 3}, NOW)

    assert delivered(world, traces, receiver, put) == 0
    sent = told()["POST webhook"]
    assert sent.parent is None
    assert (sent.status.status_code, sent.attributes["error.type"]) == (StatusCode.ERROR, "500")
    assert f"{sent.context.trace_id:032x}" in receiver.got[0][0]["traceparent"]


def test_a_webhook_that_cannot_be_reached_is_told_too(world, traces, told):  # noqa: F811
    with world.database.write() as connection:
        webhooks.add(connection, world.tenant, "http://127.0.0.1:9/", frozenset(Topic), NOW)
        outbox.put(connection, world.tenant, Topic.PICKS_READY, {}, NOW)
    asyncio.run(deliver(world.database, world.tenant, frozenset(), lambda: NOW, asyncio.Event(), [traces.webhooks()]))
    assert told()["POST webhook"].status.status_code is StatusCode.ERROR


# --- in the log, and only where it is asked for ----------------------------------------------------------------------


def test_log_lines_of_a_request_have_its_trace(world, client, traces, monkeypatch, caplog):  # noqa: F811
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter(["message"]))
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    caplog.set_level(logging.INFO, "api.access")
    logs.name_traces(traces.current)
    feed(world, client, traceparent=CALLER)
    logging.getLogger("api.access").info("elsewhere")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line.get("trace_id") for line in lines if line["message"] in ("request", "elsewhere")] == [TRACE, None]


@pytest.mark.parametrize(
    ("given", "exporter_of"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "x", "OTEL_TRACES_SAMPLER": "always_on"}, None),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "True"}, None),
    ],
)
def test_it_is_on_where_the_standard_variables_say_where_to(monkeypatch, given, exporter_of):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert tracing._asked() == exporter_of


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "use otlp, console, none"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "use http/protobuf"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(monkeypatch, given, why):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Invalid, match=why):
        tracing._asked()


def test_without_the_library_it_says_what_to_install_and_goes_on(monkeypatch, caplog, sqlite_database):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    monkeypatch.setitem(sys.modules, "sluis.traces", None)
    monkeypatch.delattr("sluis.traces", raising=False)
    assert tracing.begin(sqlite_database) is None
    assert "sluis[otel]" in caplog.text


def test_the_name_of_the_service_is_ours_unless_it_is_given(monkeypatch, exporter):
    def name():
        made = Traces(SimpleSpanProcessor(exporter))
        made.provider.shutdown()
        return made.provider.resource.attributes["service.name"]

    assert name() == "sluis"
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=theirs")
    assert name() == "theirs"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    assert name() == "ours"


GLOBAL = """
from types import SimpleNamespace
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient
from api.app import create_app
from api.metrics import Metrics

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
client = TestClient(create_app(SimpleNamespace(metrics=Metrics(), most_at_once=9)))
assert client.get("/healthz").status_code == 200
trace.get_tracer("here").start_span("control").end()
print([span.name for span in exporter.get_finished_spans()])
"""


def test_the_framework_tells_nobody_of_paths_by_itself():
    told = subprocess.run([sys.executable, "-c", GLOBAL], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "['control']"
