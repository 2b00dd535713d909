//! What the command line of a table asks for.

/// Rows, by name, and how often each is measured.
#[derive(Debug)]
pub struct Asked {
    rows: Vec<String>,
    /// How many times every candidate takes its turn.
    pub rounds: usize,
}

impl Asked {
    /// Reads `ROW… --rounds N` from the command line; seven rounds unless told.
    ///
    /// `None` where this is no benchmark run: `cargo test --all-targets` starts benchmarks too,
    /// without optimisation and without the flag `--bench`.
    ///
    /// # Panics
    ///
    /// When `--rounds` has no number behind it, or one of zero.
    #[must_use]
    pub fn from_command_line() -> Option<Self> {
        Self::read(std::env::args().skip(1))
    }

    fn read(arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut rows, mut rounds, mut bench) = (Vec::new(), 7, false);
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => bench = true,
                "--rounds" => {
                    let number = arguments.next().and_then(|text| text.parse().ok());
                    rounds = number
                        .filter(|&n| n > 0)
                        .expect("--rounds wants a number above 0");
                }
                _ => rows.push(argument),
            }
        }
        bench.then_some(Self { rows, rounds })
    }

    /// Whether a row is to be measured; all are where none was named.
    #[must_use]
    pub fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|it| it == row)
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;

    fn read(line: &str) -> Option<Asked> {
        Asked::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn rows_and_rounds_come_in_any_order() {
        let asked = read("R1 --rounds 3 slots --bench").expect("a benchmark run");
        assert_eq!(asked.rounds, 3);
        assert!(asked.wants("R1") && asked.wants("slots") && !asked.wants("R2"));
    }

    #[test]
    fn without_names_every_row_is_wanted() {
        let asked = read("--bench").expect("a benchmark run");
        assert_eq!(asked.rounds, 7);
        assert!(asked.wants("M1"));
    }

    #[test]
    fn a_test_run_measures_nothing() {
        assert!(read("R1").is_none());
    }
}
