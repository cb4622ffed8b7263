"""Logfire's query client, its twin for asyncio, and its DB-API module ask what was sent before."""

import asyncio
import warnings
from datetime import datetime, timedelta, timezone

import logfire.db_api
import pyarrow
from logfire.query_client import (
    AsyncLogfireQueryClient,
    LogfireQueryClient,
    QueryExecutionError,
    QueryRequestError,
    UnexpectedResponseError,
)
from place import BASE_URL, LAST_HOUR, READ_TOKEN, WRITE_TOKEN, equal, true

PROJECT = {'organization_name': 'acme', 'project_name': 'shop'}
EVENTS = "SELECT span_name, level, tags, start_timestamp FROM records WHERE service_name = 'seed' ORDER BY start_timestamp"


def raised(kind: type[Exception], ask) -> Exception:
    """The exception that `ask` must raise."""
    try:
        ask()
    except kind as error:
        equal(type(error), kind, 'the type of the exception')
        return error
    raise SystemExit(f'no {kind.__name__} was raised')


with LogfireQueryClient(READ_TOKEN, base_url=BASE_URL) as client:
    equal(client.info(), PROJECT, 'info()')

    got = client.query_json_rows(EVENTS, min_timestamp=LAST_HOUR)
    datatypes = {column['name']: column['datatype'] for column in got['columns']}
    equal(datatypes['span_name'], 'Utf8', 'a type')
    equal(datatypes['start_timestamp'], {'Timestamp': ['Microsecond', 'UTC']}, 'the type of an instant')
    equal({'name', 'datatype', 'nullable'}, set(datatypes['tags']['List']), 'members of a nested type')
    equal([row['span_name'] for row in got['rows']], ['seed 0', 'seed 1', 'seed 2'], 'rows')
    true(got['rows'][0]['start_timestamp'].endswith('Z'), f'an instant is {got["rows"][0]["start_timestamp"]}')
    datetime.strptime(got['rows'][0]['start_timestamp'], '%Y-%m-%dT%H:%M:%S.%fZ')
    equal(got['rows'][0]['tags'], ['tag1', 'tag2'], 'a list')

    count = client.query_json_rows('SELECT count(*) AS n FROM records', min_timestamp=datetime.now(timezone.utc) + timedelta(hours=1))
    equal(count, {'columns': [{'name': 'n', 'datatype': 'Int64', 'nullable': False}], 'rows': [{'n': 0}]}, 'nothing yet')
    # A time without a zone is UTC to the client.
    naive = client.query_json_rows(EVENTS, min_timestamp=LAST_HOUR.replace(tzinfo=None), max_timestamp=datetime.now(timezone.utc))
    equal(len(naive['rows']), 3, 'rows since a naive time')

    table = client.query_arrow(EVENTS, min_timestamp=LAST_HOUR)
    equal(table.num_rows, 3, 'rows of Arrow')
    equal(table.schema.field('start_timestamp').type, pyarrow.timestamp('us', tz='UTC'), 'the Arrow type of an instant')
    equal(table.schema.field('tags').type, pyarrow.list_(pyarrow.string()), 'the Arrow type of a list')
    everything = client.query_arrow('SELECT *, attributes->\'n\' AS n FROM records', min_timestamp=LAST_HOUR)
    equal(everything.schema.field('attributes').type, pyarrow.string(), 'the Arrow type of attributes')

    text = client.query_csv("SELECT tags, count(*) FROM records WHERE span_name = 'seed 0' GROUP BY tags", min_timestamp=LAST_HOUR)
    equal(text, 'tags,count(*)\n"[""tag1"",""tag2""]",1\n', 'CSV')

    numbers = 'SELECT value FROM generate_series(1, 20000)'
    for limit, expected in ((None, 100), (7, 7), (10_000, 10_000)):
        equal(len(client.query_json_rows(numbers, min_timestamp=LAST_HOUR, limit=limit)['rows']), expected, f'limit {limit}')
    first = client.query_json_rows(numbers + ' LIMIT 500', min_timestamp=LAST_HOUR, limit=3)
    equal(len(first['rows']), 3, 'the limit takes priority')
    error = raised(QueryRequestError, lambda: client.query_json_rows(numbers, min_timestamp=LAST_HOUR, limit=10_001))
    equal(error.args[0]['detail'][0]['loc'], ['body', 'limit'], 'where the limit is wrong')
    equal(error.retryable, False, 'whether that can succeed later')

    error = raised(QueryExecutionError, lambda: client.query_json_rows('SELET * FROM records', min_timestamp=LAST_HOUR))
    equal(error.args[0]['code'], 'sql_syntax', 'the code of a mistake')
    equal(error.args[0]['span'], {'start': {'line': 1, 'column': 1}, 'end': {'line': 1, 'column': 6}}, 'its place')
    true(error.problem_type.endswith('/-/errors/query-error'), f'the type is {error.problem_type}')
    raised(QueryExecutionError, lambda: client.query_arrow('SELECT nothing FROM records', min_timestamp=LAST_HOUR))
    raised(QueryExecutionError, lambda: client.query_csv('DROP TABLE records', min_timestamp=LAST_HOUR))
    raised(QueryRequestError, lambda: client.query_json_rows('SELECT 1', min_timestamp=LAST_HOUR, timezone='Mars/Olympus'))

    berlin = client.query_json_rows(
        "SELECT extract(hour FROM '2026-01-01T23:30:00Z'::timestamptz) AS h", min_timestamp=LAST_HOUR, timezone='Europe/Berlin'
    )
    equal(berlin['rows'], [{'h': 0}], 'an hour in a zone')
    for environment, expected in (('prod', ['seed 0', 'seed 2']), ('', ['seed 1']), (['prod', ''], ['seed 0', 'seed 1', 'seed 2'])):
        got = client.query_json_rows(EVENTS, min_timestamp=LAST_HOUR, environment=environment)
        equal([row['span_name'] for row in got['rows']], expected, f'environment {environment!r}')

