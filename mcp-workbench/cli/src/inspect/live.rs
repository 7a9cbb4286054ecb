//! The server behind the screen: what is done to it, and what it tells.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mcp_core::Client;
use mcp_core::protocol::{ElicitAction, ElicitResult, LogLevel};
use mcp_workbench::connect::Servers;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::catalog::{Catalog, Item, Work};
use super::state::{Answer, Asks, Effect, Event, Question};

/// Events that wait to be shown; a server that tells more is read more slowly.
const WAITING: usize = 1_024;

/// Whoever waits for the reply to a question.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<ElicitResult>>>>;

/// A server, and what is under way on it.
pub(crate) struct Live {
    servers: Servers,
    server: Option<String>,
    client: Arc<tokio::sync::Mutex<Option<Client>>>,
    tell: mpsc::Sender<Event>,
    waiting: Waiting,
    /// The run that is under way.
    run: Option<JoinHandle<()>>,
    lists: Option<JoinHandle<()>>,
}

impl Live {
    pub(crate) fn new(servers: Servers, server: Option<String>) -> (Self, mpsc::Receiver<Event>) {
        let (tell, told) = mpsc::channel(WAITING);
        let waiting = Waiting::default();
        let servers = servers.with_client(asks(&tell, &waiting));
        let live = Self { servers, server, client: Arc::default(), tell, waiting, run: None, lists: None };
        (live, told)
    }

    /// Connects, where that is to be done, and lists.
    pub(crate) fn list(&mut self) {
        let (servers, server) = (self.servers.clone(), self.server.clone());
        let (client, tell) = (Arc::clone(&self.client), self.tell.clone());
        let listing = async move {
            let listed = listed(&servers, server.as_deref(), &client).await;
            let listed = listed.map_err(|error| format!("{error:#}"));
            // Who has ended wants to know nothing.
            drop(tell.send(Event::Listed(listed)).await);
        };
        replace(&mut self.lists, listing);
    }

    pub(crate) fn act(&mut self, effect: Effect) {
        match effect {
            Effect::List => self.list(),
            Effect::Run(id, work) => {
                let (client, tell) = (Arc::clone(&self.client), self.tell.clone());
                replace(&mut self.run, async move {
                    let begun = Instant::now();
                    let client = client.lock().await.clone();
                    let answer = match client {
                        Some(client) => run(&client, id, work, &tell).await,
                        None => Err(anyhow::anyhow!("the server is not connected")),
                    };
                    let answer = answer.map_err(|error| format!("{error:#}"));
                    drop(tell.send(Event::Ended(id, answer, begun.elapsed())).await);
                });
            }
            Effect::Cancel => {
                // Dropping the call tells the server.
                if let Some(run) = self.run.take() {
                    run.abort();
                }
                self.waiting.lock().clear();
            }
            Effect::Reply(id, reply) => {
                if let Some(waits) = self.waiting.lock().remove(&id) {
                    // Whoever asked may have gone.
                    drop(waits.send(reply));
                }
            }
            Effect::Quit => {}
        }
    }

    pub(crate) async fn close(self) {
        for task in [self.run, self.lists].into_iter().flatten() {
            task.abort();
            // It was aborted, or has ended.
            drop(task.await);
        }
        if let Some(client) = self.client.lock().await.take() {
            client.close().await;
        }
    }
}

fn replace(task: &mut Option<JoinHandle<()>>, next: impl Future<Output = ()> + Send + 'static) {
    if let Some(before) = task.replace(tokio::spawn(next)) {
        before.abort();
    }
}

/// A client that puts the server's questions on the screen, and what it logs.
fn asks(tell: &mpsc::Sender<Event>, waiting: &Waiting) -> mcp_core::client::ClientBuilder {
    let next = Arc::new(AtomicU64::new(1));
    let ask = {
        let (tell, waiting) = (tell.clone(), Arc::clone(waiting));
        move |message: String, asks: Asks| {
            let (tell, waiting, id) =
                (tell.clone(), Arc::clone(&waiting), next.fetch_add(1, Ordering::Relaxed));
            async move {
                let (reply, replied) = oneshot::channel();
                waiting.lock().insert(id, reply);
                let asked = tell.send(Event::Asked(Question { id, message, asks })).await;
                let reply = if asked.is_ok() { replied.await.ok() } else { None };
                reply.unwrap_or_else(|| ElicitResult::bare(ElicitAction::Cancel))
            }
        }
    };
    let (of_form, of_url, log) = (ask.clone(), ask, tell.clone());
    Client::builder("mcp", env!("CARGO_PKG_VERSION"))
        .on_form(move |question| {
            let reply = of_form(question.message, Asks::Form(question.schema));
            async move { Ok(reply.await) }
        })
        .on_url(move |question| {
            let reply = of_url(question.message, Asks::Url(question.url));
            async move { Ok(reply.await.action) }
        })
        // What cannot be shown in time is not: a log is no reason to hold a call up.
        .on_log(LogLevel::Debug, move |message| drop(log.try_send(Event::Log(message))))
}

async fn listed(
    servers: &Servers,
    server: Option<&str>,
    kept: &tokio::sync::Mutex<Option<Client>>,
) -> anyhow::Result<Catalog> {
    let mut kept = kept.lock().await;
    let client = match kept.take() {
        Some(client) => client,
        None => servers.connect(server).await?,
    };
    let client = kept.insert(client).clone();
    drop(kept);
    let about = client.server().await?;
    let name = about.info.as_ref().map_or_else(
        || "a server without a name".to_owned(),
        |info| format!("{} {}", info.title.as_deref().unwrap_or(&info.name), info.version),
    );
    let mut catalog = Catalog { name, revision: about.version.to_string(), ..Catalog::default() };
    if about.capabilities.tools.is_some() {
        catalog.tools = client.tools().await?.into_iter().map(|tool| Item::Tool(Box::new(tool))).collect();
    }
    if about.capabilities.resources.is_some() {
        let resources = client.resources().await?.into_iter().map(|of| Item::Resource(Box::new(of)));
        let templates = client.resource_templates().await?.into_iter().map(|of| Item::Template(Box::new(of)));
        catalog.resources = resources.chain(templates).collect();
    }
    if about.capabilities.prompts.is_some() {
        catalog.prompts = client.prompts().await?.into_iter().map(|of| Item::Prompt(Box::new(of))).collect();
    }
    Ok(catalog)
}

async fn run(client: &Client, id: u64, work: Work, tell: &mpsc::Sender<Event>) -> anyhow::Result<Answer> {
    Ok(match work {
        Work::Tool { name, arguments } => {
            let tell = tell.clone();
            let call = client.call_tool(&name, arguments);
            let call = call.progress(move |progress| drop(tell.try_send(Event::Progress(id, progress))));
            Answer::Tool(Box::new(call.await?))
        }
        Work::Resource { uri } => Answer::Resource(client.read(&uri).await?),
        Work::Prompt { name, arguments } => Answer::Prompt(client.prompt(&name, arguments).await?),
    })
}
