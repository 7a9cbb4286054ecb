use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::filter::Filter;
use crate::filter::properties::{filter, scalar};
use crate::vector::quantized;

/// What happens to the memory of an ordinal.
#[derive(Debug, Clone)]
enum Step {
    Put(u32, Box<Record>),
    Take(u32),
}

fn record() -> impl Strategy<Value = Record> {
    let word = || prop::sample::select(vec!["a", "b", "ab", "Ab", "Äb"]).prop_map(str::to_owned);
    let maybe = || prop::option::of(word());
    let tags = prop::sample::subsequence(vec!["a", "b", "ab", "Ab"], 0..4);
    let metadata =
        (scalar(), prop::option::of(prop::collection::vec(scalar(), 0..3)), prop::option::of(scalar()));
    let texts = (word(), word(), maybe(), maybe(), maybe());
    let times = (0i64..4, 0i64..4, prop::option::of(0i64..4), any::<bool>());
    (any::<[u8; 16]>(), tags, texts, metadata, times, 0i64..5).prop_map(
        |(
            id,
            tags,
            (content, kind, agent, session, speaker),
            (n, m, dotted),
            (created, updated, expires, live),
            turn,
        )| {
            let day = |day: i64| 1_767_225_600_000 + day;
            let mut metadata = json!({ "n": n });
            m.into_iter().for_each(|value| metadata["m"] = value.into());
            dotted.into_iter().for_each(|value| metadata["a.b"] = value);
            Record {
                id: Id(id),
                author: kind.clone(),
                content,
                kind,
                tags: tags.into_iter().map(str::to_owned).collect(),
                metadata: metadata.as_object().cloned().unwrap(),
                sequence: session.as_ref().map(|_| turn),
                session,
                speaker,
                source: None,
                agent,
                run: None,
                importance: None,
                created: day(created),
                updated: day(updated),
                valid_from: None,
                valid_to: None,
                expires: expires.map(day),
                version: 1,
                state: if live { State::Live } else { State::Superseded },
            }
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u32..12, record()).prop_map(|(ordinal, record)| Step::Put(ordinal, Box::new(record))),
        1 => (0u32..12).prop_map(Step::Take),
    ];
    prop::collection::vec(step, 0..30)
}

/// A view after some steps, and what it has to be a view of.
fn view(steps: &[Step]) -> (View, BTreeMap<u32, Record>) {
    let (mut view, mut truth) = (View::new(Arc::new(Analyzer::new()), 4), BTreeMap::new());
    for step in steps {
        match step {
            Step::Put(ordinal, record) => {
                let record = (**record).clone();
                truth.insert(*ordinal, record.clone());
                let vector = Some(quantized(&[1.0, record.created as f32, 0.5, -1.0]));
                view.put(*ordinal, Some(Opened { record, vector, subject: [1; 16] }));
            }
            Step::Take(ordinal) => {
                truth.remove(ordinal);
                view.put(*ordinal, None);
            }
        }
    }
    (view, truth)
}

/// The ordinals of a set of slots.
fn ordinals(view: &View, bits: &Bits) -> Vec<u32> {
    let mut ordinals: Vec<u32> = bits.iter().filter_map(|slot| view.ordinal(slot)).collect();
    ordinals.sort_unstable();
    ordinals
}

fn selected(view: &View, truth: &BTreeMap<u32, Record>, filter: &Filter) -> Vec<u32> {
    let contents = |view: &View, of: &Bits, visit: &mut dyn FnMut(usize, &str)| {
        of.iter().for_each(|slot| visit(slot, &truth[&view.ordinal(slot).unwrap()].content));
        Ok(())
    };
    let selected = view.select(&filter.node, &view.counting(true, i64::MIN), &contents).unwrap();
    ordinals(view, &selected)
}

/// All that can be seen of a view from outside.
fn seen(view: &View, truth: &BTreeMap<u32, Record>) -> impl PartialEq + std::fmt::Debug + use<> {
    let terms: Vec<String> = ["a", "b", "ab", "äb"].map(str::to_owned).into();
    let mut statistics = Statistics::default();
    view.count(&terms, &mut statistics);
    let scores = view.text_scores(&terms, &statistics);
    let query = Query::new(&[1.0, 0.0, 0.0, 0.0]);
    let of = |ordinal: &u32| {
        let slot = view.slot(*ordinal).unwrap();
        let mut around = Vec::new();
        let turns = view.session(slot).map_or(&[][..], |session| view.turns(session));
        view.around(turns, slot, 2, |distance, slot| around.push((distance, view.ordinal(slot))));
        (view.id(slot), view.created(slot), scores[slot], view.nearness(&query, &[slot]), around)
    };
    let counting =
        [true, false].map(|superseded| ordinals(view, &view.counting(superseded, 1_767_225_600_002)));
    (view.len(), statistics, truth.keys().map(of).collect::<Vec<_>>(), counting)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_filter_selects_those_that_it_matches(steps in steps(), filters in prop::collection::vec(filter(), 1..8)) {
        let (view, truth) = view(&steps);
        for json in filters {
            let filter = Filter::parse(&json).unwrap();
            let expect: Vec<u32> =
                truth.iter().filter(|(_, record)| filter.matches(record)).map(|(ordinal, _)| *ordinal).collect();
            prop_assert_eq!(selected(&view, &truth, &filter), expect, "{}", json);
        }
    }

    #[test]
    fn a_view_that_is_changed_or_written_and_read_is_the_one_that_was_made_at_once(steps in steps()) {
        let (changed, truth) = view(&steps);
        let at_once: Vec<Step> =
            truth.iter().map(|(ordinal, record)| Step::Put(*ordinal, Box::new(record.clone()))).collect();
        let (fresh, _) = view(&at_once);
        prop_assert_eq!(seen(&changed, &truth), seen(&fresh, &truth));
        let mut bytes = Vec::new();
        changed.write(&mut bytes).unwrap();
        let mut rest = bytes.as_slice();
        let mut read = View::read(Arc::new(Analyzer::new()), &mut rest).unwrap();
        prop_assert!(rest.is_empty());
        prop_assert_eq!(seen(&read, &truth), seen(&fresh, &truth));
        // And it goes on as the other does.
        for (view, ordinal) in [&mut read, &mut { changed }].into_iter().zip([3, 3]) {
            view.put(ordinal, None);
            prop_assert_eq!(view.slot(ordinal), None);
        }
        prop_assert!(View::read(Arc::new(Analyzer::new()), &mut &bytes[..bytes.len() / 2]).is_err());
    }
}
