//! A text and what else it may be read as.
//!
//! Who hides an instruction or a secret writes it in letters that look alike, between invisible characters, or encoded. Detectors look at
//! views in which that is undone; each view knows where its bytes come from, so that what is found there is reported in the original.
//! Views are made when they are first asked for. A text in ASCII without escapes is its own view.
//!
//! ```
//! use mcp_guardrails::text::Text;
//!
//! let text = Text::new("Igno\u{200B}re а&#108;l");   // a zero-width space, a Cyrillic letter, an escape
//! let view = text.folded();
//! assert_eq!(view.as_str(), "ignore all");
//! let start = view.as_str().find("all").unwrap();
//! assert_eq!(&text.as_str()[view.original(start..start + 3)], "а&#108;l");
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, reason = "a text from outside must not make anything panic")
)]

mod compact;
mod decode;
mod fold;
mod map;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;

pub(crate) use self::compact::compacted;
pub(crate) use self::fold::{fold_word, is_invisible, tag};
use self::map::Map;
use crate::detect::injection::{Token, tokens};
use crate::detect::prefilter::{Hit, Owner, Owners, Prefilter};

/// How often something encoded may be within something encoded.
const DEPTH: usize = 2;

/// A text and its views.
pub struct Text<'a> {
    raw: View<'a>,
    decoded: OnceCell<Vec<View<'static>>>,
    unhidden: OnceCell<Option<View<'static>>>,
}

impl<'a> Text<'a> {
    /// Wraps a text; nothing is looked at yet.
    pub fn new(text: &'a str) -> Self {
        Self::with(text, false)
    }

    /// Wraps a text that several detectors will look at: the literals of all of them are looked for in one pass.
    ///
    /// What is found is the same as with [`Text::new`], where the first detector looks for its own and the others wait.
    pub fn shared(text: &'a str) -> Self {
        Self::with(text, true)
    }

    fn with(text: &'a str, shared: bool) -> Self {
        Self {
            raw: View::new(Cow::Borrowed(text), Map::default(), shared),
            decoded: OnceCell::new(),
            unhidden: OnceCell::new(),
        }
    }

    /// The text as it is.
    pub fn as_str(&self) -> &str {
        self.raw.as_str()
    }

    /// The text as it is, as a view.
    pub fn raw(&self) -> &View<'a> {
        &self.raw
    }

    /// In lower case where there was anything to undo; otherwise [`Text::raw`], whose case is that of the text.
    pub fn folded(&self) -> &View<'_> {
        self.raw.folded()
    }

    /// Without escapes and invisible characters, but in its own case; nothing where no character is hidden so.
    pub fn unhidden(&self) -> Option<&View<'static>> {
        let view = self.unhidden.get_or_init(|| {
            fold::hides(self.as_str()).then(|| {
                let (text, map) = fold::unhide(self.as_str()).finish(&Map::default());
                View::new(Cow::Owned(text), map, self.raw.shared)
            })
        });
        view.as_ref()
    }

    /// What is encoded in the text, as base64 or hexadecimal.
    pub fn decoded(&self) -> &[View<'static>] {
        self.decoded.get_or_init(|| {
            let mut views = Vec::new();
            expand(&self.raw, DEPTH, &mut views);
            views
        })
    }
}

fn expand(view: &View<'_>, depth: usize, views: &mut Vec<View<'static>>) {
    for (range, plain) in decode::decoded(view.as_str()) {
        let inner = View::new(Cow::Owned(plain), Map::whole(view.original(range)), view.shared);
        if depth > 1 {
            expand(&inner, depth - 1, views);
        }
        views.push(inner);
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A text may hold secrets.
        f.debug_struct("Text").field("bytes", &self.as_str().len()).finish_non_exhaustive()
    }
}

/// A text as it may be read, with the way back to the original.
pub struct View<'a> {
    text: Cow<'a, str>,
    map: Map,
    folded: OnceCell<Option<Box<View<'static>>>>,
    compact: OnceCell<Box<View<'static>>>,
    /// Whether the literals of all are looked for at once.
    shared: bool,
    /// The literals of whoever came first, and of all.
    first: OnceCell<(Owner, Vec<Hit>)>,
    hits: OnceCell<Vec<Hit>>,
    tokens: OnceCell<Vec<Token>>,
}

impl<'a> View<'a> {
    const fn new(text: Cow<'a, str>, map: Map, shared: bool) -> Self {
        Self {
            text,
            map,
            folded: OnceCell::new(),
            compact: OnceCell::new(),
            shared,
            first: OnceCell::new(),
            hits: OnceCell::new(),
            tokens: OnceCell::new(),
        }
    }

    /// The text of the view.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where in the original text a part of the view comes from.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        self.map.original(&range)
    }

    /// The view with one spelling for what reads the same.
    pub fn folded(&self) -> &View<'_> {
        let folded = self.folded.get_or_init(|| {
            fold::differs(&self.text).then(|| {
                let (text, map) = fold::fold(&self.text).finish(&self.map);
                Box::new(View::new(Cow::Owned(text), map, self.shared))
            })
        });
        folded.as_deref().map_or(self, |view| view)
    }

    /// Letters alone: no spaces or signs, digits that stand for letters replaced, `l` written as `i` since both are written `1`.
    pub(crate) fn compact(&self) -> &View<'static> {
        self.compact.get_or_init(|| {
            let (text, map) = compact::compact(&self.text).finish(&self.map);
            Box::new(View::new(Cow::Owned(text), map, self.shared))
        })
    }

    /// Where literals of a detector are, in the order of their beginnings.
    pub(crate) fn hits(&self, owner: Owner) -> impl Iterator<Item = &Hit> {
        self.hits_of_some(owner).iter().filter(move |hit| hit.owner == owner)
    }

    /// Where literals of a detector are, and maybe those of others.
    fn hits_of_some(&self, owner: Owner) -> &[Hit] {
        let find = |owners| Prefilter::shared().hits(&self.text, owners);
        if !self.shared && self.hits.get().is_none() {
            let (first, hits) = self.first.get_or_init(|| (owner, find(Owners::one(owner))));
            if *first == owner {
                return hits;
            }
        }
        self.hits.get_or_init(|| find(Owners::ALL))
    }

    /// The words of the view.
    pub(crate) fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| tokens(&self.text).collect())
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}
