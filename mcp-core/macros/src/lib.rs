//! The `#[tools]` attribute of `mcp-core`.

use proc_macro::TokenStream;

/// Placeholder
#[proc_macro_attribute]
pub fn tools(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}
