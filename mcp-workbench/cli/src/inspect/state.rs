//! What is on the screen, and what becomes of it by events. Nothing here draws, waits or talks to a server.

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use mcp_core::protocol::{
    CallToolResult, ElicitAction, ElicitResult, GetPromptResult, LogMessage, Progress, RawJson,
    ReadResourceResult, validate_answer,
};
use mcp_workbench::form::{Form, Mistake};

use super::catalog::{Catalog, Item, Tab, Work};
use super::detail;
use super::input::Input;
use super::sheet::{Pressed, Sheet};
use super::theme::Theme;

/// Lines that are kept of what a run says.
const KEPT: usize = 1_000;
/// Lines that a page key goes.
const PAGE: usize = 10;

/// What happens.
#[derive(Debug)]
pub(crate) enum Event {
    Key(KeyEvent),
    Paste(String),
    Size(u16, u16),
    /// A while went by in which something ran.
    Tick,
    /// The server was connected and listed; or cannot be.
    Listed(Result<Catalog, String>),
    Progress(u64, Progress),
    Log(LogMessage),
    /// A run ended.
    Ended(u64, Result<Answer, String>, Duration),
    /// The server asks.
    Asked(Question),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Quit,
    List,
    Run(u64, Work),
    /// Gives the run up that is under way.
    Cancel,
    Reply(u64, ElicitResult),
}

/// What a server answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Tool(Box<CallToolResult>),
    Resource(ReadResourceResult),
    Prompt(GetPromptResult),
}

/// What a server asks of a person.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) id: u64,
    pub(crate) message: String,
    pub(crate) asks: Asks,
}

#[derive(Debug, Clone)]
pub(crate) enum Asks {
    /// To fill in a form.
    Form(RawJson),
    /// To go to an address.
    Url(String),
}

/// A question on the screen.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    id: u64,
    asks: Asks,
    pub(crate) sheet: Sheet,
}

/// What runs, or ran.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) sheet: Box<Sheet>,
    pub(crate) item: Item,
    pub(crate) progress: Option<Progress>,
    /// What was said meanwhile.
    pub(crate) said: VecDeque<String>,
    /// Tenths of a second.
    pub(crate) ticks: u64,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) run: Run,
    pub(crate) answer: Result<Answer, String>,
    pub(crate) took: Duration,
    /// As it came.
    pub(crate) raw: bool,
    pub(crate) scroll: usize,
}

impl Ended {
    pub(crate) fn failed(&self) -> bool {
        match &self.answer {
            Err(_) => true,
            Ok(Answer::Tool(result)) => result.is_error,
            Ok(_) => false,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum View {
    /// Before the server has answered.
    Connecting,
    /// It cannot be used.
    Lost(String),
    Browse,
    Form(Item, Box<Sheet>),
    Running(Box<Run>),
    Ended(Box<Ended>),
}

/// What is on the screen.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// What the server was called by whoever asked for it.
    pub(crate) server: String,
    pub(crate) catalog: Catalog,
    pub(crate) tab: Tab,
    pub(crate) filter: Input,
    pub(crate) filtering: bool,
    /// Which of those that pass the filter.
    pub(crate) selected: usize,
    pub(crate) scroll: usize,
    pub(crate) view: View,
    pub(crate) questions: VecDeque<Asking>,
    pub(crate) theme: Theme,
    /// Columns and lines.
    pub(crate) size: (u16, u16),
    runs: u64,
}

impl State {
    pub(crate) fn new(server: &str, theme: Theme, size: (u16, u16)) -> Self {
        Self {
            server: server.to_owned(),
            catalog: Catalog::default(),
            tab: Tab::Tools,
            filter: Input::default(),
            filtering: false,
            selected: 0,
            scroll: 0,
            view: View::Connecting,
            questions: VecDeque::new(),
            theme,
            size,
            runs: 0,
        }
    }

    /// Those that pass the filter.
    pub(crate) fn shown(&self) -> Vec<&Item> {
        self.catalog.of(self.tab).iter().filter(|item| item.has(self.filter.text())).collect()
    }

    pub(crate) fn item(&self) -> Option<&Item> {
        self.shown().get(self.selected).copied()
    }

    /// Takes an event in, and says what is to be done.
    pub(crate) fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => return self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Size(columns, lines) => self.size = (columns, lines),
            Event::Tick => {
                if let View::Running(run) = &mut self.view {
                    run.ticks += 1;
                }
            }
            Event::Listed(Ok(catalog)) => {
                self.catalog = catalog;
                self.selected = self.selected.min(self.shown().len().saturating_sub(1));
                if matches!(self.view, View::Connecting | View::Lost(_)) {
                    let first = Tab::ALL.into_iter().find(|tab| !self.catalog.of(*tab).is_empty());
                    self.tab = first.unwrap_or(self.tab);
                    self.view = View::Browse;
                }
            }
            Event::Listed(Err(problem)) => self.view = View::Lost(problem),
            Event::Progress(id, progress) => {
                if let View::Running(run) = &mut self.view
                    && run.id == id
                {
                    let message = progress.message.clone();
                    run.progress = Some(progress);
                    message.into_iter().for_each(|message| run.say(message));
                }
            }
            Event::Log(message) => {
                if let View::Running(run) = &mut self.view {
                    run.say(logged(&message));
                }
            }
            Event::Ended(id, answer, took) => self.ended(id, answer, took),
            Event::Asked(question) => self.questions.push_back(Asking::new(question)),
        }
        Vec::new()
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let stops = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        if let Some(asking) = self.questions.front_mut() {
            let Some(reply) = asking.key(key, stops) else { return Vec::new() };
            let effect = Effect::Reply(asking.id, reply);
            self.questions.pop_front();
            return vec![effect];
        }
        let view = std::mem::replace(&mut self.view, View::Browse);
        let (view, effects) = match view {
            View::Running(run) if stops || key.code == KeyCode::Esc => {
                (View::Form(run.item, run.sheet), vec![Effect::Cancel])
            }
            view if stops => (view, vec![Effect::Quit]),
            View::Connecting | View::Lost(_) => match key.code {
                KeyCode::Char('q') | KeyCode::Esc => (view, vec![Effect::Quit]),
                KeyCode::Char('r') if matches!(view, View::Lost(_)) => (View::Connecting, vec![Effect::List]),
                _ => (view, Vec::new()),
            },
            View::Browse => self.browse(key),
            View::Form(item, sheet) => self.form(item, sheet, key),
            View::Running(run) => (View::Running(run), Vec::new()),
            View::Ended(ended) => self.read(ended, key),
        };
        self.view = view;
        effects
    }

