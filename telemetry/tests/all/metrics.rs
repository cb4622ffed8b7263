//! The `metric_*` functions over rows of `metrics`, computed by hand.

use insta::assert_snapshot;

use crate::captures::bodies_ending_in;
use crate::harness::World;

/// `value` as the scan makes it, from the columns.
const POINTS: &str = "WITH points AS (SELECT *, named_struct(
    'metric_type', metric_type, 'aggregation_temporality', aggregation_temporality, 'is_monotonic', is_monotonic,
    'start_timestamp', arrow_cast(start_timestamp, 'Timestamp(Microsecond, Some(\"UTC\"))'),
    'recorded_timestamp', arrow_cast(recorded_timestamp, 'Timestamp(Microsecond, Some(\"UTC\"))'), 'scalar_value', scalar_value,
    'histogram_min', histogram_min, 'histogram_max', histogram_max, 'histogram_sum', histogram_sum,
    'histogram_count', histogram_count, 'histogram_bucket_counts', histogram_bucket_counts,
    'histogram_explicit_bounds', histogram_explicit_bounds, 'exp_histogram_scale', exp_histogram_scale,
    'exp_histogram_zero_count', exp_histogram_zero_count, 'exp_histogram_zero_threshold', exp_histogram_zero_threshold,
    'exp_histogram_positive_bucket_counts', exp_histogram_positive_bucket_counts,
    'exp_histogram_negative_bucket_counts', exp_histogram_negative_bucket_counts,
    'exp_histogram_positive_bucket_counts_offset', exp_histogram_positive_bucket_counts_offset,
    'exp_histogram_negative_bucket_counts_offset', exp_histogram_negative_bucket_counts_offset,
    'series', arrow_cast(ascii(service_name), 'UInt64')) AS point FROM metrics) ";

/// Delta and cumulative counters, a gauge, histograms of both kinds; two services, one of which was restarted.
fn points() -> String {
    let mut lines = String::new();
    let mut add = |name: &str, service: &str, kind: &str, temporality: &str, start: &str, at: &str, rest: &str| {
        lines.push_str(&format!(
            "{{\"metric_name\":\"{name}\",\"service_name\":\"{service}\",\"metric_type\":\"{kind}\",\
             \"aggregation_temporality\":\"{temporality}\",\"is_monotonic\":true,\
             \"start_timestamp\":\"2026-11-20T{start}Z\",\"recorded_timestamp\":\"2026-11-20T{at}Z\",{rest}}}\n"
        ));
    };
    for (minute, value) in [(1, 3.0), (2, 5.0), (3, 2.0)] {
        let (start, at) = (format!("06:0{}:00", minute - 1), format!("06:0{minute}:00"));
        add("requests", "api", "sum", "delta", &start, &at, &format!("\"scalar_value\":{value:?}"));
    }
    for (start, at, value) in [
        ("05:00:00", "06:00:00", 100.0),
        ("05:00:00", "06:01:00", 110.0),
        ("06:01:30", "06:02:00", 4.0),
        ("06:01:30", "06:03:00", 9.0),
    ] {
        add("jobs", "api", "sum", "cumulative", start, at, &format!("\"scalar_value\":{value:?}"));
    }
    for (at, value) in [("06:00:00", 50.0), ("06:03:00", 51.0)] {
        add("jobs", "web", "sum", "cumulative", "05:00:00", at, &format!("\"scalar_value\":{value:?}"));
    }
    for (at, value) in [("06:00:00", 1.0), ("06:01:00", 2.0), ("06:02:00", 9.0)] {
        add("memory", "api", "gauge", "", "05:00:00", at, &format!("\"scalar_value\":{value:?}"));
    }
    for (at, counts, sum) in [("06:01:00", "[2,2,0]", 3.5), ("06:02:00", "[0,4,2]", 14.5)] {
        let count = if at == "06:01:00" { 4 } else { 6 };
        let rest = format!(
            "\"histogram_bucket_counts\":{counts},\"histogram_explicit_bounds\":[1.0,2.0],\"histogram_count\":{count},\
             \"histogram_sum\":{sum},\"histogram_min\":0.5,\"histogram_max\":4.0"
        );
        add("latency", "api", "histogram", "delta", "06:00:00", at, &rest);
    }
    for (scale, offset, counts, count) in [(0, 0, "[4,4]", 8), (1, 0, "[1,1,2]", 4)] {
        let rest = format!(
            "\"exp_histogram_scale\":{scale},\"exp_histogram_zero_count\":0,\
             \"exp_histogram_positive_bucket_counts\":{counts},\"exp_histogram_positive_bucket_counts_offset\":{offset},\
             \"exp_histogram_zero_threshold\":0.0,\"exp_histogram_negative_bucket_counts\":[0],\
             \"exp_histogram_negative_bucket_counts_offset\":0,\
             \"histogram_count\":{count},\"histogram_sum\":20.0"
        );
        add("size", "api", "exponential_histogram", "delta", "06:00:00", "06:01:00", &rest);
    }
    lines
}

