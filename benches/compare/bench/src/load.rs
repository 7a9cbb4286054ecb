//! Many clients on one server for a fixed time, all in one thread of ours.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::join_all;

use crate::answer::Expected;
use crate::connection::Connection;
use crate::frame::{self, Era, Frame};
use crate::process::{self, Process};
use crate::stats::Latencies;

/// What the clients do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Revision of the protocol.
    pub(crate) era: Era,
    /// Whether calls ask for progress notes.
    pub(crate) progress: bool,
    /// Whether the server echoes.
    pub(crate) echoes: bool,
    /// Number of clients, one connection each, one request at a time each.
    pub(crate) connections: usize,
    /// How long to measure; a fifth of it goes before as warm-up.
    pub(crate) duration: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Right answers.
    pub(crate) requests: u64,
    /// Wrong or missing answers; each also ends its client.
    pub(crate) errors: u64,
    /// What was wrong first.
    pub(crate) first_error: Option<String>,
    /// Progress notes.
    pub(crate) notes: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// From the first byte sent to the last byte read.
    pub(crate) latencies: Latencies,
    /// CPU time of the server, in nanoseconds.
    pub(crate) server_cpu: u64,
    /// CPU time of the clients, in nanoseconds.
    pub(crate) client_cpu: u64,
}

/// One client.
struct Client {
    connection: Connection,
    frame: Frame,
    echoes: bool,
    sequence: u32,
    random: u64,
    sample: Sample,
}

impl Sample {
    /// Stands for a measurement that did not take place.
    pub(crate) fn failed(error: &anyhow::Error) -> Self {
        Self {
            errors: 1,
            first_error: Some(format!("{error:#}")),
            ..Self::default()
        }
    }
}

/// Runs a load against a server.
pub(crate) async fn run(server: &Process, load: Load) -> Result<Sample> {
    let mut clients = Vec::new();
    for number in 0..load.connections {
        clients.push(Client::open(server.address, load, number).await?);
    }
    drive(&mut clients, load.duration / 5).await;
    let warmup = clients.iter().map(|client| client.sample.errors).sum::<u64>();
    ensure!(
        warmup == 0,
        "{}",
        clients
            .iter()
            .find_map(|client| client.sample.first_error.clone())
            .unwrap_or_default()
    );
    for client in &mut clients {
        client.sample = Sample::default();
    }
    let (server_before, client_before) = (server.cpu()?, process::cpu("self")?);
    let started = Instant::now();
    drive(&mut clients, load.duration).await;
    let mut sample = Sample {
        seconds: started.elapsed().as_secs_f64(),
        ..Sample::default()
    };
    sample.client_cpu = process::cpu("self")? - client_before;
    // The server may still put away what it used for the last answers; that belongs to them.
    tokio::time::sleep(Duration::from_millis(20)).await;
    sample.server_cpu = server.cpu()? - server_before;
    for client in clients {
        sample.requests += client.sample.requests;
        sample.errors += client.sample.errors;
        sample.notes += client.sample.notes;
        sample.first_error = sample.first_error.or(client.sample.first_error);
        sample.latencies.append(client.sample.latencies);
    }
    Ok(sample)
}

/// Sends one call and checks the answer.
pub(crate) async fn once(address: SocketAddr, load: Load) -> Result<()> {
    Client::open(address, load, 0).await?.call().await
}

async fn drive(clients: &mut [Client], duration: Duration) {
    let end = Instant::now() + duration;
    join_all(clients.iter_mut().map(|client| client.work(end))).await;
}

impl Client {
    async fn open(address: SocketAddr, load: Load, number: usize) -> Result<Self> {
        let mut connection = Connection::open(address).await?;
        let session = if load.era == Era::Legacy {
            handshake(&mut connection).await?
        } else {
            None
        };
        Ok(Self {
            connection,
            frame: Frame::http(load.era, session.as_deref(), load.progress),
            echoes: load.echoes,
            // Ids differ between clients, as some servers keep one table for all.
            sequence: u32::try_from(number)? * 10_000_000,
            random: 0x9e37_79b9_7f4a_7c15 ^ u64::try_from(number)?,
            sample: Sample::default(),
        })
    }

    async fn work(&mut self, end: Instant) {
        while self.sample.errors == 0 && Instant::now() < end {
            let started = Instant::now();
            match self.call().await {
                Ok(()) => {
                    self.sample.requests += 1;
                    self.sample.latencies.push(started.elapsed().as_nanos());
                }
                Err(error) => {
                    self.sample.errors += 1;
                    self.sample.first_error = Some(format!("{error:#}"));
                }
            }
        }
    }

    async fn call(&mut self) -> Result<()> {
        self.sequence += 1;
        self.random = next_random(self.random);
        let (id, message, request) = self.frame.stamp(self.sequence, self.random);
        let (head, body) = self.connection.exchange(request).await?;
        ensure!(
            head.status == 200,
            "status {}: {}",
            head.status,
            String::from_utf8_lossy(body)
        );
        let expected = Expected {
            id,
            message: &message,
            echoes: self.echoes,
        };
        if head.events {
            self.sample.notes += expected.check_events(body)?;
        } else {
            ensure!(expected.check(body)?, "a note instead of an answer");
        }
        Ok(())
    }
}

/// Opens a session of an old revision, if the server keeps any.
pub(crate) async fn handshake(connection: &mut Connection) -> Result<Option<String>> {
    let (head, body) = connection.exchange(&frame::initialize()).await?;
    ensure!(
        head.status == 200,
        "`initialize`: status {}: {}",
        head.status,
        String::from_utf8_lossy(body)
    );
    let session = head.session;
    let (head, body) = connection
        .exchange(&frame::initialized(session.as_deref()))
        .await?;
    ensure!(
        head.status == 202,
        "`initialized`: status {}: {}",
        head.status,
        String::from_utf8_lossy(body)
    );
    Ok(session)
}

/// The next number of a fixed sequence (xorshift64): every run sends the same messages.
fn next_random(mut random: u64) -> u64 {
    random ^= random << 13;
    random ^= random >> 7;
    random ^ (random << 17)
}
