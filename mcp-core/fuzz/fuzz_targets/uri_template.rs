//! URI templates: reading, matching and expanding end, and soon. An input is a template and a URI, by lines.
#![no_main]

use std::time::Duration;

use indexmap::IndexMap;
use libfuzzer_sys::fuzz_target;
use mcp_core::protocol::UriTemplate;
use rustix::time::{ClockId, clock_gettime};

/// Templates come from authors and are short; URIs come from anyone.
const TEMPLATE: usize = 512;
const URI: usize = 64 * 1024;
/// Many times what the longest URI takes, on a slow machine.
const SOON: Duration = Duration::from_secs(5);

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (template, uri) = text.split_once('\n').unwrap_or((&text, ""));
    let started = processor_time();
    if let Ok(parsed) = UriTemplate::parse(template)
        && template.len() <= TEMPLATE
    {
        check(&parsed, uri);
        // The same URI again and again, up to the greatest length there is.
        let long = uri.repeat(URI.checked_div(uri.len()).unwrap_or_default());
        drop(parsed.matches(&long));
    }
    let took = processor_time() - started;
    assert!(took < SOON, "{took:?} for `{template}` and {} bytes", uri.len());
});

/// What this process worked, so that a busy machine is not taken for a slow input.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn check(template: &UriTemplate, uri: &str) {
    assert_eq!(UriTemplate::parse(template.as_str()).as_ref(), Ok(template));
    let everything: IndexMap<String, String> =
        template.variables().map(|name| (name.to_owned(), uri.to_owned())).collect();
    let expanded = template.expand(&everything);
    assert!(expanded.is_ascii(), "a URI is ASCII: {expanded}");
    drop(template.matches(&expanded));
    if let Some(values) = template.matches(uri) {
        assert!(values.keys().all(|name| template.variables().any(|known| known == name)));
        // Expansion of what was found is a URI of the template, and stands for the same values.
        let again = template.expand(&values);
        assert!(template.matches(&again).is_some(), "`{again}` from `{uri}` no longer follows `{template}`");
    }
}
