//! One method that is a tool.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, GenericParam, ImplItemFn, Lit, LitStr, PatType,
    PathArguments, Receiver, ReceiverKind, ReturnType, Signature, Type,
};

use crate::options::Options;

/// Parameters that a handler may have.
const MOST_PARAMETERS: usize = 8;

/// A method that is a tool.
pub(crate) struct Tool {
    pub(crate) method: Ident,
    pub(crate) options: Options,
    /// From the doc comment.
    pub(crate) description: Option<String>,
    /// Whether it takes `&self`.
    pub(crate) has_self: bool,
    /// The types of the extractors.
    pub(crate) parameters: Vec<Type>,
    pub(crate) output: ReturnType,
    /// Conditions under which the method exists.
    pub(crate) conditions: Vec<Attribute>,
}

impl Tool {
    /// Takes `#[tool]` off a method; none where there is none.
    pub(crate) fn take(method: &mut ImplItemFn) -> Option<syn::Result<Self>> {
        let at = method.attrs.iter().position(|attribute| attribute.path().is_ident("tool"))?;
        let attribute = method.attrs.remove(at);
        if let Some(second) = method.attrs.iter().position(|attribute| attribute.path().is_ident("tool")) {
            let second = method.attrs.remove(second);
            return Some(Err(Error::new_spanned(
                second,
                "`#[tool]` is given twice: put all options into one",
            )));
        }
        Some(Options::parse(&attribute).and_then(|options| Self::new(method, options)))
    }

    fn new(method: &ImplItemFn, options: Options) -> syn::Result<Self> {
        let signature = &method.sig;
        if signature.asyncness.is_none() {
            let message = format!("a tool is an async function: write `async fn {}`", signature.ident);
            return Err(Error::new(signature.fn_token.span, message));
        }
        check_generics(signature)?;
        let mut parameters = Vec::new();
        let mut has_self = false;
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    check_receiver(receiver)?;
                    has_self = true;
                }
                FnArg::Typed(parameter) => {
                    check_parameter(parameter)?;
                    parameters.push((*parameter.ty).clone());
                }
            }
        }
        if let Some(extra) = signature.inputs.iter().skip(usize::from(has_self)).nth(MOST_PARAMETERS) {
            let message = format!("a tool has at most {MOST_PARAMETERS} parameters beside `self`");
            return Err(Error::new_spanned(extra, message));
        }
        let conditions = method.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        Ok(Self {
            method: signature.ident.clone(),
            options,
            description: doc_comment(&method.attrs),
            has_self,
            parameters,
            output: signature.output.clone(),
            conditions: conditions.cloned().collect(),
        })
    }

    /// The name that clients call.
    pub(crate) fn name(&self) -> LitStr {
        let method = || LitStr::new(&self.method.unraw().to_string(), self.method.span());
        self.options.name.clone().unwrap_or_else(method)
    }
}

fn check_generics(signature: &Signature) -> syn::Result<()> {
    let generic = signature.generics.params.iter().find(|p| !matches!(p, GenericParam::Lifetime(_)));
    match generic {
        Some(parameter) => Err(Error::new_spanned(
            parameter,
            "a tool cannot be generic: clients send JSON and name no types; take a concrete type",
        )),
        None => Ok(()),
    }
}

fn check_receiver(receiver: &Receiver) -> syn::Result<()> {
    let message = match &receiver.kind {
        ReceiverKind::Reference(_, _, None) => return Ok(()),
        ReceiverKind::Reference(_, _, Some(_)) => {
            "calls run at the same time and share the value: take `&self`, and put what changes into a \
             `Mutex` or an atomic"
        }
        _ => "calls run at the same time and share the value: take `&self`",
    };
    Err(Error::new_spanned(receiver, message))
}

/// Refuses what newcomers write first: the arguments themselves as parameters.
fn check_parameter(parameter: &PatType) -> syn::Result<()> {
    let message = match &*parameter.ty {
        Type::ImplTrait(_) => "a tool cannot be generic: take a concrete type".to_owned(),
        ty if is_plain(ty) => {
            "not an extractor: put the arguments of the tool into one struct that derives `Deserialize` and \
             `JsonSchema`, and take it as `Args(arguments): Args<MyArguments>`"
                .to_owned()
        }
        _ => return Ok(()),
    };
    Err(Error::new_spanned(parameter, message))
}

/// Whether a type certainly is data and no extractor.
fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 24] = [
        "bool", "char", "str", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize", "f32", "f64", "Vec", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Value",
    ];
    match ty {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return false };
            if last.ident == "Option" {
                return inner(&last.arguments).is_some_and(is_plain);
            }
            PLAIN.iter().any(|plain| last.ident == plain)
        }
        Type::Reference(_) | Type::Tuple(_) | Type::Array(_) | Type::Slice(_) => true,
        Type::Paren(inner) => is_plain(&inner.elem),
        _ => false,
    }
}

fn inner(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The text of the doc comment, each line without the space that follows `///`.
fn doc_comment(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|doc| {
        let Expr::Lit(text) = &doc.meta.require_name_value().ok()?.value else { return None };
        let Lit::Str(text) = &text.lit else { return None };
        let text = text.value();
        Some(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned())
    });
    let text = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}
