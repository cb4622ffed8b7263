-- exceptions by service
SELECT service_name, exception_type, count(*) AS n, max(start_timestamp) AS last_seen FROM records WHERE is_exception GROUP BY service_name, exception_type ORDER BY n DESC, 1, 2

-- the newest exceptions with their messages
SELECT start_timestamp, service_name, exception_type, exception_message FROM records WHERE is_exception ORDER BY start_timestamp DESC LIMIT 3

-- share of errors by service
SELECT service_name, count(*) AS total, count(*) FILTER (WHERE level >= 'error') AS errors, round(100.0 * count(*) FILTER (WHERE level >= 'error') / count(*), 2) AS pct FROM records GROUP BY service_name ORDER BY pct DESC, 1

-- p95 by route
SELECT http_route, count(*) AS n, approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) > 0 AS slow FROM records WHERE http_route IS NOT NULL GROUP BY http_route ORDER BY 1

-- percentile_cont of durations
SELECT service_name, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration) IS NOT NULL AS has_median FROM records WHERE duration IS NOT NULL GROUP BY 1 ORDER BY 1

-- HTTP 5xx
SELECT http_route, http_response_status_code, count(*) AS n FROM records WHERE http_response_status_code >= 500 GROUP BY 1, 2 ORDER BY 3 DESC, 1

-- status codes by class
SELECT http_response_status_code / 100 AS class, count(*) AS n FROM records WHERE http_response_status_code IS NOT NULL GROUP BY 1 ORDER BY 1

-- LLM tokens by model
SELECT attributes->>'gen_ai.request.model' AS model, sum((attributes->>'gen_ai.usage.input_tokens')::bigint) AS input, sum((attributes->>'gen_ai.usage.output_tokens')::bigint) AS output FROM records WHERE attributes ? 'gen_ai.request.model' GROUP BY model ORDER BY model

-- LLM cost by model
SELECT attributes->>'gen_ai.request.model' AS model, count(*) AS calls, round(sum((attributes->>'operation.cost')::double), 6) AS cost_usd FROM records WHERE attributes ? 'operation.cost' GROUP BY model ORDER BY cost_usd DESC

-- LLM cost as a number without a cast that can fail
SELECT sum(json_get_float(attributes, 'operation.cost')) > 0 AS some FROM records

-- slow database queries
SELECT span_name, max(duration) > 0 AS took, count(*) AS n FROM records WHERE attributes ? 'db.statement' OR attributes ? 'db.query.text' GROUP BY 1 ORDER BY 1 LIMIT 5

-- slowest spans
SELECT span_name, kind FROM records WHERE duration IS NOT NULL ORDER BY duration DESC NULLS LAST LIMIT 3

-- tags
SELECT tags, count(*) AS n FROM records WHERE array_length(tags, 1) > 0 GROUP BY tags ORDER BY n DESC LIMIT 5

-- rows with a tag
SELECT count(*) AS n FROM records WHERE array_has(tags, 'eu')

-- rows by tag
SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM records) AS t GROUP BY tag ORDER BY n DESC, tag

-- events of spans, unnested
SELECT e->>'event_name' AS event, count(*) AS n FROM (SELECT jsonb_array_elements(otel_events) AS e FROM records) AS t GROUP BY 1 ORDER BY 2 DESC, 1

-- the first event of a span
SELECT otel_events->0->>'event_name' AS event, count(*) AS n FROM records WHERE jsonb_array_length(otel_events) > 0 GROUP BY 1 ORDER BY 2 DESC

-- attributes of an event
SELECT otel_events->0->'attributes'->>'exception.type' AS type, count(*) AS n FROM records WHERE otel_events->0->>'event_name' = 'exception' GROUP BY 1 ORDER BY 2 DESC, 1

-- a series by minute
SELECT time_bucket('1 minute', start_timestamp) AS x, count(*) AS n FROM records GROUP BY x ORDER BY x

-- a series by service
SELECT time_bucket(interval '5 minutes', start_timestamp) AS x, service_name, count(*) AS n FROM records GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 5

-- a series with date_trunc
SELECT date_trunc('minute', start_timestamp) AS minute, count(*) AS n FROM records GROUP BY 1 ORDER BY 1 LIMIT 3

-- levels by name
SELECT level_name(level) AS level, count(*) AS n FROM records GROUP BY level ORDER BY n DESC, 1

-- warnings and above
SELECT level_name(level) AS level, message FROM records WHERE level > 'info' AND kind = 'log' ORDER BY start_timestamp LIMIT 3

-- levels in a list and a range
SELECT count(*) FILTER (WHERE level IN ('warn', 'error')) AS a, count(*) FILTER (WHERE level BETWEEN 'notice' AND 'fatal') AS b, count(*) FILTER (WHERE 'error' <= level) AS c, count(*) FILTER (WHERE level = level_num('warn')) AS d FROM records

