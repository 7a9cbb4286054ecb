//! A session: statements are prepared once, and a connection that broke is replaced where nothing is done twice by that.

use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{try_join, try_join_all};
use futures_util::{Stream as _, TryStreamExt as _};
use tokio_postgres::error::Severity;
use tokio_postgres::{Client, Error as Cause, Row as PgRow, RowStream, Statement};

use super::connect::{Target, wait};
use super::guard;
use super::pending::Pending;
use crate::store::sql::{Error, For, Row, Sight, Value};

const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(crate) struct Session {
    target: Arc<Target>,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    client: Option<Arc<Client>>,
    /// What was sent within the transaction and not yet answered.
    pending: Pending,
    statements: HashMap<String, Statement>,
    phase: Phase,
    /// What goes to the server in one breath with the next statement: how the transaction begins, and what it sees.
    prologue: String,
    /// What the transaction sees; nothing where that is not known.
    sight: Option<Sight>,
    /// Something failed in the transaction and was not undone.
    is_broken: bool,
    /// No other connection may take the place of this one.
    is_pinned: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// Outside of transactions.
    #[default]
    Idle,
    /// In one that reads. It begins with its first statement.
    Reading {
        is_begun: bool,
    },
    Writing,
}

impl Inner {
    /// Connects where there is no connection, unless something would be lost by that.
    fn connect(&mut self, target: &Target) -> Result<(), Error> {
        if self.client.as_ref().is_some_and(|client| !client.is_closed()) {
            return Ok(());
        }
        if self.is_pinned || matches!(self.phase, Phase::Writing | Phase::Reading { is_begun: true }) {
            return Err(Error::Lost(None));
        }
        self.statements.clear();
        self.client = Some(Arc::new(target.connect()?));
        Ok(())
    }

