//! What stands between the parentheses of `#[tool(…)]`.

use proc_macro2::{Ident, Span};
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, LitStr, Meta, Token, parenthesized};

/// The options, as written.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    /// Setters of the builder that take nothing.
    pub(crate) hints: Vec<Ident>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) requires: Vec<Expr>,
}

const HINTS: [&str; 4] = ["read_only", "destructive", "idempotent", "closed_world"];

impl Options {
    pub(crate) fn parse(attribute: &Attribute) -> syn::Result<Self> {
        let mut options = Self::default();
        match &attribute.meta {
            Meta::Path(_) => return Ok(options),
            Meta::NameValue(_) => {
                let message = "write options in parentheses: `#[tool(name = \"find\", read_only)]`";
                return Err(Error::new_spanned(attribute, message));
            }
            Meta::List(_) => attribute.parse_nested_meta(|meta| options.option(&meta))?,
        }
        options.check()?;
        Ok(options)
    }

    fn option(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let Some(option) = meta.path.get_ident() else { return Err(unknown(meta)) };
        let span = option.span();
        match option.to_string().as_str() {
            "name" => set(&mut self.name, meta, span),
            "title" => set(&mut self.title, meta, span),
            "description" => set(&mut self.description, meta, span),
            "tags" => {
                let content;
                parenthesized!(content in meta.input);
                self.tags.extend(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?);
                Ok(())
            }
            "requires" => {
                let content;
                parenthesized!(content in meta.input);
                self.requires.extend(Punctuated::<Expr, Token![,]>::parse_terminated(&content)?);
                Ok(())
            }
            hint if HINTS.contains(&hint) => {
                if meta.input.peek(Token![=]) {
                    let message = format!("`{hint}` takes no value: write it or leave it out");
                    return Err(Error::new(span, message));
                }
                self.hints.push(option.clone());
                Ok(())
            }
            _ => Err(unknown(meta)),
        }
    }

    fn check(&self) -> syn::Result<()> {
        if let Some(name) = &self.name {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
            let value = name.value();
            if value.is_empty() || value.len() > 128 || !value.chars().all(plain) {
                let message = "names of tools have 1 to 128 characters out of A-Z a-z 0-9 _ - . / :";
                return Err(Error::new(name.span(), message));
            }
        }
        let hint = |name: &str| self.hints.iter().find(|hint| *hint == name);
        match (hint("read_only"), hint("destructive")) {
            (Some(_), Some(destructive)) => {
                let message = "a tool that is `read_only` destroys nothing: leave one of the two out";
                Err(Error::new(destructive.span(), message))
            }
            _ => Ok(()),
        }
    }
}

fn set(slot: &mut Option<LitStr>, meta: &ParseNestedMeta<'_>, span: Span) -> syn::Result<()> {
    let value = meta.value()?.parse()?;
    match slot.replace(value) {
        Some(_) => Err(Error::new(span, "this option is given twice")),
        None => Ok(()),
    }
}

fn unknown(meta: &ParseNestedMeta<'_>) -> Error {
    meta.error(
        "unknown option; there are: name, title, description, read_only, destructive, idempotent, \
         closed_world, tags(…), requires(…)",
    )
}
