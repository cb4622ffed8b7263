// OpenTelemetry's SDK for Node sends spans, logs and metrics: as protobuf, or as JSON (`json`).
import { metrics, trace } from '@opentelemetry/api';
import { logs, SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';

const base = process.env.WATCHFIRE_TEST_URL;
const token = process.env.WATCHFIRE_TEST_WRITE_TOKEN;
const encoding = process.argv[2];
const service = `node-${encoding}`;
const to = (signal) => ({ url: `${base}/v1/${signal}`, headers: { Authorization: token } });
const TraceExporter = encoding === 'json' ? JsonTraceExporter : ProtoTraceExporter;

const sdk = new NodeSDK({
  serviceName: service,
  traceExporter: new TraceExporter(to('traces')),
  logRecordProcessors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(to('logs')) })],
  metricReaders: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(to('metrics')) })],
});
sdk.start();
trace.getTracer('shop').startActiveSpan('GET /orders', { attributes: { 'http.request.method': 'GET', n: 3 } }, (span) => {
  span.recordException(new TypeError('order is undefined'));
  logs.getLogger('shop').emit({ severityNumber: SeverityNumber.WARN, body: 'slow query' });
  span.end();
});
metrics.getMeter('shop').createCounter('orders').add(4);
await sdk.shutdown();

async function rows(sql) {
  const response = await fetch(`${base}/v1/query?json_rows=true&sql=${encodeURIComponent(sql)}`, {
    headers: { Authorization: `Bearer ${process.env.WATCHFIRE_TEST_READ_TOKEN}` },
  });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${body}`);
  return JSON.parse(body).rows;
}

function equal(got, expected, what) {
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    console.error(`${what}:\n  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(got)}`);
    process.exit(1);
  }
}

equal(
  await rows(`SELECT kind, span_name, level, exception_type, attributes->'n' AS n FROM records
              WHERE service_name = '${service}' AND kind = 'span'`),
  [{ kind: 'span', span_name: 'GET /orders', level: 9, exception_type: 'TypeError', n: 3 }],
  'a span',
);
equal(
  await rows(`SELECT message, level FROM records WHERE service_name = '${service}' AND kind = 'log'`),
  [{ message: 'slow query', level: 13 }],
  'a log record',
);
equal(
  await rows(`SELECT scalar_value AS v FROM metrics WHERE service_name = '${service}' AND metric_name = 'orders'`),
  [{ v: 4 }],
  'a metric',
);
