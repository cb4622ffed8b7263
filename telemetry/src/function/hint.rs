//! What to write instead of functions of PostgreSQL that are not here.

/// The help for a function that does not exist, if one is known that does its work.
pub(crate) fn hint_for(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let hint = match name.as_str() {
        "age" => "write a difference, like `now() - start_timestamp`",
        "make_interval" => "write an interval, like `interval '5 minutes'`",
        "make_timestamp" | "make_timestamptz" => "write a timestamp, like `timestamp '2026-11-20 06:00:00'`",
        "to_number" => "write a cast, like `replace(x, ',', '')::double`",
        "clock_timestamp" | "statement_timestamp" | "transaction_timestamp" | "timeofday" => {
            "write `now()`, which is the slot of a rule"
        }
        "localtimestamp" | "localtime" => "write `now()`; times are UTC",
        "justify_interval" | "justify_hours" | "justify_days" => "leave it out, or round with `date_trunc`",
        "format" => "join texts with `||` or `concat(…)`, and numbers with `to_char(n, 'FM999,990.00')`",
        "quote_literal" | "quote_ident" | "quote_nullable" => "queries only read; nothing is quoted",
        "regexp_matches" => "write `regexp_match(text, pattern)`, which is a list",
        "regexp_split_to_table" => "write `unnest(string_to_array(text, ','))`",
        "regexp_split_to_array" => "write `string_to_array(text, ',')`",
        "regexp_substr" => "write `regexp_match(text, pattern)[1]`",
        "string_to_table" => "write `unnest(string_to_array(text, ','))`",
        "json_agg" | "jsonb_agg" | "json_arrayagg" => "write `array_agg(x)`",
        "json_object_agg" | "jsonb_object_agg" | "json_build_object" | "jsonb_build_object" | "json_object"
        | "jsonb_object" | "row_to_json" | "to_json" | "to_jsonb" | "json_build_array" | "jsonb_build_array" => {
            "select the values as columns of their own; JSON is only read"
        }
        "jsonb_set" | "jsonb_insert" | "jsonb_strip_nulls" | "json_strip_nulls" | "jsonb_pretty" => {
            "JSON is only read, not changed"
        }
        "json_each" | "jsonb_each" | "json_each_text" | "jsonb_each_text" => {
            "write `jsonb_object_keys(x)` for the keys, and take values with `x->>'key'`"
        }
        "json_to_record"
        | "jsonb_to_record"
        | "json_to_recordset"
        | "jsonb_to_recordset"
        | "json_populate_record"
        | "jsonb_populate_record" => "take values with `x->>'key'` and a cast, like `(x->>'n')::bigint`",
        "json_value" | "json_query" | "json_exists" | "json_table" => {
            "take values with `x->'key'->>'inner'`; `x ? 'key'` asks whether a key exists"
        }
        "gen_random_uuid" | "uuid_generate_v4" => "write `uuid()`",
        "jsonb_exists" => "write `x ? 'key'`",
        "mode" => "count the values, and take the first: `GROUP BY x ORDER BY count(*) DESC LIMIT 1`",
        "percentile_disc" => {
            "write `percentile_cont(0.95) WITHIN GROUP (ORDER BY x)` or `approx_percentile_cont(x, 0.95)`"
        }
        "xmlagg" | "xmlparse" | "xpath" => "there is no XML here",
        "quantile" | "percentile" => "write `approx_percentile_cont(x, 0.95)`",
        "every" => "write `bool_and(x)`",
        "any_value_of" => "write `any_value(x)`",
        "to_json_string" => "write `x::text`",
        "date_add" | "dateadd" => "write `x + interval '1 day'`",
        "date_sub" | "datesub" => "write `x - interval '1 day'`",
        "date_diff" | "datediff" => "write `EXTRACT(EPOCH FROM a - b)`, which is seconds",
        "ifnull" | "isnull" => "write `coalesce(x, y)`",
        "iff" | "if" => "write `CASE WHEN … THEN … ELSE … END`",
        "countif" | "count_if" => "write `count(*) FILTER (WHERE …)`",
        "sumif" | "sum_if" => "write `sum(x) FILTER (WHERE …)`",
        "width_bucket" => "write `floor(x / 10) * 10` for buckets of 10",
        "pg_sleep" | "pg_read_file" | "pg_ls_dir" | "current_setting" | "set_config" | "lo_import" | "dblink"
        | "query_to_xml" | "pg_stat_file" => "queries only read the tables",
        "current_user" | "session_user" | "user" | "current_database" | "current_schema" | "pg_backend_pid"
        | "inet_server_addr" => "there are no users or sessions here; tables are in `information_schema.tables`",
        _ if name.starts_with("jsonb_path_") => {
            "JSON paths are not supported: take values with `x->'key'->>'inner'`, or ask `x @> '{\"key\": 1}'`"
        }
        _ if name.starts_with("jsonb_") || name.starts_with("json_") => {
            "of JSON there are `->`, `->>`, `?`, `@>` and `json_get_int(x, 'key')` and the like"
        }
        _ if name.starts_with("pg_") => "there are no system functions; queries only read the tables",
        _ => return None,
    };
    Some(hint)
}
