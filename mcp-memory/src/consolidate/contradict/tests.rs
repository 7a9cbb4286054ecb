//! Pairs of sentences that contradict each other, and pairs that only look so.

use super::*;

fn difference(a: &str, b: &str) -> Option<Difference> {
    let said = |sentence| Some(Said { memory: 0, sentence, claim: Claim::of(sentence)? });
    differs(&said(a)?, &said(b)?)
}

fn check(pairs: &[(&str, &str)], kind: &str) {
    let mut wrong = Vec::new();
    for (a, b) in pairs {
        for (a, b) in [(a, b), (b, a)] {
            let found = match difference(a, b) {
                None => "none",
                Some(Difference::Negation { .. }) => "negation",
                Some(Difference::Number { .. }) => "number",
                Some(Difference::Value { .. }) => "value",
            };
            if found != kind {
                wrong.push(format!("{a} / {b}: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not {kind}:\n  {}", wrong.join("\n  "));
}

#[test]
fn one_denies_what_the_other_says() {
    check(
        &[
            ("We deploy on Fridays.", "We don't deploy on Fridays."),
            ("We never deploy on Fridays.", "We always deploy on Fridays."),
            ("The API is public.", "The API is not public."),
            ("The API is public.", "The API is private."),
            ("Two-factor login is required for admins.", "Two-factor login is optional for admins."),
            ("The staging cluster is enabled.", "The staging cluster is disabled."),
            ("Guests can edit pages.", "Guests cannot edit pages."),
            ("Guests can edit pages.", "Guests can't edit any pages."),
            ("We support Python 2.", "We no longer support Python 2."),
            ("I eat meat.", "I do not eat meat."),
            ("We deploy to production on Fridays.", "We don't deploy on Fridays."),
            ("Releases need a review by two people.", "Releases do not need a review by two people."),
        ],
        "negation",
    );
}

#[test]
fn they_count_differently() {
    check(
        &[
            ("Backups are kept for 30 days.", "Backups are kept for 90 days."),
            ("We rotate keys every 3 months.", "We rotate keys every six months."),
            ("Sessions expire after 15 minutes.", "Sessions expire after 20 minutes."),
            ("Uploads must be under 5MB.", "Uploads must be under 10MB."),
            ("The free plan has 5 users.", "The free plan has 10 users."),
            ("A seat costs $9 a month.", "A seat costs $12 a month."),
            ("The build takes 12 minutes.", "The build takes 25 minutes."),
        ],
        "number",
    );
}

#[test]
fn they_give_other_values() {
    check(
        &[
            ("We use PostgreSQL for billing.", "We use MySQL for billing."),
            ("We now use Redis as a cache.", "We use Memcached as the cache."),
            ("Ann prefers tabs for indentation.", "Ann prefers spaces for indentation."),
            ("The default branch is main.", "The default branch is develop."),
            ("My favourite colour is blue.", "My favourite colour is green."),
            ("The port of the gateway is 8080.", "The port of the gateway is 9090."),
            ("The owner of billing is Ann.", "The owner of billing is Bob."),
            ("The weekly review is on Monday.", "The weekly review is on Thursday."),
            ("Our primary region is eu-west-1.", "Our primary region is us-east-1."),
            ("The release date is 2027-03-01.", "The release date is 2027-04-01."),
        ],
        "value",
    );
}

#[test]
fn they_only_look_so() {
    check(
        &[
            // Other things.
            ("We use PostgreSQL for billing.", "We use MySQL for search."),
            ("The owner of billing is Ann.", "The owner of search is Bob."),
            ("The port is 8080 in staging.", "The port is 9090 in production."),
            ("I like coffee.", "I don't like tea."),
            ("Ann trusts Bob.", "Bob does not trust Ann."),
            ("We deploy on Fridays.", "We don't deploy on Fridays without a review."),
            ("Backups are kept for 30 days.", "Logs are kept for 90 days."),
            ("The API is written in Rust.", "The worker is not written in Rust."),
            // Both may be so.
            ("Ann is tired.", "Ann is an engineer."),
            ("The database is slow.", "The database is large."),
            ("The database is slow.", "The database is PostgreSQL."),
            ("The database is PostgreSQL.", "The database is PostgreSQL 16."),
            ("We use Postgres for billing.", "We use PostgreSQL for billing."),
            ("We use Redis and Kafka for events.", "We use Kafka for events."),
            ("We use Redis, Kafka for events.", "We use Postgres for events."),
            ("It is on Monday.", "It is on Tuesday."),
            ("We support Python 2.", "We support Python 3."),
            ("We support Python 3.", "We do not support Python 2."),
            ("There are 2 keys for 30 days.", "There are 5 keys for 60 days."),
            // Names and not numbers.
            ("Version 2 fixes the login bug.", "Version 3 fixes the login bug."),
            ("Ticket 45 is about the login.", "Ticket 46 is about the login."),
            // One occasion each.
            ("I ran 5 km with Ann.", "I ran 8 km with Ann."),
            ("The build took 12 minutes.", "The build took 25 minutes."),
            ("Today the queue has 20 items.", "Today the queue has 30 items."),
            ("On 2026-03-01 the queue has 20 items.", "On 2026-04-01 the queue has 30 items."),
            ("We migrated 5 users to the new plan.", "We migrated 9 users to the new plan."),
            ("We didn't deploy the API.", "We deploy the API."),
            // Asked, supposed, half said.
            ("Is the API public?", "The API is not public."),
            ("If the API is public, we log calls.", "If the API is not public, we log calls."),
            ("Maybe the default branch is main.", "The default branch is develop."),
            ("Not only admins edit pages.", "Admins edit pages."),
            ("We used to deploy on Fridays.", "We do not deploy on Fridays."),
            ("- No, we deploy on Fridays.", "We deploy on Fridays."),
            ("No, we deploy on Fridays.", "We deploy on Fridays."),
            // The same in other words.
            ("The API is not disabled.", "The API is enabled."),
            ("We rotate keys every 3 months.", "We rotate keys every three months."),
            ("Sessions expire after 15 minutes.", "Sessions expire after 15.0 minutes."),
            ("We never deploy on Fridays.", "We don't deploy on Fridays."),
        ],
        "none",
    );
}
