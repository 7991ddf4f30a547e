//! The builder: a form with the attributes of the element, and the snippets that its script writes.

use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::web::assets;
use crate::web::locale::{self, BuilderWords};
use crate::web::pages::Page;

/// The default speed of the ticker in pixels per second, and the fastest that is offered.
const SPEED: (u32, u32) = (50, 150);
/// Pairs as an example.
const PAIRS: &str = "KZT/USD, USD/KZT, KGS/KZT, */EUR";
/// A link as an example.
const LINK: &str = "/rates/{pair}";
/// The setting with the sites whose pages may read rates.
const ORIGINS: &str = "web.allowed_origins";
/// The setting with the sites that may show the ticker in a frame.
const ANCESTORS: &str = "web.frame_ancestors";
/// Bytes of a tenth of a kilobyte.
const TENTH: usize = 100;

/// A list: the attribute that it sets, its name, and its options. The empty option is the default.
struct Choice<'a> {
    name: &'static str,
    label: &'a str,
    options: Vec<(&'static str, &'a str)>,
}

impl<'a> Choice<'a> {
    fn new(name: &'static str, label: &'a str, options: &[(&'static str, &'a String)]) -> Self {
        let options = options.iter().map(|(value, text)| (*value, text.as_str()));
        Self {
            name,
            label,
            options: options.collect(),
        }
    }
}

