//! Tables of PostgreSQL and SQLite.

mod answers;
mod pushed;
mod trouble;
mod types;

use std::path::PathBuf;

use ::harness::postgres::{FreshDatabase, fresh_database};
use watchfire_model::{DatabaseAddress, DatabaseUrl};

use crate::harness::World;

/// Id, time, quantity, price, note, customer, and whether it is paid.
type Order = (i64, &'static str, i64, f64, &'static str, Option<i64>, bool);

/// Orders of four minutes; the same rows lie in each database and in a file.
///
/// `note` tells cases and bytes apart, `created_at` is the time, one order has no customer.
const ORDERS: [Order; 6] = [
    (1, "06:01:30", 300, 0.5, "Alpha", Some(1), true),
    (2, "06:02:00", -7, 1.25, "alpha", Some(2), false),
    (3, "06:03:10", 5, 2.0, "zeta", Some(1), true),
    (4, "06:03:20", 0, -1.5, "Émile's", None, false),
    (5, "06:04:59.999999", 900, 1e9, "a_b%", Some(2), true),
    (6, "06:05:00", 12, 0.0, "", Some(3), false),
];

/// What stands in each database beside them.
const CUSTOMERS: &str = "INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bob'), (4, 'Dora')";

fn rows() -> String {
    let row = |(id, at, amount, weight, note, customer, paid): Order| {
        let note = note.replace('\'', "''");
        let customer = customer.map_or("NULL".to_owned(), |customer| customer.to_string());
        format!("({id}, '2026-11-20 {at}', {amount}, {weight:?}, '{note}', {customer}, {paid})")
    };
    ORDERS.map(row).join(", ")
}

fn lines() -> String {
    let line = |(id, at, amount, weight, note, customer, paid): Order| {
        let customer = customer.map_or("null".to_owned(), |customer| customer.to_string());
        format!(
            "{{\"id\": {id}, \"created_at\": \"2026-11-20T{at}Z\", \"amount\": {amount}, \"weight\": {weight:?}, \
             \"note\": {note:?}, \"customer\": {customer}, \"paid\": {paid}}}\n"
        )
    };
    ORDERS.map(line).concat()
}

/// A world in which `orders` and `customers` are tables of a database, and `file_orders` and `file_customers` files with
/// the same rows.
struct Shop {
    world: World,
    address: DatabaseAddress,
    postgres: Option<FreshDatabase>,
}

impl Shop {
    async fn sqlite() -> Self {
        let world = World::new();
        let path = world.path("shop.sqlite");
        let shop = Self { address: DatabaseAddress::Sqlite { path }, world, postgres: None };
        shop.run(&format!(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, created_at DATETIME, amount INTEGER, weight REAL, note TEXT,
                                  customer INTEGER, paid BOOLEAN);
             CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
             INSERT INTO orders VALUES {}; {CUSTOMERS}",
            rows()
        ))
        .await;
        shop.opened()
    }

    async fn postgres() -> Option<Self> {
        let database = fresh_database().await?;
        let address = DatabaseAddress::Postgres { url: DatabaseUrl::new(database.url()) };
        let shop = Self { address, world: World::new(), postgres: Some(database) };
        shop.run(&format!(
            "CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamp, amount bigint, weight float8, note text,
                                  customer bigint, paid boolean);
             CREATE TABLE customers (id bigint PRIMARY KEY, name text);
             INSERT INTO orders VALUES {}; {CUSTOMERS}",
            rows()
        ))
        .await;
        Some(shop.opened())
    }

    /// Runs statements in the database.
    async fn run(&self, sql: &str) {
        match (&self.address, &self.postgres) {
            (DatabaseAddress::Sqlite { path }, _) => ::harness::sqlite::run(path, sql).await,
            (DatabaseAddress::Postgres { .. }, Some(database)) => database.run(sql).await,
            (DatabaseAddress::Postgres { .. }, None) => unreachable!("a server has a database"),
        }
    }

    fn opened(mut self) -> Self {
        self.world.write("orders.ndjson", &lines());
        self.world.write(
            "customers.ndjson",
            "{\"id\":1,\"name\":\"Ada\"}\n{\"id\":2,\"name\":\"Bob\"}\n{\"id\":4,\"name\":\"Dora\"}\n",
        );
        self.world.source("file_orders", "orders.ndjson", Some("created_at"));
        self.world.source("file_customers", "customers.ndjson", None);
        self.table("orders", "orders", Some("created_at"));
        self.table("customers", "customers", None);
        self
    }

    fn table(&mut self, name: &str, table: &str, time_column: Option<&str>) {
        self.world.table(name, self.address.clone(), table, time_column);
    }

    /// The statements that a query sends, one a line.
    async fn sent(&self, sql: &str) -> String {
        let explained = self.world.query(&format!("EXPLAIN {sql}")).await;
        let plans = explained.lines().filter_map(|line| line.split_once(" | ")).map(|(_, plan)| plan);
        let plan: String = plans.filter_map(|plan| serde_json::from_str::<String>(plan).ok()).collect();
        let nodes = plan.lines().filter_map(|line| line.split_once("RemoteExec: ")?.1.split_once(", sql="));
        let statements: Vec<&str> = nodes.map(|(_, sql)| sql).collect();
        if statements.is_empty() { explained } else { statements.join("\n") }
    }
}

/// Writes one test and runs it on both databases.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident(mut $shop:ident: Shop) $body:block) => {
        mod $name {
            async fn check(mut $shop: $crate::databases::Shop) $body

            #[tokio::test]
            async fn sqlite() {
                check($crate::databases::Shop::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(shop) = $crate::databases::Shop::postgres().await {
                    check(shop).await;
                }
            }
        }
    };
}
use on_both;

/// A file that is not there.
fn nowhere() -> DatabaseAddress {
    DatabaseAddress::Sqlite { path: PathBuf::from("/nowhere/shop.sqlite") }
}