    /// The statement, prepared.
    fn prepared(&mut self, sql: &str) -> Result<(&Arc<Client>, Statement), Cause> {
        // INVARIANT: whoever calls has connected.
        #[expect(clippy::expect_used, reason = "the line above says so")]
        let client = self.client.as_ref().expect("invariant: connected");
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = wait(client.prepare(&numbered(sql)))?;
                self.statements.insert(sql.to_owned(), statement.clone());
                statement
            }
        };
        Ok((client, statement))
    }

    /// Waits for an answer; what has to be said before goes with the same breath.
    fn asked<R>(
        &mut self,
        client: &Client,
        question: impl Future<Output = Result<R, Cause>>,
    ) -> Result<R, Cause> {
        if self.prologue.is_empty() {
            return wait(question);
        }
        // INVARIANT: both are sent in this order, as each is when it is first looked at.
        let ((), answer) = wait(try_join(client.batch_execute(&self.prologue), question))?;
        self.prologue.clear();
        if let Phase::Reading { is_begun } = &mut self.phase {
            *is_begun = true;
        }
        Ok(answer)
    }

    /// Lets the transaction see something else from the next statement on.
    fn see(&mut self, sight: &Sight) {
        // Outside of transactions nothing guarded is asked for.
        if self.phase == Phase::Idle || self.sight.as_ref() == Some(sight) {
            return;
        }
        if !self.prologue.is_empty() {
            self.prologue.push_str("; ");
        }
        self.prologue.push_str(&guard::statements(sight, self.sight.as_ref()));
        self.sight = Some(sight.clone());
    }

    /// A transaction begins, or is over.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.prologue.clear();
        self.sight = Some(Sight::Nothing);
    }

    /// Asks for rows.
    fn ask(&mut self, sql: &str, values: &[Value<'_>]) -> Result<RowStream, Cause> {
        let (client, statement) = self.prepared(sql)?;
        let client = Arc::clone(client);
        self.asked(&client, client.query_raw(&statement, values.iter().copied()))
    }

    /// Asks for the first rows of several answers at once.
    fn ask_each(&mut self, sql: &str, all: &[Vec<Value<'_>>]) -> Result<Vec<Option<PgRow>>, Cause> {
        let (client, statement) = self.prepared(sql)?;
        let client = Arc::clone(client);
        let ask = async |values: &Vec<Value<'_>>| {
            let rows = client.query_raw(&statement, values.iter().copied()).await?;
            let rows: Vec<PgRow> = rows.try_collect().await?;
            Ok::<_, Cause>(rows.into_iter().next())
        };
        self.asked(&client, try_join_all(all.iter().map(ask)))
    }

    fn change(&mut self, sql: &str, values: &[Value<'_>]) -> Result<usize, Cause> {
        let (client, statement) = self.prepared(sql)?;
        let client = Arc::clone(client);
        let changed = self.asked(&client, client.execute_raw(&statement, values.iter().copied()))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn is_lost(&self, error: &Cause) -> bool {
        let is_fatal = |error: &tokio_postgres::error::DbError| {
            matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
        };
        error.is_closed()
            || error.as_db_error().is_some_and(is_fatal)
            || self.client.as_ref().is_none_or(|client| client.is_closed())
    }

    /// What a failure means for whoever asked.
    fn failed(&mut self, is_question: bool, error: Cause) -> Error {
        self.is_broken = self.phase == Phase::Writing;
        match self.phase {
            _ if !self.is_lost(&error) => error.into(),
            // A change without a transaction: it may have been the answer that was lost.
            Phase::Idle if !is_question => Error::Unknown(error),
            _ => Error::Lost(Some(error)),
        }
    }
}

impl Session {
    pub(in crate::store::sql) fn new(target: &Arc<Target>) -> Self {
        Self { target: Arc::clone(target), inner: RefCell::default() }
    }

    pub(super) fn schema(&self) -> &str {
        self.target.schema()
    }

    /// What the transaction sees from now on; and what it saw before.
    pub(in crate::store::sql) fn see(&self, sight: &Sight) -> Result<Sight, Error> {
        let mut inner = self.inner()?;
        let before = inner.sight.clone().unwrap_or_default();
        inner.see(sight);
        Ok(before)
    }

    fn inner(&self) -> Result<RefMut<'_, Inner>, Error> {
        self.inner.try_borrow_mut().map_err(|_| Error::Nested)
    }

    /// Lets no other connection take the place of this one, when it breaks.
    pub(in crate::store::sql) fn pin(&self) {
        self.inner.borrow_mut().is_pinned = true;
    }

    /// Whether the connection is gone.
    pub(in crate::store::sql) fn is_lost(&self) -> bool {
        self.inner().is_ok_and(|inner| inner.client.as_ref().is_none_or(|client| client.is_closed()))
    }

    /// Does something on a connection, and once more on another if the first was lost and nothing can be done twice by that.
    fn attempt<R>(
        &self,
        is_question: bool,
        act: impl Fn(&mut Inner) -> Result<R, Cause>,
    ) -> Result<(RefMut<'_, Inner>, R), Error> {
        let mut inner = self.inner()?;
        if let Err(error) = inner.connect(&self.target) {
            inner.is_broken = inner.phase == Phase::Writing;
            return Err(error);
        }
        if let Err(error) = inner.pending.settle() {
            return Err(inner.failed(is_question, error));
        }
        let first = act(&mut inner);
        let done = match first {
            Err(error) if inner.is_lost(&error) => {
                let may_repeat = match inner.phase {
                    _ if inner.is_pinned => false,
                    Phase::Idle => is_question,
                    Phase::Reading { is_begun } => !is_begun,
                    Phase::Writing => false,
                };
                if !may_repeat {
                    return Err(inner.failed(is_question, error));
                }
                inner.client = None;
                inner.connect(&self.target)?;
                act(&mut inner)
            }
            first => first,
        };
        match done {
            Ok(done) => Ok((inner, done)),
            Err(error) => Err(inner.failed(is_question, error)),
        }
    }

    pub(in crate::store::sql) fn begin(&self, what: For) -> Result<(), Error> {
        let mut inner = self.inner()?;
        inner.is_broken = false;
        if what == For::Reading {
            inner.enter(Phase::Reading { is_begun: false });
            READ.clone_into(&mut inner.prologue);
            return Ok(());
        }
        inner.enter(Phase::Idle);
        drop(inner);
        // INVARIANT: one writer at a time, from the first statement to the commit. So numbers of changes are committed in their order, and
        // what a transaction has read is true until its end.
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({})",
            self.target.lock()
        );
        let begun = self.attempt(true, |inner| match &inner.client {
            Some(client) => wait(client.batch_execute(&begin)),
            None => Ok(()),
        });
        match begun {
            Ok((mut inner, ())) => {
                inner.phase = Phase::Writing;
                Ok(())
            }
            Err(error) => {
                // It may have begun, and waited for the lock in vain.
                self.roll_back();
                Err(error)
            }
        }
    }

    pub(in crate::store::sql) fn commit(&self) -> Result<(), Error> {
        let mut inner = self.inner()?;
        if let Err(error) = inner.pending.settle() {
            let error = inner.failed(false, error);
            drop(inner);
            self.roll_back();
            return Err(error);
        }
        let phase = inner.phase;
        inner.enter(Phase::Idle);
        let Some(client) = inner.client.as_ref().filter(|client| !client.is_closed()) else {
            // Nobody was asked to commit it.
            return if phase == Phase::Writing { Err(Error::Lost(None)) } else { Ok(()) };
        };
        match phase {
            Phase::Idle | Phase::Reading { is_begun: false } => Ok(()),
            Phase::Reading { is_begun: true } => {
                // What was read stays read.
                if wait(client.batch_execute("COMMIT")).is_err() {
                    inner.client = None;
                }
                Ok(())
            }
            Phase::Writing if inner.is_broken => {
                if wait(client.batch_execute("ROLLBACK")).is_err() {
                    inner.client = None;
                }
                Err(Error::Undone)
            }
            Phase::Writing => wait(client.batch_execute("COMMIT")).map_err(|error| {
                let is_lost = inner.is_lost(&error);
                inner.client = None;
                if is_lost { Error::Unknown(error) } else { error.into() }
            }),
        }
    }

    pub(in crate::store::sql) fn roll_back(&self) {
        let Ok(mut inner) = self.inner() else { return };
        inner.enter(Phase::Idle);
        inner.pending.forget();
        // A connection on which this fails is given up, and the server undoes what was begun there.
        if inner.client.as_ref().is_some_and(|client| wait(client.batch_execute("ROLLBACK")).is_err()) {
            inner.client = None;
        }
    }

    pub(in crate::store::sql) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, Error> {
        let is_undone = sql.starts_with("ROLLBACK TO");
        if is_undone {
            // Where something failed the server hears of nothing else; and what was seen since then is undone too.
            let mut inner = self.inner()?;
            inner.prologue.clear();
            inner.sight = None;
        }
        let (mut inner, changed) = self.attempt(false, |inner| inner.change(sql, values))?;
        inner.is_broken &= !is_undone;
        Ok(changed)
    }

    /// Changes something within a transaction that writes, without waiting for the answer: [`settle`](Self::settle), or whatever is asked
    /// next, says if it failed.
    pub(in crate::store::sql) fn send(&self, sql: &str, values: &[Value<'_>]) -> Result<(), Error> {
        let mut inner = self.inner()?;
        if inner.phase != Phase::Writing || inner.client.is_none() {
            drop(inner);
            return self.execute(sql, values).map(drop);
        }
        let sent = inner.prepared(sql).map(|(client, statement)| (Arc::clone(client), statement)).and_then(
            |(client, statement)| {
                let prologue = std::mem::take(&mut inner.prologue);
                inner.pending.say(&client, prologue)?;
                inner.pending.send(&client, statement, values)
            },
        );
        sent.map_err(|error| inner.failed(false, error))
    }

    /// Waits for what was sent.
    pub(in crate::store::sql) fn settle(&self) -> Result<(), Error> {
        let mut inner = self.inner()?;
        inner.pending.settle().map_err(|error| inner.failed(false, error))
    }

    pub(in crate::store::sql) fn each<E>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        failed: impl Fn(Error) -> E,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_question = sql.starts_with("SELECT");
        let (mut inner, rows) = self.attempt(is_question, |inner| inner.ask(sql, values)).map_err(&failed)?;
        let mut rows = pin!(rows);
        let next = |rows: &mut std::pin::Pin<&mut RowStream>| -> Option<Result<PgRow, Cause>> {
            wait(poll_fn(|context| rows.as_mut().poll_next(context)))
        };
        while let Some(row) = next(&mut rows) {
            match row {
                Ok(row) => visit(&Row::Postgres(&row))?,
                Err(error) => return Err(failed(inner.failed(is_question, error))),
            }
        }
        Ok(())
    }

    pub(in crate::store::sql) fn first_of_each(
        &self,
        sql: &str,
        all: &[Vec<Value<'_>>],
    ) -> Result<Vec<Option<PgRow>>, Error> {
        self.attempt(true, |inner| inner.ask_each(sql, all)).map(|(_, rows)| rows)
    }

    pub(in crate::store::sql) fn batch(&self, sql: &str) -> Result<(), Error> {
        let run = |inner: &mut Inner| match inner.client.clone() {
            Some(client) => inner.asked(&client, client.batch_execute(sql)),
            None => Ok(()),
        };
        self.attempt(false, run).map(drop)
    }
}

/// Values are `?1` in statements here, and `$1` in PostgreSQL.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}
