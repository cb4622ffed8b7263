"""The reference queries in DuckDB over the Parquet files that `bench query` has left.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install duckdb
    /tmp/peers/bin/python tests/bench/peers/duckdb_queries.py target/bench-query/data/telemetry/files

Prints one line of JSON: the median of the milliseconds that each query takes. The queries are changed only where
DuckDB's SQL differs: JSON paths need quotes around dotted keys, and text is cast to JSON first.
"""

import json
import pathlib
import re
import statistics
import sys
import time

import duckdb

TIMES = 15
folder = pathlib.Path(sys.argv[1])
queries = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "telemetry/testdata/sql")

connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute("SET TimeZone = 'UTC'")
connection.execute(
    f"CREATE VIEW records AS SELECT * FROM read_parquet('{folder}/records/**/*.parquet', union_by_name = true) "
    "WHERE kind <> 'pending_span'"
)


def adapted(sql: str) -> str:
    """Dotted keys as JSON paths; buckets by DuckDB's own function; averages over numbers that may be missing."""
    sql = re.sub(r"attributes->>'([^']+)'", r"""(attributes::JSON->>'$."\1"')""", sql)
    return sql.replace("time_bucket('1 hour', start_timestamp)", "time_bucket(INTERVAL '1 hour', start_timestamp)")


figures = {}
for path in sorted(queries.glob("q?.sql")):
    sql = adapted(path.read_text())
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        connection.execute(sql).fetchall()
        took.append((time.perf_counter() - began) * 1000)
    figures[path.stem] = round(statistics.median(took), 2)
print(json.dumps({"measured": "duckdb", "version": duckdb.__version__, "reference_ms": figures}))
