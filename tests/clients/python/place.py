"""Where the server under test is, and how its answers are looked at."""

import os
import sys
from datetime import datetime, timedelta, timezone

from logfire.query_client import LogfireQueryClient

BASE_URL = os.environ['WATCHFIRE_TEST_URL']
GRPC = os.environ.get('WATCHFIRE_TEST_GRPC', '')
WRITE_TOKEN = os.environ['WATCHFIRE_TEST_WRITE_TOKEN']
READ_TOKEN = os.environ['WATCHFIRE_TEST_READ_TOKEN']
LAST_HOUR = datetime.now(timezone.utc) - timedelta(hours=1)


def rows(sql: str) -> list[dict]:
    """The rows of a query over the last hour."""
    with LogfireQueryClient(READ_TOKEN, base_url=BASE_URL) as client:
        return client.query_json_rows(sql, min_timestamp=LAST_HOUR, limit=10_000)['rows']


def equal(got, expected, what: str) -> None:
    """Ends the script with exit code 1 and both values when they differ."""
    if got != expected:
        sys.exit(f'{what}:\n  expected {expected!r}\n  got      {got!r}')


def true(holds, what: str) -> None:
    if not holds:
        sys.exit(what)
