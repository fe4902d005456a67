use std::collections::BTreeSet;

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection, sql_query, sql_types::Text,
};

use crate::support::{Lab, shared_database, shared_redis};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Each column with its nullability, and each unique set of columns, a line each.
const OF_SQLITE: &str = "
    SELECT t.name || '.' || c.name || ' ' || lower(c.type) || CASE WHEN c.\"notnull\" THEN ' not null' ELSE '' END AS line
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'
    UNION ALL
    SELECT t.name || ' unique (' || (
        SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)
    ) || ')' || CASE WHEN i.partial THEN ' partial' ELSE '' END
    FROM sqlite_schema t JOIN pragma_index_list(t.name) i
    WHERE t.type = 'table' AND i.\"unique\" AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'
    UNION ALL
    SELECT t.name || ' unique (' || c.name || ')'
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND c.pk = 1
        AND c.type = 'INTEGER' AND (SELECT count(*) FROM pragma_table_info(t.name) WHERE pk > 0) = 1";

const OF_POSTGRES: &str = "
    SELECT table_name || '.' || column_name || ' ' || data_type
        || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END AS line
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'
    UNION ALL
    SELECT t.relname || ' unique (' || (
        SELECT string_agg(a.attname, ', ' ORDER BY k.place)
        FROM unnest(i.indkey) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
    ) || ')' || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE i.indisunique AND n.nspname = 'public' AND t.relname NOT LIKE '\\_\\_%'";

fn lines(found: Vec<Line>) -> BTreeSet<String> {
    found
        .into_iter()
        // The same types under other names; SQLite's only integer key is 64 bits wide.
        .map(|line| {
            line.line
                .replace("bytea", "blob")
                .replace("cluster_events.seq integer", "cluster_events.seq bigint")
        })
        .collect()
}

#[test]
fn both_databases_have_the_same_schema() {
    let url = shared_database();
    let production = Lab::open_in_production(&url, &shared_redis(), &[]);
    let file = production.folder().join("embedded.db");
    let migrated = production.command(
        &[
            "migrate",
            "--database-url",
            &format!("sqlite://{}", file.display()),
        ],
        "",
    );
    assert!(migrated.status.success());
    let mut sqlite = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let mut postgres = PgConnection::establish(&url).unwrap();
    let embedded = lines(sql_query(OF_SQLITE).load(&mut sqlite).unwrap());
    let served = lines(sql_query(OF_POSTGRES).load(&mut postgres).unwrap());
    assert!(embedded.len() > 40, "{embedded:#?}");
    let differences: Vec<_> = embedded.symmetric_difference(&served).collect();
    assert_eq!(differences, Vec::<&String>::new());
}

#[test]
fn servers_that_start_at_once_migrate_once() {
    let url = shared_database();
    let redis = shared_redis();
    std::thread::scope(|scope| {
        let servers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| Lab::open_in_production(&url, &redis, &[])))
            .collect();
        for server in servers {
            assert_eq!(server.join().unwrap().get("/health/ready").status, 200);
        }
    });
}

#[test]
fn a_newer_schema_is_left_alone() {
    let url = shared_database();
    let mut lab = Lab::open_in_production(&url, &shared_redis(), &[]);
    lab.stop();
    let mut connection = PgConnection::establish(&url).unwrap();
    connection
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")
        .unwrap();
    let refused = lab.command(&["serve"], "");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        words.contains("newer version") && words.contains("29990101000000"),
        "{words}"
    );
}
