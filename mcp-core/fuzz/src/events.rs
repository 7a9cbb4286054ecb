//! A reader of event streams, written from the HTML standard and not from the code that writes them.

/// One event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The `event`; empty where none was named.
    pub name: String,
    /// The last `id` so far.
    pub id: Option<String>,
    /// The `data` lines, joined.
    pub data: String,
}

/// Reads the whole events of a stream. What is not followed by an empty line is no event.
///
/// # Panics
/// When the stream is not UTF-8, or holds a line that a reader would pass over in silence.
pub fn read_events(stream: &[u8]) -> Vec<SseEvent> {
    let text = std::str::from_utf8(stream).expect("a stream is UTF-8");
    // CRLF, LF and CR all end a line.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut data, mut id, mut name) = (Vec::new(), None::<String>, None, String::new());
    for line in text.split('\n') {
        if line.is_empty() {
            let name = std::mem::take(&mut name);
            if let Some(data) = data.take() {
                events.push(SseEvent { name, id: id.clone(), data });
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            "id" => id = Some(value.to_owned()),
            "retry" => assert!(value.bytes().all(|b| b.is_ascii_digit()), "retry is `{value}`"),
            "event" => value.clone_into(&mut name),
            "" => {}
            _ => panic!("a reader passes over the line `{line}`"),
        }
    }
    events
}
