//! `subscriptions/listen`: a request that stays open and tells what changes.

use serde_json::{Map, Value};

use super::Server;
use super::hub::Wanted;
use crate::extension::Topics;
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
        let (mut wanted, mut honoured) = self.honour(&filter)?;
        let slot = self.take_subscription_slot()?;
        let server = self.within();
        Ok(ResponseFuture::boxed(async move {
            let _slot = slot;
            let topics = match server.topics(&filter, &request).await {
                Ok(topics) => topics,
                Err(error) => return Ok(Response::error(error)),
            };
            for topics in &topics {
                honoured.extra.extend(topics.honoured.clone());
                wanted.topics.extend(topics.topics.iter().cloned());
            }
            let subscriber = server.hub().subscribe(wanted);
            let tell = |notification: Notification| {
                let params = with_subscription_id(&notification.params, &id);
                outbound.send(Event::Notification(Notification { params: params.into(), ..notification }));
            };
            let acknowledged = serde_json::json!({ "notifications": honoured });
            tell(Notification {
                method: Method::parse("notifications/subscriptions/acknowledged"),
                params: acknowledged.to_string().into(),
            });
            // Read after subscribing: a change is told by one or the other, never by none.
            for (extension, topics) in server.extensions().iter().zip(topics) {
                match extension.current(topics.topics, &request).await {
                    Ok(current) => current.into_iter().for_each(tell),
                    Err(error) => tracing::error!(%error, "what is listened for cannot be read"),
                }
            }
            let shutdown = server.shutdown_token();
            let closing = request.closing.clone().unwrap_or_default();
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

    /// What extensions honour of a filter, one answer for each.
    async fn topics(&self, filter: &SubscriptionFilter, request: &Request) -> Result<Vec<Topics>, RpcError> {
        let mut all = Vec::with_capacity(self.extensions().len());
        for extension in self.extensions() {
            all.push(match extension.subscribe(&filter.extra, request) {
                Some(topics) => topics.await?,
                None => Topics::default(),
            });
        }
        Ok(all)
    }

    /// What of a filter this server itself honours.
    fn honour(&self, filter: &SubscriptionFilter) -> Result<(Wanted, SubscriptionFilter), RpcError> {
        let offers = self.offers();
        let uris = &filter.resource_subscriptions;
        let honoured = SubscriptionFilter {
            tools_list_changed: filter.tools_list_changed && offers.tools,
            prompts_list_changed: filter.prompts_list_changed && offers.prompts,
            resources_list_changed: filter.resources_list_changed && offers.resources,
            resource_subscriptions: if offers.resources { uris.clone() } else { Vec::new() },
            extra: Map::new(),
        };
        if honoured.resource_subscriptions.len() > URI_LIMIT {
            let message =
                format!("`notifications.resourceSubscriptions` names more than {URI_LIMIT} resources");
            return Err(RpcError::invalid_params(message));
        }
        let wanted = Wanted {
            tools: honoured.tools_list_changed,
            prompts: honoured.prompts_list_changed,
            resources: honoured.resources_list_changed,
            uris: honoured.resource_subscriptions.iter().cloned().collect(),
            topics: std::collections::HashSet::new(),
        };
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
