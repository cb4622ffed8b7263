//! The same question over a database and over a file with the same rows has the same answer.

use super::*;

/// Questions in which `orders` and `customers` stand for either.
const QUESTIONS: &[&str] = &[
    "SELECT * FROM orders ORDER BY id",
    "SELECT count(*) AS n FROM orders",
    "SELECT count(customer) AS n, count(DISTINCT customer) AS d FROM orders",
    "SELECT sum(amount) AS s, min(amount) AS lo, max(amount) AS hi, avg(amount) AS mean FROM orders",
    "SELECT sum(weight) AS s, min(weight) AS lo, max(weight) AS hi, avg(weight) AS mean FROM orders",
    "SELECT min(note) AS lo, max(note) AS hi FROM orders",
    "SELECT min(created_at) AS lo, max(created_at) AS hi FROM orders",
    "SELECT sum(amount) AS s FROM orders WHERE id > 100",
    "SELECT paid, count(*) AS n, sum(amount) AS s FROM orders GROUP BY paid ORDER BY paid",
    "SELECT paid, count(*) FILTER (WHERE amount > 0) AS n FROM orders GROUP BY paid ORDER BY paid",
    "SELECT customer, count(*) AS n FROM orders GROUP BY customer ORDER BY customer NULLS FIRST",
    "SELECT customer, count(*) AS n FROM orders GROUP BY customer HAVING count(*) > 1 ORDER BY n DESC, customer",
    "SELECT id FROM orders WHERE note = 'alpha'",
    "SELECT id FROM orders WHERE note > 'Z' ORDER BY id",
    "SELECT id FROM orders WHERE note IN ('alpha', 'zeta', 'Émile''s') ORDER BY id",
    "SELECT id FROM orders WHERE note NOT IN ('alpha', 'zeta') ORDER BY id",
    "SELECT id FROM orders WHERE note LIKE 'a%' ORDER BY id",
    "SELECT id FROM orders WHERE note ILIKE 'A%' ORDER BY id",
    "SELECT id FROM orders WHERE note LIKE 'a\\_b%' ORDER BY id",
    "SELECT id FROM orders WHERE lower(note) = 'alpha' ORDER BY id",
    "SELECT upper(note) AS u, length(note) AS l FROM orders ORDER BY id",
    "SELECT id, note FROM orders ORDER BY note LIMIT 3",
    "SELECT id, note FROM orders ORDER BY note DESC LIMIT 2 OFFSET 1",
    "SELECT id, customer FROM orders ORDER BY customer NULLS FIRST, id LIMIT 2",
    "SELECT id, customer FROM orders ORDER BY customer DESC, id LIMIT 3",
    "SELECT id FROM orders WHERE paid ORDER BY id",
    "SELECT id FROM orders WHERE NOT paid AND weight < 1 ORDER BY id",
    "SELECT id FROM orders WHERE paid = false OR amount >= 300 ORDER BY id",
    "SELECT id FROM orders WHERE customer IS NULL",
    "SELECT id FROM orders WHERE customer IS DISTINCT FROM 1 ORDER BY id",
    "SELECT id FROM orders WHERE amount BETWEEN 0 AND 12 ORDER BY id",
    "SELECT id, amount / 7 AS q, amount % 7 AS r FROM orders ORDER BY id",
    "SELECT id, amount * 2 - 1 AS x, -amount AS y, abs(amount) AS z FROM orders ORDER BY id",
    "SELECT id, weight / 2.0 AS x, weight * amount AS y FROM orders ORDER BY id",
    "SELECT id, amount / nullif(amount, 0) AS q FROM orders ORDER BY id",
    "SELECT id, coalesce(customer, 0) AS c FROM orders ORDER BY id",
    "SELECT id, CASE WHEN amount > 100 THEN 'much' WHEN amount > 0 THEN 'some' ELSE 'none' END AS x FROM orders ORDER BY id",
    "SELECT CASE paid WHEN true THEN 1 ELSE 0 END AS x, count(*) AS n FROM orders GROUP BY 1 ORDER BY 1",
    "SELECT id FROM orders WHERE created_at >= '2026-11-20T06:03:00Z' ORDER BY id",
    "SELECT id FROM orders WHERE created_at < '2026-11-20T06:04:59.999999Z' ORDER BY id",
    "SELECT id FROM orders WHERE created_at = '2026-11-20T06:04:59.999999Z'",
    "SELECT id FROM orders WHERE created_at > now() - interval '3 minutes' ORDER BY id",
    "SELECT id FROM orders WHERE created_at + interval '1 minute' > '2026-11-20T06:05:00Z' ORDER BY id",
    "SELECT date_trunc('minute', created_at) AS m, count(*) AS n FROM orders GROUP BY m ORDER BY m",
    "SELECT time_bucket('2 minutes', created_at) AS m, count(*) AS n FROM orders GROUP BY m ORDER BY m",
    "SELECT DISTINCT paid FROM orders ORDER BY paid",
    "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer ORDER BY o.id",
    "SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer ORDER BY o.id",
    "SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer AND c.name = 'Ada' ORDER BY o.id",
    "SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer WHERE c.name IS NULL ORDER BY o.id",
    "SELECT o.id, c.id AS c FROM customers c LEFT JOIN (SELECT * FROM orders WHERE paid) o ON c.id = o.customer ORDER BY 1, 2",
    "SELECT o.id, c.x FROM orders o LEFT JOIN (SELECT id, 1 AS x FROM customers) c ON c.id = o.customer ORDER BY o.id",
    "SELECT o.id, c.id AS c FROM orders o RIGHT JOIN customers c ON c.id = o.customer ORDER BY 1, 2",
    "SELECT o.id, c.id AS c FROM orders o FULL JOIN customers c ON c.id = o.customer ORDER BY 1, 2",
    "SELECT c.name, sum(o.amount) AS s FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.name ORDER BY s DESC",
    "SELECT a.id, b.id AS other FROM orders a JOIN orders b ON a.customer = b.customer AND a.id < b.id ORDER BY 1, 2",
    "SELECT id FROM orders WHERE customer IN (SELECT id FROM customers WHERE name > 'B') ORDER BY id",
    "SELECT id FROM orders WHERE customer NOT IN (SELECT id FROM customers) ORDER BY id",
    "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer) ORDER BY id",
    "SELECT id FROM orders WHERE amount > (SELECT avg(amount) FROM orders) ORDER BY id",
    "SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY id",
    "WITH big AS (SELECT customer, sum(amount) AS s FROM orders GROUP BY customer) SELECT count(*) AS n FROM big WHERE s > 0",
    "SELECT count(*) AS n FROM (SELECT id FROM orders ORDER BY amount LIMIT 2) x WHERE id > 3",
    "SELECT sum(n) AS s FROM (SELECT customer, count(*) AS n FROM orders GROUP BY customer) x",
    "SELECT 7 AS seven FROM (SELECT count(*) AS n FROM orders) x",
    "SELECT count(*) AS n FROM (SELECT DISTINCT customer FROM orders WHERE customer IS NOT NULL) x",
    "SELECT id, row_number() OVER (ORDER BY amount) AS rank FROM orders ORDER BY id",
    "SELECT n.id FROM orders n, LATERAL (SELECT 1) x WHERE n.id = 1",
    "SELECT string_agg(note, ',' ORDER BY id) AS notes FROM orders WHERE paid",
    "SELECT round(avg(weight), 2) AS r, stddev(amount) AS d FROM orders WHERE weight < 100",
    "SELECT max(paid::int) AS p, bool_or(paid) AS any FROM orders",
    "SELECT amount::double AS d, id::text AS t, weight::int AS w FROM orders WHERE id IN (1, 2, 5) AND weight < 100 ORDER BY id",
];

