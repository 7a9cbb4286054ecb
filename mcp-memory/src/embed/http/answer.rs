//! What a server answers, and whether it can be what was asked for.

use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    /// The place of the text; where a server leaves it out, the order is that of the texts.
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// As many vectors as texts, of length 1 and in the order of the texts; else what is wrong.
pub(super) fn vectors(json: &[u8], count: usize, dimension: Option<usize>) -> Result<Vec<Vec<f32>>, String> {
    let answer: Answer = serde_json::from_slice(json).map_err(|error| {
        format!("it is not the embeddings API of OpenAI, as the answer cannot be read ({error})")
    })?;
    if answer.data.len() != count {
        return Err(format!("{} vectors for {count} texts", answer.data.len()));
    }
    let first = answer.data.first().map(|item| item.embedding.len());
    let dimension = dimension.or(first).unwrap_or_default();
    let mut vectors = vec![Vec::new(); count];
    for (place, item) in answer.data.into_iter().enumerate() {
        let place = item.index.unwrap_or(place);
        let free = vectors.get_mut(place).filter(|vector| vector.is_empty());
        let Some(vector) = free else {
            return Err(format!("the index {place} stands twice, or for none of {count} texts"));
        };
        *vector = unit(item.embedding, dimension)?;
    }
    Ok(vectors)
}

/// A vector of length 1; what is 0 stays 0.
pub(super) fn unit(mut vector: Vec<f32>, dimension: usize) -> Result<Vec<f32>, String> {
    if vector.len() != dimension || vector.is_empty() {
        let found = vector.len();
        return Err(format!(
            "a vector has {found} numbers and not {dimension}: name the model that the memory was filled with, or its `dimension`"
        ));
    }
    if !vector.iter().all(|value| value.is_finite()) {
        return Err("a vector has values that are no numbers".to_owned());
    }
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
    Ok(vector)
}

/// What a server says about its refusal, cut short and without the key, which some repeat.
pub(super) fn complaint(body: &[u8], key: Option<&str>) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(body).into_owned();
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let told = [&json["error"]["message"], &json["error"], &json["message"], &json["detail"]];
    let text = told.iter().find_map(|told| told.as_str()).map_or(text, str::to_owned);
    let text =
        key.filter(|key| !key.is_empty()).map_or_else(|| text.clone(), |key| text.replace(key, "[key]"));
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(MOST).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}
