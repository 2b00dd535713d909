//! Candidates take turns; clocks count what each took.

/// One candidate of a row: its name, and a run that returns the figure.
pub type Candidate<'a> = (&'static str, Box<dyn FnMut() -> f64 + 'a>);

/// Which figures are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Rates.
    Higher,
    /// Times.
    Lower,
}

/// Runs rows and prints them, as Markdown.
#[derive(Debug)]
pub struct Table {
    rounds: usize,
}

impl Table {
    /// A table whose candidates take so many turns each.
    #[must_use]
    pub fn new(rounds: usize) -> Self {
        Self { rounds }
    }

    /// Runs the candidates in turn. The first one is what the others are held against.
    pub fn row(&mut self, title: &str, unit: &str, better: Better, mut them: Vec<Candidate<'_>>) {
        for (_, run) in &mut them {
            run();
        }
        let mut figures: Vec<Vec<f64>> = vec![Vec::new(); them.len()];
        for _ in 0..self.rounds {
            for (figures, (_, run)) in figures.iter_mut().zip(&mut them) {
                figures.push(run());
            }
        }
        println!("\n### {title}\n| candidate | {unit} (median) | best | ratio to the first |");
        println!("|---|---:|---:|---:|");
        for (own, (name, _)) in figures.iter().zip(&them) {
            let ratios = own
                .iter()
                .zip(&figures[0])
                .map(|(own, first)| match better {
                    Better::Higher => own / first,
                    Better::Lower => first / own,
                });
            let best = match better {
                Better::Higher => own.iter().copied().fold(f64::MIN, f64::max),
                Better::Lower => own.iter().copied().fold(f64::MAX, f64::min),
            };
            println!(
                "| {name} | {} | {} | {} |",
                short(median(own.clone())),
                short(best),
                short(median(ratios.collect()))
            );
        }
    }
}

/// The middle one; of an even number the upper of the two.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Three digits that matter.
fn short(figure: f64) -> String {
    match figure.abs() {
        100.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}"),
        1.0.. => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

/// Nanoseconds of CPU time that the calling thread has used.
pub fn thread_cpu() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Seconds of CPU time that the process has used. With as many busy threads as `workers`, divided
/// by that, it is the time that would have passed on an idle machine: what other programs take is
/// left out.
pub fn process_cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// CPU nanoseconds an operation, over `count` of them on this thread.
pub fn cpu_per_operation(count: u64, run: impl FnOnce(u64)) -> f64 {
    let before = thread_cpu();
    run(count);
    (thread_cpu() - before) as f64 / count as f64
}

/// A multi-threaded runtime for one run.
pub fn runtime(workers: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_time()
        .build()
        .expect("threads to be had")
}

/// A sequence of numbers that looks random, for choosing positions.
#[derive(Debug)]
pub struct Positions(u64);

impl Positions {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number below `bound`.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }
}
