//! Handlers: async functions whose parameters are extractors.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::body::Body;
use super::{Context, FromContext, Needs, Rejection};
use crate::protocol::RpcError;

/// An async function over extractors. Implemented for functions and closures with up to eight
/// parameters; never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not an async function over extractors",
    note = "a handler is an async fn whose parameters all are extractors (`State<T>`, `Context`, `Args<T>`, …) and whose future is `Send`; a closure that captures is written `move || async move {{ … }}`"
)]
pub trait Handler<Marker>: Send + Sync + 'static {
    /// What the function returns.
    type Output;
    /// The future of a call.
    type Future: Future<Output = Self::Output> + Send + 'static;

    /// Takes the parameters from the context and calls the function.
    ///
    /// # Errors
    /// A parameter could not be taken.
    fn call(&self, context: &Context) -> Result<Self::Future, Rejection>;

    /// What the parameters need.
    fn needs() -> Needs;
}

macro_rules! handler {
    ($($param:ident)*) => {
        impl<F, Fut, $($param,)*> Handler<($($param,)*)> for F
        where
            F: Fn($($param),*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            $($param: FromContext,)*
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[allow(unused_variables, reason = "a handler without parameters takes nothing from the context")]
            fn call(&self, context: &Context) -> Result<Fut, Rejection> {
                Ok(self($($param::from_context(context)?),*))
            }

            fn needs() -> Needs {
                #[allow(unused_mut, reason = "a handler without parameters needs nothing")]
                let mut needs = Needs::default();
                $($param::describe(&mut needs);)*
                needs
            }
        }
    };
}

handler!();
handler!(A);
handler!(A B);
handler!(A B C);
handler!(A B C D);
handler!(A B C D E);
handler!(A B C D E G);
handler!(A B C D E G H);
handler!(A B C D E G H I);

/// The future of a handler, its type forgotten: the one box of a call.
pub(crate) type BodyFuture = Pin<Box<dyn Future<Output = Result<Body, RpcError>> + Send>>;

/// A handler, its type forgotten.
pub(crate) type ErasedHandler = Arc<dyn Fn(&Context) -> Result<BodyFuture, Rejection> + Send + Sync>;

/// Forgets the type of a handler whose output `convert` turns into a body.
pub(crate) fn erase<M, H: Handler<M>>(
    handler: H,
    convert: impl Fn(H::Output) -> Result<Body, RpcError> + Copy + Send + Sync + 'static,
) -> ErasedHandler {
    Arc::new(move |context| {
        let future = handler.call(context)?;
        Ok(Box::pin(async move { convert(future.await) }))
    })
}
