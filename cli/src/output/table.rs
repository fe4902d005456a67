//! Tables without lines: they can be read, and cut by `awk`.

use prettytable::format::{FormatBuilder, TableFormat};
use prettytable::{Cell, Row, Table};

fn plain() -> TableFormat {
    FormatBuilder::new().padding(0, 3).build()
}

/// A table with a head.
pub fn columns(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.set_format(plain());
    table.add_row(Row::new(head.iter().map(|text| Cell::new(text)).collect()));
    for row in rows {
        table.add_row(Row::new(row.iter().map(|text| Cell::new(text)).collect()));
    }
    trimmed(&table)
}

/// A table of names and what they are; those without a value are left out.
pub fn pairs(rows: Vec<(&str, Option<String>)>) -> String {
    let mut table = Table::new();
    table.set_format(plain());
    for (name, value) in rows {
        if let Some(value) = value {
            table.add_row(Row::new(vec![Cell::new(name), Cell::new(&value)]));
        }
    }
    trimmed(&table)
}

/// Nobody wants the last column's padding in what they copy.
fn trimmed(table: &Table) -> String {
    table
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_their_colour() {
        let rows = [vec![
            "a".to_owned(),
            "\u{1b}[32mup\u{1b}[0m".to_owned(),
            "1".to_owned(),
        ]];
        let text = columns(&["NAME", "STATUS", "N"], rows.into_iter());
        assert_eq!(
            text,
            "NAME   STATUS   N\na      \u{1b}[32mup\u{1b}[0m       1\n"
        );
    }

    #[test]
    fn a_pair_without_a_value_is_left_out() {
        let text = pairs(vec![("Name", Some("demo".to_owned())), ("Error", None)]);
        assert_eq!(text, "Name   demo\n");
    }
}
