"""The Logfire SDK sends spans, logs, exceptions and metrics, unmodified but for its address."""

import warnings

import logfire
from logfire import AdvancedOptions
from place import BASE_URL, WRITE_TOKEN, equal, rows, true

warnings.simplefilter('error')
logfire.configure(
    token=WRITE_TOKEN,
    advanced=AdvancedOptions(base_url=BASE_URL),
    service_name='shop',
    service_version='1.2.3',
    environment='prod',
    console=False,
    scrubbing=False,
)

with logfire.span('order {number}', number=17, basket={'items': [{'sku': 'A', 'n': 2}]}, _tags=['checkout', 'eu']):
    logfire.info('paid {amount} EUR', amount=12.5)
    logfire.warn('stock is low')
try:
    with logfire.span('refund'):
        raise ValueError('no such order')
except ValueError:
    pass
with logfire.span('running'):
    # What runs is seen before it ends.
    logfire.force_flush()
    pending = rows("SELECT kind, span_name FROM records_all WHERE span_name = 'running'")
    equal(pending, [{'kind': 'pending_span', 'span_name': 'running'}], 'a running span')
counter = logfire.metric_counter('orders', unit='1')
counter.add(1, {'country': 'DE'})
counter.add(2, {'country': 'DE'})
logfire.metric_histogram('latency', unit='ms').record(12.0)
logfire.metric_gauge('queue', unit='1').set(5)
true(logfire.force_flush(), 'the SDK could not send everything')

equal(
    rows("SELECT kind, message, level, tags FROM records WHERE service_name = 'shop' ORDER BY start_timestamp, message"),
    [
        {'kind': 'span', 'message': 'order 17', 'level': 9, 'tags': ['checkout', 'eu']},
        {'kind': 'log', 'message': 'paid 12.5 EUR', 'level': 9, 'tags': []},
        {'kind': 'log', 'message': 'stock is low', 'level': 13, 'tags': []},
        {'kind': 'span', 'message': 'refund', 'level': 17, 'tags': []},
        {'kind': 'span', 'message': 'running', 'level': 9, 'tags': []},
    ],
    'spans and logs',
)
order = rows("""
    SELECT attributes, attributes->'basket'->'items'->0->>'sku' AS sku, deployment_environment, service_version,
           telemetry_sdk_language
    FROM records WHERE span_name = 'order {number}'
""")[0]
equal(order['attributes']['number'], 17, 'an attribute')
equal(order['attributes']['basket'], {'items': [{'sku': 'A', 'n': 2}]}, 'a nested attribute')
equal(
    {name: order[name] for name in ('sku', 'deployment_environment', 'service_version', 'telemetry_sdk_language')},
    {'sku': 'A', 'deployment_environment': 'prod', 'service_version': '1.2.3', 'telemetry_sdk_language': 'python'},
    'columns of the resource',
)
equal(
    rows('SELECT span_name, exception_type, exception_message FROM records WHERE is_exception'),
    [{'span_name': 'refund', 'exception_type': 'ValueError', 'exception_message': 'no such order'}],
    'an exception',
)
true(
    'raise ValueError' in rows('SELECT exception_stacktrace AS s FROM records WHERE is_exception')[0]['s'],
    'the stack trace is not there',
)
equal(
    rows("SELECT span_name FROM records WHERE level >= 'error'"),
    [{'span_name': 'refund'}],
    'a level that is compared by name',
)
equal(
    rows("""
        SELECT metric_name, unit, sum(scalar_value) AS total, sum(histogram_sum) AS sum FROM metrics
        WHERE metric_name IN ('orders', 'latency', 'queue') GROUP BY 1, 2 ORDER BY 1
    """),
    [
        {'metric_name': 'latency', 'unit': 'ms', 'total': None, 'sum': 12.0},
        {'metric_name': 'orders', 'unit': '1', 'total': 3.0, 'sum': None},
        {'metric_name': 'queue', 'unit': '1', 'total': 5.0, 'sum': None},
    ],
    'metrics',
)
