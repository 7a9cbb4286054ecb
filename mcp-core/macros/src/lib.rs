//! The `#[tools]` attribute of `mcp-core`. Use it from there: `mcp_core::tools`.

mod block;
mod emit;
mod method;
mod options;

use proc_macro::TokenStream;

/// Makes the methods of an `impl` block that carry `#[tool]` the tools of a server.
///
/// The name of the method is the name of the tool, its doc comment the description, and its
/// parameters are extractors as in any handler; plain parameters go into one struct, taken as
/// `Args<T>`. The block stays as it is; one item is added, the implementation of `ToolSet`, which
/// says nothing that `ServerBuilder::tool` cannot say.
///
/// # Options
/// `#[tool]` alone is enough. `#[tool(…)]` takes:
///
/// | option | as on the builder |
/// |---|---|
/// | `name = "…"` | another name than the method's |
/// | `title = "…"` | a name for people |
/// | `description = "…"` | instead of the doc comment |
/// | `read_only`, `destructive`, `idempotent`, `closed_world` | hints for clients |
/// | `tags("…", …)` | words to find the tool by |
/// | `requires(Capability::…, …)` | what the client must be able to do |
///
/// Methods take `&self`, or no `self` at all. Methods without `#[tool]` are ordinary methods: what
/// is not marked is never offered.
#[proc_macro_attribute]
pub fn tools(options: TokenStream, item: TokenStream) -> TokenStream {
    block::expand(options.into(), &item.into()).into()
}
