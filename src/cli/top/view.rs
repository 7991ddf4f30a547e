//! What the keys change: which section is scrolled, and how far.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The number of sections.
pub(super) const SECTIONS: usize = 4;

/// The keys, and what they do.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("q Esc Ctrl-C", "quit"),
    ("p", "pause: nothing is read until it is pressed again"),
    ("Tab ← →", "choose the section that the next keys scroll"),
    ("↑ ↓ PgUp PgDn", "scroll it by a row, by a page"),
    ("Home End", "scroll it to its beginning, its end"),
    ("?", "show this, or the picture again"),
];

/// How the picture is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The section that is scrolled, by its index.
    pub(super) chosen: usize,
    /// The first row that is shown of each section.
    pub(super) first: [usize; SECTIONS],
    /// How many rows of each section were shown last: a page.
    pub(super) rooms: [usize; SECTIONS],
    pub(super) is_paused: bool,
    pub(super) shows_help: bool,
}

/// What an event of the terminal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The picture is drawn again.
    Drawn,
    /// Nothing has changed.
    Ignored,
    Quit,
}

impl View {
    /// Handles an event of the terminal.
    pub(super) fn handle(&mut self, event: &Event) -> Outcome {
        let key = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Resize(..) => return Outcome::Drawn,
            _ => return Outcome::Ignored,
        };
        if is_quit(key) {
            return Outcome::Quit;
        }
        match key.code {
            KeyCode::Char('p') => self.is_paused = !self.is_paused,
            KeyCode::Char('?') => self.shows_help = !self.shows_help,
            KeyCode::Tab | KeyCode::Right => self.choose(1),
            KeyCode::BackTab | KeyCode::Left => self.choose(SECTIONS - 1),
            KeyCode::Up => self.scroll(|first, _| first.saturating_sub(1)),
            KeyCode::Down => self.scroll(|first, _| first.saturating_add(1)),
            KeyCode::PageUp => self.scroll(usize::saturating_sub),
            KeyCode::PageDown => self.scroll(usize::saturating_add),
            KeyCode::Home => self.scroll(|_, _| 0),
            // Drawing stops at the last row.
            KeyCode::End => self.scroll(|_, _| usize::MAX),
            _ => return Outcome::Ignored,
        }
        Outcome::Drawn
    }

    fn choose(&mut self, step: usize) {
        self.chosen = (self.chosen + step) % SECTIONS;
    }

    /// Moves the first row of the chosen section, by a function of it and of a page.
    fn scroll(&mut self, moved: impl Fn(usize, usize) -> usize) {
        let room = self.rooms.get(self.chosen).copied().unwrap_or_default();
        if let Some(first) = self.first.get_mut(self.chosen) {
            *first = moved(*first, room.max(1));
        }
    }
}

/// In raw mode Ctrl-C is a key.
fn is_quit(key: &KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => true,
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(view: &mut View, code: KeyCode) -> Outcome {
        view.handle(&Event::Key(code.into()))
    }

    #[test]
    fn three_keys_quit() {
        let control = |letter| {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
            View::default().handle(&Event::Key(key))
        };
        for code in [KeyCode::Char('q'), KeyCode::Esc] {
            assert_eq!(press(&mut View::default(), code), Outcome::Quit);
        }
        assert_eq!(control('c'), Outcome::Quit);
        assert_eq!(control('d'), Outcome::Ignored);
        let plain = press(&mut View::default(), KeyCode::Char('c'));
        assert_eq!(plain, Outcome::Ignored);
    }

    #[test]
    fn the_arrows_scroll_the_section_that_was_chosen() {
        let mut view = View {
            rooms: [5; SECTIONS],
            ..View::default()
        };
        for code in [KeyCode::Down, KeyCode::PageDown, KeyCode::Up] {
            assert_eq!(press(&mut view, code), Outcome::Drawn);
        }
        press(&mut view, KeyCode::Tab);
        press(&mut view, KeyCode::Down);
        assert_eq!(view.first, [5, 1, 0, 0]);
        press(&mut view, KeyCode::Left);
        press(&mut view, KeyCode::Left);
        press(&mut view, KeyCode::End);
        press(&mut view, KeyCode::Right);
        press(&mut view, KeyCode::Home);
        assert_eq!(view.first, [0, 1, 0, usize::MAX]);
    }

    #[test]
    fn a_key_that_is_pressed_again_ends_the_pause_and_the_help() {
        let mut view = View::default();
        press(&mut view, KeyCode::Char('p'));
        press(&mut view, KeyCode::Char('?'));
        assert!(view.is_paused && view.shows_help);
        press(&mut view, KeyCode::Char('p'));
        press(&mut view, KeyCode::Char('?'));
        assert_eq!(view, View::default());
        assert_eq!(view.handle(&Event::Resize(80, 24)), Outcome::Drawn);
        assert_eq!(view.handle(&Event::FocusGained), Outcome::Ignored);
    }
}
