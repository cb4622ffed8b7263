//! The functions of the engine that queries may call. What is not listed does not exist, whatever a later version of the
//! engine brings.
//!
//! Left out on purpose: what tells of files, settings and types of the engine (`input_file_name`, `version`,
//! `arrow_metadata`, …), and functions that take functions (`array_transform`), whose work nobody bounds.

use std::collections::BTreeSet;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;

const SCALAR: &str = "
    abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh cot degrees exp factorial floor gcd isnan iszero lcm
    ln log log2 log10 nanvl pi power radians random round signum sin sinh sqrt tan tanh trunc
    arrow_cast arrow_try_cast arrow_typeof coalesce get_field greatest least named_struct nullif nvl nvl2 overlay
    struct union_extract union_tag
    current_date current_time date_bin date_part date_trunc from_unixtime make_date make_time now to_char to_date
    to_local_time to_time to_timestamp to_timestamp_micros to_timestamp_millis to_timestamp_nanos to_timestamp_seconds
    to_unixtime
    decode encode
    digest md5 sha224 sha256 sha384 sha512
    regexp_count regexp_instr regexp_like regexp_match regexp_replace
    ascii bit_length btrim chr concat concat_ws contains ends_with levenshtein lower ltrim octet_length repeat replace
    rtrim split_part starts_with to_hex upper uuid
    character_length find_in_set initcap left lpad reverse right rpad strpos substr substr_index translate
    array_any_value array_append array_compact array_concat array_dims array_distinct array_element array_except
    array_has array_has_all array_has_any array_intersect array_length array_max array_min array_ndims array_pop_back
    array_pop_front array_position array_positions array_prepend array_remove array_remove_all array_remove_n
    array_repeat array_replace array_replace_all array_replace_n array_resize array_reverse array_slice array_sort
    array_sum array_avg array_product array_to_string array_union arrays_zip cardinality empty flatten generate_series
    make_array range string_to_array
    map map_entries map_extract map_keys map_values
    json_as_text json_contains json_from_scalar json_get json_get_array json_get_bool json_get_float json_get_int
    json_get_json json_get_str json_length json_object_keys json_union_to_text
";

const AGGREGATE: &str = "
    any_value approx_distinct approx_median approx_percentile_cont approx_percentile_cont_with_weight array_agg avg
    bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp first_value grouping last_value max median
    min nth_value percentile_cont regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
    regr_syy stddev stddev_pop string_agg sum var var_pop
";

const WINDOW: &str = "
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
";

const TABLE: &str = "generate_series range";

/// Takes away every function of the engine that is not listed. Ours are added afterwards.
pub(super) fn keep_only(state: &mut SessionState) -> Result<()> {
    let unlisted = |names: BTreeSet<String>, listed: &str| -> Vec<String> {
        let listed: BTreeSet<&str> = listed.split_whitespace().collect();
        names.into_iter().filter(|name| !listed.contains(name.as_str())).collect()
    };
    let scalar = state.scalar_functions().values().map(|function| function.name().to_owned()).collect();
    for name in unlisted(scalar, SCALAR) {
        state.deregister_udf(&name)?;
    }
    let aggregate = state.aggregate_functions().values().map(|function| function.name().to_owned()).collect();
    for name in unlisted(aggregate, AGGREGATE) {
        state.deregister_udaf(&name)?;
    }
    let window = state.window_functions().values().map(|function| function.name().to_owned()).collect();
    for name in unlisted(window, WINDOW) {
        state.deregister_udwf(&name)?;
    }
    let higher_order = state.higher_order_functions().values().map(|function| function.name().to_owned()).collect();
    for name in unlisted(higher_order, "") {
        state.deregister_higher_order_function(&name)?;
    }
    let table = state.table_functions().keys().cloned().collect();
    for name in unlisted(table, TABLE) {
        state.deregister_udtf(&name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::SessionStateBuilder;

    #[test]
    fn every_listed_function_is_there_and_no_other() {
        let mut state = SessionStateBuilder::new().with_default_features().build();
        datafusion_functions_json::register_all(&mut state).unwrap();
        keep_only(&mut state).unwrap();
        let listed = |names: &str| -> BTreeSet<String> { names.split_whitespace().map(str::to_owned).collect() };
        let scalar: BTreeSet<String> = state.scalar_functions().values().map(|f| f.name().to_owned()).collect();
        assert_eq!(scalar, listed(SCALAR));
        let aggregate: BTreeSet<String> = state.aggregate_functions().values().map(|f| f.name().to_owned()).collect();
        assert_eq!(aggregate, listed(AGGREGATE));
        let window: BTreeSet<String> = state.window_functions().values().map(|f| f.name().to_owned()).collect();
        assert_eq!(window, listed(WINDOW));
        let table: BTreeSet<String> = state.table_functions().keys().cloned().collect();
        assert_eq!(table, listed(TABLE));
    }
}
