/// The normal quantile of a 95 % interval.
const Z: f64 = 1.96;

/// A part of a whole; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "there are never so many trials")]
pub fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The 95 % Wilson interval of a proportion that was seen in `of` independent tries; `None` for none.
#[expect(clippy::cast_precision_loss, reason = "there are never so many trials")]
pub fn wilson(proportion: f64, of: usize) -> Option<[f64; 2]> {
    if of == 0 {
        return None;
    }
    let (p, n) = (proportion, of as f64);
    let scale = 1.0 + Z * Z / n;
    let centre = (p + Z * Z / (2.0 * n)) / scale;
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    // At 0 and at 1 the interval ends there; rounding may leave it a hair inside or outside.
    let low = if p <= 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if p >= 1.0 { 1.0 } else { (centre + half).min(1.0) };
    Some([low, high])
}

/// The unbiased estimate that `k` tries in a row pass, of `n` tries of which `passed` did: C(c,k)/C(n,k). `None` when
/// there were fewer than `k` tries.
#[expect(clippy::cast_precision_loss, reason = "there are never so many trials")]
pub fn pass_hat(passed: usize, n: usize, k: usize) -> Option<f64> {
    let factor = |taken: usize| passed.saturating_sub(taken) as f64 / (n - taken) as f64;
    (k <= n).then(|| (0..k).map(factor).product())
}

/// The p of a paired exact McNemar test, two-sided: how likely `worse` against `better` is, or something less likely,
/// when each of the pairs that changed was as likely to go either way.
#[expect(clippy::cast_precision_loss, reason = "there are never so many cases")]
pub fn mcnemar(worse: usize, better: usize) -> f64 {
    let (n, few) = (worse + better, worse.min(better));
    if n == 0 {
        return 1.0;
    }
    // In logarithms: 2^n leaves the range of a float before there are 2,000 pairs.
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut sum = log_term.exp();
    for taken in 1..=few {
        log_term += ((n - taken + 1) as f64 / taken as f64).ln();
        sum += log_term.exp();
    }
    (2.0 * sum).min(1.0)
}

/// The value below which that part of the values lies, by nearest rank; `None` of nothing. They must be sorted.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there are never so many values, and a rank is none too large"
)]
pub fn nearest_rank(sorted: &[u64], part: f64) -> Option<u64> {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}
