//! The table: medians of the rounds, and the ratio of each round with its spread.

use crate::load::Figure;
use crate::process::Peer;
use crate::works::Work;

pub const HEAD: &str = "work                      requests/s   p50 ms   p99 ms   of the floor          of PostGraphile";

pub fn row(work: &Work, rounds: &[Vec<Figure>]) -> String {
    let of = |peer: Peer, value: fn(&Figure) -> f64| -> Vec<f64> {
        rounds.iter().filter_map(|round| round.iter().find(|figure| figure.peer == peer).map(value)).collect()
    };
    let ours = of(Peer::Alliance, |figure| figure.rate);
    let ratio = |peer| {
        let theirs = of(peer, |figure| figure.rate);
        if theirs.is_empty() {
            return "–".to_owned();
        }
        let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        let (least, most) = ratios.iter().fold((f64::MAX, 0.0f64), |(least, most), ratio| (least.min(*ratio), most.max(*ratio)));
        format!("{:.2} ({least:.2}–{most:.2})", median(&ratios))
    };
    format!(
        "{:<24} {:>11.0} {:>8.2} {:>8.2}   {:<20}  {}",
        work.name,
        median(&ours),
        median(&of(Peer::Alliance, |figure| figure.median)),
        median(&of(Peer::Alliance, |figure| figure.slow)),
        ratio(Peer::Floor),
        ratio(Peer::Postgraphile)
    )
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
