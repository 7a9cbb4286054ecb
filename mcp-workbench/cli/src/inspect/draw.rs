//! The screen, as the state says it is. It changes nothing.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Borders, Clear, Gauge, Paragraph};

use super::catalog::Tab;
use super::detail;
use super::fields;
use super::state::{Ended, Run, State, View};
use super::text::{cut, cut_middle, span, styled, width};

/// Where things are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    head: Rect,
    tabs: Rect,
    list: Rect,
    rule: Rect,
    /// Beside the list.
    pub(crate) detail: Rect,
    /// Everything between head and keys.
    pub(crate) whole: Rect,
    keys: Rect,
}

impl Places {
    pub(crate) fn of((columns, lines): (u16, u16)) -> Self {
        let rows = [Constraint::Length(1), Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)];
        let [head, tabs, body, keys] = Layout::vertical(rows).areas(Rect::new(0, 0, columns, lines));
        let list = (columns / 3).clamp(20, 44);
        let parts = [Constraint::Length(list), Constraint::Length(2), Constraint::Min(1)];
        let [list, rule, detail] = Layout::horizontal(parts).areas(body);
        let whole = Rect { x: body.x + 1, width: body.width.saturating_sub(2), ..body };
        let detail = Rect { width: detail.width.saturating_sub(1), ..detail };
        Self { head, tabs, list, rule, detail, whole, keys }
    }
}

pub(crate) fn draw(frame: &mut Frame<'_>, state: &State) {
    let places = Places::of((frame.area().width, frame.area().height));
    head(frame, state, places.head);
    let keys = match &state.view {
        View::Connecting => {
            let text = format!("Connecting to {} …", state.server);
            frame.render_widget(Paragraph::new(text), places.whole);
            "q quit"
        }
        View::Lost(problem) => {
            let lines = styled(problem, places.whole.width.into(), state.theme.wrong());
            frame.render_widget(Text::from(lines), places.whole);
            "r try again   q quit"
        }
        View::Browse => {
            tabs(frame, state, places.tabs);
            list(frame, state, places);
            browse_keys(state)
        }
        View::Form(_, sheet) => {
            title(frame, state, places.tabs, &sheet.title);
            fields::draw(frame, state.theme, sheet, places.whole, state.questions.is_empty());
            FORM_KEYS
        }
        View::Running(run) => {
            title(frame, state, places.tabs, &run.sheet.title);
            running(frame, state, run, places.whole);
            "Esc give up"
        }
        View::Ended(ended) => {
            title(frame, state, places.tabs, &ended.run.sheet.title);
            answer(frame, state, ended, places.whole);
            "Esc back   r again   s as it came   ↑↓ scroll   b list"
        }
    };
    let keys = if state.questions.is_empty() { keys } else { QUESTION_KEYS };
    let line = cut(&format!(" {keys}"), places.keys.width.into());
    frame.render_widget(Line::styled(line, state.theme.faint()), places.keys);
    if let Some(asking) = state.questions.front() {
        let place = places.whole;
        frame.render_widget(Clear, Rect { x: 0, width: frame.area().width, ..place });
        let block = Block::new()
            .borders(Borders::ALL)
            .border_style(state.theme.name())
            .title(Line::styled(format!(" {} ", asking.sheet.title), state.theme.heading()));
        let inner = block.inner(place);
        frame.render_widget(block, place);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        fields::draw(frame, state.theme, &asking.sheet, inner, true);
    }
}

const FORM_KEYS: &str = "Tab next   Enter next, call   Ctrl-R call   ←→ choose   Esc back";
const QUESTION_KEYS: &str = "Tab next   Enter next, send   Ctrl-R send   Esc dismiss the question";

fn browse_keys(state: &State) -> &'static str {
    if state.filtering {
        "type to filter   Enter done   Esc all"
    } else {
        "↑↓ choose   Enter open   / filter   Tab list   PgDn scroll   r reload   q quit"
    }
}

fn head(frame: &mut Frame<'_>, state: &State, place: Rect) {
    let theme = state.theme;
    let name = if state.catalog.name.is_empty() { "mcp inspect" } else { &state.catalog.name };
    let name = cut(name, usize::from(place.width) / 2);
    let revision = match state.catalog.revision.as_str() {
        "" => String::new(),
        revision => format!("   {revision}"),
    };
    // A command with a long path gives way to the revision.
    let taken = 1 + width(&name) + 3 + width(&revision);
    let server = cut_middle(&state.server, usize::from(place.width).saturating_sub(taken));
    let line = Line::from(vec![
        span(format!(" {name}"), theme.strong()),
        span(format!("   {server}{revision}"), theme.faint()),
    ]);
    frame.render_widget(line, place);
}

