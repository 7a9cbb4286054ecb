//! Keys in, screens out.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use mcp_core::protocol::{
    CallToolResult, ElicitAction, ElicitResult, LogLevel, LogMessage, Progress, Prompt, RawJson, Resource,
    ResourceTemplate, Tool,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::catalog::{Catalog, Item, Work};
use super::draw::draw;
use super::state::{Answer, Asks, Effect, Event, Question, State, View};
use super::theme::Theme;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

fn of<T: DeserializeOwned>(value: Value) -> Box<T> {
    Box::new(serde_json::from_value(value).unwrap())
}

fn catalog() -> Catalog {
    let report = json!({ "name": "report_month", "title": "Monthly report",
        "description": "Makes the report of a month: what was sold, what came back, and what is left. Takes a while.",
        "annotations": { "readOnlyHint": true, "openWorldHint": false },
        "inputSchema": { "type": "object", "required": ["month", "format"], "properties": {
            "month": { "type": "integer", "minimum": 1, "maximum": 12, "description": "Which month, 1 to 12." },
            "format": { "enum": ["text", "html", "pdf"], "description": "What it is written in." },
            "shops": { "type": "array", "items": { "type": "string" }, "description": "Only these shops." },
            "details": { "type": "boolean", "default": true },
            "options": { "type": "object", "description": "Anything else, for the printer." } } } });
    let simple = |name: &str, text: &str| json!({ "name": name, "description": text, "inputSchema": { "type": "object" } });
    let tools = [report, simple("clear", "Forgets everything."), simple("status", "Says how it is.")];
    let resource = json!({ "uri": "notes://today", "name": "today", "description": "Notes of today.", "mimeType": "text/plain" });
    let template =
        json!({ "uriTemplate": "notes://{folder}/{day}", "name": "notes", "description": "Notes of a day." });
    let prompt = json!({ "name": "greet", "description": "Greets somebody.",
        "arguments": [{ "name": "who", "description": "Whom.", "required": true }, { "name": "tone" }] });
    Catalog {
        name: "shop 1.2.0".to_owned(),
        revision: "2026-07-28".to_owned(),
        tools: tools.map(|tool| Item::Tool(of::<Tool>(tool))).into(),
        resources: vec![
            Item::Resource(of::<Resource>(resource)),
            Item::Template(of::<ResourceTemplate>(template)),
        ],
        prompts: vec![Item::Prompt(of::<Prompt>(prompt))],
    }
}

fn state(size: (u16, u16)) -> State {
    let mut state = State::new("http://127.0.0.1:8080/mcp", Theme { colours: true }, size);
    assert_eq!(state.update(Event::Listed(Ok(catalog()))), []);
    state
}

fn key(code: KeyCode) -> Event {
    Event::Key(KeyEvent::from(code))
}

fn control(c: char) -> Event {
    Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
}

/// Presses keys one after the other, and tells what the last led to.
fn press(state: &mut State, keys: &[KeyCode]) -> Vec<Effect> {
    keys.iter().fold(Vec::new(), |_, code| state.update(key(*code)))
}

fn typed(state: &mut State, text: &str) {
    for c in text.chars() {
        state.update(key(KeyCode::Char(c)));
    }
}

