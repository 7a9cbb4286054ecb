//! Patterns for names and URIs.

/// A pattern: `?` is one character, `*` any number of them. Where `/` separates, neither matches it, and `**` does.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    tokens: Box<[Token]>,
    shape: Shape,
    text: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    One { slash: bool },
    Many { slash: bool },
}

/// The shapes that need no search.
#[derive(Debug, Clone)]
enum Shape {
    Exact,
    Everything,
    Prefix(Box<str>),
    Other,
}

/// Longer patterns are refused: matching takes time in proportion.
const LONGEST: usize = 512;

impl Glob {
    /// A pattern for names: `*` matches every character.
    pub(crate) fn name(pattern: &str) -> Result<Self, &'static str> {
        Self::new(pattern, true)
    }

    /// A pattern for URIs: only `**` matches a slash.
    pub(crate) fn uri(pattern: &str) -> Result<Self, &'static str> {
        Self::new(pattern, false)
    }

    fn new(pattern: &str, slash: bool) -> Result<Self, &'static str> {
        if pattern.is_empty() {
            return Err("a pattern must not be empty");
        }
        if pattern.len() > LONGEST {
            return Err("a pattern must not be longer than 512 bytes");
        }
        let mut tokens: Vec<Token> = Vec::new();
        for c in pattern.chars() {
            match (c, tokens.last_mut()) {
                ('*', Some(Token::Many { slash })) => *slash = true,
                ('*', _) => tokens.push(Token::Many { slash }),
                ('?', _) => tokens.push(Token::One { slash }),
                _ => tokens.push(Token::Char(c)),
            }
        }
        let shape = match tokens.as_slice() {
            [Token::Many { slash: true }] => Shape::Everything,
            [head @ .., Token::Many { slash: true }] if head.iter().all(|t| matches!(t, Token::Char(_))) => {
                Shape::Prefix(pattern.trim_end_matches('*').into())
            }
            all if all.iter().all(|t| matches!(t, Token::Char(_))) => Shape::Exact,
            _ => Shape::Other,
        };
        Ok(Self { tokens: tokens.into(), shape, text: pattern.into() })
    }

    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches one text only.
    pub(crate) const fn is_exact(&self) -> bool {
        matches!(self.shape, Shape::Exact)
    }

    /// The character that every text that fits begins with; none where there are several.
    pub(super) fn first(&self) -> Option<char> {
        match self.tokens.first() {
            Some(Token::Char(first)) => Some(*first),
            _ => None,
        }
    }

    /// Whether the whole text fits.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Exact => *self.text == *text,
            Shape::Everything => true,
            Shape::Prefix(prefix) => text.starts_with(&**prefix),
            Shape::Other => self.search(text),
        }
    }

    /// All positions of the pattern are followed at once: no input makes this slower than text × pattern.
    fn search(&self, text: &str) -> bool {
        let end = self.tokens.len();
        let mut at = vec![false; end + 1];
        let mut next = vec![false; end + 1];
        at[0] = true;
        self.skip_many(&mut at);
        for c in text.chars() {
            next.fill(false);
            for (i, token) in self.tokens.iter().enumerate().filter(|(i, _)| at[*i]) {
                match token {
                    Token::Char(expected) if *expected == c => next[i + 1] = true,
                    Token::One { slash } if *slash || c != '/' => next[i + 1] = true,
                    Token::Many { slash } if *slash || c != '/' => next[i] = true,
                    _ => {}
                }
            }
            self.skip_many(&mut next);
            std::mem::swap(&mut at, &mut next);
        }
        at[end]
    }

    fn skip_many(&self, at: &mut [bool]) {
        for (i, token) in self.tokens.iter().enumerate() {
            if at[i] && matches!(token, Token::Many { .. }) {
                at[i + 1] = true;
            }
        }
    }
}