    fn browse(&mut self, key: KeyEvent) -> (View, Vec<Effect>) {
        let shown = self.shown().len();
        match key.code {
            KeyCode::Enter if self.filtering => self.filtering = false,
            KeyCode::Esc if self.filtering || !self.filter.text().is_empty() => {
                (self.filtering, self.filter) = (false, Input::default());
                self.select(0);
            }
            KeyCode::Down => self.select((self.selected + 1).min(shown.saturating_sub(1))),
            KeyCode::Up => self.select(self.selected.saturating_sub(1)),
            _ if self.filtering => self.narrow(key),
            KeyCode::Char('j') => self.select((self.selected + 1).min(shown.saturating_sub(1))),
            KeyCode::Char('k') => self.select(self.selected.saturating_sub(1)),
            KeyCode::Home | KeyCode::Char('g') => self.select(0),
            KeyCode::End | KeyCode::Char('G') => self.select(shown.saturating_sub(1)),
            KeyCode::PageDown | KeyCode::Char(' ') => {
                self.scroll = (self.scroll + PAGE).min(detail::furthest(self));
            }
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(PAGE),
            KeyCode::Tab | KeyCode::Right => self.turn(1),
            KeyCode::BackTab | KeyCode::Left => self.turn(2),
            KeyCode::Char('/') => self.filtering = true,
            KeyCode::Char('r') => return (View::Browse, vec![Effect::List]),
            KeyCode::Char('q') => return (View::Browse, vec![Effect::Quit]),
            KeyCode::Enter => {
                let Some(item) = self.item().cloned() else { return (View::Browse, Vec::new()) };
                let sheet = Box::new(item.sheet());
                return match item {
                    // Nothing is to be filled in, and reading does nothing.
                    Item::Resource(_) => self.begin(item, sheet),
                    item => (View::Form(item, sheet), Vec::new()),
                };
            }
            _ => {}
        }
        (View::Browse, Vec::new())
    }

    fn form(&mut self, item: Item, mut sheet: Box<Sheet>, key: KeyEvent) -> (View, Vec<Effect>) {
        match sheet.key(key) {
            Pressed::Back => (View::Browse, Vec::new()),
            Pressed::Button(_) => self.begin(item, sheet),
            Pressed::Nothing => (View::Form(item, sheet), Vec::new()),
        }
    }

    fn begin(&mut self, item: Item, mut sheet: Box<Sheet>) -> (View, Vec<Effect>) {
        let Some(arguments) = sheet.filled() else { return (View::Form(item, sheet), Vec::new()) };
        self.runs += 1;
        let (id, work) = (self.runs, item.work(arguments));
        let run = Run { id, sheet, item, progress: None, said: VecDeque::new(), ticks: 0 };
        (View::Running(Box::new(run)), vec![Effect::Run(id, work)])
    }