fn world() -> World {
    let mut world = World::new();
    world.write("metrics.ndjson", &points());
    world.source("metrics", "metrics.ndjson", Some("recorded_timestamp"));
    world
}

async fn ask(sql: &str) -> String {
    world().query(&format!("{POINTS} {sql}")).await
}

#[tokio::test]
async fn counters_count_across_series_and_restarts() {
    // Deltas: 3 + 5 + 2 in 180 s. Totals: api 10, then 4 after the restart, then 5; web 1.
    assert_snapshot!(ask("SELECT metric_name, metric_increase(point, recorded_timestamp) AS increase, \
        metric_rate(point, recorded_timestamp) AS rate FROM points WHERE metric_type = 'sum' GROUP BY 1 ORDER BY 1").await, @r#"
    metric_name | increase | rate
    "jobs" | 20.0 | 0.1111111111111111
    "requests" | 10.0 | 0.05555555555555555
    "#);
}

#[tokio::test]
async fn one_row_says_its_own_parts() {
    assert_snapshot!(ask("SELECT metric_name, metric_sum(point) AS s, metric_count(point) AS c, metric_avg(point) AS a, \
        metric_min(point) AS lo, metric_max(point) AS hi FROM points ORDER BY metric_name DESC, recorded_timestamp, c LIMIT 10").await, @r#"
    metric_name | s | c | a | lo | hi
    "size" | 20.0 | 4 | 5.0 | null | null
    "size" | 20.0 | 8 | 2.5 | null | null
    "requests" | 3.0 | 1 | 3.0 | 3.0 | 3.0
    "requests" | 5.0 | 1 | 5.0 | 5.0 | 5.0
    "requests" | 2.0 | 1 | 2.0 | 2.0 | 2.0
    "memory" | 1.0 | 1 | 1.0 | 1.0 | 1.0
    "memory" | 2.0 | 1 | 2.0 | 2.0 | 2.0
    "memory" | 9.0 | 1 | 9.0 | 9.0 | 9.0
    "latency" | 3.5 | 4 | 0.875 | 0.5 | 4.0
    "latency" | 14.5 | 6 | 2.4166666666666665 | 0.5 | 4.0
    "#);
}

#[tokio::test]
async fn quantiles_lie_in_their_buckets() {
    // latency: 2 up to 1, 6 up to 2, 2 above; rank 5 is the third of six. size at scale 0: (1, 2] has 4 + 2, (2, 4] has
    // 4 + 2; rank 6 is the end of the first.
    assert_snapshot!(ask("SELECT metric_name, metric_quantile(0.5, point) AS median FROM points \
        WHERE metric_name IN ('latency', 'size', 'memory') GROUP BY metric_name ORDER BY metric_name").await, @r#"
    metric_name | median
    "latency" | 1.5
    "memory" | 2.0
    "size" | 2.0
    "#);
}

#[tokio::test]
async fn what_was_merged_is_asked_as_a_point_is() {
    assert_snapshot!(ask(", merged AS (SELECT metric_name, metric_merge(point) AS whole FROM points GROUP BY metric_name) \
        SELECT metric_name, metric_sum(whole) AS s, metric_count(whole) AS c, metric_avg(whole) AS a FROM merged ORDER BY 1")
        .await, @r#"
    metric_name | s | c | a
    "jobs" | 20.0 | 4 | 5.0
    "latency" | 18.0 | 10 | 1.8
    "memory" | 12.0 | 3 | 4.0
    "requests" | 10.0 | 3 | 3.3333333333333335
    "size" | 40.0 | 12 | 3.3333333333333335
    "#);
    assert_snapshot!(ask(", merged AS (SELECT metric_merge(point) AS whole FROM points WHERE metric_name = 'latency' \
        GROUP BY recorded_timestamp) SELECT metric_quantile(0.5, whole) AS median FROM merged").await, @"
    median
    1.5
    ");
}

#[tokio::test]
async fn nothing_is_null_and_wrong_types_are_told() {
    let mut answers = Vec::new();
    for sql in [
        "SELECT metric_quantile(0.5, point) AS x, metric_increase(point, recorded_timestamp) AS y FROM points WHERE false",
        "SELECT metric_quantile(95, point) AS x FROM points",
        "SELECT metric_quantile(0.5, scalar_value) AS x FROM points",
        "SELECT metric_rate(point, metric_name) AS x FROM points",
        "SELECT metric_rate(point) AS x FROM points",
        "SELECT metric_sum(scalar_value) AS x FROM points",
        "SELECT metric_increase(point, recorded_timestamp) AS x FROM points WHERE metric_name = 'memory'",
        "SELECT metric_quantile(0.5, point) AS x FROM points",
    ] {
        answers.push(ask(sql).await);
    }
    assert_snapshot!(answers.join("\n"), @r#"
    x | y
    null | null
    execution: metric_quantile takes a share from 0 to 1, not 95; the 95th percentile is metric_quantile(0.95, value)
    invalid_query: metric_quantile takes the column `value` of `metrics`, not Float64; write metric_quantile(0.95, value)
    invalid_query: the second argument of metric_rate is a timestamp; write metric_rate(value, recorded_timestamp)
    invalid_query: write metric_rate(value, recorded_timestamp): metric_rate was given 1 arguments
    invalid_query: metric_sum takes the column `value` of `metrics`, not Float64; write metric_sum(value), or `sum(scalar_value)` over many rows
    execution: metric_increase: a gauge does not count: `metric_increase` and `metric_rate` take sums and histograms. Filter by `metric_type` or `metric_name`, or look at a gauge with `avg(scalar_value)`
    execution: metric_quantile: numbers and histograms, or histograms of two kinds, do not go together: ask for one metric, like `WHERE metric_name = '…'`, or group by `metric_name, metric_type`
    "#);
}

/// The metrics of real SDKs, as they were sent.
async fn captured() -> World {
    let world = World::new();
    for (_, body) in bodies_ending_in(&["-metrics.pb"]) {
        world.append_metrics(&body).await;
    }
    world
}

#[tokio::test]
async fn points_of_real_sdks_say_what_their_columns_say() {
    let world = captured().await;
    let columns = "SELECT metric_type, count(*) AS n, sum(coalesce(histogram_sum, scalar_value)) AS s, \
        sum(coalesce(histogram_count, 1)) AS c FROM metrics GROUP BY 1 ORDER BY 1";
    let functions = "SELECT metric_type, count(*) AS n, sum(metric_sum(value)) AS s, sum(metric_count(value)) AS c \
        FROM metrics GROUP BY 1 ORDER BY 1";
    assert_eq!(world.query(functions).await, world.query(columns).await);
    let merged = "SELECT metric_type, n, metric_sum(m) AS s, metric_count(m) AS c FROM (SELECT metric_type, metric_name, \
        count(*) AS n, metric_merge(value) AS m FROM metrics WHERE aggregation_temporality = 'delta' GROUP BY 1, 2)";
    let flat = "SELECT metric_type, n, s, c FROM (SELECT metric_type, metric_name, count(*) AS n, \
        sum(coalesce(histogram_sum, scalar_value)) AS s, sum(coalesce(histogram_count, 1)) AS c \
        FROM metrics WHERE aggregation_temporality = 'delta' GROUP BY 1, 2)";
    let same = format!(
        "SELECT count(*) AS n, count(*) FILTER (WHERE abs(a.s - b.s) > 0.000001 OR a.c <> b.c) AS other \
        FROM ({merged}) AS a JOIN ({flat}) AS b ON a.metric_type = b.metric_type AND a.n = b.n AND abs(a.s - b.s) < 0.000001"
    );
    let answer = world.query(&same).await;
    assert!(answer.ends_with(" | 0") && !answer.ends_with("\n0 | 0"), "{answer}");
}

#[tokio::test]
async fn metrics_of_real_sdks_are_asked_for() {
    let world = captured().await;
    let mut answers = Vec::new();
    for sql in [
        "SELECT metric_name, aggregation_temporality AS t, metric_increase(value, recorded_timestamp) AS increase FROM metrics \
            WHERE metric_type = 'sum' AND is_monotonic GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 20",
        "SELECT metric_name, round(metric_quantile(0.5, value), 4) AS p50, round(metric_quantile(0.95, value), 4) AS p95 FROM metrics \
            WHERE metric_type = 'exponential_histogram' GROUP BY 1 ORDER BY 1",
        "SELECT metric_name, round(metric_quantile(0.5, value), 4) AS p50 FROM metrics WHERE metric_type = 'histogram' GROUP BY 1 ORDER BY 1",
        "SELECT metric_name, metric_avg(metric_merge(value)) IS NOT NULL AS known FROM metrics WHERE metric_type = 'gauge' GROUP BY 1 ORDER BY 1",
    ] {
        answers.push(world.query(sql).await);
    }
    assert_snapshot!(answers.join("\n\n"), @r#"
    metric_name | t | increase
    "billing.bytes" | "cumulative" | 12345.0
    "billing.invoices" | "cumulative" | 6.0
    "shop.orders.placed" | "delta" | 104.0
    "storefront.views" | "cumulative" | null
    "worker.restocked" | "cumulative" | null

    metric_name | p50 | p95
    "billing.expo" | 5.6569 | 25.5455
    "gen_ai.client.token.usage" | 132.2272 | 930.9114
    "http.server.duration" | 1.9993 | 6.9996
    "http.server.request.size" | 0.0 | 0.0
    "http.server.response.size" | 22.0006 | 151.0535
    "operation.cost" | 0.0021 | 0.005
    "shop.order.duration" | 267.3341 | 479.7869

    metric_name | p50
    "billing.amount" | 100.0
    "storefront.render" | 17.5
    "worker.sync.duration" | 2.5

    metric_name | known
    "billing.rate" | true
    "shop.room.temperature" | true
    "shop.stock.level" | true
    "worker.queue.depth" | true
    "#);
}

#[tokio::test]
async fn a_histogram_that_recorded_nothing_is_no_restart() {
    let mut world = World::new();
    let point = |minute: u8, rest: &str| {
        format!(
            "{{\"metric_name\":\"ended\",\"service_name\":\"api\",\"metric_type\":\"histogram\",\
             \"aggregation_temporality\":\"cumulative\",\"start_timestamp\":\"2026-11-20T05:00:00Z\",\
             \"recorded_timestamp\":\"2026-11-20T06:0{minute}:00Z\"{rest}}}\n"
        )
    };
    let numbers = |count: u8| {
        format!(
            ",\"histogram_bucket_counts\":[{count},0],\"histogram_explicit_bounds\":[1.0],\"histogram_count\":{count}"
        )
    };
    world.write("metrics.ndjson", &[points(), point(0, &numbers(10)), point(1, ""), point(2, &numbers(12))].concat());
    world.source("metrics", "metrics.ndjson", Some("recorded_timestamp"));
    let sql = "SELECT metric_increase(point, recorded_timestamp) AS increase FROM points WHERE metric_name = 'ended'";
    assert_eq!(world.query(&format!("{POINTS} {sql}")).await, "increase\n2.0");
}