/// What is on the screen.
fn screen(state: &State) -> String {
    let mut terminal = Terminal::new(TestBackend::new(state.size.0, state.size.1)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let cells = (0..state.size.0).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    (0..state.size.1).map(line).collect()
}

/// A state in which the report runs.
fn running(size: (u16, u16)) -> State {
    let mut state = state(size);
    press(&mut state, &[KeyCode::Enter]);
    typed(&mut state, "3");
    let effects = state.update(control('r'));
    let arguments = json!({ "month": 3, "format": "text", "details": true });
    let work = Work::Tool { name: "report_month".into(), arguments: arguments.as_object().unwrap().clone() };
    assert_eq!(effects, [Effect::Run(1, work)]);
    state
}

fn ended(state: &mut State, answer: Result<CallToolResult, String>) {
    let answer = answer.map(|result| Answer::Tool(Box::new(result)));
    state.update(Event::Ended(1, answer, Duration::from_micros(12_345)));
}

#[test]
fn what_a_server_offers_is_listed_with_details() {
    for (name, size) in [("80", SMALL), ("120", LARGE)] {
        insta::assert_snapshot!(format!("tools_{name}"), screen(&state(size)));
    }
    let mut state = state(SMALL);
    press(&mut state, &[KeyCode::Tab]);
    insta::assert_snapshot!("resources_80", screen(&state));
    press(&mut state, &[KeyCode::Tab]);
    assert!(screen(&state).contains("who  text, needed"), "{}", screen(&state));
    press(&mut state, &[KeyCode::BackTab, KeyCode::BackTab, KeyCode::PageDown]);
    assert!(state.scroll > 0, "a long text scrolls");
    press(&mut state, &[KeyCode::PageDown; 20]);
    assert!(!screen(&state).contains("more lines"), "and ends: {}", screen(&state));
}

#[test]
fn the_head_has_the_revision_beside_a_long_command() {
    let command = "/home/somebody/projects/a-server-with-a-long-name/target/debug/server --stdio";
    let mut state = State::new(command, Theme { colours: true }, SMALL);
    state.update(Event::Listed(Ok(catalog())));
    let seen = screen(&state);
    let head = seen.lines().next().unwrap();
    assert!(
        head.starts_with(" shop 1.2.0   /home/some") && head.ends_with("server --stdio   2026-07-28"),
        "{head}"
    );
}

#[test]
fn a_filter_leaves_what_has_all_its_words() {
    let mut state = state(SMALL);
    press(&mut state, &[KeyCode::Char('/')]);
    typed(&mut state, "forgets q");
    assert!(screen(&state).contains("None of them has these words"), "keys are text here");
    press(&mut state, &[KeyCode::Backspace, KeyCode::Backspace]);
    let seen = screen(&state);
    assert!(seen.contains("/forgets") && seen.contains("clear") && !seen.contains("report_month"), "{seen}");
    press(&mut state, &[KeyCode::Enter, KeyCode::Esc]);
    assert!(screen(&state).contains("report_month"));
}

#[test]
fn forms_are_filled_in_and_mistakes_named() {
    for (name, size) in [("80", SMALL), ("120", LARGE)] {
        let mut state = state(size);
        press(&mut state, &[KeyCode::Enter]);
        typed(&mut state, "13");
        assert_eq!(state.update(control('r')), [], "nothing is called");
        insta::assert_snapshot!(format!("mistake_{name}"), screen(&state));
        press(&mut state, &[KeyCode::Backspace, KeyCode::Enter, KeyCode::Right, KeyCode::Enter]);
        typed(&mut state, "north");
        press(&mut state, &[KeyCode::Enter]);
        typed(&mut state, "south");
        press(&mut state, &[KeyCode::Tab, KeyCode::Char('f'), KeyCode::Tab]);
        state.update(Event::Paste("{ \"ink\": [\n\"red\"] }".to_owned()));
        insta::assert_snapshot!(format!("form_{name}"), screen(&state));
        let effects = press(&mut state, &[KeyCode::Tab, KeyCode::Enter]);
        let [Effect::Run(1, Work::Tool { arguments, .. })] = &effects[..] else { panic!("{effects:?}") };
        let expect = json!({ "month": 1, "format": "html", "shops": ["north", "south"], "details": false, "options": { "ink": ["red"] } });
        assert_eq!(Value::from(arguments.clone()), expect);
    }
}

#[test]
fn what_runs_is_watched_and_can_be_given_up() {
    let mut state = running(SMALL);
    state.update(Event::Tick);
    let progress =
        |done| Progress { total: Some(4.0), message: Some(format!("week {done}")), ..Progress::new(done) };
    state.update(Event::Progress(1, progress(1.0)));
    state.update(Event::Progress(1, progress(2.0)));
    let data = RawJson::from(json!("the printer is slow"));
    state.update(Event::Log(LogMessage { level: LogLevel::Warning, logger: Some("print".into()), data }));
    insta::assert_snapshot!("running_80", screen(&state));
    assert_eq!(press(&mut state, &[KeyCode::Esc]), [Effect::Cancel]);
    assert!(matches!(state.view, View::Form(..)));
    // What was given up ends all the same.
    ended(&mut state, Ok(CallToolResult::text("late")));
    assert!(matches!(state.view, View::Form(..)), "and nobody hears of it");
    assert!(screen(&state).contains("│ 3"), "what was typed is there still: {}", screen(&state));
    let mut state = running(SMALL);
    assert_eq!(state.update(control('c')), [Effect::Cancel]);
    assert_eq!(state.update(control('c')), [Effect::Quit]);
}

#[test]
fn answers_are_text_data_or_errors() {
    let structured = json!({ "sold": 3, "left": { "apples": 2 } });
    let mut result = CallToolResult::structured(&structured).unwrap();
    result.content.insert(0, mcp_core::protocol::ContentBlock::text("A good month."));
    for (name, size) in [("80", SMALL), ("120", LARGE)] {
        let mut state = running(size);
        ended(&mut state, Ok(result.clone()));
        insta::assert_snapshot!(format!("answer_{name}"), screen(&state));
    }
    let mut state = running(SMALL);
    ended(&mut state, Ok(CallToolResult::error("there is no paper\u{1b}[2J")));
    let seen = screen(&state);
    assert!(seen.contains("failed after 12.3 ms") && seen.contains("there is no paper\u{fffd}[2J"), "{seen}");
    press(&mut state, &[KeyCode::Char('s')]);
    assert!(screen(&state).contains("\"isError\": true"));
    assert!(matches!(press(&mut state, &[KeyCode::Char('r')])[..], [Effect::Run(2, _)]), "again");
    state.update(Event::Ended(2, Err("the connection ended".to_owned()), Duration::ZERO));
    assert!(screen(&state).contains("the connection ended"));
    press(&mut state, &[KeyCode::Esc, KeyCode::Esc]);
    assert!(matches!(state.view, View::Browse));
}

#[test]
fn long_answers_scroll_to_their_end_and_no_further() {
    let mut state = running(SMALL);
    let text: String = (1..=100).map(|line| format!("line {line}\n")).collect();
    ended(&mut state, Ok(CallToolResult::text(text.trim_end())));
    assert!(screen(&state).contains("… 82 more lines"), "{}", screen(&state));
    press(&mut state, &[KeyCode::End]);
    assert!(screen(&state).contains("line 100"));
    press(&mut state, &[KeyCode::Down, KeyCode::Up]);
    assert!(!screen(&state).contains("line 100"), "one line up is one line up");
}

#[test]
fn questions_are_answered_declined_or_dismissed() {
    let question = |asks| Event::Asked(Question { id: 7, message: "Who prints it?".to_owned(), asks });
    let schema = json!({ "type": "object", "required": ["name"], "properties": {
        "name": { "type": "string", "minLength": 2, "description": "Whoever signs." },
        "colour": { "oneOf": [{ "const": "r", "title": "Red" }, { "const": "b", "title": "Black" }], "default": "b" } } });
    let form = || question(Asks::Form(RawJson::from(schema.clone())));
    let mut state = running(SMALL);
    state.update(form());
    typed(&mut state, "A");
    assert_eq!(state.update(control('r')), []);
    insta::assert_snapshot!("question_80", screen(&state));
    typed(&mut state, "nn");
    let sent = json!({ "name": "Ann", "colour": "b" });
    let sent = ElicitResult::accept(sent.as_object().unwrap().clone());
    assert_eq!(state.update(control('r')), [Effect::Reply(7, sent)]);
    assert!(matches!(state.view, View::Running(_)));
    let replies = |state: &mut State, keys: &[KeyCode], action| {
        assert_eq!(press(state, keys), [Effect::Reply(7, ElicitResult::bare(action))]);
    };
    state.update(form());
    replies(&mut state, &[KeyCode::BackTab, KeyCode::Enter], ElicitAction::Decline);
    state.update(form());
    replies(&mut state, &[KeyCode::Esc], ElicitAction::Cancel);
    state.update(question(Asks::Url("https://bank.example/pay?id=1".to_owned())));
    assert!(screen(&state).contains("https://bank.example/pay?id=1"));
    replies(&mut state, &[KeyCode::Enter], ElicitAction::Accept);
    state.update(form());
    ended(&mut state, Ok(CallToolResult::text("done")));
    assert!(state.questions.is_empty(), "whoever asked has ended");
}

#[test]
fn resources_are_read_and_templates_filled_in() {
    let mut state = state(SMALL);
    let read = |effects: &[Effect], expect: &str| {
        let [Effect::Run(_, Work::Resource { uri })] = effects else { panic!("{effects:?}") };
        assert_eq!(uri, expect);
    };
    read(&press(&mut state, &[KeyCode::Tab, KeyCode::Enter]), "notes://today");
    press(&mut state, &[KeyCode::Esc, KeyCode::Esc, KeyCode::Down, KeyCode::Enter]);
    typed(&mut state, "work");
    press(&mut state, &[KeyCode::Enter]);
    typed(&mut state, "a day");
    read(&press(&mut state, &[KeyCode::Enter, KeyCode::Enter]), "notes://work/a%20day");
}

#[test]
fn a_server_that_cannot_be_reached_is_tried_again() {
    let mut state = State::new("nowhere", Theme { colours: false }, SMALL);
    assert!(screen(&state).contains("Connecting to nowhere"));
    state.update(Event::Listed(Err("cannot connect to nowhere".to_owned())));
    assert!(screen(&state).contains("r try again"));
    assert_eq!(press(&mut state, &[KeyCode::Char('r')]), [Effect::List]);
    assert_eq!(press(&mut state, &[KeyCode::Char('q')]), [Effect::Quit]);
}

#[test]
fn no_screen_is_too_small_and_colours_can_be_left_out() {
    for size in [(1, 1), (10, 3), (30, 8), (250, 90)] {
        for mut state in [state(size), running(size)] {
            screen(&state);
            state.update(Event::Asked(Question {
                id: 1,
                message: "?".into(),
                asks: Asks::Url("https://a".into()),
            }));
            screen(&state);
        }
        let mut state = running(size);
        ended(&mut state, Ok(CallToolResult::text("日本語 text")));
        screen(&state);
    }
    let mut state = state(SMALL);
    state.theme = Theme { colours: false };
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(frame, &state)).unwrap();
    let plain = |cell: &ratatui::buffer::Cell| {
        (cell.fg, cell.bg) == (ratatui::style::Color::Reset, ratatui::style::Color::Reset)
    };
    assert!(terminal.backend().buffer().content().iter().all(plain));
}
