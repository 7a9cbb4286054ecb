//! `mcp inspect`: what a server offers, on the screen; forms, calls, and its questions.
//!
//! [`state`] says what is on the screen and what becomes of it, [`draw`] draws it, and this file does what they ask for: it reads keys, talks to
//! the server and waits.

mod catalog;
mod detail;
mod draw;
mod fields;
mod input;
mod live;
mod sheet;
mod state;
mod text;
mod theme;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, EventStream, KeyEventKind};
use crossterm::execute;
use futures_util::StreamExt as _;
use mcp_workbench::connect::Servers;
use ratatui::DefaultTerminal;

use self::live::Live;
use self::state::{Effect, Event, State, View};
use self::theme::Theme;

/// Between two looks at what runs.
const TICK: Duration = Duration::from_millis(100);

const HELP: &str = "SERVER is a URL, a command line, a name in mcp.yaml, `memory`, `guardrails` or `patterns`; without it, the local stack.

Keys: arrows choose, Enter opens, / filters, Tab goes to resources and prompts, or in a form to the next field; Ctrl-R calls, Esc goes back and gives a
call up, q quits. In a form nothing typed leaves an argument out, and \"\" is an empty text. Colours are those of the terminal; NO_COLOR=1 wants none.

Examples:
  mcp inspect
  mcp inspect http://127.0.0.1:8080/mcp
  mcp inspect \"npx -y @modelcontextprotocol/server-everything\"";

/// Look at a server and try it out, in the terminal.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Inspect {
    /// The server.
    server: Option<String>,
}

impl Inspect {
    pub(crate) async fn run(self, servers: Servers) -> anyhow::Result<()> {
        ensure!(
            io::stdin().is_terminal() && io::stdout().is_terminal(),
            "`mcp inspect` needs a terminal: `mcp list` and `mcp call` do the same for scripts and pipes"
        );
        // It puts the terminal back, also when it panics.
        let mut terminal = ratatui::try_init()?;
        let done = match execute!(io::stdout(), EnableBracketedPaste) {
            Ok(()) => self.watch(servers, &mut terminal).await,
            Err(error) => Err(error.into()),
        };
        // A terminal that is gone needs no putting back.
        drop(execute!(io::stdout(), DisableBracketedPaste));
        ratatui::restore();
        done
    }

    async fn watch(self, servers: Servers, terminal: &mut DefaultTerminal) -> anyhow::Result<()> {
        let size = terminal.size()?;
        let name = self.server.as_deref().unwrap_or("local");
        let mut state = State::new(name, Theme::of_environment(), (size.width, size.height));
        let (mut live, mut told) = Live::new(servers, self.server.clone());
        let mut keys = EventStream::new();
        let mut tick = tokio::time::interval(TICK);
        live.list();
        loop {
            terminal.draw(|frame| draw::draw(frame, &state))?;
            let event = tokio::select! {
                key = keys.next() => match key {
                    Some(Ok(event)) => event_of(event),
                    // The terminal is gone.
                    Some(Err(_)) | None => break,
                },
                Some(event) = told.recv() => Some(event),
                _ = tick.tick(), if matches!(state.view, View::Running(_)) => Some(Event::Tick),
            };
            let Some(event) = event else { continue };
            let effects = state.update(event);
            if effects.contains(&Effect::Quit) {
                break;
            }
            effects.into_iter().for_each(|effect| live.act(effect));
        }
        live.close().await;
        Ok(())
    }
}

fn event_of(event: crossterm::event::Event) -> Option<Event> {
    match event {
        crossterm::event::Event::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        crossterm::event::Event::Paste(text) => Some(Event::Paste(text)),
        crossterm::event::Event::Resize(columns, lines) => Some(Event::Size(columns, lines)),
        _ => None,
    }
}