    fn read(&mut self, mut ended: Box<Ended>, key: KeyEvent) -> (View, Vec<Effect>) {
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') if matches!(ended.run.item, Item::Resource(_)) => {
                return (View::Browse, Vec::new());
            }
            KeyCode::Esc | KeyCode::Char('q') => {
                return (View::Form(ended.run.item, ended.run.sheet), Vec::new());
            }
            KeyCode::Char('b') => return (View::Browse, Vec::new()),
            KeyCode::Char('r') | KeyCode::Enter => return self.begin(ended.run.item, ended.run.sheet),
            KeyCode::Char('s') => (ended.raw, ended.scroll) = (!ended.raw, 0),
            code => {
                let most = detail::furthest_of(&ended, self);
                ended.scroll = match code {
                    KeyCode::Down | KeyCode::Char('j') => ended.scroll.saturating_add(1),
                    KeyCode::Up | KeyCode::Char('k') => ended.scroll.saturating_sub(1),
                    KeyCode::PageDown | KeyCode::Char(' ') => ended.scroll.saturating_add(PAGE),
                    KeyCode::PageUp => ended.scroll.saturating_sub(PAGE),
                    KeyCode::Home | KeyCode::Char('g') => 0,
                    KeyCode::End | KeyCode::Char('G') => most,
                    _ => ended.scroll,
                }
                .min(most);
            }
        }
        (View::Ended(ended), Vec::new())
    }

    fn paste(&mut self, text: &str) {
        if let Some(asking) = self.questions.front_mut() {
            asking.sheet.paste(text);
        } else if let View::Form(_, sheet) = &mut self.view {
            sheet.paste(text);
        } else if self.filtering {
            self.filter.insert(&text.replace(['\n', '\r'], " "));
            self.select(0);
        }
    }

    fn ended(&mut self, id: u64, answer: Result<Answer, String>, took: Duration) {
        // What was given up has ended already.
        let View::Running(run) = &self.view else { return };
        if run.id != id {
            return;
        }
        let run = (**run).clone();
        // Nobody waits for what was asked on its behalf.
        self.questions.clear();
        self.view = View::Ended(Box::new(Ended { run, answer, took, raw: false, scroll: 0 }));
    }

    fn narrow(&mut self, key: KeyEvent) {
        if self.filter.key(key) {
            self.select(0);
        }
    }

    const fn select(&mut self, item: usize) {
        (self.selected, self.scroll) = (item, 0);
    }

    fn turn(&mut self, by: usize) {
        let at = Tab::ALL.iter().position(|tab| *tab == self.tab).unwrap_or_default();
        self.tab = Tab::ALL.into_iter().cycle().nth(at + by).unwrap_or(self.tab);
        self.select(0);
    }
}

impl Run {
    fn say(&mut self, line: String) {
        self.said.push_back(line);
        if self.said.len() > KEPT {
            self.said.pop_front();
        }
    }
}

fn logged(message: &LogMessage) -> String {
    let said = message.data.to_value().unwrap_or_default();
    let said = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
    let logger = message.logger.as_ref().map_or_else(String::new, |logger| format!(" {logger}"));
    format!("{}{logger}: {said}", message.level)
}

impl Asking {
    fn new(question: Question) -> Self {
        let Question { id, message, asks } = question;
        let (title, text, form, buttons): (_, _, _, &[&str]) = match &asks {
            Asks::Form(schema) => {
                let form = Form::of(&schema.to_value().unwrap_or_default());
                ("The server asks", message, form, &["Send", "Decline"])
            }
            Asks::Url(url) => {
                let text = format!(
                    "{message}\n\n{url}\n\nGo there yourself, if you trust it. Nothing is opened from here."
                );
                ("The server sends you to an address", text, Form::default(), &["I go there", "Decline"])
            }
        };
        Self { id, asks, sheet: Sheet::new(title.to_owned(), text, form, buttons) }
    }

    /// The reply that a key leads to, if it does.
    fn key(&mut self, key: KeyEvent, stops: bool) -> Option<ElicitResult> {
        if stops {
            return Some(ElicitResult::bare(ElicitAction::Cancel));
        }
        match (self.sheet.key(key), &self.asks) {
            (Pressed::Nothing, _) => None,
            (Pressed::Back, _) => Some(ElicitResult::bare(ElicitAction::Cancel)),
            (Pressed::Button(0), Asks::Url(_)) => Some(ElicitResult::bare(ElicitAction::Accept)),
            (Pressed::Button(0), Asks::Form(schema)) => {
                let filled = self.sheet.filled()?;
                if let Err(error) = validate_answer(schema, &filled) {
                    let at = self.sheet.form.fields().iter().position(|field| field.name == error.field);
                    self.sheet.blame(vec![Mistake::new(
                        at.unwrap_or_default(),
                        error.field,
                        error.problem.to_string(),
                    )]);
                    return None;
                }
                Some(ElicitResult::accept(filled))
            }
            (Pressed::Button(_), _) => Some(ElicitResult::bare(ElicitAction::Decline)),
        }
    }
}
