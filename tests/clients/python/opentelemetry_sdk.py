"""OpenTelemetry's SDK for Python sends spans, logs and metrics: `http`, or `grpc`."""

import logging
import sys

from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from place import BASE_URL, GRPC, WRITE_TOKEN, equal, rows, true

transport = sys.argv[1]
if transport == 'grpc':
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    settings = {'endpoint': GRPC, 'insecure': True, 'headers': (('authorization', f'Bearer {WRITE_TOKEN}'),)}
    traces, logs, metrics = (exporter(**settings) for exporter in (OTLPSpanExporter, OTLPLogExporter, OTLPMetricExporter))
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    headers = {'Authorization': f'Bearer {WRITE_TOKEN}'}
    traces = OTLPSpanExporter(f'{BASE_URL}/v1/traces', headers=headers)
    logs = OTLPLogExporter(f'{BASE_URL}/v1/logs', headers=headers)
    metrics = OTLPMetricExporter(f'{BASE_URL}/v1/metrics', headers=headers)

service = f'otel-{transport}'
resource = Resource.create({'service.name': service, 'deployment.environment.name': 'staging'})
tracing = TracerProvider(resource=resource)
tracing.add_span_processor(BatchSpanProcessor(traces))
logging_to = LoggerProvider(resource=resource)
logging_to.add_log_record_processor(BatchLogRecordProcessor(logs))
set_logger_provider(logging_to)
metering = MeterProvider([PeriodicExportingMetricReader(metrics)], resource=resource)

tracer = tracing.get_tracer('shop')
with tracer.start_as_current_span('parent', attributes={'http.route': '/orders/{id}', 'sizes': [1, 2]}) as span:
    span.add_event('cache miss', {'key': 'k'})
    with tracer.start_as_current_span('child') as child:
        child.record_exception(KeyError('sku'))
logger = logging.getLogger('shop')
logger.addHandler(LoggingHandler(logger_provider=logging_to))
logger.error('payment failed for %s', 'order 17')
metering.get_meter('shop').create_counter('requests').add(7)
true(tracing.force_flush() and logging_to.force_flush() and metering.force_flush(), 'the SDK could not send everything')
tracing.shutdown()
logging_to.shutdown()
metering.shutdown()

mine = f"service_name = '{service}'"
equal(
    rows(f"SELECT kind, span_name, http_route, attributes->'sizes' AS sizes FROM records WHERE {mine} AND kind <> 'log' ORDER BY span_name"),
    [
        {'kind': 'span_event', 'span_name': 'cache miss', 'http_route': None, 'sizes': None},
        {'kind': 'span', 'span_name': 'child', 'http_route': None, 'sizes': None},
        {'kind': 'span', 'span_name': 'parent', 'http_route': '/orders/{id}', 'sizes': [1, 2]},
    ],
    'spans',
)
equal(
    rows(f"SELECT c.exception_type AS t FROM records c JOIN records p ON c.parent_span_id = p.span_id WHERE c.{mine} AND c.is_exception"),
    [{'t': 'KeyError'}],
    'an exception of a child',
)
equal(
    rows(f"SELECT message, level, log_body FROM records WHERE {mine} AND kind = 'log'"),
    [{'message': 'payment failed for order 17', 'level': 17, 'log_body': 'payment failed for order 17'}],
    'a log record',
)
equal(
    rows(f"SELECT metric_name, max(scalar_value) AS v, deployment_environment AS e FROM metrics WHERE {mine} GROUP BY 1, 3"),
    [{'metric_name': 'requests', 'v': 7.0, 'e': 'staging'}],
    'a metric',
)