fn tabs(frame: &mut Frame<'_>, state: &State, place: Rect) {
    let theme = state.theme;
    let mut spans = Vec::new();
    for tab in Tab::ALL {
        let style = if tab == state.tab { theme.here() } else { theme.plain() };
        spans.push(span(format!(" {} {} ", tab.name(), state.catalog.of(tab).len()), style));
        spans.push(span(" ", theme.plain()));
    }
    let filter = state.filter.text();
    if state.filtering || !filter.is_empty() {
        spans.push(span("  /", theme.name()));
        spans.push(span(filter, theme.strong()));
        let before: usize = spans.iter().map(|span| width(&span.content)).sum();
        if state.filtering {
            let behind = width(state.filter.parts().1);
            let x = u16::try_from(before - behind).unwrap_or(u16::MAX).min(place.width.saturating_sub(1));
            frame.set_cursor_position(Position::new(place.x + x, place.y));
        }
    }
    frame.render_widget(Line::from(spans), place);
}

fn title(frame: &mut Frame<'_>, state: &State, place: Rect, title: &str) {
    let line = format!(" {}", cut(title, usize::from(place.width).saturating_sub(2)));
    frame.render_widget(Line::styled(line, state.theme.heading()), place);
}

fn list(frame: &mut Frame<'_>, state: &State, places: Places) {
    let theme = state.theme;
    let shown = state.shown();
    let height = usize::from(places.list.height);
    let columns = usize::from(places.list.width);
    // What is selected stays in sight.
    let first = state.selected.saturating_sub(height.saturating_sub(1).min(height / 2));
    let first = first.min(shown.len().saturating_sub(height));
    let line = |(at, item): (usize, &&super::catalog::Item)| {
        let text = format!(" {}", cut(item.name(), columns.saturating_sub(2)));
        let padded = format!("{text}{}", " ".repeat(columns.saturating_sub(width(&text))));
        let style = if at == state.selected { theme.here() } else { theme.plain() };
        Line::styled(padded, style)
    };
    let lines: Vec<_> = shown.iter().enumerate().skip(first).take(height).map(line).collect();
    frame.render_widget(Text::from(lines), places.list);
    let rule = Block::new().borders(Borders::LEFT).border_style(theme.faint());
    frame.render_widget(rule, places.rule);
    match state.item() {
        Some(item) => {
            let lines = detail::of_item(item, places.detail.width.into(), theme);
            scrolled(frame, state, lines, state.scroll, places.detail);
        }
        None => {
            let all = state.catalog.of(state.tab).len();
            let says = if all == 0 { "The server offers none." } else { "None of them has these words." };
            frame.render_widget(Line::styled(says, theme.faint()), places.detail);
        }
    }
}

/// Lines from one on, and how many more there are.
fn scrolled(frame: &mut Frame<'_>, state: &State, lines: Vec<Line<'static>>, from: usize, place: Rect) {
    let height = usize::from(place.height);
    let more = lines.len().saturating_sub(from + height);
    let mut seen: Vec<_> = lines.into_iter().skip(from).take(height).collect();
    if more > 0
        && let Some(last) = seen.last_mut()
    {
        *last = Line::styled(format!("… {} more lines", more + 1), state.theme.faint());
    }
    frame.render_widget(Text::from(seen), place);
}

fn running(frame: &mut Frame<'_>, state: &State, run: &Run, place: Rect) {
    let theme = state.theme;
    let rows = [Constraint::Length(1), Constraint::Length(1), Constraint::Length(1), Constraint::Min(0)];
    let [top, bar, _, rest] = Layout::vertical(rows).areas(place);
    let turn = ['|', '/', '-', '\\'].into_iter().cycle().nth((run.ticks % 4) as usize).unwrap_or('|');
    let seconds = format!("{turn} running, {:.1} s", run.ticks as f64 / 10.0);
    frame.render_widget(Line::styled(seconds, theme.strong()), top);
    if let Some(progress) = &run.progress {
        match progress.total.filter(|total| *total > 0.0) {
            Some(total) => {
                let ratio = (progress.progress / total).clamp(0.0, 1.0);
                let label = format!("{} of {total}", progress.progress);
                let gauge = Gauge::default().gauge_style(theme.name()).ratio(ratio).label(label);
                frame.render_widget(gauge, Rect { width: bar.width.min(60), ..bar });
            }
            None => {
                frame.render_widget(Line::styled(format!("{} done", progress.progress), theme.plain()), bar)
            }
        }
    }
    let lines: Vec<Line<'static>> =
        run.said.iter().flat_map(|line| styled(line, rest.width.into(), theme.plain())).collect();
    let from = lines.len().saturating_sub(rest.height.into());
    frame.render_widget(Text::from(lines.into_iter().skip(from).collect::<Vec<_>>()), rest);
}

fn answer(frame: &mut Frame<'_>, state: &State, ended: &Ended, place: Rect) {
    let theme = state.theme;
    let rows = [Constraint::Length(1), Constraint::Length(1), Constraint::Min(0)];
    let [top, _, rest] = Layout::vertical(rows).areas(place);
    let took = format!("{:.1} ms", ended.took.as_secs_f64() * 1e3);
    let line = if ended.failed() {
        Line::from(vec![span("failed", theme.wrong()), span(format!(" after {took}"), theme.faint())])
    } else {
        Line::from(vec![span("done", theme.strong()), span(format!(" in {took}"), theme.faint())])
    };
    frame.render_widget(line, top);
    let lines = detail::of_answer(ended, rest.width.into(), theme);
    scrolled(frame, state, lines, ended.scroll, rest);
}
