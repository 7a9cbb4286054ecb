//! Parameters of queries and forms, none of which may come twice (OAuth 2.1, 3.1 and 3.2).

use std::collections::BTreeMap;
use std::fmt;

use url::form_urlencoded;

use crate::error::Refusal;

const MOST: usize = 64;

/// What was sent, by name. Values may be secrets, so that nothing shows them.
#[derive(Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let mut all = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text) {
            if all.len() >= MOST {
                return Err(Refusal::request("there are more than 64 parameters"));
            }
            // What has no value counts as left out.
            if value.is_empty() {
                continue;
            }
            let known = format!("parameter `{}` was sent more than once", shown(&name));
            if all.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Refusal::request(known));
            }
        }
        Ok(Self(all))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn want(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::request(format!("parameter `{name}` is missing")))
    }
}

/// A piece of a stranger's text for a message: `error_description` has no quotes, backslashes and only ASCII.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '`')).take(100).collect()
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_twice_and_nothing_is_shown() {
        let read = Params::parse(b"code=hunter2&x=&x=1&a%20b=c+d").unwrap();
        assert_eq!(read.get("code"), Some("hunter2"));
        assert_eq!(read.get("x"), Some("1"));
        assert_eq!(read.get("a b"), Some("c d"));
        assert_eq!(format!("{read:?}"), r#"{"a b", "code", "x"}"#);
        let twice = Params::parse(b"state=1&state=2").unwrap_err();
        assert_eq!(twice.description, "parameter `state` was sent more than once");
        let many: String = (0..65).map(|n| format!("p{n}=1&")).collect();
        assert!(Params::parse(many.as_bytes()).is_err());
    }
}
