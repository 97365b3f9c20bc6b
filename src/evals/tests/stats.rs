use proptest::prelude::*;

use crate::evals::stats::{mcnemar, nearest_rank, pass_hat, share, wilson};

fn near(one: f64, two: f64) -> bool {
    (one - two).abs() < 5e-4
}

/// Half widths in points, for numbers of trials that are usual.
#[test]
fn intervals_are_wilsons() {
    for (trials, at_half, at_ninety) in
        [(50, 13.4, 8.5), (100, 9.6, 6.0), (200, 6.9, 4.2), (400, 4.9, 3.0), (800, 3.5, 2.1)]
    {
        for (proportion, half_width) in [(0.5, at_half), (0.9, at_ninety)] {
            let [low, high] = wilson(proportion, trials).unwrap();
            assert!(((high - low) * 50.0 - half_width).abs() < 0.1, "{trials} {proportion}: {low} {high}");
        }
    }
    let [low, high] = wilson(0.0, 10).unwrap();
    assert!(low == 0.0 && near(high, 0.2775), "{high}");
    let [low, high] = wilson(1.0, 10).unwrap();
    assert!(near(low, 0.7225) && high == 1.0, "{low}");
    let [low, high] = wilson(0.8, 10).unwrap();
    assert!(near(low, 0.4902) && near(high, 0.9433), "{low} {high}");
    assert_eq!(wilson(0.0, 0), None);
    assert_eq!(share(0, 0), None);
}

#[test]
fn mcnemar_is_exact() {
    for (worse, better, p) in [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (3, 3, 1.0),
        (5, 0, 0.0625),
        (6, 0, 0.03125),
        (0, 6, 0.03125),
        (8, 1, 0.0390625),
        (9, 2, 0.0654),
        (10, 2, 0.0386),
        (20, 5, 0.0041),
    ] {
        assert!(near(mcnemar(worse, better), p), "{worse} {better}: {}", mcnemar(worse, better));
    }
    // Where 2^n is no float any more.
    assert!(mcnemar(10_000, 10_000) == 1.0 || mcnemar(10_000, 10_000) > 0.99);
    assert!(mcnemar(3_000, 1_000) < 1e-200);
}

#[test]
fn several_tries_in_a_row_are_estimated_without_bias() {
    assert_eq!(pass_hat(2, 4, 1), Some(0.5));
    assert!(near(pass_hat(2, 4, 2).unwrap(), 1.0 / 6.0));
    assert_eq!(pass_hat(2, 4, 3), Some(0.0));
    assert_eq!(pass_hat(3, 4, 4), Some(0.0));
    assert_eq!(pass_hat(4, 4, 4), Some(1.0));
    assert_eq!(pass_hat(4, 4, 5), None);
}

#[test]
fn ranks_are_nearest_ranks() {
    let values: Vec<u64> = (1..=20).collect();
    assert_eq!((nearest_rank(&values, 0.5), nearest_rank(&values, 0.95)), (Some(10), Some(19)));
    assert_eq!(nearest_rank(&[7], 0.5), Some(7));
    assert_eq!(nearest_rank(&[1, 2], 0.95), Some(2));
    assert_eq!(nearest_rank(&[], 0.5), None);
}

proptest! {
    #[test]
    fn an_interval_holds_its_point(passed in 0_usize..500, more in 0_usize..500) {
        prop_assume!(passed + more > 0);
        let point = share(passed, passed + more).unwrap();
        let [low, high] = wilson(point, passed + more).unwrap();
        prop_assert!((0.0..=point).contains(&low) && (point..=1.0).contains(&high));
    }

    /// Against the definition, by whole numbers.
    #[test]
    fn mcnemar_is_the_sum_it_is_defined_as(worse in 0_usize..30, better in 0_usize..30) {
        let n = worse + better;
        let choose = |k: usize| (0..k).fold(1_u128, |product, i| product * (n - i) as u128 / (i as u128 + 1));
        let tail: u128 = (0..=worse.min(better)).map(choose).sum();
        let p = if n == 0 { 1.0 } else { (2.0 * tail as f64 / 2_f64.powi(n as i32)).min(1.0) };
        prop_assert!((mcnemar(worse, better) - p).abs() < 1e-9);
        prop_assert_eq!(mcnemar(worse, better), mcnemar(better, worse));
    }

    /// C(c,k)/C(n,k), by counting the choices.
    #[test]
    fn pass_hat_is_the_share_of_choices_that_pass(n in 1_usize..9, passed in 0_usize..9, k in 1_usize..9) {
        prop_assume!(passed <= n && k <= n);
        let choices = (0_u32..1 << n).filter(|set| set.count_ones() as usize == k);
        let (all, good) = choices.fold((0, 0), |(all, good), set| (all + 1, good + usize::from(set >> passed == 0)));
        prop_assert!((pass_hat(passed, n, k).unwrap() - good as f64 / f64::from(all)).abs() < 1e-9);
    }
}
