//! Databases that are away, tables that are gone, values that do not fit.

use watchfire_model::{DatabaseUrl, Outcome};
use watchfire_telemetry::Limits;

use super::*;
use crate::harness::{slot, spec};

#[tokio::test]
async fn a_database_that_is_away_fails_only_what_asks_it() {
    let mut world = World::of_minutes();
    let url = DatabaseUrl::new("postgres://joe:secret@127.0.0.1:1/shop");
    world.table("orders", DatabaseAddress::Postgres { url }, "orders", None);
    world.table("jobs", nowhere(), "jobs", None);
    let said = world.ask("SELECT count(*) AS n FROM orders").await;
    assert!(
        said.starts_with("source: source `orders`: cannot reach PostgreSQL at 127.0.0.1:1, database shop: "),
        "{said}"
    );
    assert!(!said.contains("secret") && !said.contains("joe"), "{said}");
    let said = world.ask("SELECT count(*) AS n FROM jobs").await;
    assert!(said.starts_with("source: source `jobs`: cannot reach the SQLite file /nowhere/shop.sqlite: "), "{said}");
    assert_eq!(world.ask("SELECT count(*) AS n FROM t").await, "n int\n3");
}

#[tokio::test]
async fn a_check_over_a_database_that_is_away_is_a_doubt() {
    let mut world = World::new();
    world.table("jobs", nowhere(), "jobs", None);
    let told = world.problems(&spec("SELECT nonsense FROM jobs"), &[]).await;
    assert!(told.contains("source_unreachable") && told.contains("was not checked"), "{told}");
}

on_both! {
    async fn a_table_that_is_not_there_is_told_with_its_nearest_name(mut shop: Shop) {
        shop.table("wrong", "custmers", None);
        let said = shop.world.query("SELECT * FROM wrong").await;
        assert!(said.contains("has no table `custmers`; did you mean `") && said.contains("customers`?"), "{said}");
        shop.table("timeless", "orders", Some("creatd_at"));
        let said = shop.world.query("SELECT * FROM timeless").await;
        assert!(said.contains("`time_column` `creatd_at` is no column of `orders`; did you mean `created_at`?"), "{said}");
        // The database has answered: that is a mistake, and no doubt.
        for name in ["wrong", "timeless"] {
            let told = shop.world.problems(&crate::harness::spec(&format!("SELECT * FROM {name}")), &[]).await;
            assert!(told.contains(" warning wrong_source: ") && told.contains("did you mean"), "{told}");
        }
    }
}

on_both! {
    async fn columns_that_change_are_seen_by_the_next_query_or_the_one_after_a_failure(mut shop: Shop) {
        shop.table("unused", "orders", None);
        assert_eq!(shop.world.query("SELECT count(name) AS n FROM customers").await, "n\n3");
        shop.run("ALTER TABLE customers RENAME COLUMN name TO title").await;
        let said = shop.world.query("SELECT count(name) AS n FROM customers").await;
        assert!(said.contains("says:"), "{said}");
        assert_eq!(shop.world.query("SELECT count(title) AS n FROM customers").await, "n\n3");
    }
}

#[tokio::test]
async fn a_value_that_is_not_of_its_columns_type_is_an_error_that_names_the_row() {
    let mut shop = Shop::sqlite().await;
    shop.run("INSERT INTO orders (id, amount) VALUES (17, 'many')").await;
    shop.table("bare", "orders", None);
    for sql in ["SELECT amount FROM bare", "SELECT sum(amount) AS s FROM bare", "SELECT id FROM bare WHERE amount > 3"]
    {
        let said = shop.world.query(sql).await;
        assert_eq!(
            said,
            "execution: source `bare`: table `orders`, column `amount`: the value many in row 17 is no whole number",
            "{sql}"
        );
    }
    assert_eq!(shop.world.query("SELECT count(*) AS n FROM bare").await, "n\n7");
}

on_both! {
    async fn names_of_all_kinds_are_only_names(mut shop: Shop) {
        shop.run("CREATE TABLE \"odd \"\"table; DROP TABLE orders\" (\"sel\"\"ect\" TEXT, \"a.b\" TEXT, \"ID\" TEXT);
                  INSERT INTO \"odd \"\"table; DROP TABLE orders\" VALUES ('x''; DROP TABLE orders; --', 'y', 'z')").await;
        shop.table("odd", "\"odd \"\"table; DROP TABLE orders\"", None);
        let sql = "SELECT \"sel\"\"ect\" AS a, \"a.b\" AS b, \"ID\" AS c FROM odd WHERE \"sel\"\"ect\" = 'x''; DROP TABLE orders; --'";
        assert_eq!(shop.world.query(sql).await, "a | b | c\n\"x'; DROP TABLE orders; --\" | \"y\" | \"z\"");
        assert_eq!(shop.world.query("SELECT count(*) AS n FROM orders").await, "n\n6");
        shop.table("hostile", "orders; DROP TABLE orders", None);
        let said = shop.world.query("SELECT * FROM hostile").await;
        assert!(said.contains("has no table"), "{said}");
    }
}

#[tokio::test]
async fn more_rows_than_the_limit_are_refused_with_its_name() {
    let shop = Shop::sqlite().await;
    let mut world = World::limited(Limits { database_rows: 5, ..Limits::default() });
    world.table("orders", shop.address.clone(), "orders", None);
    let said = world.query("SELECT upper(note) AS u FROM orders").await;
    assert!(said.contains("gives more than 5 rows") && said.contains("`database_rows`"), "{said}");
    assert_eq!(world.query("SELECT count(*) AS n FROM orders").await, "n\n6");
}

#[tokio::test]
async fn a_statement_ends_with_the_timeout_of_its_query() {
    let mut shop = Shop::sqlite().await;
    shop.run("CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n").await;
    shop.table("endless", "endless", None);
    let mut question = spec("SELECT m FROM endless");
    question.timeout = std::time::Duration::from_millis(300);
    for _ in 0..6 {
        let outcome = shop.world.outcome(&question, &slot(None)).await;
        assert!(matches!(&outcome, Outcome::Failed(failure) if failure.code.as_str() == "timeout"), "{outcome:?}");
    }
    // Their connections are free again.
    assert_eq!(shop.world.query("SELECT count(*) AS n FROM orders").await, "n\n6");
}

#[tokio::test]
async fn a_view_that_never_answers_costs_a_query_its_timeout_and_nobody_else() {
    let mut shop = Shop::sqlite().await;
    shop.run("CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT count(*) FROM orders UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n").await;
    shop.table("endless", "endless", None);
    let mut question = spec("SELECT m FROM endless");
    question.timeout = std::time::Duration::from_millis(300);
    let outcome = shop.world.outcome(&question, &slot(None)).await;
    assert!(matches!(&outcome, Outcome::Failed(failure) if failure.code.as_str() == "timeout"), "{outcome:?}");
    // The file may be written to again: nobody reads it.
    shop.run("DELETE FROM orders WHERE id = 1").await;
}