for token in ('not-a-token-of-this-server', WRITE_TOKEN):
    with LogfireQueryClient(token, base_url=BASE_URL) as client:
        raised(UnexpectedResponseError, lambda: client.query_json_rows('SELECT 1', min_timestamp=LAST_HOUR))


async def asynchronous() -> None:
    async with AsyncLogfireQueryClient(READ_TOKEN, base_url=BASE_URL) as client:
        equal(await client.info(), PROJECT, 'info() of asyncio')
        results = await asyncio.gather(*(client.query_json_rows(EVENTS, min_timestamp=LAST_HOUR) for _ in range(10)))
        equal({len(result['rows']) for result in results}, {3}, 'ten queries at once')
        equal((await client.query_arrow(EVENTS, min_timestamp=LAST_HOUR)).num_rows, 3, 'Arrow of asyncio')
        try:
            await client.query_json_rows('SELET', min_timestamp=LAST_HOUR)
        except QueryExecutionError:
            return
        raise SystemExit('asyncio saw no error')


asyncio.run(asynchronous())

with logfire.db_api.connect(READ_TOKEN, base_url=BASE_URL) as connection:
    cursor = connection.cursor()
    cursor.execute(EVENTS)
    equal([column[0] for column in cursor.description], ['span_name', 'level', 'tags', 'start_timestamp'], 'description')
    equal(cursor.description[0][1], 'Utf8', 'the type in the description')
    equal(cursor.rowcount, 3, 'rowcount')
    equal(cursor.fetchone()[0], 'seed 0', 'fetchone')
    equal([row[0] for row in cursor.fetchmany(5)], ['seed 1', 'seed 2'], 'fetchmany')
    cursor.execute('SELECT count(*) FROM records WHERE span_name = %(name)s', {'name': 'seed 1'})
    equal(cursor.fetchall(), [(1,)], 'a parameter')
    cursor.execute('SELECT a.level, b.level FROM records a JOIN records b USING (span_id) WHERE a.span_name = %s', ['seed 1'])
    equal(cursor.fetchall(), [(9, 9)], 'two columns of one name')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        cursor.execute('SELECT value FROM generate_series(1, 20000)')
    equal(cursor.rowcount, 10_000, 'the most rows')
