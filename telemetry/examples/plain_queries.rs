//! The reference queries in plain DataFusion, over the Parquet files that `bench query` has left.
//!
//! `cargo run --release --workspace --example plain_queries -- FILES QUERIES`: prints one line of JSON with the median of
//! the milliseconds that each query takes. DataFusion's own listing table and the JSON functions' crate, nothing of ours but
//! `time_bucket`, which the engine does not have: that query uses `date_bin`.

use std::path::Path;
use std::time::Instant;

use datafusion::datasource::file_format::options::ParquetReadOptions;
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext};

const TIMES: usize = 15;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let files = arguments.next().expect("the folder of the files");
    let queries = arguments.next().expect("the folder of the queries");
    let config = SessionConfig::new()
        .set_str("datafusion.sql_parser.dialect", "PostgreSQL")
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        .set_bool("datafusion.execution.parquet.reorder_filters", true);
    let mut context = SessionContext::new_with_config(config);
    datafusion_functions_json::register_all(&mut context)?;
    context.register_parquet("all_records", &format!("{files}/records/"), ParquetReadOptions::default()).await?;
    context.sql("CREATE VIEW records AS SELECT * FROM all_records WHERE kind <> 'pending_span'").await?;
    let mut figures = Vec::new();
    for name in ["q1", "q2", "q3", "q4", "q5", "q6"] {
        let sql = std::fs::read_to_string(Path::new(&queries).join(format!("{name}.sql"))).expect("the query is there");
        let sql = sql.replace("time_bucket('1 hour', start_timestamp)", "date_bin(interval '1 hour', start_timestamp)");
        let mut took = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let began = Instant::now();
            context.sql(&sql).await?.collect().await?;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        took.sort_by(f64::total_cmp);
        figures.push(format!("\"{name}\":{:.2}", took[TIMES / 2]));
    }
    println!("{{\"measured\":\"plain datafusion\",\"reference_ms\":{{{}}}}}", figures.join(","));
    Ok(())
}