impl Page<'_> {
    /// The builder.
    pub(super) fn builder(&self) -> Markup {
        let words = &self.locale.pages.builder;
        html! {
            section #builder aria-labelledby="builder-title" {
                h2 #builder-title { (words.heading) }
                p { (words.intro) " " (with_code(&words.allowed, "{setting}", ORIGINS)) }
                div.builder {
                    (self.fields(words))
                    (self.snippet(words))
                }
            }
        }
    }

    fn fields(&self, words: &BuilderWords) -> Markup {
        let choices = self.choices(words);
        html! {
            form #form {
                label.full {
                    (words.pairs)
                    input name="pairs" autocomplete="off" spellcheck="false" aria-describedby="pairs-hint"
                        placeholder=(words.pairs_default);
                }
                p.hint.full #pairs-hint { (with_code(&words.pairs_hint, "{example}", PAIRS)) }
                @for choice in &choices {
                    label {
                        (choice.label)
                        select name=(choice.name) {
                            @for (value, text) in &choice.options { option value=(value) { (text) } }
                        }
                    }
                }
                label {
                    (words.speed)
                    input name="speed" type="range" min="0" max=(SPEED.1) step="10" value=(SPEED.0);
                }
                label.full {
                    (words.link)
                    input name="link" autocomplete="off" spellcheck="false" placeholder=(LINK);
                }
                label.check.full {
                    input name="pinned" type="checkbox" value="1" aria-describedby="pinned-hint";
                    (words.pin)
                }
                p.hint.full #pinned-hint { (words.pin_hint) }
            }
        }
    }

    /// The lists of the form: first how the ticker looks, then what it says.
    fn choices<'a>(&'a self, words: &'a BuilderWords) -> Vec<Choice<'a>> {
        let mut choices = self.looks(words);
        choices.extend(self.figures(words));
        choices
    }

    fn looks<'a>(&'a self, words: &'a BuilderWords) -> Vec<Choice<'a>> {
        let layout = &self.locale.pages.layout;
        let mut languages = Choice::new("locale", &layout.language, &[("", &words.as_page)]);
        let names = locale::all().map(|(tag, locale)| (tag, locale.pages.native_name.as_str()));
        languages.options.extend(names);
        let themes = [
            ("", &words.as_page),
            ("light", &layout.light),
            ("dark", &layout.dark),
        ];
        let directions = [
            ("", &words.left),
            ("right", &words.right),
            ("vertical", &words.vertical),
            ("static", &words.still),
        ];
        let densities = [("", &words.regular), ("compact", &words.compact)];
        vec![
            languages,
            Choice::new("theme", &words.theme, &themes),
            Choice::new("direction", &words.direction, &directions),
            Choice::new("density", &words.density, &densities),
        ]
    }

    /// The words of the periods are those of the ticker.
    fn figures<'a>(&'a self, words: &'a BuilderWords) -> Vec<Choice<'a>> {
        let ticker = &self.locale.words;
        let changes = [
            ("", &words.percent),
            ("absolute", &words.absolute),
            ("both", &words.both),
            ("none", &words.hidden),
        ];
        let windows = [
            ("", &words.previous),
            ("week", &ticker.week),
            ("month", &ticker.month),
            ("year", &ticker.year),
        ];
        let mut digits = Choice::new("digits", &words.digits, &[("", &words.of_bank)]);
        let numbers = ["2", "4", "5"].map(|number| (number, number));
        digits.options.extend(numbers);
        let forms = [("", &words.as_pair), ("local", &words.as_local)];
        let labels = [
            ("", &words.as_form),
            ("code", &words.code),
            ("name", &words.name),
            ("symbol", &words.symbol),
        ];
        let announced = [
            ("", &words.tag),
            ("row", &words.row),
            ("off", &words.hidden),
        ];
        vec![
            Choice::new("change", &self.locale.pages.layout.change, &changes),
            Choice::new("window", &words.window, &windows),
            digits,
            Choice::new("form", &words.form, &forms),
            Choice::new("labels", &words.labels, &labels),
            Choice::new("announced", &words.announced, &announced),
        ]
    }

    fn snippet(&self, words: &BuilderWords) -> Markup {
        let kinds = [
            ("script", &words.script),
            ("chart", &words.chart),
            ("picture", &words.picture),
            ("line", &words.line),
            ("frame", &words.frame),
            ("html", &words.html),
        ];
        html! {
            div.result {
                h3 { (words.preview) }
                div #preview {}
                fieldset #kind data-chart=(self.locale.pages.currency.chart) data-rates=(self.locale.words.rates) {
                    legend { (words.kind) }
                    @for (value, name) in kinds {
                        label {
                            input type="radio" name="kind" value=(value) checked[value == "script"];
                            " " (name)
                        }
                    }
                }
                div.head {
                    h3 { (words.paste) }
                    button #copy type="button" data-copied=(words.copied) { (words.copy) }
                }
                pre tabindex="0" { code #snippet {} }
                div data-kind="script" {
                    p.hint { (words.script_hint) }
                    p.hint { (self.cost(&words.cost, assets::TICKER)) }
                }
                div data-kind="chart" hidden {
                    p.hint { (words.chart_hint) }
                    p.hint { (self.cost(&words.chart_cost, assets::CHART)) }
                }
                div data-kind="picture" hidden { p.hint { (words.picture_hint) (self.weight(words)) } }
                div data-kind="line" hidden { p.hint { (words.line_hint) (self.weight(words)) } }
                div data-kind="frame" hidden {
                    p.hint { (words.frame_hint) " " (with_code(&words.allowed, "{setting}", ANCESTORS)) }
                    p.hint { (self.cost(&words.cost, assets::TICKER)) (self.weight(words)) }
                }
                div data-kind="html" hidden {
                    p.hint { (words.html_hint) (self.weight(words)) }
                }
                p role="status" #copied .words {}
            }
        }
    }

    /// The place where the script says what an answer weighs with the chosen settings.
    fn weight(&self, words: &BuilderWords) -> Markup {
        html! { " " span data-weight=(words.weight) data-decimal=(self.locale.decimal) {} }
    }

    /// What a script weighs, by the files that this server sends.
    fn cost(&self, sentence: &str, script: &str) -> String {
        let (gzip, brotli) = assets::compressed_bytes(script);
        let kilobytes = |bytes: usize| {
            let tenths = i64::try_from(bytes.div_ceil(TENTH)).unwrap_or_default();
            self.locale.number(Decimal::new(tenths, 1))
        };
        sentence
            .replace("{gzip}", &kilobytes(gzip))
            .replace("{brotli}", &kilobytes(brotli))
    }
}

/// A sentence with a piece of code in it.
fn with_code(sentence: &str, place: &str, code: &str) -> Markup {
    let (before, after) = sentence.split_once(place).unwrap_or((sentence, ""));
    html! { (before) code { (code) } (after) }
}
