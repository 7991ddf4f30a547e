//! The colours of a chart.
//!
//! The ground is drawn: what is behind a picture in a feed or a mail is unknown. The rules stand in the picture, because
//! nothing else reaches it there, and they name no property that a renderer of mails lacks.

use std::sync::LazyLock;

use axum::http::HeaderValue;

use crate::web::security;

/// The colours on one ground: those of the ticker element.
struct Palette {
    ground: &'static str,
    ink: &'static str,
    muted: &'static str,
    line: &'static str,
    accent: &'static str,
    up: &'static str,
    down: &'static str,
}

const LIGHT: Palette = Palette {
    ground: "#fff",
    ink: "#14181f",
    muted: "#586272",
    line: "#d9dde3",
    accent: "#1d5fd1",
    up: "#0b7540",
    down: "#bd2338",
};
const DARK: Palette = Palette {
    ground: "#12161d",
    ink: "#eceff4",
    muted: "#a2adbd",
    line: "#313845",
    accent: "#8ab4ff",
    up: "#5fd39a",
    down: "#ff929c",
};
/// What does not depend on the colours.
const SHAPES: &str =
    "text{font-variant-numeric:tabular-nums}.l{fill:none;stroke-linejoin:round}.g{fill:none}";

/// The themes, as requests name them.
pub(in crate::web) const THEMES: &[&str] = &["auto", "light", "dark"];

/// The rules of one theme, and the policy that permits them alone.
#[derive(Debug)]
pub(in crate::web) struct Style {
    pub(in crate::web) rules: String,
    pub(in crate::web) policy: HeaderValue,
}

static STYLES: LazyLock<[Style; 3]> = LazyLock::new(|| {
    let (light, dark) = (rules(&LIGHT), rules(&DARK));
    let when_dark = format!("@media(prefers-color-scheme:dark){{{dark}}}");
    // Paper is light.
    let printed = format!("@media print{{{light}}}");
    [
        format!("{SHAPES}{light}{when_dark}{printed}"),
        format!("{SHAPES}{light}"),
        format!("{SHAPES}{dark}{printed}"),
    ]
    .map(|rules| Style {
        policy: security::picture_policy(&rules),
        rules,
    })
});

/// The style of a theme: `auto` for an empty one, nothing for an unknown one.
pub(in crate::web) fn style(theme: &str) -> Option<&'static Style> {
    let theme = if theme.is_empty() { "auto" } else { theme };
    let mut styles = THEMES.iter().zip(STYLES.iter());
    styles
        .find(|(name, _)| **name == theme)
        .map(|(_, style)| style)
}

/// The classes: `b` ground, `m` muted, `g` grid, `l` line, `d` dot.
fn rules(palette: &Palette) -> String {
    let Palette {
        ground,
        ink,
        muted,
        line,
        accent,
        up,
        down,
    } = palette;
    format!(
        "text{{fill:{ink}}}.b{{fill:{ground}}}.m{{fill:{muted}}}.g{{stroke:{line}}}.l{{stroke:{accent}}}.d{{fill:{accent}}}\
         .up{{fill:{up}}}.down{{fill:{down}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_theme_has_its_ground_and_paper_is_light() {
        let rules = |theme| style(theme).unwrap().rules.as_str();
        let [light, dark] = [".b{fill:#fff}", ".b{fill:#12161d}"];
        let grounds = |theme| {
            let split = rules(theme).split_once("@media print");
            let (shown, printed) = split.unwrap_or((rules(theme), ""));
            [shown, printed].map(|rules| (rules.find(light), rules.find(dark)))
        };
        for (theme, is_light_first, is_printed_anew) in [
            ("", true, true),
            ("auto", true, true),
            ("light", true, false),
            ("dark", false, true),
        ] {
            let [(light, dark), (printed_light, printed_dark)] = grounds(theme);
            let is_light = light.is_some() && dark.is_none_or(|dark| light < Some(dark));
            assert_eq!(is_light, is_light_first, "{theme}");
            assert_eq!(printed_light.is_some(), is_printed_anew, "{theme}");
            assert_eq!(printed_dark, None, "{theme}");
        }
        assert!(rules("auto").contains("@media(prefers-color-scheme:dark)"));
        assert!(!rules("light").contains(dark) && !rules("dark").contains("prefers"));
        assert!(style("blue").is_none());
    }
}
