//! The table: medians of the rounds, and the ratio of each round with its spread.

use crate::load::{Figure, Rounds};
use crate::process::Peer;
use crate::works::Work;

/// The head of a table, with what else our service stands beside.
pub fn head(beside: &str) -> String {
    format!("work                      requests/s   p50 ms   p99 ms   of the floor          of {beside}")
}

/// A line of it, beside the rounds of our service elsewhere where there are some.
pub fn row(work: &Work, rounds: &Rounds, elsewhere: Option<&Rounds>) -> String {
    let ours = of(rounds, Peer::Alliance, |figure| figure.rate);
    let ratio = |theirs: Vec<f64>| {
        let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        if ratios.is_empty() { "–".to_owned() } else { spread(&ratios) }
    };
    let beside = match elsewhere {
        Some(elsewhere) => of(elsewhere, Peer::Alliance, |figure| figure.rate),
        None => of(rounds, Peer::Postgraphile, |figure| figure.rate),
    };
    format!(
        "{:<24} {:>11.0} {:>8.2} {:>8.2}   {:<20}  {}",
        work.name,
        median(&ours),
        median(&of(rounds, Peer::Alliance, |figure| figure.median)),
        median(&of(rounds, Peer::Alliance, |figure| figure.slow)),
        ratio(of(rounds, Peer::Floor, |figure| figure.rate)),
        ratio(beside)
    )
}

fn of(rounds: &Rounds, peer: Peer, value: fn(&Figure) -> f64) -> Vec<f64> {
    rounds.iter().filter_map(|round| round.iter().find(|figure| figure.peer == peer).map(value)).collect()
}

/// The median of some ratios, with the least and the most of them.
pub fn spread(ratios: &[f64]) -> String {
    let (least, most) = ratios.iter().fold((f64::MAX, 0.0f64), |(least, most), ratio| (least.min(*ratio), most.max(*ratio)));
    format!("{:.2} ({least:.2}–{most:.2})", median(ratios))
}

pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