on_both! {
    async fn a_database_answers_as_a_file_does(mut shop: Shop) {
        shop.table("unused", "orders", None);
        for question in super::QUESTIONS {
            let of_file = question.replace("FROM orders", "FROM file_orders").replace("JOIN orders", "JOIN file_orders");
            let of_file = of_file.replace("FROM customers", "FROM file_customers").replace("JOIN customers", "JOIN file_customers");
            let (found, expected) = (shop.world.query(question).await, shop.world.query(&of_file).await);
            assert_eq!(found, expected, "{question}\n{}", shop.sent(question).await);
            let failed = ["execution:", "internal:", "invalid_query:", "source:", "timeout:"];
            assert!(failed.iter().all(|code| !found.starts_with(code)), "{question}: {found}");
        }
    }
}

on_both! {
    async fn a_window_cuts_the_table_in_the_database(mut shop: Shop) {
        shop.table("bare", "orders", None);
        assert_eq!(shop.world.ask("SELECT count(*) AS n, min(id) AS lo, max(id) AS hi FROM orders").await, "n int | lo int | hi int\n4 | 2 | 5");
        assert_eq!(shop.world.ask("SELECT count(*) AS n FROM bare").await, "n int\n6");
        assert_eq!(
            shop.world.ask("SELECT count(*) AS n FROM orders WHERE created_at >= $window_end").await,
            "n int\n1"
        );
    }
}

on_both! {
    async fn a_window_without_a_row_is_no_data_and_a_filter_that_finds_nothing_is_not(mut shop: Shop) {
        shop.table("bare", "orders", None);
        assert_eq!(shop.world.ask("SELECT count(*) AS n FROM orders WHERE amount > 5000").await, "n int\n0");
        shop.run("DELETE FROM orders WHERE id BETWEEN 2 AND 5").await;
        assert_eq!(shop.world.ask("SELECT count(*) AS n FROM orders").await, "NoData");
        assert_eq!(shop.world.ask("SELECT count(*) AS n FROM bare").await, "n int\n2");
        shop.run("DELETE FROM orders").await;
        assert_eq!(shop.world.ask("SELECT count(*) AS n FROM bare").await, "NoData");
    }
}

on_both! {
    async fn a_table_is_joined_with_telemetry_in_one_statement(mut shop: Shop) {
        shop.table("unused", "orders", None);
        let sql = "SELECT c.name, count(*) AS n FROM file_orders o JOIN customers c ON c.id = o.customer \
                   WHERE c.name <> 'Dora' GROUP BY c.name ORDER BY c.name";
        assert_eq!(shop.world.query(sql).await, "name | n\n\"Ada\" | 2\n\"Bob\" | 2");
        assert!(shop.sent(sql).await.contains("'Dora'"), "{}", shop.sent(sql).await);
    }
}
