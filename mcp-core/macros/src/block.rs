//! The `impl` block as a whole.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ImplItem, Item, ItemImpl};

use crate::emit;
use crate::method::Tool;

/// The block, and what the attribute adds. Mistakes become compiler errors beside what is right, so
/// that one mistake does not hide another.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut block = match parse(item) {
        Ok(block) => block,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut mistakes = Mistakes::default();
    if !options.is_empty() {
        mistakes.add(Error::new_spanned(
            options,
            "`#[tools]` takes no options: give them to a method, as in `#[tool(name = \"find\")]`",
        ));
    }
    let tools = take_tools(&mut block, &mut mistakes);
    let set = emit::tool_set(&block, &tools);
    let mistakes = mistakes.0.map(Error::into_compile_error);
    quote!(#block #set #mistakes)
}

fn parse(item: &TokenStream) -> syn::Result<ItemImpl> {
    let elsewhere = "`#[tools]` goes on an `impl` block: `#[tools] impl Notes { … }`";
    let block = match syn::parse2(item.clone())? {
        Item::Impl(block) => block,
        Item::Fn(function) => return Err(Error::new_spanned(function.sig.ident, elsewhere)),
        other => return Err(Error::new_spanned(other, elsewhere)),
    };
    match &block.trait_ {
        Some((path, _)) => Err(Error::new_spanned(
            path,
            "`#[tools]` goes on an `impl` block of the type itself, not of a trait",
        )),
        None => Ok(block),
    }
}

/// The tools of the block; takes the `#[tool]` attributes away.
fn take_tools(block: &mut ItemImpl, mistakes: &mut Mistakes) -> Vec<Tool> {
    let mut tools = Vec::new();
    let mut names = HashMap::new();
    let mut marked = false;
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let Some(tool) = Tool::take(method) else { continue };
        marked = true;
        let tool = match tool {
            Ok(tool) => tool,
            Err(error) => {
                mistakes.add(error);
                continue;
            }
        };
        let name = tool.name();
        if let Some(other) = names.insert(name.value(), tool.method.clone()) {
            let message = format!("two tools are called `{}`: `{other}` has that name too", name.value());
            mistakes.add(Error::new(name.span(), message));
            continue;
        }
        tools.push(tool);
    }
    if !marked {
        let message = "no method of this block is a tool: put `#[tool]` on those that are";
        mistakes.add(Error::new_spanned(&block.self_ty, message));
    }
    tools
}

/// Everything that is wrong, as one error.
#[derive(Default)]
struct Mistakes(Option<Error>);

impl Mistakes {
    fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }
}
