//! The one item that the attribute adds.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemImpl, ReturnType};

use crate::method::Tool;

/// `impl ToolSet for …`, written as one would write it with the builder.
pub(crate) fn tool_set(block: &ItemImpl, tools: &[Tool]) -> TokenStream {
    let (generics, _, bounds) = block.generics.split_for_impl();
    let ty = &block.self_ty;
    let tools = tools.iter().map(entry);
    quote! {
        impl #generics ::mcp_core::server::ToolSet for #ty #bounds {
            fn into_tools(self: ::std::sync::Arc<Self>) -> ::std::vec::Vec<::mcp_core::server::ToolEntry> {
                ::std::vec::Vec::from([#(#tools),*])
            }
        }
    }
}

/// `tool("name", |…| self.method(…)).description("…")…`
fn entry(tool: &Tool) -> TokenStream {
    // What cannot be returned is shown at the return type, everything else at the method.
    let method = &tool.method;
    let at = match &tool.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => method.span(),
    };
    let (name, conditions, types) = (tool.name(), &tool.conditions, &tool.parameters);
    let parameters: Vec<_> =
        (0..types.len()).map(|i| format_ident!("parameter_{i}", span = Span::mixed_site())).collect();
    let handler = if tool.has_self {
        quote_spanned! {at=> {
            let this = ::std::sync::Arc::clone(&self);
            move |#(#parameters: #types),*| {
                let this = ::std::sync::Arc::clone(&this);
                async move { Self::#method(&this, #(#parameters),*).await }
            }
        }}
    } else {
        quote_spanned!(at=> |#(#parameters: #types),*| Self::#method(#(#parameters),*))
    };
    let setters = setters(tool);
    let entry = quote_spanned!(at=> ::mcp_core::server::tool(#name, #handler));
    quote!(#(#conditions)* #entry #setters)
}

fn setters(tool: &Tool) -> TokenStream {
    let options = &tool.options;
    let explicit = options.description.as_ref().map(|text| quote!(#text));
    let documented = tool.description.as_ref().map(|text| quote!(#text));
    let description = explicit.or(documented).into_iter();
    let title = options.title.iter();
    let (hints, tags, requires) = (&options.hints, &options.tags, &options.requires);
    quote! {
        #(.description(#description))*
        #(.title(#title))*
        #(.#hints())*
        #(.tag(#tags))*
        #(.requires(#requires))*
    }
}
