//! `subscriptions/listen`: a request that stays open and tells what changes.

use serde_json::{Map, Value};

use super::Server;
use super::hub::Wanted;
use crate::protocol::{Method, RequestId, RpcError, SubscriptionFilter, json, meta};
use crate::service::{Event, Notification, Request, Response, ResponseFuture};

/// Topics one subscription may name.
const URI_LIMIT: usize = 1000;

impl Server {
    pub(crate) fn listen(&self, request: Request) -> Result<ResponseFuture, RpcError> {
        let Some(id) = request.id.clone() else { return Ok(ResponseFuture::ready(Response::accepted())) };
        let Some(outbound) = request.outbound.clone() else {
            return Err(RpcError::invalid_request("this transport cannot carry a subscription"));
        };
        let filter = request.params.get("notifications").unwrap_or("null");
        let filter: SubscriptionFilter = crate::protocol::decode(filter)
            .map_err(|error| RpcError::invalid_params(format!("`notifications`: {error}")))?;
        let (wanted, honoured) = self.honour(filter, &request)?;
        let slot = self.take_subscription_slot()?;
        let subscriber = self.hub().subscribe(wanted);
        let server = self.clone();
        Ok(ResponseFuture::boxed(async move {
            let _slot = slot;
            let tell = |notification: Notification| {
                let params = with_subscription_id(&notification.params, &id);
                outbound.send(Event::Notification(Notification { params: params.into(), ..notification }));
            };
            let acknowledged = serde_json::json!({ "notifications": honoured });
            tell(Notification {
                method: Method::parse("notifications/subscriptions/acknowledged"),
                params: acknowledged.to_string().into(),
            });
            let shutdown = server.shutdown_token();
            let closing = request.closing.unwrap_or_default();
            loop {
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => break,
                    () = closing.cancelled() => break,
                    changes = subscriber.changes() => changes.into_iter().for_each(tell),
                }
            }
            let mut meta = crate::protocol::Meta::default();
            meta.insert(meta::SUBSCRIPTION_ID, serde_json::to_value(&id).unwrap_or_default());
            Ok(Response::result(server.writer().complete(&Map::new(), Some(meta), None)))
        }))
    }

    /// What of a filter this server honours.
    fn honour(
        &self,
        filter: SubscriptionFilter,
        request: &Request,
    ) -> Result<(Wanted, SubscriptionFilter), RpcError> {
        let offers = self.offers();
        let uris = if offers.resources { filter.resource_subscriptions } else { Vec::new() };
        let mut honoured = SubscriptionFilter {
            tools_list_changed: filter.tools_list_changed && offers.tools,
            prompts_list_changed: filter.prompts_list_changed && offers.prompts,
            resources_list_changed: filter.resources_list_changed && offers.resources,
            resource_subscriptions: uris,
            ..SubscriptionFilter::default()
        };
        if honoured.resource_subscriptions.len() > URI_LIMIT {
            let message =
                format!("`notifications.resourceSubscriptions` names more than {URI_LIMIT} resources");
            return Err(RpcError::invalid_params(message));
        }
        let mut wanted = Wanted {
            tools: honoured.tools_list_changed,
            prompts: honoured.prompts_list_changed,
            resources: honoured.resources_list_changed,
            uris: honoured.resource_subscriptions.iter().cloned().collect(),
            topics: std::collections::HashSet::new(),
        };
        for extension in self.extensions() {
            if let Some((members, topics)) = extension.subscribe(&filter.extra, request)? {
                honoured.extra.extend(members);
                wanted.topics.extend(topics);
            }
        }
        Ok((wanted, honoured))
    }
}

/// Puts the subscription's identifier into `_meta` of a notification's parameters.
fn with_subscription_id(params: &[u8], id: &RequestId) -> Vec<u8> {
    let mut object: Map<String, Value> = serde_json::from_slice(params).unwrap_or_default();
    let meta = object.entry("_meta").or_insert_with(|| Value::Object(Map::new()));
    if let Some(meta) = meta.as_object_mut() {
        meta.insert(meta::SUBSCRIPTION_ID.to_owned(), serde_json::to_value(id).unwrap_or_default());
    }
    let mut out = Vec::new();
    json::write(&mut out, &object);
    out
}
