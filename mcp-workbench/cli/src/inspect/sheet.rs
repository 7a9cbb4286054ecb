//! A form on the screen: where one is in it, and its buttons.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use mcp_workbench::form::{Form, Kind, Mistake};
use serde_json::{Map, Value};

use super::input::Input;

/// A form, and where one is in it.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    /// What it is for.
    pub(crate) title: String,
    /// What is said above the fields.
    pub(crate) text: String,
    pub(crate) form: Form,
    pub(crate) inputs: Vec<Input>,
    pub(crate) buttons: &'static [&'static str],
    /// The field, or the button after all fields.
    pub(crate) focus: usize,
    pub(crate) mistakes: Vec<Mistake>,
}

/// What a key led to, beside changing the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    Nothing,
    Button(usize),
    Back,
}

impl Sheet {
    pub(crate) fn new(title: String, text: String, form: Form, buttons: &'static [&'static str]) -> Self {
        let inputs = form.fields().iter().map(|field| Input::new(field.text.clone())).collect();
        let mut sheet = Self { title, text, form, inputs, buttons, focus: 0, mistakes: Vec::new() };
        for field in 0..sheet.inputs.len() {
            sheet.settle(field);
        }
        sheet
    }

    /// What is filled in; on mistakes goes to the first.
    pub(crate) fn filled(&mut self) -> Option<Map<String, Value>> {
        match self.form.filled() {
            Ok(filled) => {
                self.mistakes.clear();
                Some(filled)
            }
            Err(mistakes) => {
                self.blame(mistakes);
                None
            }
        }
    }

    /// Shows what is wrong.
    pub(crate) fn blame(&mut self, mistakes: Vec<Mistake>) {
        self.focus = mistakes.first().map_or(self.focus, |mistake| mistake.field);
        self.mistakes = mistakes;
    }

    pub(crate) fn paste(&mut self, text: &str) {
        let lines = self.kind().is_some_and(Kind::has_lines);
        let typed = !matches!(self.kind(), None | Some(Kind::Choice(_)));
        if let Some(input) = self.inputs.get_mut(self.focus).filter(|_| typed) {
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            input.insert(&if lines { text } else { text.replace('\n', " ") });
            self.written();
        }
    }

    pub(crate) fn key(&mut self, key: KeyEvent) -> Pressed {
        let fields = self.inputs.len();
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let choices = match self.kind() {
            Some(Kind::Choice(choices)) => Some(choices.clone()),
            _ => None,
        };
        let has_lines = self.kind().is_some_and(Kind::has_lines);
        match key.code {
            KeyCode::Esc => return Pressed::Back,
            KeyCode::Char('r') if control => return Pressed::Button(0),
            KeyCode::Tab => self.go(1),
            KeyCode::BackTab => self.go(-1),
            KeyCode::Enter if self.focus >= fields => return Pressed::Button(self.focus - fields),
            KeyCode::Enter if has_lines => {
                if let Some(input) = self.inputs.get_mut(self.focus) {
                    input.insert("\n");
                }
                self.written();
            }
            KeyCode::Enter => self.go(1),
            KeyCode::Down | KeyCode::Up => {
                let down = key.code == KeyCode::Down;
                let input = self.inputs.get_mut(self.focus).filter(|_| has_lines);
                if !input.is_some_and(|input| input.line(down)) {
                    self.go(if down { 1 } else { -1 });
                }
            }
            KeyCode::Left if self.focus >= fields => self.go(-1),
            KeyCode::Right if self.focus >= fields => self.go(1),
            code => match choices {
                Some(choices) => self.choose(&choices, code),
                None => {
                    if self.inputs.get_mut(self.focus).is_some_and(|input| input.key(key)) {
                        self.written();
                    }
                }
            },
        }
        Pressed::Nothing
    }

    /// Goes to another choice: the next, the one before, or one that begins with a character.
    fn choose(&mut self, choices: &[String], code: KeyCode) {
        let now = self.inputs.get(self.focus).map(Input::text).unwrap_or_default();
        let at = choices.iter().position(|choice| choice == now);
        let next = match code {
            KeyCode::Right | KeyCode::Char(' ') => at.map_or(0, |at| (at + 1) % choices.len()),
            KeyCode::Left => at.map_or(0, |at| (at + choices.len() - 1) % choices.len()),
            KeyCode::Backspace | KeyCode::Delete => 0,
            KeyCode::Char(c) => {
                let begins = |(_, choice): &(usize, &String)| {
                    choice.to_lowercase().starts_with(c.to_ascii_lowercase())
                };
                let after = choices.iter().enumerate().skip(at.map_or(0, |at| at + 1));
                let Some((next, _)) = after.chain(choices.iter().enumerate()).find(begins) else { return };
                next
            }
            _ => return,
        };
        if let (Some(input), Some(choice)) = (self.inputs.get_mut(self.focus), choices.get(next)) {
            *input = Input::new(choice.clone());
            self.written();
        }
    }

    /// A choice that must be made and has no default is made: the first.
    fn settle(&mut self, field: usize) {
        let Some(Kind::Choice(choices)) = self.form.fields().get(field).map(|field| field.kind.clone())
        else {
            return;
        };
        if let (Some(input), Some(first)) = (self.inputs.get_mut(field), choices.first())
            && !choices.iter().any(|choice| choice == input.text())
        {
            *input = Input::new(first.clone());
            self.form.write(field, first.clone());
        }
    }

    fn kind(&self) -> Option<&Kind> {
        self.form.fields().get(self.focus).map(|field| &field.kind)
    }

    /// Puts what was typed into the form. What was wrong with it may be right now.
    fn written(&mut self) {
        if let Some(input) = self.inputs.get(self.focus) {
            self.form.write(self.focus, input.text());
            self.mistakes.retain(|mistake| mistake.field != self.focus);
        }
    }

    fn go(&mut self, by: isize) {
        let all = self.inputs.len() + self.buttons.len();
        self.focus = (self.focus + all).saturating_add_signed(by) % all.max(1);
    }
}
