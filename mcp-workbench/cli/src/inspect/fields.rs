//! A form on the screen.

use mcp_workbench::form::{Field, Kind};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Text};

use super::input::Input;
use super::sheet::Sheet;
use super::text::{cut, plain, span, styled, width};
use super::theme::Theme;

/// Lines of a field that may take several.
const LINES: usize = 5;
/// Lines of a description.
const DESCRIBED: usize = 2;
/// Cells before what is typed.
const INDENT: usize = 4;

/// Draws a form so that the field one is in stays in sight.
pub(crate) fn draw(frame: &mut Frame<'_>, theme: Theme, sheet: &Sheet, place: Rect, shows_cursor: bool) {
    let columns = usize::from(place.width);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut focus = (0, 0);
    let mut cursor = None;
    if !sheet.text.is_empty() {
        let text = styled(&sheet.text, columns, theme.plain());
        // A long text leaves room for the form; all of it stands in the list.
        let most = usize::from(place.height) / 3;
        let all = text.len();
        lines.extend(text.into_iter().take(most.max(2)));
        if all > most.max(2)
            && let Some(last) = lines.last_mut()
        {
            last.push_span("…");
        }
        lines.push(Line::default());
    }
    for (number, (field, input)) in sheet.form.fields().iter().zip(&sheet.inputs).enumerate() {
        let begin = lines.len();
        let focused = number == sheet.focus;
        lines.extend(label(field, focused, theme, columns));
        match &field.kind {
            Kind::Choice(choices) => lines.push(choice(choices, input, focused, theme, columns)),
            kind => {
                let room = if kind.has_lines() { LINES } else { 1 };
                let (typed, at) = typed(input, field, focused, theme, columns, room);
                if focused {
                    cursor = Some((lines.len() + at.1, at.0));
                }
                lines.extend(typed);
            }
        }
        if let Some(mistake) = sheet.mistakes.iter().find(|mistake| mistake.field == number) {
            let text = format!("`{}` {}", mistake.name, mistake.problem);
            let indented = styled(&text, columns.saturating_sub(INDENT), theme.wrong());
            lines.extend(indented.into_iter().map(|line| indent(line, theme)));
        }
        lines.push(Line::default());
        if focused {
            focus = (begin, lines.len());
        }
    }
    if sheet.inputs.is_empty() && sheet.buttons != ["I go there", "Decline"] {
        lines.push(Line::styled("It takes no arguments.", theme.faint()));
        lines.push(Line::default());
    }
    let mut buttons = Vec::new();
    for (number, name) in sheet.buttons.iter().enumerate() {
        let style = if sheet.focus == sheet.inputs.len() + number { theme.here() } else { theme.strong() };
        buttons.push(span(format!("[ {name} ]"), style));
        buttons.push(span("  ", theme.plain()));
    }
    lines.push(Line::from(buttons));
    if sheet.focus >= sheet.inputs.len() {
        focus = (lines.len() - 1, lines.len());
    }
    let height = usize::from(place.height);
    let from = focus.1.saturating_sub(height).min(focus.0);
    if let Some((line, column)) = cursor.filter(|_| shows_cursor)
        && let Some(line) = line.checked_sub(from).filter(|line| *line < height)
    {
        let cell = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let x = place.x.saturating_add(cell(column)).min(place.right().saturating_sub(1));
        frame.set_cursor_position(Position::new(x, place.y.saturating_add(cell(line))));
    }
    frame.render_widget(Text::from(lines.into_iter().skip(from).take(height).collect::<Vec<_>>()), place);
}

fn label(field: &Field, focused: bool, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mark = if focused { "▸ " } else { "  " };
    let name = if field.name.is_empty() { "arguments".to_owned() } else { plain(&field.name) };
    let needed = if field.required { ", needed" } else { "" };
    let style = if focused { theme.heading() } else { theme.name() };
    let mut lines = vec![Line::from(vec![
        span(mark, theme.heading()),
        span(name, style),
        span(format!("  {}{needed}", field.kind.name()), theme.faint()),
    ])];
    if !field.description.is_empty() {
        let text = styled(&field.description, columns.saturating_sub(INDENT), theme.faint());
        lines.extend(text.into_iter().take(DESCRIBED).map(|line| indent(line, theme)));
    }
    lines
}

fn indent(mut line: Line<'static>, theme: Theme) -> Line<'static> {
    line.spans.insert(0, span(" ".repeat(INDENT), theme.plain()));
    line
}

/// The choices, with the one that is made; only that one where they do not fit.
fn choice(choices: &[String], input: &Input, focused: bool, theme: Theme, columns: usize) -> Line<'static> {
    let shown = |choice: &str| if choice.is_empty() { "(left out)".to_owned() } else { plain(choice) };
    let long: usize = choices.iter().map(|choice| width(&shown(choice)) + 4).sum();
    let mut spans = vec![span(" ".repeat(INDENT), theme.plain())];
    let made = if focused { theme.here() } else { theme.strong() };
    if long + INDENT <= columns {
        for choice in choices {
            let is = choice == input.text();
            let text = if is { format!("[{}]", shown(choice)) } else { format!(" {} ", shown(choice)) };
            spans.push(span(text, if is { made } else { theme.faint() }));
            spans.push(span(" ", theme.plain()));
        }
    } else {
        let at = choices.iter().position(|choice| choice == input.text()).map_or(0, |at| at + 1);
        let text = cut(&shown(input.text()), columns.saturating_sub(INDENT + 20));
        spans.push(span(format!("[{text}]"), made));
        spans.push(span(format!("  ‹ {at} of {} ›", choices.len()), theme.faint()));
    }
    Line::from(spans)
}

/// What was typed, and the column and line of the cursor in it.
fn typed(
    input: &Input,
    field: &Field,
    focused: bool,
    theme: Theme,
    columns: usize,
    room: usize,
) -> (Vec<Line<'static>>, (usize, usize)) {
    let mark = "  │ ";
    let columns = columns.saturating_sub(INDENT + 1).max(1);
    if input.text().is_empty() && !focused {
        let says = if field.required { "" } else { "(left out)" };
        let line = Line::from(vec![span(mark, theme.faint()), span(says, theme.faint())]);
        return (vec![line], (INDENT, 0));
    }
    let before = input.parts().0;
    let row = before.matches('\n').count();
    let column = width(&plain(before.rsplit('\n').next().unwrap_or_default()));
    // The cursor stays in sight, both ways.
    let (left, above) = (column.saturating_sub(columns), row.saturating_sub(room - 1));
    let lines = input.text().split('\n').skip(above).take(room).map(|line| {
        let style = if focused { theme.plain() } else { theme.strong() };
        Line::from(vec![
            span(mark, if focused { theme.name() } else { theme.faint() }),
            span(from_column(&plain(line), left, columns), style),
        ])
    });
    (lines.collect(), (INDENT + column - left, row - above))
}

/// What of a line is seen from a column on.
fn from_column(line: &str, left: usize, columns: usize) -> String {
    let (mut seen, mut at) = (String::new(), 0);
    for c in line.chars() {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        if at >= left && at + wide <= left + columns {
            seen.push(c);
        }
        at += wide;
    }
    seen
}