-- kinds
SELECT kind, count(*) AS n FROM records_all GROUP BY kind ORDER BY n DESC, kind

-- children by trace
SELECT trace_id, count(*) AS spans, min(start_timestamp) AS began FROM records GROUP BY trace_id HAVING count(*) > 10 ORDER BY spans DESC, trace_id LIMIT 3

-- parents and children
SELECT parent.span_name AS parent, child.span_name AS child, count(*) AS n FROM records AS child JOIN records AS parent ON parent.span_id = child.parent_span_id AND parent.trace_id = child.trace_id GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 5

-- services and their versions
SELECT DISTINCT service_name, service_version, deployment_environment FROM records ORDER BY 1, 2, 3

-- resource attributes
SELECT otel_resource_attributes->>'telemetry.sdk.language' AS language, count(*) AS n FROM records GROUP BY 1 ORDER BY 2 DESC, 1

-- messages that match
SELECT message FROM records WHERE message ILIKE '%tool%' ORDER BY message LIMIT 3

-- messages by regular expression
SELECT count(*) AS n FROM records WHERE message ~ '^running (tool|agent)'

-- nested attributes
SELECT attributes->'logfire.metrics' IS NOT NULL AS has, count(*) AS n FROM records GROUP BY 1 ORDER BY 1

-- text of nested attributes
SELECT (attributes::text)->>'gen_ai.request.model' AS model, count(*) AS n FROM records WHERE attributes->>'gen_ai.request.model' = 'gpt-4o' GROUP BY 1

-- what contains what
SELECT count(*) AS n FROM records WHERE attributes @> '{"gen_ai.request.model": "gpt-4o"}'

-- one of several keys
SELECT count(*) FILTER (WHERE attributes ?| ARRAY['gen_ai.request.model', 'http.route']) AS some, count(*) FILTER (WHERE attributes ?& ARRAY['gen_ai.request.model', 'http.route']) AS both FROM records

-- a share of all, with a window
SELECT service_name, count(*) AS n, round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS pct FROM records GROUP BY service_name ORDER BY n DESC, 1

-- an alert that is quiet until there is enough
SELECT service_name, count(*) AS n FROM records GROUP BY service_name HAVING sum(count(*)) OVER () >= 10 AND count(*) > 20 ORDER BY n DESC, 1

-- the latest of each service
SELECT DISTINCT ON (service_name) service_name, span_name FROM records ORDER BY service_name, start_timestamp DESC

-- a rank inside of each service
SELECT * FROM (SELECT service_name, span_name, row_number() OVER (PARTITION BY service_name ORDER BY start_timestamp) AS nth FROM records) AS t WHERE nth = 1 ORDER BY 1

-- CTEs
WITH errors AS (SELECT service_name, count(*) AS errors FROM records WHERE level >= 'error' GROUP BY 1), alls AS (SELECT service_name, count(*) AS total FROM records GROUP BY 1) SELECT a.service_name, coalesce(e.errors, 0) AS errors, a.total FROM alls AS a LEFT JOIN errors AS e USING (service_name) ORDER BY 1

-- minutes without rows
SELECT m.minute, count(r.trace_id) AS n FROM (SELECT unnest(generate_series(timestamp '2026-11-20T06:44:00', timestamp '2026-11-20T06:47:00', interval '1 minute')) AS minute) AS m LEFT JOIN records AS r ON date_trunc('minute', r.start_timestamp) = arrow_cast(m.minute, 'Timestamp(Microsecond, Some("UTC"))') GROUP BY 1 ORDER BY 1

-- a day and an hour as text
SELECT to_char(start_timestamp, 'YYYY-MM-DD HH24:MI') AS minute, count(*) AS n FROM records GROUP BY 1 ORDER BY 1 LIMIT 3

-- numbers as text
SELECT to_char(count(*), 'FM999,990') || ' rows' AS text FROM records

-- totals without FROM around sub-queries
SELECT (SELECT count(*) FROM records) AS rows, (SELECT count(DISTINCT service_name) FROM records) AS services

-- keys of attributes
SELECT key, count(*) AS n FROM (SELECT jsonb_object_keys(attributes) AS key FROM records WHERE kind = 'log') AS t GROUP BY key ORDER BY n DESC, key LIMIT 5

-- two times now
SELECT now() = now() AS same, now(), now()

-- seconds between two columns
SELECT count(*) AS n FROM records WHERE abs(EXTRACT(EPOCH FROM end_timestamp - start_timestamp) - duration) < 0.001

-- the scope
SELECT otel_scope_name, count(*) AS n FROM records GROUP BY 1 ORDER BY 2 DESC, 1
