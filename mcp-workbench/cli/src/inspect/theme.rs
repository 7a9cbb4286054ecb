//! How things look: the terminal's own colours, so that it fits whatever its owner chose; none where they want none.

use ratatui::style::{Color, Modifier, Style};

/// Whether there are colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    pub(crate) colours: bool,
}

impl Theme {
    /// What the environment asks for (<https://no-color.org>).
    pub(crate) fn of_environment() -> Self {
        Self { colours: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    pub(crate) const fn plain(self) -> Style {
        Style::new()
    }

    pub(crate) const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is said beside.
    pub(crate) const fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Where one is.
    pub(crate) const fn here(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Names of things. Of the sixteen, this can be read on white and on black.
    pub(crate) const fn name(self) -> Style {
        self.coloured(Style::new(), Color::Magenta)
    }

    pub(crate) const fn heading(self) -> Style {
        self.coloured(self.strong(), Color::Magenta)
    }

    /// What is wrong.
    pub(crate) const fn wrong(self) -> Style {
        self.coloured(self.strong(), Color::Red)
    }

    const fn coloured(self, style: Style, colour: Color) -> Style {
        if self.colours { style.fg(colour) } else { style }
    }
}
