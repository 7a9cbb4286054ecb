//! Bursts are exact and rates are kept, for each key on its own.

use std::time::Duration;

use mcp_core::service::Principal;
use proptest::prelude::*;

use super::cell::Pace;
use super::table::Table;
use super::{Asked, Dimension, Limit, Limits, Period};
use crate::Clock;

const START: Duration = Duration::from_secs(1_800_000_000);

fn asked<'a>(who: &'a Principal, tool: &'a str) -> Asked<'a> {
    Asked { principal: Some(who), method: "tools/call", tool: Some(tool) }
}

fn limits(all: impl IntoIterator<Item = Limit>) -> (Limits, Clock) {
    let clock = Clock::manual(START);
    (Limits::new(all).unwrap().clock(clock.clone()), clock)
}

#[test]
fn a_burst_is_exact_and_the_rate_behind_it_too() {
    let (ann, bob) = (Principal::new("acme", "ann"), Principal::new("other", "ann"));
    let (limits, clock) = limits([Limit::rate("r", 50, Period::Second).burst(20).by([Dimension::Principal])]);
    for who in [&ann, &bob] {
        assert_eq!((0..100).filter(|_| limits.take(&asked(who, "t")).is_ok()).count(), 20);
    }
    // 30 s of asking every millisecond.
    let taken = (0..30_000)
        .filter(|_| {
            clock.advance(Duration::from_millis(1));
            limits.take(&asked(&ann, "t")).is_ok()
        })
        .count();
    assert!((1_470..=1_530).contains(&taken), "{taken} are not 1,500 ± 2 %");
}

#[test]
fn who_waits_as_long_as_told_is_served_and_who_comes_earlier_is_not() {
    let who = Principal::new("acme", "ann");
    for limit in [Limit::rate("r", 7, Period::Second).burst(2), Limit::quota("q", 2, Period::Minute)] {
        let (limits, clock) = limits([limit]);
        clock.advance(Duration::from_millis(12_345));
        assert_eq!((0..9).filter(|_| limits.take(&asked(&who, "t")).is_ok()).count(), 2);
        let wait = limits.take(&asked(&who, "t")).unwrap_err().wait;
        clock.advance(wait - Duration::from_nanos(1));
        assert!(limits.take(&asked(&who, "t")).is_err());
        clock.advance(Duration::from_nanos(1));
        assert!(limits.take(&asked(&who, "t")).is_ok());
    }
}

#[test]
fn limits_are_about_what_they_name() {
    let mut free = Principal::new("acme", "ann");
    free.plan = Some("free".into());
    let (limits, _) = limits([
        Limit::rate("tool", 1, Period::Day).by([Dimension::Principal, Dimension::Tool]).tools(["slow_*"]),
        Limit::quota("plan", 3, Period::Day).by([Dimension::Org]).plans(["free"]),
        Limit::rate("method", 1, Period::Hour).by([Dimension::Method]).methods(["prompts/get"]),
    ]);
    let refused =
        |who: &Principal, tool: &str| limits.take(&asked(who, tool)).err().map(|refused| refused.limit);
    let pro = Principal::new("other", "bob");
    assert_eq!(refused(&pro, "slow_a"), None);
    assert_eq!(refused(&pro, "slow_a").as_deref(), Some("tool"));
    assert_eq!(refused(&pro, "slow_b"), None);
    assert_eq!((0..50).filter(|_| refused(&pro, "fast").is_none()).count(), 50);
    assert_eq!(refused(&free, "slow_a"), None, "another organisation");
    // What one limit refuses is taken from no other.
    assert_eq!((0..9).filter(|_| refused(&free, "slow_a").as_deref() == Some("tool")).count(), 9);
    assert_eq!((0..9).filter(|_| refused(&free, "fast").is_none()).count(), 2);
    let prompt = Asked { principal: None, method: "prompts/get", tool: None };
    assert!(limits.take(&prompt).is_ok());
    let error = limits.take(&prompt).unwrap_err().to_rpc_error();
    assert_eq!(error.message, "limit `method` is reached: 1 calls per hour; try again in 3600 s");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
}

#[test]
fn refused_calls_give_back_what_earlier_limits_took() {
    let who = Principal::new("acme", "ann");
    let (limits, _) =
        limits([Limit::rate("wide", 5, Period::Day), Limit::quota("narrow", 1, Period::Day).tools(["x"])]);
    assert!(limits.take(&asked(&who, "x")).is_ok());
    for _ in 0..10 {
        assert_eq!(limits.take(&asked(&who, "x")).unwrap_err().limit, "narrow");
    }
    assert_eq!((0..10).filter(|_| limits.take(&asked(&who, "y")).is_ok()).count(), 4);
}

#[test]
fn keys_are_bounded_and_those_without_room_share() {
    let pace = Pace::of(&Limit::rate("r", 1, Period::Minute).burst(2));
    let table = Table::new(pace, 160);
    let now = 1_800_000_000_000_000_000;
    let spread = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let taken =
        (0..100_000).filter(|i| (0..3).filter(|_| table.take(spread(*i), now).is_ok()).count() > 0).count();
    assert!(table.len() <= 160, "{}", table.len());
    assert!(taken <= 160 + 16 * 2, "{taken} made-up callers were served");
    // When the known ones are idle, their room is free again.
    let later = now + 200_000_000_000;
    assert!((200_000..200_100).all(|i| table.take(spread(i), later).is_ok()));
    assert!(table.len() <= 160);
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let check = |limit: Limit, field: &str| assert_eq!(Limits::new([limit]).unwrap_err().field, field);
    check(Limit::rate("", 1, Period::Day), "name");
    check(Limit::rate("x", 0, Period::Day), "calls");
    check(Limit::rate("x", 1, Period::Day).burst(0), "burst");
    check(Limit::rate("x", 1, Period::Day).tools([""]), "tools");
}

proptest! {
    /// GCRA against its definition as a leaking bucket.
    #[test]
    fn a_rate_is_a_leaking_bucket(calls in 1u64..50, burst in 1u64..20, steps in prop::collection::vec(0u64..200_000_000, 1..200)) {
        let pace = Pace::of(&Limit::rate("r", calls, Period::Second).burst(burst));
        let each = i128::from(1_000_000_000 / calls);
        let (mut cell, mut now, mut level) = (super::cell::Cell::default(), 1_800_000_000_000_000_000u64, 0i128);
        for step in steps {
            now += step;
            level = (level - i128::from(step)).max(0);
            let fits = level + each <= each * i128::from(burst);
            prop_assert_eq!(pace.take(&mut cell, now).is_ok(), fits);
            if fits { level += each; }
        }
    }
}
